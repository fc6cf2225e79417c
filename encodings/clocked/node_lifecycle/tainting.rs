//! Taints: who is to get which, the waiting list, and the writes to the API server, each of which others may see.

use crate::cluster::view::rule::{Rule, rule};
use crate::encodings::taint_eviction::admission::no_execute;
use crate::encodings::taint_eviction::fate::fate;
use crate::system::{ActionDraft, ActionId, ActionKind, State};
use crate::term::{Bool, Int};

use super::machine::Machine;
use super::node::{FALSE, KEYS, NOT_READY, Node, STATUSES, TRUE, UNKNOWN, UNREACHABLE};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "clocked/tainting",
    component: Clocked,
    upstream: [
        "pkg/controller/nodelifecycle/node_lifecycle_controller.go" => [
            "doNoScheduleTaintingPass", "doNoExecuteTaintingPass", "processTaintBaseEviction",
        ],
    ],
    decides: "Which node gets which taint, and when.",
    parts: [
        "node lifecycle: NoSchedule and NoExecute taints" => "exact, in every moment",
    ],
    omits: [
        "writes that fail, taints for conditions other than Ready, and taints that nodes have before the controller \
            starts",
    ],
};

/// What the monitor does about NoExecute taints when it sees a Ready status (`processTaintBaseEviction`): a node with the
/// taint of the other status gets the right one at once, one without waits for its zone's limiter, and one that is ready
/// loses its taints.
pub fn follow<'c>(node: &Node, ready: Int<'c>, state: &State<'c>, next: &mut State<'c>) {
    for (taint, other) in [(NOT_READY, UNREACHABLE), (UNREACHABLE, NOT_READY)] {
        let applies = ready.eq(STATUSES[taint]);
        let swaps = applies & state.is(node.no_execute[other]);
        swap(node, taint, other, swaps, state, next);
        let waits = applies & !swaps;
        node.unlist(next, waits & !state.is(node.no_execute[taint]));
        node.list(next, waits);
    }
    take_off(node, ready.eq(TRUE), state, next);
}

/// Takes all NoExecute taints off that a node has in `state`, and strikes it from the waiting list
/// (`markNodeAsReachable`).
pub fn take_off<'c>(node: &Node, when: Bool<'c>, state: &State<'c>, next: &mut State<'c>) {
    for taint in [NOT_READY, UNREACHABLE] {
        let removing = next.is(node.removing[taint]) | (when & state.is(node.no_execute[taint]));
        next.set_bool(node.removing[taint], removing);
    }
    node.unlist(next, when);
}

/// Sets one taint and takes the other off (`SwapNodeControllerTaint`).
fn swap<'c>(node: &Node, taint: usize, other: usize, when: Bool<'c>, state: &State<'c>, next: &mut State<'c>) {
    let setting = when & !state.is(node.no_execute[taint]);
    let removing = when & state.is(node.no_execute[other]);
    next.set_bool(node.setting[taint], next.is(node.setting[taint]) | setting);
    next.set_bool(node.removing[other], next.is(node.removing[other]) | removing);
}

/// A zone's next node gets its NoExecute taint (`doNoExecuteTaintingPass`). Which of those that wait is open: the monitor
/// lists them anew in every round, in any order. One that is ready again costs a token all the same.
pub fn add_pass(machine: &Machine<'_>, zone: usize) -> ActionId {
    let (ctx, state) = (machine.builder.ctx(), machine.builder.state());
    let (now, limiter) = (machine.clock.now(&state), machine.zones[zone].limiter.get(&state));
    let members: Vec<&Node> = machine.members(zone).collect();
    let (var, input) = machine.builder.input("node", 0, members.len().saturating_sub(1) as i64);
    let mut next = state.clone();
    machine.zones[zone].limiter.set(&mut next, &limiter.taken(&machine.settings, now));
    let mut allowed = Vec::new();
    for (position, node) in members.iter().enumerate() {
        let chosen = input.eq(position as i64);
        allowed.push(chosen & state.is(node.waiting));
        next.set_bool(node.waiting, state.is(node.waiting) & !chosen);
        let ready = state.get(node.ready);
        swap(node, NOT_READY, UNREACHABLE, chosen & ready.eq(FALSE), &state, &mut next);
        swap(node, UNREACHABLE, NOT_READY, chosen & ready.eq(UNKNOWN), &state, &mut next);
    }
    machine.builder.action(
        ActionDraft::new(
            format!("taint pass of {}", machine.zones[zone].name),
            ActionKind::Periodic,
            limiter.admits(now) & ctx.any(members.iter().map(|node| state.is(node.waiting))),
            next,
        )
        .choosing(vec![var], ctx.any(allowed)),
    )
}

/// One write of NoSchedule taints, which follow the Ready status as it is (`doNoScheduleTaintingPass`): first what is
/// missing, then what is too much.
pub fn add_no_schedule(machine: &Machine<'_>, node: &Node) -> ActionId {
    let (ctx, state) = (machine.builder.ctx(), machine.builder.state());
    let has = node.no_schedule.map(|taint| state.is(taint));
    let wanted = STATUSES.map(|status| state.get(node.ready).eq(status));
    let missing = ctx.any((0..2).map(|taint| wanted[taint] & !has[taint]));
    let excess = ctx.any((0..2).map(|taint| has[taint] & !wanted[taint]));
    let mut next = state.clone();
    for taint in [NOT_READY, UNREACHABLE] {
        next.set_bool(node.no_schedule[taint], missing.ite_bool(has[taint] | wanted[taint], wanted[taint]));
    }
    write(machine, format!("NoSchedule taints of {}", node.name), missing | excess, next)
}

/// One write of NoExecute taints: first those to be set, then those to be taken off. The taint eviction controller looks
/// at the node's pods after each.
pub fn add_no_execute(machine: &Machine<'_>, node: &Node) -> ActionId {
    let (ctx, state) = (machine.builder.ctx(), machine.builder.state());
    let setting = ctx.any(node.setting.iter().map(|&taint| state.is(taint)));
    let removing = ctx.any(node.removing.iter().map(|&taint| state.is(taint)));
    let mut next = state.clone();
    let mut first = !setting;
    for taint in [UNREACHABLE, NOT_READY] {
        let removed = first & state.is(node.removing[taint]);
        first = first & !removed;
        let set = state.is(node.setting[taint]);
        next.set_bool(node.no_execute[taint], (state.is(node.no_execute[taint]) | set) & !removed);
        next.set_bool(node.setting[taint], ctx.bool(false));
        next.set_bool(node.removing[taint], state.is(node.removing[taint]) & !removed);
    }
    look_at_pods(machine, node, &state, &mut next);
    write(machine, format!("NoExecute taints of {}", node.name), setting | removing, next)
}

fn look_at_pods<'c>(machine: &Machine<'c>, node: &Node, state: &State<'c>, next: &mut State<'c>) {
    let taints = KEYS.map(no_execute);
    let present = node.no_execute.map(|taint| next.is(taint));
    let taints: Vec<_> = taints.iter().zip(present).collect();
    for pod in &node.pods {
        let fate = fate(machine.builder.ctx(), &pod.tolerations, &taints);
        pod.timed.node_updated(next, &fate, machine.clock.now(state));
    }
}

fn write<'c>(machine: &Machine<'c>, name: String, guard: Bool<'c>, next: State<'c>) -> ActionId {
    let (kind, choice) = (ActionKind::Event { rank: 0 }, machine.builder.ctx().bool(true));
    machine.builder.action(ActionDraft::new(name, kind, guard, next).choosing(Vec::new(), choice))
}
