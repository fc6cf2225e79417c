//! Scaling down where pods have deletion costs of their own. The model counts pods, and knows none of that: which ones go is
//! held against the ranking itself, pod by pod. Nothing else is compared then but that as many are left as wanted.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::conformance::probe::Probe;
use crate::encodings::replicaset::ranking::{self, Standing, deletion_cost, phase_rank};
use crate::term::Ctx;

use super::record::{Step, Stretch, is_over, listed};
use super::workload;

fn cost(stretch: &Stretch, pod: &Value) -> i64 {
    let cost = stretch.deletion_costs.get(pod["name"].as_str().unwrap_or_default());
    deletion_cost(cost.and_then(Value::as_str))
}

fn is_active(pod: &Value) -> bool {
    pod["deleting"] != true && !is_over(pod)
}

fn sizes(stretch: &Stretch) -> Vec<u64> {
    let acts = stretch.steps.iter().flat_map(Step::acts);
    acts.filter(|(act, _)| *act == "scale").filter_map(|(_, size)| size.as_u64()).collect()
}

/// Whether it may depend on deletion costs which pods are deleted: some are, not all, and one of them has costs.
pub fn decide(stretch: &Stretch) -> bool {
    let pods: Vec<&Value> = listed(&stretch.before, "Pod").iter().filter(|pod| is_active(pod)).collect();
    let sizes = sizes(stretch);
    let most = sizes.iter().copied().max().unwrap_or(0).max(pods.len() as u64);
    pods.iter().any(|pod| cost(stretch, pod) != 0) && sizes.iter().any(|&size| size > 0 && size < most)
}

/// Compares the choice; what is wrong with it, if anything is.
pub fn compare(stretch: &Stretch) -> Result<(), String> {
    let active: Vec<&Value> = listed(&stretch.before, "Pod").iter().filter(|pod| is_active(pod)).collect();
    let (chosen, others) = (deleted(stretch, true), deleted(stretch, false));
    let name = |pod: &Value| pod["name"].as_str().unwrap_or_default().to_owned();
    let kept = active.iter().copied().filter(|pod| !chosen.contains(&name(pod)) && !others.contains(&name(pod)));
    let kept: Vec<&Value> = kept.collect();
    for pod in active.iter().copied().filter(|pod| chosen.contains(&name(pod))) {
        if !goes_first(stretch, &active, &kept, pod) {
            return Err(format!("{} is deleted, and another one that goes before it is not", name(pod)));
        }
    }
    let after = stretch.steps.last().map(|step| listed(&step.after, "Pod")).unwrap_or_default();
    let (left, wanted) = (after.iter().filter(|pod| is_active(pod)).count() as u64, sizes(stretch).last().copied());
    if Some(left) == wanted { Ok(()) } else { Err(format!("{left} pods are left, wanted are {wanted:?}")) }
}

/// Names of the pods that a ReplicaSet deletes, or others.
fn deleted(stretch: &Stretch, by_owner: bool) -> BTreeSet<String> {
    let events = stretch.steps.iter().flat_map(|step| &step.events).filter(|event| event.kind == "Pod");
    let deletes = events.filter(|event| {
        let by = event.by.as_deref().unwrap_or_default();
        by.ends_with("delete") && !by.starts_with("kubelet") && by.starts_with("replicaset") == by_owner
    });
    deletes.filter_map(|event| event.state["name"].as_str().map(str::to_owned)).collect()
}

/// Whether a pod may go before all that are kept.
fn goes_first(stretch: &Stretch, active: &[&Value], kept: &[&Value], pod: &Value) -> bool {
    let ctx = Ctx::new();
    let standing = |pod: &Value| {
        let of_deployment = workload::of_pod(&stretch.objects, pod).is_some_and(|owner| owner["kind"] == "Deployment");
        let mates = active.iter().filter(|mate| of_deployment && mate["node"] == pod["node"]).count();
        Standing {
            scheduled: ctx.bool(!pod["node"].is_null()),
            phase: ctx.int(phase_rank(pod["phase"].as_str().unwrap_or_default())),
            ready: ctx.bool(pod["ready"] == true),
            deletion_cost: ctx.int(cost(stretch, pod)),
            colocated: ctx.int(mates as i64),
        }
    };
    let groups: Vec<_> = kept.iter().copied().chain([pod]).map(|pod| (ctx.bool(true), standing(pod))).collect();
    ranking::foremost(&ctx, &groups).last().is_some_and(|first| Probe::new(&ctx).holds(*first))
}
