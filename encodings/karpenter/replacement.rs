//! Nodes are replaced by cheaper ones.

use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Presence};
use crate::encodings::disruption;
use crate::encodings::node_groups::{act, cells_in, removal};
use crate::term::Bool;

use super::consolidation::Underutilized;
use super::provisioning::comes_before;
use super::{NAME, budgets, candidates, limits, pool_of_class};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/replacement",
    component: Karpenter,
    upstream: [
        "pkg/controllers/disruption/consolidation.go" => ["computeConsolidation"],
        "pkg/controllers/disruption/queue.go" => ["StartCommand", "waitOrTerminate"],
    ],
    decides: "With `WhenEmptyOrUnderutilized`, a node whose pods do not fit the other nodes is replaced where they fit these \
        and one new node that costs less. It is tainted, the new one is asked for, and once that is there it goes.",
    parts: [
        "prices: one for each instance type of the scenario" =>
            "exact where prices of zones and capacity types do not differ; without prices no node is replaced, and verdicts say so",
        "the NodePool of the new node: the first by weight in which the pods fit within the limits" => "exact",
        "which cheaper type of it" => "over: any",
        "whether the pods fit" => "as for consolidation",
        "which node an arriving one replaces, where several are to be replaced" => "over: any that costs more",
        "a new node that does not come: the taint is taken back" => "over: at any time",
    ],
    omits: [
        "several nodes that are replaced by one",
        "spot nodes that are replaced by spot nodes only with the feature gate, and where 15 types are cheaper" =>
            "they are replaced like others",
    ],
};

/// A cell's node that may be replaced by a node of another cell.
struct Pair<'c> {
    /// The position of the cell that yields.
    old: usize,
    /// The position of the cell that comes.
    new: usize,
    allowed: Bool<'c>,
}

/// Adds it, where prices differ.
pub fn add<'c>(cluster: &Cluster<'c>, underutilized: &Underutilized<'_, 'c>) {
    if underutilized.fresh.is_empty() {
        return;
    }
    add_beginning(cluster, underutilized);
    add_end(cluster);
    add_failure(cluster);
}

/// Which nodes may be replaced by which.
fn pairs<'c>(cluster: &Cluster<'c>, underutilized: &Underutilized<'_, 'c>) -> Vec<Pair<'c>> {
    let absent = cells_in(cluster, Presence::Absent, Scaler::is_karpenter);
    let mut pairs = Vec::new();
    for (old, cell) in underutilized.cells().iter().enumerate().take_while(|_| !cluster.is_stopped()) {
        let now = underutilized.may_go[old] & !underutilized.fits[old];
        if now.constant() == Some(false) {
            continue;
        }
        for (number, &class) in underutilized.fresh.iter().enumerate() {
            if !cluster.class(class).offer().is_cheaper(cluster.node(cell).offer()) {
                continue;
            }
            let fits = now & is_chosen(cluster, underutilized, (old, cell), number);
            let of_class = absent.iter().enumerate().filter(|(_, it)| it.class == class);
            pairs.extend(of_class.map(|(new, it)| Pair { old, new, allowed: fits & it.exists }));
        }
    }
    pairs
}

/// Whether a fresh node is the one that the pods of a node would get.
fn is_chosen<'c>(
    cluster: &Cluster<'c>,
    underutilized: &Underutilized<'_, 'c>,
    (old, cell): (usize, &Cell<'c>),
    number: usize,
) -> Bool<'c> {
    let ctx = cluster.ctx();
    let class = underutilized.fresh[number];
    let Some((group, _)) = pool_of_class(cluster, class) else { return ctx.bool(false) };
    let fits = |(number, class): (usize, usize)| {
        let allowed = limits::allow(cluster, class, Some(cell.class));
        if allowed.constant() == Some(false) { allowed } else { allowed & underutilized.fits_with(old, number) }
    };
    let all = underutilized.fresh.iter().copied().enumerate();
    let before = all.filter(|&(_, other)| comes_before(cluster, other, class)).map(fits);
    fits((number, class)) & !ctx.any(before) & limits::are_nodes_left(cluster, group)
}

/// A node is tainted, and the one that is to replace it is asked for.
fn add_beginning<'c>(cluster: &Cluster<'c>, underutilized: &Underutilized<'_, 'c>) {
    let ctx = cluster.ctx();
    let pairs = pairs(cluster, underutilized);
    let mut next = cluster.state();
    let choice = choose(cluster, &pairs, &mut next, |cluster, cell, is_old| {
        cluster.change(cell).presence(if is_old { Presence::Yielding } else { Presence::Replacing })
    });
    let tell = |scene: &Scene<'_>| {
        let what = format!("begins to replace a node by a cheaper one: {}", scene.moved_names());
        Sentence::new(NAME, what)
            .because("in its simulation, the pods on it fit the other nodes and the new one")
            .by(&candidates::RULE)
            .by(&budgets::RULE)
            .by(&limits::RULE)
    };
    let guard = ctx.any(pairs.iter().map(|pair| pair.allowed));
    let name = "karpenter begins to replace a node";
    act(cluster, &RULE, name, (guard, choice.inputs, choice.valid), next, Vec::new(), Box::new(tell));
}

