//! Which pods of a node have to go: all pods of lower priority leave the node; if the new pod then passes every filter,
//! they come back as far as it still does, those whose eviction would violate a budget first, within each half the more
//! important ones first.
//!
//! The filters judge the node as if it held other pods, as they do with nominated ones, so what looks beyond the node
//! (spreading, affinity) is judged anew with every pod that comes back.
//!
//! Pods of one template in one phase on one node are equally important and alike to every filter. Once such a pod
//! comes back in vain, so do all others: no filter that the emptied node passes is passed with more of them but not
//! with fewer. So the number that comes back is found by halving.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::cluster::object::spec::WorkloadKind;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::term::{Bool, Ctx, Int};

use super::super::cache;
use super::super::filters::{Filters, Verdict};
use super::super::nominations::Change;
use super::budgets::{self, Budget};
use super::lower;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "preemption/victims",
    component: Preemption,
    upstream: [
        "pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go" => ["SelectVictimsOnNode"],
    ],
    decides: "Of the pods of lower priority on a node those go with which the new pod would not fit: unimportant \
        ones, and ones whose eviction violates no budget, before others.",
    parts: [
        "victims of a node: all pods of lower priority go, come back in order of priority and start while the pod \
            fits, violating ones first, judged by all filters" =>
            "exact; over where start times are not known, as of pods of modelled owners: of templates of equal \
                priority any may be older than all others. Out: other orders of more than two such templates, as \
                of three pods of one StatefulSet, and pods of mixed ages",
    ],
    omits: [
        "static pods, and pods of a DaemonSet that was not given, as victims" => "they stay",
    ],
};

/// Most orders of templates that are tried where the ages of their pods are not known.
const MOST_TURNS: usize = 4;

/// Pods that are equally important to preemption.
#[derive(Clone, Debug)]
pub struct Group {
    /// Their template.
    pub template: TemplateId,
    /// Their phase.
    pub phase: Phase,
    /// Their priority.
    pub priority: i64,
    /// When they started; unknown for pods of modelled owners, which come and go.
    pub started: Option<Time>,
}

/// What preemption would do to one node of a cell.
pub struct DryRun<'c> {
    /// What the filters say once all pods of lower priority are gone.
    pub emptied: Verdict<'c>,
    /// Whether there are any.
    pub has_prey: Bool<'c>,
    /// Pods of each group that have to go.
    pub victims: Vec<Int<'c>>,
    /// How many of them violate a budget.
    pub violations: Int<'c>,
    /// Whether the new pod fits once the victims, of which there are some, are gone.
    pub succeeds: Bool<'c>,
}

/// The pods that a pod of `template` may preempt: the more important first, which is the higher priority, then the
/// earlier start. Where starts are not known, templates of equal priority take turns: `turn` says by how much.
pub fn groups(cluster: &Cluster<'_>, template: TemplateId, turn: usize) -> Vec<Group> {
    let mut groups = unordered(cluster, template);
    let ties = ties(&groups);
    let place = |group: &Group| {
        let tied = ties.get(&group.priority).filter(|_| group.started.is_none())?;
        let place = tied.iter().position(|&known| known == group.template)?;
        Some((place + turn) % tied.len())
    };
    groups.sort_by_cached_key(|group| (Reverse(group.priority), place(group), group.started.clone()));
    groups
}

/// How many turns [`groups`] offers for a pod of `template`.
pub fn turns(cluster: &Cluster<'_>, template: TemplateId) -> usize {
    let longest = ties(&unordered(cluster, template)).into_values().map(|tied| tied.len()).max();
    longest.unwrap_or(1).min(MOST_TURNS)
}

fn unordered(cluster: &Cluster<'_>, template: TemplateId) -> Vec<Group> {
    let prey = lower(cluster, template).filter(|&other| is_movable(cluster, other));
    prey.flat_map(|other| groups_of(cluster, other)).collect()
}

/// The templates whose pods started at unknown times, by priority.
fn ties(groups: &[Group]) -> BTreeMap<i64, Vec<TemplateId>> {
    let mut ties: BTreeMap<i64, Vec<TemplateId>> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.started.is_none()) {
        let tied = ties.entry(group.priority).or_default();
        if !tied.contains(&group.template) {
            tied.push(group.template);
        }
    }
    ties
}

