//! The parts of a transition system.

use std::fmt;

use crate::term::{Arena, Range, Sort, TermId, VarId};

use super::footprint::{Footprint, Sight};
use super::interleaving::Interleaving;
use super::pace::{Pace, PaceId, Timer, position};

/// Position of an action in [`System::actions`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ActionId(pub usize);

/// Position of a property in [`System::properties`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PropertyId(pub usize);

/// Position of a mark in [`System::marks`]; at most 128.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MarkId(pub u8);

/// A set of marks, as a bit mask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct MarkSet(pub u128);

impl MarkSet {
    /// The set of one mark.
    pub fn of(mark: MarkId) -> Self {
        MarkSet(1 << mark.0)
    }

    /// The union.
    pub fn union(self, other: MarkSet) -> Self {
        MarkSet(self.0 | other.0)
    }

    /// Whether the two have a mark in common.
    pub fn meets(self, other: MarkSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the mark is a member.
    pub fn contains(self, mark: MarkId) -> bool {
        self.meets(MarkSet::of(mark))
    }
}

/// A state variable.
#[derive(Clone, Debug)]
pub struct StateVar {
    /// Its variable in the arena.
    pub var: VarId,
    /// Name for people.
    pub name: String,
    /// Its values (0..=1 for Booleans).
    pub range: Range,
    /// Its value at the start; `None` if [`System::init`] alone constrains it.
    pub initial: Option<i64>,
    /// Whether it counts what many actions change at once without seeing each other's changes: then footprints tell
    /// what is done to it, and not only that it is written.
    pub counted: bool,
}

/// When an action may fire, relative to others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ActionKind {
    /// Reacts at once. In `settled` runs, of all enabled event-driven actions the one of the smallest rank fires, and of
    /// equal ranks the one declared first.
    Event {
        /// Position in the documented order. Rank 0 continues a step that began: where events race, it goes before all
        /// others, too.
        rank: u32,
    },
    /// A controller's period or a timer: fires when nothing event-driven is enabled (any time in `async`).
    Periodic,
    /// Load, failures, users: like `Periodic`, but not the system's own doing.
    Environment,
}

impl ActionKind {
    /// Whether the action reacts at once.
    pub fn is_event(self) -> bool {
        matches!(self, ActionKind::Event { .. })
    }

    /// Whether the action continues a step that began.
    pub fn is_continuation(self) -> bool {
        matches!(self, ActionKind::Event { rank: 0 })
    }
}

/// One atomic step of one controller, or one event.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name, unique within the system, such as `scheduler` or `hpa default/web`.
    pub name: String,
    /// When it may fire.
    pub kind: ActionKind,
    /// Over state: whether it is enabled.
    pub guard: TermId,
    /// What it chooses freely: fresh input variables.
    pub inputs: Vec<VarId>,
    /// Over state and inputs: which choices are allowed when it is enabled.
    pub choice: TermId,
    /// New values, over state and inputs, by position in [`System::state`]; what is not listed stays.
    pub updates: Vec<(usize, TermId)>,
    /// Over state and inputs: which marks this step carries.
    pub marks: Vec<(MarkId, TermId)>,
    /// Over state and inputs: what must hold for no update to leave its variable's range.
    pub obligations: Vec<TermId>,
    /// Event-driven, without inputs and marks, comes to rest by itself, and writes only variables that properties and
    /// other passive actions read: it can be dropped where no property needs what it writes.
    /// Where events race it fires as soon as it is enabled, and k does not count it.
    pub passive: bool,
    /// What it does to counted variables, and what of that it sees.
    pub footprint: Footprint,
    /// How long it takes, where that is known.
    pub pace: Option<PaceId>,
}

/// In which states an invariant is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Checkpoint {
    /// In every state.
    Every,
    /// In states in which no event-driven action is enabled.
    Settled,
}