/// The new node is there, and the old one goes.
fn add_end(cluster: &Cluster<'_>) {
    let ctx = cluster.ctx();
    let pairs = under_way(cluster);
    let mut next = cluster.state();
    let choice = choose(cluster, &pairs, &mut next, |cluster, cell, is_old| match is_old {
        true => disruption::taint_and_drain(cluster, cell),
        false => cluster.change(cell).presence(Presence::Here),
    });
    let mut marks = removal::marks(cluster, &choice.old);
    marks.push((cluster.arrival_mark(), ctx.bool(true)));
    let tell = |scene: &Scene<'_>| {
        let what = format!("replaces a node: {}", scene.moved_names());
        Sentence::new(NAME, what).because("the new one is there, and the pods of the old one are evicted")
    };
    let guard = ctx.any(pairs.iter().map(|pair| pair.allowed));
    act(cluster, &RULE, "karpenter replaces a node", (guard, choice.inputs, choice.valid), next, marks, Box::new(tell));
}

/// The new node does not come.
fn add_failure(cluster: &Cluster<'_>) {
    let pairs = under_way(cluster);
    let mut next = cluster.state();
    let choice = choose(cluster, &pairs, &mut next, |cluster, cell, is_old| {
        cluster.change(cell).presence(if is_old { Presence::Here } else { Presence::Absent })
    });
    let tell = |scene: &Scene<'_>| {
        let what = format!("gives up replacing a node: {}", scene.moved_names());
        Sentence::new(NAME, what).because("the new one did not come; the old one's taint is taken back")
    };
    let guard = cluster.ctx().any(pairs.iter().map(|pair| pair.allowed));
    let name = "karpenter gives up replacing a node";
    act(cluster, &RULE, name, (guard, choice.inputs, choice.valid), next, Vec::new(), Box::new(tell));
}

/// Nodes that wait to be replaced, and those that may be on their way for them.
fn under_way<'c>(cluster: &Cluster<'c>) -> Vec<Pair<'c>> {
    let cells = |presence| cells_in(cluster, presence, Scaler::is_karpenter).into_iter().enumerate();
    let mut pairs = Vec::new();
    for (old, yielding) in cells(Presence::Yielding) {
        for (new, coming) in cells(Presence::Replacing) {
            let is_cheaper = cluster.node(&coming).offer().is_cheaper(cluster.node(&yielding).offer());
            let allowed = yielding.exists & coming.exists;
            if is_cheaper && allowed.constant() != Some(false) {
                pairs.push(Pair { old, new, allowed });
            }
        }
    }
    pairs
}

/// A chosen pair.
struct Chosen<'c> {
    inputs: Vec<crate::term::VarId>,
    valid: Bool<'c>,
    /// By cell: whether it is the one that yields.
    old: Vec<Bool<'c>>,
}

/// Chooses one of the pairs, and changes both of its nodes.
fn choose<'a, 'c>(
    cluster: &'a Cluster<'c>,
    pairs: &[Pair<'c>],
    next: &mut crate::system::State<'c>,
    change: impl Fn(&'a Cluster<'c>, &Cell<'c>, bool) -> crate::cluster::view::Change<'a, 'c>,
) -> Chosen<'c> {
    let ctx = cluster.ctx();
    let cells = cluster.cells(&cluster.state()).len();
    let of = |is_it: &dyn Fn(&Pair<'c>) -> bool| ctx.any(pairs.iter().filter(|it| is_it(it)).map(|it| it.allowed));
    let old: Vec<Bool<'c>> = (0..cells).map(|cell| of(&|pair| pair.old == cell)).collect();
    let new: Vec<Bool<'c>> = (0..cells).map(|cell| of(&|pair| pair.new == cell)).collect();
    let (old_var, old, _) = cluster.choose_cell("node", &old);
    let (new_var, new, _) = cluster.choose_cell("new node", &new);
    let valid = ctx.any(pairs.iter().map(|pair| pair.allowed & old[pair.old] & new[pair.new]));
    cluster.rewrite_one(next, &old, |cell| change(cluster, cell, true));
    cluster.rewrite_one(next, &new, |cell| change(cluster, cell, false));
    Chosen { inputs: vec![old_var, new_var], valid, old }
}
