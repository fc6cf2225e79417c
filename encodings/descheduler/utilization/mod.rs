//! LowNodeUtilization and HighNodeUtilization.

mod mean;
mod thresholds;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::cluster::object::spec::UtilizationArguments;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{TemplateId, object::resources, object::selector};
use crate::term::{Bool, Int, TermId};

use super::evictor::{self, fit};
use super::order::{Rank, rank};
use super::sight::Sight;
use super::walk::Walk;
use thresholds::Thresholds;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/NodeUtilization",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/nodeutilization/nodeutilization.go" => [
            "evictPodsFromSourceNodes", "evictPods", "sortNodesByUsage", "classifyPods",
        ],
        "pkg/framework/plugins/nodeutilization/lownodeutilization.go" => ["Balance"],
        "pkg/framework/plugins/nodeutilization/highnodeutilization.go" => ["Balance"],
        "pkg/framework/plugins/nodeutilization/normalizer/normalizer.go" => ["Normalize", "Average"],
    ],
    decides: "Nodes are sorted into sources and destinations by what their pods request. *Low*: pods go from nodes \
        above a target to make use of nodes at or below a threshold. *High*: pods go from nodes at or below the \
        threshold, so that they become empty. Sources have their turn by the sum of their raw usages, which bytes of \
        memory decide; a source is left when the destinations have no room for some resource any more, and under \
        *low* when it is not above its target any more.",
    parts: [
        "LowNodeUtilization, HighNodeUtilization by requests" =>
            "exact, doubles included; deviation thresholds add nodes up in the order of the input, upstream in any, \
                which may matter for the last digit of a mean",
    ],
    omits: [
        "actual utilization from metrics",
    ],
};

/// Which of the two plugins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// LowNodeUtilization.
    Low,
    /// HighNodeUtilization.
    High,
}

/// One of the plugins with its arguments.
pub struct Utilization<'p, 'c> {
    kind: Kind,
    arguments: &'p UtilizationArguments,
    /// Assessments, by the numbers of pods that they are made of.
    known: RefCell<HashMap<Vec<TermId>, Rc<Assessment<'c>>>>,
}

/// What the plugin finds out when it begins.
struct Assessment<'c> {
    sources: Vec<Bool<'c>>,
    destinations: Vec<Bool<'c>>,
    /// Whether there is something to do at all.
    acts: Bool<'c>,
    thresholds: Thresholds<'c>,
}

impl<'p, 'c> Utilization<'p, 'c> {
    /// A plugin.
    pub fn new(kind: Kind, arguments: &'p UtilizationArguments) -> Self {
        Utilization { kind, arguments, known: RefCell::default() }
    }

    /// Resources that count: those with thresholds, and cpu, memory and pods.
    fn names(&self) -> BTreeSet<String> {
        let basic = ["cpu", "memory", "pods"].into_iter().map(str::to_owned);
        self.arguments.thresholds.keys().cloned().chain(basic).collect()
    }

