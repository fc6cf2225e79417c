//! DefaultPreemption of kube-scheduler v1.34: `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go`,
//! `pkg/scheduler/framework/preemption/preemption.go`.
//!
//! A pod that no node can take makes room on one: pods of lower priority are evicted, as few and as unimportant ones as
//! will do. Afterwards it is scheduled like any other pod.
//!
//! The age of pods of modelled owners is not known. Of templates of equal priority any may be the oldest, and then all its
//! pods are older than those of the others.
//!
//! Left out: nominations made during a run (see `eligibility` and `action`), DaemonSet and static pods as victims, most
//! orders of more than two templates of equal priority and the mixed ages of their pods, sampling of candidates in
//! clusters of more than 100 nodes, extenders.

mod action;
mod budgets;
mod eligibility;
mod ranking;
mod victims;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Int};

use super::filters::{Filters, Verdict};

pub use action::{Preemptor, add, preemptors};
pub use budgets::{Budget, selects};
pub use victims::{DryRun, Group};

/// What preemption for a pod of one template comes to.
pub struct Preemption<'c> {
    /// Whether the profile and its `preemptionPolicy` allow it.
    pub allowed: bool,
    /// Whether it waits for victims of an earlier one.
    pub waits: Bool<'c>,
    /// The pods that it may preempt, the more important first.
    pub groups: Vec<Group>,
    /// By cell: what preempting on one of its nodes would do.
    pub runs: Vec<DryRun<'c>>,
    /// By cell: whether it would help.
    pub candidates: Vec<Bool<'c>>,
    /// By cell: whether it may be chosen.
    pub best: Vec<Bool<'c>>,
}

/// The preemption for a pod of `template` that got these verdicts; `allowed` tells how many disruptions a budget allows,
/// and `turn` which order of templates is assumed where ages are not known.
pub fn preemption<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    verdicts: &[Verdict<'c>],
    template: TemplateId,
    allowed: &dyn Fn(&PodDisruptionBudget) -> Int<'c>,
    turn: usize,
) -> Preemption<'c> {
    let ctx = cluster.ctx();
    let groups = victims::groups(cluster, template, turn);
    let may = eligibility::may_preempt(cluster, template);
    let waits = eligibility::waits_for_victims(cluster, cells, verdicts, template, &groups);
    let budget = |object| Budget { object, allowed: allowed(object) };
    let budgets: Vec<Budget<'c>> = cluster.spec.disruption_budgets.iter().map(budget).collect();
    let filters = Filters::new(cluster, cells, template);
    let run = |cell| victims::dry_run(cluster, &filters, cell, &groups, &budgets);
    let runs: Vec<DryRun<'c>> = cells.iter().enumerate().map(run).collect();
    let fits = ctx.any(verdicts.iter().map(|verdict| verdict.passes()));
    let attempted = ctx.bool(may) & !waits & !fits;
    let candidate = |((cell, verdict), run): ((&Cell<'c>, &Verdict<'c>), &DryRun<'c>)| {
        attempted & cell.exists & verdict.resolvable() & run.succeeds
    };
    let candidates: Vec<Bool<'c>> = cells.iter().zip(verdicts).zip(&runs).map(candidate).collect();
    let best = ranking::best(cluster, &groups, &runs, &candidates);
    Preemption { allowed: may, waits, groups, runs, candidates, best }
}
