//! What the eviction API answered, and what budgets said at rest, held against the encoding.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::{Value, json};

use crate::cluster::object::budget::selects;
use crate::cluster::object::selector::Labels;
use crate::cluster::view::{Cluster, Declaring, Shape};
use crate::conformance::probe::Probe;
use crate::encodings::READERS;
use crate::encodings::disruption::{answer, budget};
use crate::term::Ctx;

use super::evictions::asked;
use super::objects;
use super::quotas;
use super::record::{Step, Stretch, listed};
use super::step;

/// Compares the answers; which one differs, if one does.
pub fn compare(stretch: &Stretch) -> Result<(), String> {
    let mut leaving = BTreeSet::new();
    for asked in stretch.steps.iter().flat_map(asked) {
        if answers(stretch, &leaving, asked.pod)? != asked.is_evicted {
            let answer = if asked.is_evicted { "granted" } else { "refused" };
            return Err(format!("the eviction of {} was {answer}, and not by the model", asked.pod));
        }
        if asked.is_evicted {
            leaving.insert(asked.pod.to_owned());
        }
    }
    Ok(())
}

/// Whether the encoding evicts a pod while others are leaving.
fn answers(stretch: &Stretch, leaving: &BTreeSet<String>, name: &str) -> Result<bool, String> {
    let pod =
        listed(&stretch.before, "Pod").iter().find(|pod| pod["name"] == name).ok_or("an unknown pod is evicted")?;
    at_the_start(stretch, leaving, |cluster, probe| {
        let ctx = probe.ctx();
        let runs = pod["phase"] == "Running" && pod["deleting"] != true && !leaving.contains(name);
        let evictee = answer::Evictee { runs: ctx.bool(runs), ready: ctx.bool(pod["ready"] == true) };
        let budgets = statuses(cluster, &labels(stretch, pod));
        probe.holds(answer::is_evicted(ctx, &budgets, evictee))
    })
}

/// What holds of the cluster when a stretch begins and pods are `leaving`.
fn at_the_start<T>(
    stretch: &Stretch,
    leaving: &BTreeSet<String>,
    ask: impl FnOnce(&Cluster<'_>, &Probe<'_>) -> T,
) -> Result<T, String> {
    let spec = step::read(stretch, leaving)?.spec;
    let ctx = Ctx::new();
    let declaring = Declaring::new(&ctx, &spec, &READERS, Shape::SingleNodes).map_err(|error| error.to_string())?;
    let cluster = declaring.acting();
    let probe = Probe::new(&ctx);
    cluster.initial_values().into_iter().for_each(|(var, term, value)| probe.fix(var, term, value));
    Ok(ask(&cluster, &probe))
}

/// What holds of the cluster before the user does anything.
pub fn at_rest<T>(stretch: &Stretch, ask: impl FnOnce(&Cluster<'_>, &Probe<'_>) -> T) -> Result<T, String> {
    let idle = stretch.steps[..1].iter().map(|step| Step { action: json!({}), events: Vec::new(), ..step.clone() });
    let idle = Stretch { steps: idle.collect(), ..stretch.clone() };
    at_the_start(&idle, &BTreeSet::new(), ask)
}

/// Compares the statuses of budgets at rest, before the user does anything.
pub fn compare_budgets(stretch: &Stretch) -> Result<(), String> {
    let recorded = listed(&stretch.before, "PodDisruptionBudget");
    // The disruption controller is told of pods, not of sizes: where a quota refuses the pods, it does not notice.
    if recorded.is_empty() || !stretch.begins_at_rest || quotas::keep_short(stretch) {
        return Ok(());
    }
    let computed = at_rest(stretch, |cluster, probe| {
        let of = |budget: &PodDisruptionBudget| {
            let status = budget::status(cluster, &cluster.state(), budget);
            let values = [status.allowed, status.healthy, status.desired].map(|term| probe.value(term));
            (budget.metadata.name.clone().unwrap_or_default(), values)
        };
        let alone = cluster.spec.disruption_budgets.iter().filter(|budget| !shares_pods(stretch, cluster, budget));
        alone.map(of).collect::<BTreeMap<_, _>>()
    })?;
    recorded.iter().try_for_each(|known| compare_budget(known, &computed))
}

/// Whether another budget selects some of a budget's pods: the disruption controller then keeps up with one of them only.
fn shares_pods(stretch: &Stretch, cluster: &Cluster<'_>, budget: &PodDisruptionBudget) -> bool {
    let pods = listed(&stretch.before, "Pod").iter().map(|pod| labels(stretch, pod));
    pods.into_iter().any(|labels| {
        let selecting = cluster.spec.disruption_budgets.iter().filter(|it| selects(it, "default", &labels));
        selecting.count() > 1 && selects(budget, "default", &labels)
    })
}

fn compare_budget(known: &Value, computed: &BTreeMap<String, [i64; 3]>) -> Result<(), String> {
    let name = known["name"].as_str().unwrap_or_default();
    let fields = ["disruptionsAllowed", "currentHealthy", "desiredHealthy"];
    let failed = known["conditions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    // Where a status could not be computed, it only allows nothing any more.
    let told = if failed.into_iter().any(|it| it.contains("SyncFailed")) { 1 } else { fields.len() };
    let recorded = fields.map(|field| known[field].as_i64().unwrap_or(0));
    match computed.get(name) {
        Some(computed) if computed[..told] != recorded[..told] => {
            Err(format!("budget {name} at rest: {fields:?} {recorded:?} recorded, the model has {computed:?}"))
        }
        _ => Ok(()),
    }
}

/// The budgets that select pods with these labels, with their statuses.
fn statuses<'c>(cluster: &Cluster<'c>, labels: &Labels) -> Vec<(&'c PodDisruptionBudget, budget::Status<'c>)> {
    let selecting = cluster.spec.disruption_budgets.iter().filter(|it| selects(it, "default", labels));
    selecting.map(|it| (it, budget::status(cluster, &cluster.state(), it))).collect()
}

fn labels(stretch: &Stretch, pod: &Value) -> Labels {
    let given = objects::as_given(stretch, &stretch.objects, pod).unwrap_or_default();
    serde_json::from_value(given["metadata"]["labels"].clone()).unwrap_or_default()
}
