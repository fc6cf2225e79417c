//! When ready pods count as available: once they have been ready for `minReadySeconds`. How many of a template's ready pods have
//! been so is counted; which ones they are is not, so of pods that go any may be among them
//! ([`crate::cluster::view::turnover`]).
//!
//! Only rollouts ask, so it is counted for Deployments of several revisions that look at available pods.

use crate::cluster::TemplateId;
use crate::cluster::object::spec::Workload;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Declaring, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, IntVar};

use crate::encodings::paces;

use super::may_scale;
use super::view::is_rolling;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/availability",
    component: Deployment,
    upstream: [
        "pkg/controller/replicaset/replica_set_utils.go" => ["calculateStatus"],
        "pkg/api/v1/pod/util.go" => ["IsPodAvailable"],
    ],
    decides: "When a ready pod counts as available for its Deployment: after `minReadySeconds`.",
    parts: [
        "`minReadySeconds`" =>
            "over: ready pods become available after any time, or never, any number of them together; of pods that \
                are not ready any more or gone, any may have been available",
    ],
    omits: [
        "pods that became ready shortly before the start" =>
            "as many as the statuses of ReplicaSets say are not available yet",
    ],
};

/// Counts the available pods of Deployments that may roll out and wait for pods to be available.
pub fn declare(cluster: &mut Declaring<'_>) {
    let counts = |object: &Workload, vars: &WorkloadVars| {
        let asks = is_rolling(&object.strategy) || object.paused || may_scale(&cluster.spec, object);
        object.kind.has_replica_sets() && object.min_ready_seconds > 0 && vars.sizes.len() > 1 && asks
    };
    let owners = cluster.owners().filter(|(_, object, vars)| counts(object, vars));
    let templates: Vec<(usize, TemplateId)> =
        owners.flat_map(|(index, _, vars)| vars.templates.iter().map(move |&template| (index, template))).collect();
    for (workload, template) in templates {
        let pod = &cluster.templates[template.0];
        let available = cluster.spec.available_at_start(workload, pod).min(pod.max_pods);
        let var = cluster.int(format!("{} available", pod.name), 0, pod.max_pods, Some(available));
        cluster.count_available(template, var);
    }
}

/// Adds the passing of time.
pub fn add(cluster: &Cluster<'_>) {
    for &(template, var) in &cluster.turnover.available {
        if cluster.is_stopped() {
            return;
        }
        add_available(cluster, template, var);
    }
}

/// Some ready pods of a template have been so for long enough.
fn add_available(cluster: &Cluster<'_>, template: TemplateId, var: IntVar) {
    let (state, pod) = (cluster.state(), &cluster.templates[template.0]);
    let available = cluster.available(&state, template);
    let young = cluster.ready(&state, template).minus_or_zero(available);
    let (input, count) = cluster.input("pods", 1, pod.max_pods.max(1));
    let mut next = state.clone();
    next.set(var, (available + count).min(pod.max_pods));
    let name = format!("a pod of {} is available", pod.name);
    let draft = ActionDraft::new(name, ActionKind::Periodic, young.ge(1), next).choosing(vec![input], count.le(young));
    let seconds = cluster.spec.workloads[pod.workload].min_ready_seconds;
    let draft = draft.paced(paces::since_noted(cluster, "availability after minReadySeconds", seconds));
    let (name, count) = (pod.name.clone(), count.id());
    let tell = move |scene: &Scene<'_>| {
        let text = format!("passes: {} pod(s) of {name} have been ready for {seconds} s", scene.get(count));
        Sentence::new("time", text + ", and are available")
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
