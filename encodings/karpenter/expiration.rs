//! Nodes expire.

use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Presence};
use crate::encodings::disruption;
use crate::encodings::environment;
use crate::encodings::node_groups::{cells_in, removal};
use crate::term::Bool;

use super::{NAME, pool_of};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/expiration",
    component: Karpenter,
    upstream: [
        "pkg/controllers/nodeclaim/expiration/controller.go" => ["Reconcile"],
    ],
    decides: "A node that has been there for `expireAfter` goes, whatever budgets and annotations say, where the scenario \
        turns it on.",
    parts: [
        "which node, and when" => "over: any, at any time; it counts as a change from outside, because time brings it",
        "`expireAfter: Never`" => "exact",
    ],
    omits: [
        "expiration where the scenario does not turn it on",
        "nodes with a pod that no controller makes again and that is not to be disrupted" => "they do not expire",
    ],
};

/// Adds it.
pub fn add<'c>(cluster: &Cluster<'c>) {
    let ctx = cluster.ctx();
    let may_expire = |cell: Cell<'c>| match pool_of(cluster, &cell) {
        Some((_, pool)) if pool.expires && cluster.node(&cell).may_be_removed() => cell.exists,
        _ => ctx.bool(false),
    };
    let here = cells_in(cluster, Presence::Here, Scaler::is_karpenter);
    let allowed: Vec<Bool<'c>> = here.into_iter().map(may_expire).collect();
    let guard = ctx.any(allowed.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| disruption::taint_and_drain(cluster, cell));
    let marks = removal::marks(cluster, &chosen);
    let tell = |scene: &Scene<'_>| {
        Sentence::new(NAME, format!("deletes {}: taints it and evicts its pods", scene.moved_names()))
            .because("it has expired")
            .done(Deed::NodeExpires { node: scene.moved_name() })
    };
    let name = "a node expires".to_owned();
    environment::outside(cluster, (&RULE, name, None), guard, (vec![var], valid), next, marks, Box::new(tell));
}
