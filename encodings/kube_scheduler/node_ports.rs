//! NodePorts: two pods clash over a host port of one protocol on one address, where `0.0.0.0` stands for every address.

use crate::cluster::counting::loose::host_ports;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};

use super::nominations::Change;
use super::refusal::{Reason, Refusal, Stage};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/NodePorts",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/nodeports/node_ports.go" => ["Filter"],
    ],
    decides: "Nodes that hold a pod with a host port that the pod asks for are refused.",
    parts: [
        "the filter, with its codes and messages" => "exact",
    ],
};

/// A host port: protocol, address, number.
type HostPort = (String, String, i32);

/// The templates whose pods hold a host port that a pod of `template` asks for.
pub fn rivals(cluster: &Cluster<'_>, template: TemplateId) -> Vec<TemplateId> {
    let wanted = host_ports(&cluster.templates[template.0].spec);
    let rival = |other: &TemplateId| {
        let held = host_ports(&cluster.templates[other.0].spec);
        held.iter().any(|held| wanted.iter().any(|wanted| clash(held, wanted)))
    };
    let all = (0..cluster.templates.len()).map(TemplateId);
    if wanted.is_empty() { Vec::new() } else { all.filter(rival).collect() }
}

fn clash(one: &HostPort, other: &HostPort) -> bool {
    const EVERY: &str = "0.0.0.0";
    let addresses = one.1 == other.1 || one.1 == EVERY || other.1 == EVERY;
    addresses && (&one.0, one.2) == (&other.0, other.2)
}

/// Whether a rival is on the node.
pub fn refusal<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, rivals: &[TemplateId], change: &Change<'c>) -> Refusal<'c> {
    let ctx = cluster.ctx();
    let there = rivals.iter().map(|&rival| (cluster.holding_on(cell, rival) + change.of(ctx, &[rival])).ge(1));
    let message = "node(s) didn't have free ports for the requested pod ports";
    Refusal::new(&RULE, Stage::Filter, Reason::new(ctx.any(there), message), ctx.bool(true))
}
