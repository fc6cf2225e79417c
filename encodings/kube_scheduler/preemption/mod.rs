//! DefaultPreemption. A pod that no node can take makes room on one: pods of lower priority are evicted, as few and as
//! unimportant ones as will do. Afterwards it is scheduled like any other pod.

mod action;
mod budgets;
mod eligibility;
mod nominee;
mod ranking;
mod victims;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Int};

use super::filters::{Filters, Verdict};

pub use action::{Preemptor, add, preemptors};
pub use budgets::{Budget, selects};
pub use nominee::add as add_nominees;
pub use victims::{DryRun, Group};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/DefaultPreemption",
    component: Preemption,
    upstream: [
        "pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go" => ["PostFilter"],
        "pkg/scheduler/framework/preemption/preemption.go" => ["Preempt", "findCandidates"],
    ],
    decides: "A pod that no node can take makes room on one: pods of lower priority are evicted, as few and as \
        unimportant ones as will do.",
    parts: [
        "which nodes may help" => "exact",
        "victims are evicted at once, without a grace period in `settled` runs; the pod is scheduled when they are \
            gone" =>
            "exact in effect",
        "a pod that preempted is nominated to the node, which keeps room for it while its victims leave" =>
            "exact; one that fits elsewhere before may go there",
        "pods without a modelled owner that are preempted" => "gone for good: nobody makes them again",
    ],
    omits: [
        "sampling of candidates in clusters of more than 100 nodes, extenders, pod groups",
    ],
};

/// The rules of preemption.
pub static RULES: &[&Rule] = &[&RULE, &eligibility::RULE, &victims::RULE, &budgets::RULE, &ranking::RULE];

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

/// Templates of lower priority than one, whose pods it may preempt or outbid.
fn lower<'a, 'c>(cluster: &'a Cluster<'c>, template: TemplateId) -> impl Iterator<Item = TemplateId> + use<'a, 'c> {
    let own = cluster.templates[template.0].priority();
    cluster.movable().filter(move |other| cluster.templates[other.0].priority() < own)
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
    let in_time = cells.iter().enumerate().take_while(|_| !cluster.is_stopped());
    let runs: Vec<DryRun<'c>> = in_time.map(run).collect();
    let fits = ctx.any(verdicts.iter().map(|verdict| verdict.passes()));
    let attempted = ctx.bool(may) & !waits & !fits;
    // Whether a pod that may go to one node only fits there is asked of that node.
    let is_daemon = cluster.is_daemon(template);
    let attempts = |cell: &Cell<'c>, verdict: &Verdict<'c>| match is_daemon {
        true => ctx.bool(may) & !waits & !verdict.passes() & cluster.unnominated_on(cell, template).ge(1),
        false => attempted,
    };
    let candidate = |((cell, verdict), run): ((&Cell<'c>, &Verdict<'c>), &DryRun<'c>)| {
        attempts(cell, verdict) & cell.exists & verdict.resolvable() & run.succeeds
    };
    let candidates: Vec<Bool<'c>> = cells.iter().zip(verdicts).zip(&runs).map(candidate).collect();
    let best = match is_daemon {
        true => candidates.clone(),
        false => ranking::best(cluster, &groups, &runs, &candidates),
    };
    Preemption { allowed: may, waits, groups, runs, candidates, best }
}
