//! Deeds as commands of the script. Every kind of deed has some, or says why it has none.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Container;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde_json::json;

use crate::cluster::object::command::{Command, CommandAction};
use crate::cluster::object::spec::{ObjectKey, Workload, WorkloadKind};
use crate::cluster::view::deed::{Deed, PodOn};

use super::story::Stage;
use super::{cast, shell, usage};

/// The label of pods that a Job made.
const JOB_NAME: &str = "batch.kubernetes.io/job-name";

/// The commands of the script for a deed, a line each.
pub fn lines(stage: &Stage<'_>, deed: &Deed) -> Vec<String> {
    match deed {
        Deed::Command { position } => command(stage, *position),
        Deed::NodeFails { node } | Deed::NodePanics { node } => vec![format!("node_down {}", shell::word(node))],
        Deed::NodeRecovers { node } | Deed::NodeCalmsDown { node } => vec![format!("node_up {}", shell::word(node))],
        Deed::MaintenanceBegins { node } => {
            vec![format!("drain {} --ignore-daemonsets --delete-emptydir-data", shell::word(node))]
        }
        Deed::MaintenanceEnds { node } => vec![format!("k uncordon {}", shell::word(node))],
        Deed::LoadChanges { load, usage } => load_changes(stage, *load, *usage),
        Deed::Readiness { pod, is_ready } => vec![turn(stage, pod, *is_ready)],
        Deed::Crashes { pod } => vec![turn(stage, pod, false)],
        Deed::Restarts { pod } => vec![turn(stage, pod, true)],
        Deed::PodEnds { pod, succeeds } => {
            let end = if *succeeds { "succeeded" } else { "failed" };
            let workload = &stage.cluster.workloads[pod.workload];
            vec![format!("end_pod {} {} {end}", pods(workload), shell::word(&pod.node))]
        }
        Deed::ScheduleComes { workload } => vec![schedule(&stage.cluster.workloads[*workload].key)],
        Deed::RecommendationChanges { vertical, level } => recommendation(stage, vertical, *level),
        Deed::NodeExpires { node } => vec![format!("k delete node {} --wait=false", shell::word(node))],
        Deed::PutsBack { sync } => puts_back(stage, sync),
    }
}

/// Whether nodes go down by a deed.
pub fn downs_node(deed: &Deed) -> bool {
    matches!(deed, Deed::NodeFails { .. } | Deed::NodePanics { .. })
}

/// Namespace and selector of the pods of a workload, as functions of the script take them.
pub fn pods(workload: &Workload) -> String {
    shell::words([workload.key.namespace.as_str(), &shell::selector(&selector(workload))])
}

/// What selects the pods of a workload. Those of a Job have a label with its name, which is as good as its uid; those of a
/// CronJob and of nobody have only what their template says.
fn selector(workload: &Workload) -> LabelSelector {
    match workload.kind {
        WorkloadKind::Job => labelled([(JOB_NAME.to_owned(), workload.key.name.clone())].into()),
        WorkloadKind::CronJob | WorkloadKind::Fixed => {
            let template = &workload.revisions[workload.current].template;
            let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
            if labels.is_empty() { exists(JOB_NAME) } else { labelled(labels) }
        }
        _ => workload.selector.clone(),
    }
}

