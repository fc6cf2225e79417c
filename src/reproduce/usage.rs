//! Load as KWOK's metrics show it: one `ClusterResourceUsage` for all pods, applied anew when a load changes.
//!
//! Its expressions tell workloads apart by the labels of their pods, so that pods which come later use the same. What a whole
//! workload uses is divided by the number of its ready pods when the script writes it. Numbers are variables of the
//! script (`load_0`, …): milli-units, as the scenario has them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;

use crate::cluster::object::scenario::{Load, LoadPer};
use crate::cluster::object::spec::{ClusterSpec, Workload};

use super::shell;

/// The metrics that KWOK can show, with what pods use that nobody speaks of.
const METRICS: [(&str, &str); 2] = [("cpu", "Quantity(\"1m\")"), ("memory", "Quantity(\"1Mi\")")];

/// Around the name of a shell function in an expression; no text of an expression has it otherwise.
const MARK: char = '\u{1}';

/// Whether KWOK's metrics can show a load.
pub fn is_shown(load: &Load) -> bool {
    METRICS.iter().any(|(metric, _)| *metric == load.metric)
}

/// The function of the script that writes usage; nothing if there is none to write.
pub fn function(cluster: &ClusterSpec) -> Vec<String> {
    let loads = &cluster.scenario.loads;
    if !loads.iter().any(is_shown) {
        return vec!["show_usage() { :; }".to_owned()];
    }
    let usage =
        METRICS.map(|(metric, usual)| (metric.to_owned(), json!({"expression": expression(cluster, metric, usual)})));
    let value = json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterResourceUsage",
        "metadata": {"name": "usage-from-annotation"},
        "spec": {"usages": [{"usage": usage.into_iter().collect::<serde_json::Map<_, _>>()}]},
    });
    let marked = serde_json::to_string(&MARK.to_string()).unwrap_or_default();
    let text = value.to_string();
    let mut lines = vec!["show_usage() {".to_owned(), "  {".to_owned()];
    for (position, part) in text.split(marked.trim_matches('"')).enumerate() {
        lines.push(match position % 2 {
            0 => format!("    printf '%s' {}", shell::word(part)),
            _ => format!("    {}", part.parse().ok().and_then(|load| call(cluster, load)).unwrap_or_default()),
        });
    }
    lines.extend(["  } | k apply -f - >/dev/null".to_owned(), "}".to_owned()]);
    lines
}

/// What a pod uses of a metric, in CEL.
fn expression(cluster: &ClusterSpec, metric: &str, usual: &str) -> String {
    let own = cluster.scenario.loads.iter().enumerate().filter(|(_, load)| load.metric == metric);
    own.rev().fold(usual.to_owned(), |rest, (position, load)| {
        let workload = cluster.workloads.iter().find(|it| it.key == load.target);
        let Some(workload) = workload else { return rest };
        format!("({} ? {} : {rest})", is_of(workload), amount(position, load, workload))
    })
}

/// Whether a pod is one of a workload.
fn is_of(workload: &Workload) -> String {
    let namespace = format!("pod.metadata.namespace == {}", text(&workload.key.namespace));
    [namespace].into_iter().chain(conditions(&workload.selector)).collect::<Vec<String>>().join(" && ")
}

fn conditions(selector: &LabelSelector) -> Vec<String> {
    let has = |key: &str| format!("{} in pod.metadata.labels", text(key));
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| {
        let key_text = text(key);
        format!("{} && pod.metadata.labels[{key_text}] == {}", has(key), text(value))
    });
    let expressions = selector.match_expressions.iter().flatten().map(|it| {
        let values: Vec<String> = it.values.iter().flatten().map(|value| text(value)).collect();
        let is_one = format!("pod.metadata.labels[{}] in [{}]", text(&it.key), values.join(", "));
        match it.operator.as_str() {
            "In" => format!("{} && {is_one}", has(&it.key)),
            "NotIn" => format!("!({} && {is_one})", has(&it.key)),
            "DoesNotExist" => format!("!({})", has(&it.key)),
            _ => has(&it.key),
        }
    });
    equal.chain(expressions).collect()
}

/// A string of CEL.
fn text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
    format!("\"{}\"", escaped.replace(MARK, ""))
}

/// What each container of a pod uses: young pods what their start-up stage says, others what a [`call`] will say.
fn amount(position: usize, load: &Load, workload: &Workload) -> String {
    young(load, containers(workload), format!("Quantity(\"{MARK}{position}{MARK}\")"))
}

/// The call of the script that prints what each container uses of a load.
fn call(cluster: &ClusterSpec, position: usize) -> Option<String> {
    let load = cluster.scenario.loads.get(position)?;
    let workload = cluster.workloads.iter().find(|it| it.key == load.target)?;
    let containers = containers(workload);
    Some(match load.per {
        LoadPer::Pod => format!("each {} \"$load_{position}\" {containers}", load.metric),
        LoadPer::EachPod | LoadPer::Workload => {
            let pods = shell::words([&workload.key.namespace, &shell::selector(&workload.selector)]);
            format!("shared {} \"$load_{position}\" {containers} {pods}", load.metric)
        }
    })
}

/// The stages of a young pod, around what it uses afterwards.
fn young(load: &Load, containers: usize, calm: String) -> String {
    load.startup.iter().rev().fold(calm, |older, stage| {
        let usage = quantity(&load.metric, stage.usage, containers);
        format!("(pod.SinceSecond() < {}.0 ? Quantity(\"{usage}\") : {older})", stage.until_seconds)
    })
}

/// Milli-units, divided among containers, as a quantity.
fn quantity(metric: &str, milli: i64, containers: usize) -> String {
    let containers = containers.max(1) as i64;
    match metric {
        "cpu" => format!("{}u", milli * 1000 / containers),
        _ => (milli / 1000 / containers).to_string(),
    }
}

/// How many containers share what a pod uses.
fn containers(workload: &Workload) -> usize {
    let template = workload.revisions.get(workload.current).and_then(|it| it.template.spec.as_ref());
    template.map_or(1, |spec| spec.containers.len().max(1))
}

/// Whether a load is shared by pods, so that it has to be written anew when their number changes.
pub fn is_shared(cluster: &ClusterSpec) -> bool {
    cluster.scenario.loads.iter().any(|load| is_shown(load) && load.per != LoadPer::Pod)
}

/// The load at the start, as a [`Deed`](crate::cluster::view::deed::Deed) has it: of one pod, or of all.
pub fn at_start(cluster: &ClusterSpec, load: &Load) -> i64 {
    let replicas = cluster.workloads.iter().find(|it| it.key == load.target).map_or(1, |it| it.replicas.max(1));
    if load.per == LoadPer::EachPod { load.initial.saturating_mul(replicas) } else { load.initial }
}
