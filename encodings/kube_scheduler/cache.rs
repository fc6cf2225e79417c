//! Several schedulers with caches of their own: what one has chosen is known to itself at once, and to others when the pod is
//! bound.
//!
//! Nothing is remembered of what a cache lacks: a choice that rests on an older state is one that was made in that state and
//! shows later. So between choice and binding a pod is *assumed* to be on its node by its own scheduler, and waits for
//! everybody else; what others choose meanwhile, they choose without it. No scheduler knows less than that: it hears of pods
//! in the order in which they are written, so of a pod that it is to place after everything that was bound before.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::object::spec::DEFAULT_SCHEDULER;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Cluster, effect};
use crate::cluster::{Attribute, Cell, Phase, TemplateId};
use crate::system::Effect;
use crate::term::Int;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/caches",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/schedule_one.go" => ["schedulingCycle", "assume", "bindingCycle", "handleBindingCycleError"],
        "pkg/scheduler/backend/cache/cache.go" => ["AssumePod", "ForgetPod", "AddPod"],
        "pkg/scheduler/eventhandlers.go" => ["addPodToSchedulingQueue", "assignedPod", "responsibleForPod"],
    ],
    decides: "What each of several schedulers knows when it chooses a node: all pods that are bound, and its own for which it \
        has chosen one.",
    parts: [
        "profiles of one scheduler" => "exact: they share a cache",
        "several schedulers: pods of others are known once they are bound, own ones once their node is chosen" =>
            "exact but for time: within a block a binding may take as long as it likes, and any number may be under way",
        "the order in which bindings of several schedulers come about" => "over: any",
        "priorities and nominations" => "exact: a scheduler knows its own queue only",
        "a pod that is deleted before it is bound, or whose node is" => "exact: the choice is forgotten",
    ],
    omits: [
        "more than six workloads that move, and `settled` runs" =>
            "several schedulers bind one pod at a time, each by its own profile; verdicts say so",
        "pods that a kubelet is about to refuse" => "they take no room in anybody's cache",
        "a node that goes down before its kubelet would refuse a pod" => "the pod waits until the node is back",
        "pods that a kubelet hears of together" => "it admits them in the order of their bindings, and not by age",
        "moments by which a scheduler's queue is ahead of its cache" => "they are filled in one order",
        "schedulers that read less of the API than kube-scheduler does, or only now and then" =>
            "each is taken to watch all pods",
    ],
};

/// The cells of a cluster as each scheduler sees them.
pub struct Sights<'c> {
    /// What is bound.
    shared: Vec<Cell<'c>>,
    /// By scheduler: with the pods that it takes to be there.
    own: BTreeMap<usize, Vec<Cell<'c>>>,
}

impl<'c> Sights<'c> {
    /// What the schedulers of some templates see of cells.
    pub fn of(cluster: &Cluster<'c>, cells: &[Cell<'c>], scheduled: &[TemplateId]) -> Self {
        let caches: BTreeSet<usize> = scheduled.iter().filter_map(|id| cluster.templates[id.0].cache).collect();
        let seen = |cache: usize| cells.iter().map(|cell| seen(cluster, cell, cache)).collect();
        Sights { shared: cells.to_vec(), own: caches.into_iter().map(|cache| (cache, seen(cache))).collect() }
    }

    /// What the scheduler of a template sees.
    pub fn by(&self, cluster: &Cluster<'c>, template: TemplateId) -> &[Cell<'c>] {
        let own = cluster.templates[template.0].cache.and_then(|cache| self.own.get(&cache));
        own.unwrap_or(&self.shared)
    }

    /// Whether all see the same.
    pub fn are_shared(&self) -> bool {
        self.own.is_empty()
    }
}

/// A cell whose nodes hold the pods that a scheduler takes to be there.
fn seen<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, cache: usize) -> Cell<'c> {
    let mut seen = cell.clone();
    for template in cluster.movable().filter(|id| cluster.templates[id.0].cache == Some(cache)) {
        let bound = Attribute::Pods(template, cluster.first_phase(template));
        if let Some(position) = cluster.position(cell.class, bound) {
            seen.attributes[position] = seen.attributes[position] + cluster.assumed_on(cell, template);
        }
    }
    seen
}

/// What several schedulers see of what others do, and what becomes of what they choose: where pods are and which wait, but not
/// which are ready.
pub fn seen_of_others(cluster: &Cluster<'_>) -> Vec<Effect> {
    let kinds: [fn(TemplateId) -> Effect; 6] =
        [effect::bound, effect::deleted, effect::ended, effect::withdrawn, effect::waiting, effect::assumed];
    effect::on_nodes(&kinds, cluster.movable())
}

/// Of the pods of a template in a phase that the scheduler of pods of `viewer` sees on each node of a cell, those that are bound.
pub fn bound<'c>(
    cluster: &Cluster<'c>,
    cell: &Cell<'c>,
    viewer: TemplateId,
    (template, phase): (TemplateId, Phase),
) -> Int<'c> {
    let seen = cluster.pods(cell, template, phase);
    let is_assumed =
        cluster.is_apart(template) && cluster.share_a_cache(viewer, template) && phase == cluster.first_phase(template);
    if is_assumed { seen.minus_or_zero(cluster.assumed_on(cell, template)) } else { seen }
}

/// What the scheduler of a template is called.
pub fn scheduler(cluster: &Cluster<'_>, template: TemplateId) -> String {
    let name = &cluster.profile(template).name;
    match cluster.is_apart(template) && name != DEFAULT_SCHEDULER {
        true => format!("scheduler {name}"),
        false => "kube-scheduler".to_owned(),
    }
}