fn labelled(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

fn exists(label: &str) -> LabelSelector {
    let (key, operator) = (label.to_owned(), "Exists".to_owned());
    let requirement = LabelSelectorRequirement { key, operator, values: None };
    LabelSelector { match_expressions: Some(vec![requirement]), ..LabelSelector::default() }
}

/// `-n NAMESPACE` and `kind/name` of a workload.
pub fn home_and_name(workload: &Workload) -> (String, String) {
    let kind = cast::kind_of(workload.kind).to_lowercase();
    (shell::word(&workload.key.namespace), shell::word(&format!("{kind}/{}", workload.key.name)))
}

fn command(stage: &Stage<'_>, position: usize) -> Vec<String> {
    let command = &stage.cluster.scenario.commands[position];
    if let Some((verb, file)) = stage.files.of(position) {
        return vec![format!("k {verb} -f \"$here\"/{}", shell::word(file))];
    }
    match &command.action {
        CommandAction::Cordon { node } => vec![format!("k cordon {}", shell::word(node))],
        CommandAction::Uncordon { node } => vec![format!("k uncordon {}", shell::word(node))],
        CommandAction::Drain { node, flags } => vec![format!("drain {}{flags}", shell::word(node))],
        CommandAction::DeleteNode { node } => vec![format!("k delete node {} --wait=false", shell::word(node))],
        CommandAction::Budget { ends, .. } => budget_ends(stage, *ends),
        CommandAction::Create { .. }
        | CommandAction::Apply { .. }
        | CommandAction::Delete { .. }
        | CommandAction::Scale { .. }
        | CommandAction::Adjust { .. } => on_workload(stage, command),
    }
}

/// What a command does to a workload.
fn on_workload(stage: &Stage<'_>, command: &Command) -> Vec<String> {
    let target = command.action.target();
    let workload = target.and_then(|target| stage.cluster.workloads.iter().find(|it| it.key == *target));
    let Some(workload) = workload else { return vec![cannot("the object of this command is not known")] };
    let (namespace, name) = home_and_name(workload);
    match &command.action {
        CommandAction::Delete { .. } => vec![format!("k -n {namespace} delete {name} --wait=false")],
        CommandAction::Scale { replicas, .. } => vec![format!("k -n {namespace} scale {name} --replicas={replicas}")],
        CommandAction::Adjust { parallelism, suspended, .. } => {
            let mut spec = serde_json::Map::new();
            spec.extend(parallelism.map(|number| ("parallelism".to_owned(), json!(number))));
            spec.extend(suspended.map(|flag| ("suspend".to_owned(), json!(flag))));
            let patch = shell::word(&json!({"spec": spec}).to_string());
            vec![format!("k -n {namespace} patch {name} --type=merge -p {patch}")]
        }
        _ => vec![cannot("what this command applies is not known")],
    }
}

fn budget_ends(stage: &Stage<'_>, position: Option<usize>) -> Vec<String> {
    let budget = position.and_then(|position| stage.cluster.disruption_budgets.get(position));
    let Some(budget) = budget else { return vec![cannot("the budget of this command is not known")] };
    let namespace = budget.metadata.namespace.as_deref().filter(|it| !it.is_empty()).unwrap_or("default");
    let name = budget.metadata.name.as_deref().unwrap_or_default();
    vec![format!("k -n {} delete poddisruptionbudget {}", shell::word(namespace), shell::word(name))]
}

fn load_changes(stage: &Stage<'_>, position: usize, usage: i64) -> Vec<String> {
    let load = &stage.cluster.scenario.loads[position];
    if usage::is_shown(load) {
        return vec![format!("load_{position}={usage}"), "show_usage".to_owned()];
    }
    let words = shell::words([&load.target.namespace, &load.target.name, &load.metric]);
    vec![format!("set_metric {words} {usage}")]
}

/// A pod that is not ready becomes so, or the other way round.
fn turn(stage: &Stage<'_>, pod: &PodOn, becomes_ready: bool) -> String {
    let workload = &stage.cluster.workloads[pod.workload];
    let before = if becomes_ready { "False" } else { "True" };
    let name = pod.ordinal.map(|ordinal| format!(" {}", shell::word(&format!("{}-{ordinal}", workload.key.name))));
    format!("turn {} {} {before}{}", pods(workload), shell::word(&pod.node), name.unwrap_or_default())
}

/// A Job as the CronJob would make it, under a name of its own.
fn schedule(cron_job: &ObjectKey) -> String {
    let (namespace, from) = (shell::word(&cron_job.namespace), shell::word(&format!("cronjob/{}", cron_job.name)));
    format!("k -n {namespace} create job --from={from} {}-\"$((++jobs_made))\"", shell::word(&cron_job.name))
}

/// The recommendation is what pods would request by it, for that is what it comes to after policies.
fn recommendation(stage: &Stage<'_>, vertical: &ObjectKey, level: i64) -> Vec<String> {
    let is_its = |workload: &&Workload| workload.vertical.as_ref().is_some_and(|it| it.key == *vertical);
    let revision = stage.cluster.workloads.iter().find(is_its).map(|workload| &workload.revisions[workload.current]);
    let found = revision.and_then(|revision| {
        let position = revision.variants.iter().position(|variant| variant.levels.contains(&level))?;
        Some(revision.pod(position))
    });
    let Some(pod) = found else { return vec![cannot("what is recommended is not known")] };
    let of = |container: &Container| {
        let requests = container.resources.as_ref().and_then(|it| it.requests.clone()).unwrap_or_default();
        json!({"containerName": container.name, "target": requests, "lowerBound": requests, "upperBound": requests,
            "uncappedTarget": requests})
    };
    let recommended: Vec<serde_json::Value> = pod.containers.iter().map(of).collect();
    let patch = json!({"status": {"recommendation": {"containerRecommendations": recommended}}}).to_string();
    let name = shell::word(&vertical.name);
    let namespace = shell::word(&vertical.namespace);
    let resource = "verticalpodautoscalers.autoscaling.k8s.io";
    vec![format!(
        "k -n {namespace} patch {resource} {name} --subresource=status --type=merge -p {}",
        shell::word(&patch)
    )]
}

/// What a GitOps controller would write, written by hand.
fn puts_back(stage: &Stage<'_>, sync: &str) -> Vec<String> {
    let declared = stage.cluster.scenario.syncs.iter().filter(|it| it.name == sync).flat_map(|it| &it.declared);
    let mut lines = vec![format!("k apply -f \"$here\"/manifests/{}", cast::Act::Workloads.file())];
    for declared in declared {
        let workload = stage.cluster.workloads.iter().find(|it| it.key == declared.target);
        let replicas = declared.replicas.filter(|field| field.given && !field.ignored);
        if let (Some(workload), Some(replicas)) = (workload, replicas) {
            let (namespace, name) = home_and_name(workload);
            lines.push(format!("k -n {namespace} scale {name} --replicas={}", replicas.value));
        }
    }
    lines
}

/// A line that says what is not done.
pub fn cannot(why: &str) -> String {
    format!("cannot {}", shell::shown(why))
}
