//! A naive search of timed runs by the definition of paces and timers, second by second: a state is values and ages.

use std::collections::{HashMap, VecDeque};

use kubound::system::pace::Steps;
use kubound::system::replay::Interpreter;
use kubound::system::{ActionId, Checkpoint, Interleaving, PropertyKind, ReplayError, Step, System};
use kubound::term::{Evaluator, TermId};

/// Ages beyond which nothing changes.
const OLD: u32 = 9;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Node {
    values: Vec<i64>,
    /// By action: for how long its guard holds.
    holds: Vec<Option<u32>>,
    /// By action: for how long it may fire and has not.
    waits: Vec<Option<u32>>,
    /// By pace: since its last step.
    last: Vec<u32>,
    /// By timer: since it began.
    begun: Vec<Option<u32>>,
}

/// For every property the least k at which a run breaks it; `None` where a variable may leave its range, an enabled action has no
/// choice, there is no start, or too much.
pub fn search(system: &System, bound: u32) -> Option<Vec<Option<u32>>> {
    let interpreter = Interpreter::new(system);
    let mut broken = vec![None; system.properties.len()];
    let mut best: HashMap<Node, u32> = HashMap::new();
    let mut queue: VecDeque<(Node, u32)> = starts(system, &interpreter).into_iter().map(|node| (node, 0)).collect();
    if queue.is_empty() {
        return None;
    }
    while let Some((node, k)) = queue.pop_front() {
        if k > bound || best.get(&node).is_some_and(|&known| known <= k) {
            continue;
        }
        best.insert(node.clone(), k);
        if best.len() > 20_000 {
            return None;
        }
        let candidates = interpreter.candidates(&node.values);
        for (property, least) in system.properties.iter().zip(&mut broken) {
            let PropertyKind::Invariant { holds, at } = property.kind else { continue };
            let asked = at == Checkpoint::Every || candidates.settled;
            if asked && !interpreter.holds(&node.values, holds) {
                *least = Some(least.map_or(k, |least: u32| least.min(k)));
            }
        }
        let patient =
            |&id: &ActionId| most(system, id).is_none_or(|most| node.waits[id.0].is_none_or(|age| age < most));
        if candidates.actions.iter().all(patient) {
            queue.push_front((older(&node), k));
        }
        for &id in &candidates.actions {
            let action = system.action(id);
            let counts = system.interleaving == Interleaving::Async || !action.kind.is_event();
            let mut is_dead = true;
            for inputs in tuples(system, id) {
                let step = Step { action: id.0, inputs };
                match interpreter.fire(1, &node.values, action, &step) {
                    Ok((values, _)) => {
                        is_dead = false;
                        let Some(next) = after(system, &interpreter, &node, (id, &step), values) else { continue };
                        if counts { queue.push_back((next, k + 1)) } else { queue.push_front((next, k)) }
                    }
                    Err(ReplayError::Range { .. }) => return None,
                    Err(_) => {}
                }
            }
            if is_dead {
                return None;
            }
        }
    }
    Some(broken)
}

fn most(system: &System, id: ActionId) -> Option<u32> {
    system.paces[system.action(id).pace?.0].most
}

fn older(node: &Node) -> Node {
    let up = |age: u32| (age + 1).min(OLD);
    let mut node = node.clone();
    node.holds.iter_mut().flatten().for_each(|age| *age = up(*age));
    node.waits.iter_mut().flatten().for_each(|age| *age = up(*age));
    node.begun.iter_mut().flatten().for_each(|age| *age = up(*age));
    node.last.iter_mut().for_each(|age| *age = up(*age));
    node
}

fn after(
    system: &System,
    interpreter: &Interpreter<'_>,
    node: &Node,
    (id, step): (ActionId, &Step),
    values: Vec<i64>,
) -> Option<Node> {
    let action = system.action(id);
    let valuation = interpreter.valuation(&node.values, Some((action, &step.inputs)));
    let mut terms = Evaluator::new(&system.arena, &valuation);
    let mut does =
        |steps: &Steps| steps.iter().any(|&(other, when): &(ActionId, TermId)| other == id && terms.holds(when));
    let mut next = node.clone();
    for (timer, age) in system.timers.iter().zip(&mut next.begun) {
        if does(&timer.asks) && age.is_some_and(|age| age < timer.seconds) {
            return None;
        }
        if does(&timer.within) && age.is_some_and(|age| age > timer.seconds) {
            return None;
        }
        if does(&timer.forgets) {
            *age = None;
        }
        if does(&timer.begins) {
            *age = Some(0);
        }
    }
    if let Some(pace) = action.pace {
        let (granted, age) = (&system.paces[pace.0], &mut next.last[pace.0]);
        if *age < granted.apart || node.holds[id.0].is_none_or(|age| age < granted.least) {
            return None;
        }
        *age = 0;
    }
    next.waits[id.0] = None;
    next.values = values;
    let candidates = interpreter.candidates(&next.values).actions;
    for (other, action) in system.action_ids() {
        let holds = interpreter.holds(&next.values, action.guard);
        next.holds[other.0] = holds.then_some(next.holds[other.0].unwrap_or(0));
        next.waits[other.0] = candidates.contains(&other).then_some(next.waits[other.0].unwrap_or(0));
    }
    Some(next)
}

fn starts(system: &System, interpreter: &Interpreter<'_>) -> Vec<Node> {
    let ranges: Vec<(i64, i64)> =
        system.state.iter().map(|it| it.initial.map_or((it.range.lo, it.range.hi), |value| (value, value))).collect();
    let allowed = |values: &Vec<i64>| system.init.iter().all(|&condition| interpreter.holds(values, condition));
    let node = |values: Vec<i64>| {
        let candidates = interpreter.candidates(&values).actions;
        let actions = || system.action_ids();
        Node {
            holds: actions().map(|(_, it)| interpreter.holds(&values, it.guard).then_some(OLD)).collect(),
            waits: actions().map(|(id, _)| candidates.contains(&id).then_some(0)).collect(),
            last: vec![OLD; system.paces.len()],
            begun: vec![None; system.timers.len()],
            values,
        }
    };
    all(&ranges).into_iter().filter(allowed).map(node).collect()
}

fn tuples(system: &System, id: ActionId) -> Vec<Vec<i64>> {
    let range = |&var| system.arena.variable(var).sort.range();
    let ranges: Vec<(i64, i64)> = system.action(id).inputs.iter().map(range).map(|it| (it.lo, it.hi)).collect();
    all(&ranges)
}

fn all(ranges: &[(i64, i64)]) -> Vec<Vec<i64>> {
    ranges.iter().fold(vec![Vec::new()], |tuples, &(lo, hi)| {
        let longer = |tuple: Vec<i64>| (lo..=hi).map(move |value| [tuple.clone(), vec![value]].concat());
        tuples.into_iter().flat_map(longer).collect()
    })
}
