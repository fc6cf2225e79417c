//! Pods that are ready and still in the cpu initialisation period of the autoscaler, which does not use their usage.
//!
//! Part of the rule `hpa/pods`.
//!
//! How many are past it is counted. They pass in the order of their age, any number at a time, at any time: upstream uses
//! the usage of a ready pod as soon as a whole window of it was measured, which may be long before the period ends.

use crate::cluster::object::scenario::Load;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Declaring};
use crate::encodings::hpa::metrics::pods::RULE;
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::Int;

use super::{LoadVars, most_pods};

/// Declares how many pods are past their initialisation, if the scenario says how long it takes; returns the position among what
/// [`Turnover::ages`](crate::cluster::view::turnover::Turnover::ages) counts.
pub fn declare(cluster: &mut Declaring<'_>, load: &Load, workload: usize) -> Option<usize> {
    cluster.spec.scenario.controllers.hpa_flags.cpu_initialization.filter(|_| load.metric == "cpu")?;
    let (most, old) = (most_pods(cluster, workload), cluster.spec.ready_at_start(workload));
    let passed = cluster.int(format!("{} past cpu initialisation", load.target), 0, most, Some(old));
    Some(cluster.count_ages(workload, vec![passed]))
}

impl LoadVars {
    /// Of so many ready pods, how many are still initialising.
    pub fn initialising<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, ready: Int<'c>) -> Int<'c> {
        match self.initialised {
            Some(position) => ready.minus_or_zero(state.get(cluster.turnover.ages[position].1[0])),
            None => cluster.ctx().int(0),
        }
    }
}

/// Adds the end of initialisation. That is time passing, not a change from outside.
pub fn add(cluster: &Cluster<'_>, vars: &LoadVars) {
    let Some(position) = vars.initialised else { return };
    let passed = cluster.turnover.ages[position].1[0];
    let Some(owner) = &cluster.workloads[vars.workload] else { return };
    let state = cluster.state();
    let initialising = vars.initialising(cluster, &state, cluster.ready_of(&state, owner));
    let most = state.get(passed).range().hi;
    let (input, count) = cluster.input("pods", 1, most.max(1));
    let mut next = state.clone();
    next.set(passed, (state.get(passed) + count).min(most));
    let target = cluster.spec.scenario.loads[vars.load].target.clone();
    let count_id = count.id();
    let name = format!("cpu initialisation of {target} ends");
    let tell = move |scene: &Scene<'_>| {
        Sentence::new("time", format!("{} pod(s) of {target} are past cpu initialisation", scene.get(count_id)))
    };
    let draft = ActionDraft::new(name, ActionKind::Periodic, initialising.ge(1), next)
        .choosing(vec![input], count.le(initialising));
    cluster.act(&RULE, draft, Box::new(tell));
}