/// What must hold of all runs.
#[derive(Clone, Debug)]
pub enum PropertyKind {
    /// A condition on states.
    Invariant {
        /// The condition.
        holds: TermId,
        /// Where it is asked.
        at: Checkpoint,
    },
    /// No run goes round a cycle of states that carries one of the marks `any_of` and none of `none_of`.
    NoLoop {
        /// A cycle matters if it carries one of these.
        any_of: MarkSet,
        /// A cycle is excused if it carries one of these.
        none_of: MarkSet,
    },
    /// Event-driven actions always come to rest: no block has a cycle inside.
    Settles,
}

/// A named requirement.
#[derive(Clone, Debug)]
pub struct Property {
    /// Its name, such as `min-replicas`.
    pub name: String,
    /// What it is about, such as a deployment.
    pub subject: String,
    /// What it demands.
    pub kind: PropertyKind,
    /// Which changes of counted variables an invariant can tell.
    pub sees: Sight,
}

/// A transition system with its terms.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// All terms.
    pub arena: Arena,
    /// State variables; a state is a vector of values in this order.
    pub state: Vec<StateVar>,
    /// Constraints on the initial state.
    pub init: Vec<TermId>,
    /// Everything that can happen.
    pub actions: Vec<Action>,
    /// Names of marks.
    pub marks: Vec<String>,
    /// Requirements.
    pub properties: Vec<Property>,
    /// How long what takes; none: any time.
    pub paces: Vec<Pace>,
    /// What ends a while after it began.
    pub timers: Vec<Timer>,
    /// How event-driven actions interleave.
    pub interleaving: Interleaving,
    /// Whether engines compute forced steps one by one, even where many equal ones could be made at once.
    pub stepwise: bool,
    /// Whether engines look at every order of steps, even of those that commute.
    pub all_orders: bool,
    /// Whether only the first candidate fires: a part of the runs, for whoever looks for a violation first.
    pub guided: bool,
    /// Whether time is part of the state: then an action that is enabled may have no choice, because it is too soon or too late for
    /// it.
    pub clocked: bool,
}

impl System {
    /// One action.
    pub fn action(&self, id: ActionId) -> &Action {
        &self.actions[id.0]
    }

    /// One property.
    pub fn property(&self, id: PropertyId) -> &Property {
        &self.properties[id.0]
    }

    /// Actions with their ids.
    pub fn action_ids(&self) -> impl Iterator<Item = (ActionId, &Action)> {
        self.actions.iter().enumerate().map(|(index, action)| (ActionId(index), action))
    }

    /// Whether k counts a step of an action: slow ones, in `async` all that do not only observe.
    pub fn counts(&self, action: &Action) -> bool {
        !action.passive && (self.interleaving == Interleaving::Async || !action.kind.is_event())
    }

    /// A new state variable that is false at the start; its term.
    pub fn flag(&mut self, name: &str) -> TermId {
        let var = self.arena.new_variable(name, Sort::Bool);
        let range = Range::new(0, 1);
        self.state.push(StateVar { var, name: name.to_owned(), range, initial: Some(0), counted: false });
        self.arena.variable(var).term
    }

    /// A pace for actions; equal ones are one.
    pub fn pace(&mut self, pace: Pace) -> PaceId {
        position(&mut self.paces, pace)
    }

    /// Event-driven actions in the documented order: by rank, then by declaration.
    pub fn events_in_order(&self) -> Vec<ActionId> {
        let mut events: Vec<(u32, ActionId)> = self
            .action_ids()
            .filter_map(|(id, action)| match action.kind {
                ActionKind::Event { rank } => Some((rank, id)),
                _ => None,
            })
            .collect();
        events.sort();
        events.into_iter().map(|(_, id)| id).collect()
    }

    /// Periodic and environment actions, in order of declaration.
    pub fn slow_actions(&self) -> Vec<ActionId> {
        self.action_ids().filter(|(_, action)| !action.kind.is_event()).map(|(id, _)| id).collect()
    }

    /// The state in which every variable has its initial value, if all have one.
    pub fn fixed_initial_state(&self) -> Option<Vec<i64>> {
        self.state.iter().map(|variable| variable.initial).collect()
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() { f.write_str(&self.name) } else { write!(f, "{} ({})", self.name, self.subject) }
    }
}
