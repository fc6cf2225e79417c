//! Pods that are ready and still in the cpu initialisation period of the autoscaler, which does not use their usage.
//!
//! Part of the rule `hpa/pods`.
//!
//! How many are past it is counted. They pass in the order of their age, any number at a time, at any time: upstream uses
//! the usage of a ready pod as soon as a whole window of it was measured, which may be long before the period ends.

use crate::cluster::object::scenario::Load;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::turnover::Generation;
use crate::cluster::view::{Cluster, Declaring};
use crate::encodings::hpa::metrics::pods::RULE;
use crate::encodings::paces;
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::Int;

use super::{LoadVars, whose};

/// Declares how many pods are past their initialisation, if the scenario says how long it takes; returns the position among what
/// [`Turnover::ages`](crate::cluster::view::turnover::Turnover::ages) counts.
pub fn declare(cluster: &mut Declaring<'_>, load: &Load, workload: usize) -> Option<usize> {
    cluster.spec.scenario.controllers.hpa_flags.cpu_initialization.filter(|_| load.metric == "cpu")?;
    Some(cluster.count_ages(workload, &[format!("{} past cpu initialisation", load.target)]))
}

impl LoadVars {
    /// Of so many ready pods, how many are still initialising.
    pub fn initialising<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, ready: Int<'c>) -> Int<'c> {
        let Some(position) = self.initialised else { return cluster.ctx().int(0) };
        let of = |generation: &Generation| {
            let ready = match generation.revision {
                Some(_) => cluster.measured_among(state, &generation.templates, true),
                None => ready,
            };
            ready.minus_or_zero(state.get(generation.stages[0]))
        };
        cluster.ctx().sum(cluster.turnover.ages[position].iter().map(of))
    }
}

/// Adds the end of initialisation. That is time passing, not a change from outside.
pub fn add(cluster: &Cluster<'_>, vars: &LoadVars) {
    let Some(position) = vars.initialised else { return };
    for generation in &cluster.turnover.ages[position] {
        let (state, passed) = (cluster.state(), generation.stages[0]);
        let ready = cluster.measured_among(&state, &generation.templates, true);
        let initialising = ready.minus_or_zero(state.get(passed));
        let most = state.get(passed).range().hi;
        let (input, count) = cluster.input("pods", 1, most.max(1));
        let mut next = state.clone();
        next.set(passed, (state.get(passed) + count).min(most));
        let (target, count_id) = (whose(cluster, vars, generation), count.id());
        let name = format!("cpu initialisation of {target} ends");
        let tell = move |scene: &Scene<'_>| {
            Sentence::new("time", format!("{} pod(s) of {target} are past cpu initialisation", scene.get(count_id)))
        };
        let draft = ActionDraft::new(name, ActionKind::Periodic, initialising.ge(1), next)
            .choosing(vec![input], count.le(initialising))
            .paced(paces::initialisation(cluster));
        cluster.act(&RULE, draft, Box::new(tell));
    }
}
