//! The periodic look at all nodes, and what follows for zones.

use crate::cluster::view::rule::{Rule, rule};
use crate::system::{ActionDraft, ActionId, ActionKind, State};
use crate::term::{Bool, Int};

use super::limiter::Limiter;
use super::machine::{Machine, Zone};
use super::node::{NONE, Node, TRUE, UNKNOWN};
use super::tainting::{follow, take_off};
use crate::encodings::node_lifecycle::Settings;
use crate::encodings::node_lifecycle::zone::{FULL_DISRUPTION, NEVER, rate, state as zone_state};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "clocked/monitor",
    component: Clocked,
    upstream: [
        "pkg/controller/nodelifecycle/node_lifecycle_controller.go" => [
            "monitorNodeHealth", "handleDisruption", "setLimiterInZone",
        ],
    ],
    decides: "When a node whose kubelet is silent turns Unknown, which states the zones are in, and what that does \
        to their rates and taints.",
    parts: [
        "node lifecycle: grace periods, Ready conditions, zone states" => "exact, in every moment",
    ],
    omits: [
        "nodes that come and go, labels that exclude nodes from zone states",
    ],
};

/// What one look at a node finds (`tryUpdateNodeHealth`).
#[derive(Clone, Copy, Debug)]
pub struct Health<'c> {
    /// Its Ready status before.
    pub observed: Int<'c>,
    /// And after: Unknown if its kubelet has been silent for longer than it may.
    pub current: Int<'c>,
    /// When a sign of life was last seen: kept by this clock, whatever time the kubelet wrote.
    pub probed: Int<'c>,
}

/// Looks at one node. Grace counts from the round that saw the last sign of life, and has to be exceeded.
pub fn health<'c>(settings: &Settings, node: &Node, state: &State<'c>, now: Int<'c>) -> Health<'c> {
    let observed = state.get(node.ready);
    let grace = observed.eq(NONE).ite(settings.startup_grace_period, settings.grace_period);
    let probed = state.is(node.alive).ite(now, state.get(node.probed));
    let silent = now.gt(probed + grace);
    Health { observed, current: silent.ite(UNKNOWN, observed), probed }
}

/// Adds the monitor: one round over all nodes.
pub fn add(machine: &Machine<'_>) -> ActionId {
    let (ctx, state) = (machine.builder.ctx(), machine.builder.state());
    let now = machine.clock.now(&state);
    let mut next = state.clone();
    let mut current = Vec::new();
    for node in &machine.nodes {
        let health = health(&machine.settings, node, &state, now);
        let turns = health.observed.eq(TRUE) & health.current.ne(TRUE);
        next.set(node.ready, health.current);
        next.set(node.probed, health.probed);
        next.set_bool(node.alive, ctx.bool(false));
        node.pods.iter().for_each(|pod| pod.mark_not_ready(&mut next, turns));
        follow(node, health.current, &state, &mut next);
        current.push(health.current);
    }
    handle_disruption(machine, &current, &state, &mut next);
    machine.builder.action(ActionDraft::new("node monitor", ActionKind::Periodic, ctx.bool(true), next))
}

/// When every zone becomes fully disrupted, the fault is more likely here than there: taints go, rates drop to 0. When
/// that is over, all nodes get another grace period. Else zones whose state changes get the rate of their new state.
fn handle_disruption<'c>(machine: &Machine<'c>, current: &[Int<'c>], state: &State<'c>, next: &mut State<'c>) {
    let ctx = machine.builder.ctx();
    let now = machine.clock.now(state);
    let zones: Vec<(&Zone, Int<'c>, Int<'c>)> = (0..machine.zones.len())
        .map(|zone| {
            let (size, new) = assess(machine, zone, current);
            (&machine.zones[zone], size, new)
        })
        .collect();
    let is_full = ctx.all(zones.iter().map(|(_, _, new)| new.eq(FULL_DISRUPTION)));
    let was_full = ctx.all(zones.iter().map(|(zone, _, _)| state.get(zone.state).eq(FULL_DISRUPTION)));
    let (entering, leaving) = (is_full & !was_full, was_full & !is_full);
    for node in &machine.nodes {
        take_off(node, entering, state, next);
        next.set(node.probed, leaving.ite(now, next.get(node.probed)));
    }
    for (zone, size, new) in zones {
        let changes = leaving | (!is_full & new.ne(state.get(zone.state)));
        let wanted = rate(&machine.settings, new, size);
        let limiter = switched(machine, zone, (entering, changes), wanted, state);
        zone.limiter.set(next, &limiter);
        next.set(zone.state, new);
    }
}

fn switched<'c>(
    machine: &Machine<'c>,
    zone: &Zone,
    (stops, changes): (Bool<'c>, Bool<'c>),
    wanted: Int<'c>,
    state: &State<'c>,
) -> Limiter<'c> {
    let (ctx, now) = (machine.builder.ctx(), machine.clock.now(state));
    let limiter = zone.limiter.get(state);
    let to = stops.ite(NEVER, wanted);
    Limiter::choose(stops | changes, &limiter.swapped(ctx, &machine.settings, to, now), &limiter)
}

/// The size of a zone, and its state by the Ready statuses of all nodes.
fn assess<'c>(machine: &Machine<'c>, zone: usize, current: &[Int<'c>]) -> (Int<'c>, Int<'c>) {
    let ctx = machine.builder.ctx();
    let members = machine.nodes.iter().zip(current).filter(|(node, _)| node.zone == zone);
    let size = ctx.int(members.clone().count() as i64);
    let ready = ctx.sum(members.map(|(_, ready)| ready.eq(TRUE).to_int()));
    (size, zone_state(&machine.settings, ready, size - ready))
}