/// Static pods, and those of a DaemonSet that is not there to make them again, are nobody's victims here.
fn is_movable(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let owner = &cluster.spec.workloads[cluster.templates[template.0].workload];
    owner.kind != WorkloadKind::Fixed || !matches!(owner.owner_kind.as_str(), "DaemonSet" | "Node")
}

/// Within a template, pods that are ready stay before those that are no longer, those before the ones that start, and these
/// before the ones that leave anyway.
fn groups_of(cluster: &Cluster<'_>, template: TemplateId) -> Vec<Group> {
    let pod = &cluster.templates[template.0];
    let started = pod.sample.as_ref().and_then(|sample| sample.status.as_ref()?.start_time.clone());
    let phases = [Phase::Running, Phase::Unready, Phase::Starting, Phase::Terminating];
    let present = phases.into_iter().filter(|phase| pod.phases.contains(phase));
    present.map(|phase| Group { template, phase, priority: pod.priority(), started: started.clone() }).collect()
}

/// A node of one cell from which pods were taken, and to which some of them come back.
struct Trial<'a, 'c> {
    filters: &'a Filters<'a, 'c>,
    cell: usize,
    groups: &'a [Group],
    /// Pods of each group that are there.
    here: &'a [Int<'c>],
    /// Pods of each group that came back.
    kept: Vec<Int<'c>>,
}

/// What happens if the pod that the filters are for preempts others on a node of the cell.
pub fn dry_run<'c>(
    cluster: &Cluster<'c>,
    filters: &Filters<'_, 'c>,
    (index, cell): (usize, &Cell<'c>),
    groups: &[Group],
    budgets: &[Budget<'c>],
) -> DryRun<'c> {
    let ctx = cluster.ctx();
    let pods = |group: &Group| cache::bound(cluster, cell, filters.template(), (group.template, group.phase));
    let here: Vec<Int<'c>> = groups.iter().map(pods).collect();
    let violating = budgets::violating(cluster, groups, &here, budgets);
    let mut trial = Trial { filters, cell: index, groups, here: &here, kept: vec![ctx.int(0); groups.len()] };
    let emptied = trial.verdict();
    let mut violations = ctx.int(0);
    for (group, &most) in violating.iter().enumerate() {
        violations = violations + (most - trial.reprieve(ctx, group, most));
    }
    for (group, (&all, &violating)) in here.iter().zip(&violating).enumerate() {
        trial.reprieve(ctx, group, (all - violating).max(0));
    }
    let victims: Vec<Int<'c>> = here.iter().zip(&trial.kept).map(|(&here, &kept)| (here - kept).max(0)).collect();
    let succeeds = emptied.passes() & ctx.sum(victims.iter().copied()).ge(1);
    DryRun { has_prey: ctx.sum(here).ge(1), emptied, victims, violations: violations.max(0), succeeds }
}

impl<'c> Trial<'_, 'c> {
    /// The filters' verdict on the node with the pods that came back.
    fn verdict(&self) -> Verdict<'c> {
        let mut change: Change<'c> = Change::default();
        for (group, (&here, &kept)) in self.groups.iter().zip(self.here.iter().zip(&self.kept)) {
            match change.pods.iter_mut().find(|(template, _)| *template == group.template) {
                Some((_, number)) => *number = *number + (kept - here),
                None => change.pods.push((group.template, kept - here)),
            }
        }
        change.pods.retain(|(_, number)| number.constant() != Some(0));
        self.filters.verdict_after(self.cell, &change)
    }

    /// Gives back at most so many pods of a group, as many as leave room for the new pod; how many those were.
    fn reprieve(&mut self, ctx: &'c Ctx, group: usize, most: Int<'c>) -> Int<'c> {
        let (before, highest) = (self.kept[group], most.range().hi);
        let mut back = ctx.int(0);
        if ctx.stopped().is_some() {
            return back;
        }
        let bits = i64::BITS - highest.max(0).leading_zeros();
        for step in (0..bits).rev().map(|bit| 1 << bit) {
            let more = (back + step).min(highest);
            self.kept[group] = before + more;
            let fits = (back + step).le(most) & self.verdict().passes();
            back = fits.ite(more, back);
        }
        self.kept[group] = before + back;
        back
    }
}