    /// Use of a resource when the plugin began.
    fn usage(&self, sight: &Sight<'_, 'c>, at: usize, name: &str) -> Int<'c> {
        fit::used(sight, at, name, &|at, id| sight.at_first(at, id))
    }

    /// What the plugin has evicted from a node.
    fn moved(&self, sight: &Sight<'_, 'c>, at: usize, name: &str) -> Int<'c> {
        let each = |id: TemplateId| sight.cluster.templates[id.0].requests.get(name);
        let movable = sight.cluster.movable().filter(|&id| each(id) != 0);
        sight.ctx().sum(movable.map(|id| sight.taken(at, id) * sight.ctx().int(each(id))))
    }

    /// The assessment of the nodes as they were when the plugin began.
    fn assessment(&self, sight: &Sight<'_, 'c>) -> Rc<Assessment<'c>> {
        let places = (0..sight.cells.len()).flat_map(|at| sight.cluster.movable().map(move |id| (at, id)));
        let key: Vec<TermId> = places.map(|(at, id)| sight.at_first(at, id).id()).collect();
        if let Some(found) = self.known.borrow().get(&key) {
            return Rc::clone(found);
        }
        let found = Rc::new(self.assess(sight));
        self.known.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    fn assess(&self, sight: &Sight<'_, 'c>) -> Assessment<'c> {
        let ctx = sight.ctx();
        let thresholds = Thresholds::new(self, sight);
        let nodes = 0..sight.cells.len();
        let open = |at: usize| !sight.cluster.is_cordoned(&sight.cells[at]);
        let is_under = |at: usize| {
            let within = self.arguments.thresholds.keys().map(|name| thresholds.is_within_low(at, name));
            sight.in_play(at) & ctx.all(within)
        };
        let under: Vec<Bool<'c>> = nodes.clone().map(is_under).collect();
        let (sources, destinations): (Vec<_>, Vec<_>) = match self.kind {
            Kind::Low => {
                let under: Vec<Bool<'c>> = nodes.clone().map(|at| under[at] & open(at)).collect();
                let above = |at: usize| {
                    let above = self.arguments.targets.keys().map(|name| !thresholds.is_within_high(at, name));
                    sight.in_play(at) & !under[at] & ctx.any(above)
                };
                (nodes.map(above).collect(), under)
            }
            Kind::High => {
                let targets = nodes.map(|at| sight.in_play(at) & !under[at] & open(at)).collect();
                (under, targets)
            }
        };
        let count = |list: &[Bool<'c>]| ctx.sum(list.iter().map(|is| is.to_int()));
        let under = count(if self.kind == Kind::Low { &destinations } else { &sources });
        let some = count(&sources).ge(1) & count(&destinations).ge(1);
        let acts = some & under.gt(self.arguments.number_of_nodes);
        Assessment { sources, destinations, acts, thresholds }
    }

    /// Whether the destinations have room left of every resource.
    fn has_room(&self, sight: &Sight<'_, 'c>, found: &Assessment<'c>) -> Bool<'c> {
        let ctx = sight.ctx();
        let rooms = self.names().into_iter().map(|name| {
            let offered = (0..sight.cells.len()).map(|at| {
                let free = found.thresholds.cap(at, &name) - self.usage(sight, at, &name);
                found.destinations[at].ite(free, 0)
            });
            let moved = (0..sight.cells.len()).map(|at| self.moved(sight, at, &name));
            (ctx.sum(offered) - ctx.sum(moved)).ge(1)
        });
        ctx.all(rooms)
    }

    /// Whether a node uses more of some resource than its target allows.
    fn is_above(&self, sight: &Sight<'_, 'c>, found: &Assessment<'c>, at: usize) -> Bool<'c> {
        let above = |name: String| {
            let now = self.usage(sight, at, &name) - self.moved(sight, at, &name);
            now.gt(found.thresholds.cap(at, &name))
        };
        sight.ctx().any(self.names().into_iter().map(above))
    }

    /// Whether a pod tolerates all taints of some destination, of whatever effect, and has no fewer tolerations than it
    /// has taints.
    fn finds_tolerable(&self, sight: &Sight<'_, 'c>, found: &Assessment<'c>, template: TemplateId) -> Bool<'c> {
        let pod = sight.pod(template).spec.as_ref();
        let tolerations = pod.and_then(|pod| pod.tolerations.as_deref()).unwrap_or_default();
        let tolerable = |at: &usize| {
            let taints = sight.node(*at).taints();
            tolerations.len() >= taints.len()
                && taints.iter().all(|taint| selector::tolerates_comparing(tolerations, taint))
        };
        sight.ctx().any((0..sight.cells.len()).filter(tolerable).map(|at| found.destinations[at]))
    }

    /// Whether pods of a template request a resource that has a threshold.
    fn requests_thresholded(&self, sight: &Sight<'_, '_>, template: TemplateId) -> bool {
        let pod = sight.pod(template).spec.as_ref();
        let containers = pod.into_iter().flat_map(|it| it.containers.iter().chain(it.init_containers.iter().flatten()));
        containers
            .filter_map(|container| container.resources.as_ref()?.requests.as_ref())
            .any(|requests| self.arguments.thresholds.keys().any(|name| requests.contains_key(name)))
    }
}

/// What a node offers of a resource: allocatable, or capacity where nothing is allocatable.
fn capacity(sight: &Sight<'_, '_>, at: usize, name: &str) -> Option<i64> {
    let status = sight.node(at).status()?;
    let allocatable = status.allocatable.as_ref().filter(|list| !list.is_empty());
    resources::amount(name, allocatable.or(status.capacity.as_ref())?.get(name)?).ok()
}

impl<'c> Walk<'c> for Utilization<'_, 'c> {
    fn templates(&self, sight: &Sight<'_, 'c>) -> Vec<TemplateId> {
        let mut templates = sight.evictable_templates();
        templates.retain(|&id| {
            let namespace = &sight.cluster.templates[id.0].namespace;
            !self.arguments.excluded_namespaces.contains(namespace)
                && (!self.arguments.only_thresholding || self.requests_thresholded(sight, id))
        });
        templates
    }

    fn next_nodes(&self, sight: &Sight<'_, 'c>, waiting: &[Bool<'c>]) -> Vec<Bool<'c>> {
        let found = self.assessment(sight);
        let ready: Vec<Bool<'c>> = waiting.iter().zip(&found.sources).map(|(&it, &source)| it & source).collect();
        let usage = |at: usize| sight.ctx().sum(self.names().iter().map(|name| self.usage(sight, at, name)));
        let usages: Vec<Int<'c>> = (0..ready.len()).map(usage).collect();
        let first = |at: usize| {
            let before = |other: usize| match self.kind {
                Kind::Low => usages[other].gt(usages[at]),
                Kind::High => usages[other].lt(usages[at]),
            };
            let others = (0..ready.len()).filter(|&other| other != at);
            !sight.ctx().any(others.map(|other| ready[other] & before(other)))
        };
        (0..ready.len()).map(|at| found.acts & ready[at] & first(at)).collect()
    }

    fn listed(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c> {
        let tolerable = self.finds_tolerable(sight, &self.assessment(sight), template);
        let goes = evictor::filter(sight, template) & evictor::pre_eviction_filter(sight, at, template);
        (tolerable & goes).ite(sight.active(at, template), 0)
    }

    fn rank(&self, sight: &Sight<'_, 'c>, template: TemplateId) -> Rank {
        rank(sight.pod(template))
    }

    fn stays(&self, sight: &Sight<'_, 'c>, at: usize) -> Bool<'c> {
        let ctx = sight.ctx();
        let found = self.assessment(sight);
        let evicted = ctx.sum(self.templates(sight).into_iter().map(|id| sight.taken(at, id)));
        let allowed = self.arguments.per_node.map_or(ctx.bool(true), |most| evicted.lt(most));
        let above = match self.kind {
            Kind::Low => self.is_above(sight, &found, at),
            Kind::High => ctx.bool(true),
        };
        allowed & above & self.has_room(sight, &found)
    }
}
