//! ReplicaSets as objects, where quotas count them.

use crate::cluster::counting::replica_sets::Allowance;
use crate::system::State;
use crate::term::{Bool, Int};

use super::{View, WorkloadVars};

impl<'c> View<'c> {
    /// Quotas that may refuse ReplicaSets of a workload, each with how many more it admits.
    pub fn replica_sets_left(&self, state: &State<'c>, workload: usize) -> Vec<(Allowance, Int<'c>)> {
        let counted = self.replica_sets.counted_with(workload);
        let used = self.ctx().sum(counted.map(|other| self.replica_sets_of(state, other)));
        let left = |it: &Allowance| (*it, self.ctx().int(it.left.max(0)).minus_or_zero(used));
        self.replica_sets.on(workload).iter().map(left).collect()
    }

    /// Whether quotas refuse the next ReplicaSet of a workload.
    pub fn refuses_replica_set(&self, state: &State<'c>, workload: usize) -> Bool<'c> {
        self.ctx().any(self.replica_sets_left(state, workload).into_iter().map(|(_, left)| left.eq(0)))
    }

    /// Whether a revision of a Deployment has a ReplicaSet, where a quota may have refused it; elsewhere one of size 0 is
    /// as good as none, and this is true.
    pub fn has_replica_set(&self, state: &State<'c>, vars: &WorkloadVars, revision: usize) -> Bool<'c> {
        vars.made.get(revision).map_or_else(|| self.ctx().bool(true), |&made| state.is(made))
    }

    /// The ReplicaSets of a workload whose number changes.
    fn replica_sets_of(&self, state: &State<'c>, workload: usize) -> Int<'c> {
        let Some(vars) = &self.workloads[workload] else { return self.ctx().int(0) };
        let own = if vars.made.is_empty() { 1 } else { 0 } + self.spec.workloads[workload].emptied.len() as i64;
        let made = vars.made.iter().map(|&made| state.is(made).to_int());
        self.exists(state, vars).ite(own, 0) + self.ctx().sum(made)
    }
}
