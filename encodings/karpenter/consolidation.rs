//! Nodes go whose pods fit elsewhere.

use crate::cluster::object::karpenter::{Consolidation, Reason};
use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Presence};
use crate::encodings::node_groups::places::Places;
use crate::encodings::node_groups::removal;
use crate::encodings::node_groups::wishes::{self, growing};
use crate::encodings::node_groups::{cells_in, holds::Holds};
use crate::term::Bool;

use super::candidates::{self, Candidates};
use super::{NAME, budgets, pool_of};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/consolidation",
    component: Karpenter,
    upstream: [
        "pkg/controllers/disruption/consolidation.go" => ["ShouldDisrupt", "computeConsolidation"],
        "pkg/controllers/disruption/singlenodeconsolidation.go" => ["ComputeCommands"],
        "pkg/controllers/disruption/helpers.go" => ["SimulateScheduling"],
        "pkg/controllers/disruption/validation.go" => ["validateCommand"],
        "pkg/controllers/provisioning/scheduling/topologygroup.go" => ["domainMinCount", "nextDomainTopologySpread"],
    ],
    decides: "With `WhenEmptyOrUnderutilized`, a node goes whose pods each pass the scheduler's filters on some other node, \
        and together fit the others' room, while no pod waits that would get a new node.",
    parts: [
        "a node with one pod that moves" => "exact, but for preferences",
        "several pods: which node each of them takes" =>
            "over: where no single pod and no kind of resource tells that they do not fit, they do, in whatever order; \
                spread constraints and affinity between the moving pods are not asked",
        "hostnames: there may always be one more, without pods" => "exact",
        "nodes that are on their way are no place" => "exact",
        "preferences of pods, which upstream takes for requirements as long as a new node could meet them" =>
            "over: they keep no node",
        "several nodes that go at once for none" => "one after the other, which comes to the same",
        "the policy `Balanced`" => "over: as `WhenEmptyOrUnderutilized`",
        "which node, and when" => "over: any, after any time",
    ],
    omits: [
        "drift of nodes from their NodePool or node class",
        "zones in which no node is, as domains of spread constraints" => "domains are those of the nodes that are there",
    ],
};

/// Nodes that may go because others have room for their pods, or would have with one more.
pub struct Underutilized<'a, 'c> {
    cluster: &'a Cluster<'c>,
    candidates: &'a Candidates<'a, 'c>,
    /// Classes of which there might be a fresh node, in the order in which [`Places`] know them.
    pub fresh: Vec<usize>,
    places: Places<'a, 'c>,
    /// By cell: whether one of its nodes may go, if its pods find places.
    pub may_go: Vec<Bool<'c>>,
    /// By cell: whether they find them on nodes that are there.
    pub fits: Vec<Bool<'c>>,
}

impl<'a, 'c> Underutilized<'a, 'c> {
    /// Looks at all candidates once; none goes unless it is `quiet`.
    pub fn new(cluster: &'a Cluster<'c>, candidates: &'a Candidates<'a, 'c>, quiet: Bool<'c>) -> Self {
        let ctx = cluster.ctx();
        let may_go = |(at, cell): (usize, &Cell<'c>)| match pool_of(cluster, cell) {
            Some((_, pool)) if pool.consolidation == Consolidation::OfUnderutilized => {
                let may_go = candidates.may_go(at, Reason::Underutilized);
                if may_go.constant() == Some(false) { may_go } else { may_go & quiet }
            }
            _ => ctx.bool(false),
        };
        let may_go: Vec<Bool<'c>> = candidates.cells().iter().enumerate().map(may_go).collect();
        let fresh = fresh(cluster);
        let places = places(cluster, candidates.holds(), &fresh);
        let fits = |(at, may_go): (usize, &Bool<'c>)| match may_go.constant() {
            Some(false) => ctx.bool(false),
            _ => places.fit_elsewhere(at),
        };
        let fits = may_go.iter().enumerate().map(fits).collect();
        Underutilized { cluster, candidates, fresh, places, may_go, fits }
    }

    /// Whether the pods of one of a cell's nodes find places where there is one more node, of a fresh class by its number.
    pub fn fits_with(&self, at: usize, fresh: usize) -> Bool<'c> {
        self.places.fit_with(at, fresh)
    }

    /// The nodes that may go, by cell.
    pub fn cells(&self) -> &[Cell<'c>] {
        self.candidates.cells()
    }

    /// Adds that one goes whose pods fit elsewhere.
    pub fn add(&self) {
        let (cluster, holds) = (self.cluster, self.candidates.holds());
        let allowed: Vec<Bool<'c>> = self.may_go.iter().zip(&self.fits).map(|(&may_go, &fits)| may_go & fits).collect();
        removal::begin(cluster, &RULE, "karpenter deletes an underutilized node", &allowed, |chosen| {
            let cells = cluster.cells(&cluster.state());
            let left = chosen.iter().zip(&cells).map(|(&chosen, cell)| chosen.ite(holds.left(cell), 0));
            let moving = cluster.ctx().sum(left).id();
            Box::new(move |scene: &Scene<'_>| {
                let what = format!("deletes {}: taints it and evicts its pods", scene.moved_names());
                Sentence::new(NAME, what)
                    .because(format!("in its simulation, the {} pod(s) on it fit other nodes", scene.get(moving)))
                    .by(&candidates::RULE)
                    .by(&budgets::RULE)
            })
        });
    }
}

/// Classes of which a fresh node might replace another one.
fn fresh(cluster: &Cluster<'_>) -> Vec<usize> {
    let absent = cells_in(cluster, Presence::Absent, Scaler::is_karpenter);
    growing(&absent).into_iter().filter(|&class| cluster.class(class).may_be_replaced()).collect()
}

fn places<'a, 'c>(cluster: &'a Cluster<'c>, holds: &Holds<'a, 'c>, fresh: &[usize]) -> Places<'a, 'c> {
    let fresh: Vec<Cell<'c>> = fresh.iter().map(|&class| wishes::fresh(cluster, class)).collect();
    Places::new(cluster, holds, Some(Presence::Here), &fresh)
}
