//! Loads of workloads as a whole, which their pods share evenly.
//!
//! Part of the rule `environment/load`.
//!
//! Where the metrics API shows ready pods only, who shares is not quite known from numbers of pods: one that is being
//! deleted may or may not have been ready, and one that starts may run already, without a sample, or be pending. So any
//! number of the former share, and any number of the latter run.

use crate::cluster::object::scenario::{Load, LoadPer, Samples, Scenario};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::cluster::{Phase, TemplateId};
use crate::system::State;
use crate::term::{Bool, Int, VarId};

use super::LoadVars;

/// What is not known of the pods that share a load.
pub struct Sharing<'c> {
    /// Inputs: one for each number that is not known.
    pub inputs: Vec<VarId>,
    /// Their allowed values.
    pub choice: Bool<'c>,
    /// Whether only ready pods have a sample.
    pub ready_only: bool,
    /// Starting pods that run without a sample.
    pub unsampled: Int<'c>,
    /// Pods that are not ready any more, and whose usage is used all the same.
    pub lapsed: Int<'c>,
    /// Pods that share while they are being deleted.
    leaving: Int<'c>,
}

impl LoadVars {
    /// Which pods of a workload share the load.
    pub fn sharing<'c>(&self, cluster: &Cluster<'c>, vars: &WorkloadVars) -> Sharing<'c> {
        let ctx = cluster.ctx();
        let none = ctx.int(0);
        let ready_only = cluster.spec.scenario.loads[self.load].samples == Samples::Ready;
        let (inputs, choice) = (Vec::new(), ctx.bool(true));
        let mut sharing = Sharing { inputs, choice, ready_only, unsampled: none, lapsed: none, leaving: none };
        let state = cluster.state();
        let of = |phase| ctx.sum(vars.templates.iter().map(|&template| on_nodes(cluster, &state, template, phase)));
        if self.uses_lapsed(cluster) {
            sharing.lapsed = sharing.some_of(cluster, "not ready any more, measured", of(Phase::Unready));
        }
        if ready_only {
            sharing.unsampled = sharing.some_of(cluster, "without samples", of(Phase::Starting)) + of(Phase::Unready);
            sharing.leaving = sharing.some_of(cluster, "leaving", of(Phase::Terminating));
        }
        sharing
    }

    /// Whether cpu usage of pods that are not ready any more may be used: upstream does so unless they are in their first
    /// minutes.
    fn uses_lapsed(&self, cluster: &Cluster<'_>) -> bool {
        let load = &cluster.spec.scenario.loads[self.load];
        let is_plain = self.tally.is_none() && self.ages.is_none() && load.at_most.is_none();
        load.metric == "cpu" && load.samples != Samples::Ready && is_plain
    }

    /// Usage of the oldest ready pods together, in milli-units; `others` are ready as well.
    pub fn total_of<'c>(
        &self,
        cluster: &Cluster<'c>,
        state: &State<'c>,
        (oldest, others): (Int<'c>, Int<'c>),
        sharing: &Sharing<'c>,
    ) -> Int<'c> {
        let load = &cluster.spec.scenario.loads[self.load];
        let total = self.total(cluster, state, oldest);
        if load.per != LoadPer::Workload {
            return total;
        }
        let part = match shares_with_others(cluster.spec.scenario, load) {
            true => (total * oldest).div((oldest + others + sharing.leaving).max(1)),
            false => total,
        };
        load.at_most.map_or(part, |most| part.min(oldest * most))
    }
}

/// Whether pods share the load whose usage an autoscaler does not use.
pub fn shares_with_others(scenario: &Scenario, load: &Load) -> bool {
    load.samples == Samples::Ready || scenario.controllers.hpa_flags.cpu_initialization.is_some()
}

impl<'c> Sharing<'c> {
    fn some_of(&mut self, cluster: &Cluster<'c>, what: &str, pods: Int<'c>) -> Int<'c> {
        let most = pods.range().hi;
        if most <= 0 {
            return cluster.ctx().int(0);
        }
        let (input, some) = cluster.input(what, 0, most);
        self.inputs.push(input);
        self.choice = self.choice & some.le(pods);
        some
    }
}

/// Pods of a template in a phase on nodes that are up.
fn on_nodes<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId, phase: Phase) -> Int<'c> {
    let pod = &cluster.templates[template.0];
    if !pod.phases.contains(&phase) {
        return cluster.ctx().int(0);
    }
    let here = |cell: &_| cluster.is_down(cell).ite(0, cluster.pods(cell, template, phase));
    cluster.sum(state, here).min(pod.max_pods)
}

/// What so many pods use together of a workload's usage that `others` share as well.
pub fn part(usage: i64, at_most: Option<i64>, pods: i64, others: i64) -> i64 {
    let shared = i128::from(usage) * i128::from(pods) / i128::from((pods + others).max(1));
    let shared = i64::try_from(shared).unwrap_or(i64::MAX);
    at_most.map_or(shared, |most| shared.min(most.saturating_mul(pods)))
}
