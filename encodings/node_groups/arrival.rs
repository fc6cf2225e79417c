//! Nodes that were asked for come.
//!
//! Part of the rules `cluster-autoscaler/scale-up` and `karpenter/provisioning`.

use crate::cluster::Presence;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::{Scene, Sentence};
use crate::term::Bool;

use super::{Whose, act, cells_in};

/// Adds the arrival of nodes that were asked for: some time later, or never.
pub fn add(cluster: &Cluster<'_>, rule: &'static Rule, whose: Whose) {
    let ctx = cluster.ctx();
    let coming: Vec<Bool<'_>> =
        cells_in(cluster, Presence::Coming, whose).into_iter().map(|cell| cell.exists).collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &coming);
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).presence(Presence::Here));
    let marks = vec![(cluster.arrival_mark(), ctx.bool(true))];
    let tell = |scene: &Scene<'_>| Sentence::new(scene.moved_names(), "is there, and ready");
    act(cluster, rule, "a new node is there", (ctx.any(coming), vec![var], valid), next, marks, Box::new(tell));
}
