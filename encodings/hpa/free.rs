//! An autoscaler that may choose any size within its limits at any time: all that its metrics, loads, windows, policies
//! and tolerances can come to, where a model is to know nothing of them.
//!
//! Outside the limits upstream goes to the nearer one, and inside it never leaves them; a target of no replicas is left
//! alone.

use crate::cluster::object::spec::Autoscaler;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, View};
use crate::system::{ActionDraft, ActionKind};

use super::Bounds;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/free",
    component: Autoscaler,
    decides: "An autoscaler of which a model of few workloads is to know no more than its limits chooses any size \
        within them at any time (docs/focus.md).",
    parts: [
        "autoscalers of which a model of few workloads is to know no more than their limits" =>
            "over: any size within them, at any time",
    ],
};

/// Whether a model is to know no more of an autoscaler than its limits.
pub fn is_free(cluster: &View<'_>, autoscaler: &Autoscaler) -> bool {
    cluster.spec.company.scales_freely.contains(&autoscaler.target)
}

/// Adds the action of every such autoscaler whose target is modelled.
pub fn add(cluster: &Cluster<'_>) {
    for autoscaler in cluster.spec.autoscalers.iter().filter(|autoscaler| is_free(cluster, autoscaler)) {
        add_one(cluster, autoscaler);
    }
}

fn add_one(cluster: &Cluster<'_>, autoscaler: &Autoscaler) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let target = cluster.owners().find(|(_, object, _)| object.key == autoscaler.target);
    let (Some((workload, _, vars)), Some(spec)) = (target, autoscaler.object.spec.as_ref()) else { return };
    let Bounds { min, max } = Bounds::of(spec);
    let (input, size) = cluster.input("replicas", min.min(max), max);
    let current = state.get(vars.replicas);
    // Limits that leave one size leave a choice outside of them only.
    let is_free = ctx.bool(min < max) | current.ne(max);
    let mut next = state.clone();
    next.set(vars.replicas, size.clamp(0, vars.max_replicas));
    cluster.note_proposal(&mut next, workload, current, size.clamp(0, vars.max_replicas));
    let (key, chosen) = (autoscaler.key.clone(), size.id());
    let draft = ActionDraft::new(
        format!("hpa {}", autoscaler.key),
        ActionKind::Periodic,
        cluster.exists(&state, vars) & current.ge(1) & is_free,
        next,
    )
    .choosing(vec![input], size.ne(current))
    .marked(vec![(cluster.resize_mark(workload), ctx.bool(true))]);
    let tell = move |scene: &Scene<'_>| {
        Sentence::new(format!("HorizontalPodAutoscaler {key}"), format!("scales to {} replicas", scene.get(chosen)))
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
