//! VerticalPodAutoscalers.
//!
//! Part of the rules `vertical/recommendation`, `vertical/admission`, `vertical/restriction`, `vertical/updater` and
//! `vertical/resize`.
//!
//! What they recommend comes from outside ([`recommendation`]); new pods get it ([`admission`]), and
//! pods that have something else are evicted ([`updater`]), or resized where they run ([`resize`]), as [`restriction`] allows.
//!
//! Pods of one revision that request different amounts are templates of their own
//! ([`variants`](crate::cluster::counting::variants)).

pub mod admission;
pub mod recommendation;
pub mod resize;
pub mod restriction;
pub mod updater;

use crate::cluster::TemplateId;
use crate::cluster::object::spec::Workload;
use crate::cluster::object::vertical::Vertical;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::{Cluster, Declaring, View, WorkloadVars};
use crate::system::{IntVar, State};
use crate::term::{Bool, Int};

/// The rules of VerticalPodAutoscalers.
pub static RULES: &[&Rule] =
    &[&recommendation::RULE, &admission::RULE, &restriction::RULE, &updater::RULE, &resize::RULE];

/// By workload and group of its pods: how many more pods the pass that is under way may evict.
pub struct Passes(Vec<Vec<IntVar>>);

/// Declares the memory of passes.
pub fn declare(cluster: &Declaring<'_>) -> Passes {
    let mut all = vec![Vec::new(); cluster.spec.workloads.len()];
    for (index, object, vars) in cluster.owners().filter(|(_, object, _)| updates(object)) {
        let declare = |(position, group): (usize, Group<'_>)| {
            let name = format!("evictions left to {} in group {position}", object.key);
            cluster.int(name, 0, restriction::tolerance(group.most(cluster)).max(1), Some(0))
        };
        all[index] = groups(object, vars).into_iter().enumerate().map(declare).collect();
    }
    Passes(all)
}

/// Adds the actions of every VerticalPodAutoscaler.
pub fn add(cluster: &Cluster<'_>, passes: &Passes) {
    for (index, object, vars) in cluster.owners() {
        let Some(vertical) = &object.vertical else { continue };
        if cluster.is_stopped() {
            return;
        }
        recommendation::add(cluster, (object, vertical), vars);
        if vertical.updates() {
            for (group, &left) in groups(object, vars).into_iter().zip(&passes.0[index]) {
                let target = Target { cluster, object, vertical, vars, group };
                updater::add(&target, left);
                resize::add(&target);
            }
        }
    }
}

fn updates(object: &Workload) -> bool {
    object.vertical.as_ref().is_some_and(Vertical::updates)
}

/// Pods that one controller makes: that is how the updater counts them.
pub struct Group<'a> {
    /// `spec.replicas` of the controller.
    size: IntVar,
    /// Its pods.
    own: &'a [TemplateId],
}

impl Group<'_> {
    /// How many pods there may be at a time.
    fn most(&self, cluster: &View<'_>) -> i64 {
        self.own.iter().map(|id| cluster.templates[id.0].max_pods).sum()
    }
}

/// The ReplicaSets of a workload, or the StatefulSet.
fn groups<'a>(object: &Workload, vars: &'a WorkloadVars) -> Vec<Group<'a>> {
    if object.stateful.is_some() {
        return vec![Group { size: vars.replicas, own: &vars.templates }];
    }
    vars.sizes.iter().zip(&vars.by_revision).map(|(&size, own)| Group { size, own }).collect()
}

/// One group of pods and the VerticalPodAutoscaler that is about them.
pub struct Target<'a, 'c> {
    cluster: &'a Cluster<'c>,
    object: &'c Workload,
    vertical: &'c Vertical,
    vars: &'a WorkloadVars,
    group: Group<'a>,
}

impl<'c> Target<'_, 'c> {
    /// Whether pods of a template request something else than is recommended.
    fn is_outdated(&self, state: &State<'c>, template: TemplateId) -> Bool<'c> {
        let level = self.cluster.recommended(state, self.object, self.vars);
        level.ge(1) & !self.cluster.is_made(state, template) & self.cluster.exists(state, self.vars)
    }

    /// The level that is recommended.
    fn level(&self, state: &State<'c>) -> Int<'c> {
        self.cluster.recommended(state, self.object, self.vars)
    }

    fn actor(&self) -> String {
        format!("VerticalPodAutoscaler {}", self.vertical.key)
    }
}
