//! What properties demand of single states and steps, as conditions that must never hold where the invariants do.

use crate::system::{ActionId, Checkpoint, MarkSet, PropertyId, PropertyKind};
use crate::term::TermId;

use super::relation::Relation;

/// Cycles that must not be.
#[derive(Clone, Debug)]
pub struct Cycles {
    /// By action that may be part of one: when it is, and when it is one that matters.
    pub steps: Vec<Part>,
}

/// An action as part of a cycle.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The action.
    pub action: ActionId,
    /// When it fires without an excuse.
    pub fires: TermId,
    /// When the step is one that the property is about.
    pub matters: TermId,
}

/// Conditions on states and steps that must not hold.
pub fn broken(relation: &mut Relation<'_>, properties: &[PropertyId]) -> Vec<TermId> {
    let mut broken = Vec::new();
    for &id in properties {
        if let PropertyKind::Invariant { holds, at } = relation.system.property(id).kind {
            let fails = relation.arena.not(holds);
            let asked = match at {
                Checkpoint::Every => fails,
                Checkpoint::Settled => relation.arena.and(relation.rest, fails),
            };
            broken.push(asked);
        }
    }
    // A variable that leaves its range is an error of the encoding, and no proof hides it.
    for action in relation.possible() {
        let obligations = relation.system.action(action).obligations.clone();
        let fails = relation.some_fails(obligations);
        let leaves = relation.arena.and(relation.fires(action), fails);
        broken.push(leaves);
    }
    broken.retain(|&it| relation.arena.as_bool(it) != Some(false));
    broken
}

/// What must hold in every state, and may serve as its own invariant.
pub fn always(relation: &Relation<'_>, properties: &[PropertyId]) -> Vec<TermId> {
    let of = |&id: &PropertyId| match relation.system.property(id).kind {
        PropertyKind::Invariant { holds, at: Checkpoint::Every } => Some(holds),
        _ => None,
    };
    properties.iter().filter_map(of).collect()
}

/// The cycles that properties forbid.
pub fn cycles(relation: &mut Relation<'_>, properties: &[PropertyId]) -> Vec<Cycles> {
    let kinds: Vec<PropertyKind> = properties.iter().map(|&id| relation.system.property(id).kind.clone()).collect();
    let mut found = Vec::new();
    for kind in kinds {
        match kind {
            PropertyKind::NoLoop { any_of, none_of } => found.push(loops(relation, any_of, none_of)),
            PropertyKind::Settles => found.push(blocks(relation)),
            PropertyKind::Invariant { .. } => {}
        }
    }
    found
}

fn loops(relation: &mut Relation<'_>, any_of: MarkSet, none_of: MarkSet) -> Cycles {
    let steps = relation.possible().into_iter().map(|action| {
        let (excused, matters) = (carries(relation, action, none_of), carries(relation, action, any_of));
        let guilty = relation.arena.not(excused);
        let fires = relation.arena.and(relation.fires(action), guilty);
        Part { action, fires, matters }
    });
    Cycles { steps: steps.collect() }
}

/// When a step of an action carries one of some marks.
fn carries(relation: &mut Relation<'_>, action: ActionId, marks: MarkSet) -> TermId {
    let system = relation.system;
    let own = system.action(action).marks.iter().filter(|(mark, _)| marks.contains(*mark));
    let start = relation.arena.bool(false);
    own.fold(start, |any, &(_, when)| relation.arena.or(any, when))
}

/// Event-driven actions that go on for ever.
fn blocks(relation: &mut Relation<'_>) -> Cycles {
    let events = relation.possible().into_iter().filter(|&id| relation.system.action(id).kind.is_event());
    let events: Vec<ActionId> = events.collect();
    let matters = relation.arena.bool(true);
    let part = |action| Part { action, fires: relation.fires(action), matters };
    Cycles { steps: events.into_iter().map(part).collect() }
}
