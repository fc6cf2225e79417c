//! What an action does to counted variables, and what of that it sees.
//!
//! Counters of nodes by what is on them are read and written by almost every action, so that reads and writes of variables
//! tell nothing apart. Whoever builds a system knows better: that a pod becomes ready is nothing to somebody who only asks
//! how many pods there are. An [`Effect`] is one kind of change; an action lists those that it may have, and those that it
//! may notice: in its guard, its choices, its updates, or its marks.

use crate::term::TermId;

/// One kind of change to counted variables. What the numbers mean is up to whoever builds a system.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Effect(pub u32);

/// Which effects an action notices.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Sight {
    /// Any.
    #[default]
    Everything,
    /// None but these.
    Only(Vec<Effect>),
}

impl Sight {
    /// Whether one of some effects is noticed.
    pub fn notices(&self, effects: &[Effect]) -> bool {
        match self {
            Sight::Everything => !effects.is_empty(),
            Sight::Only(seen) => effects.iter().any(|effect| seen.contains(effect)),
        }
    }
}

/// What an action does to counted variables, and what of that it sees.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Footprint {
    /// What it may do.
    pub does: Vec<Effect>,
    /// What it notices, if others do it before.
    pub sees: Sight,
    /// What others may do before without a difference to what it can do already: it only can do more.
    pub gains: Vec<Effect>,
    /// When it cannot fire for long.
    pub lock: Option<Lock>,
    /// Where some of what it sees makes no difference to it.
    pub calm: Option<Calm>,
    /// Whether its steps may go ahead of what does not see them. For every action `b` that neither sees what this one does
    /// nor does what it sees: a step of it, once enabled, stays so until it is made, or loses its object to `b` in such a
    /// way that the state after `b` is the same with it and without it; and `b` and then this action lead where this
    /// action, `b` and, if it is enabled again, this action lead. Its own steps commute, carry no marks, and cannot go on
    /// for ever by themselves.
    pub leads: bool,
}

/// A condition under which an action, with all its choices, may go ahead of what it sees.
///
/// In a state in which it is calm: however often others do what it is calm about, and nothing else that it sees, it is enabled
/// with the same choices as before, each of them commutes with what was done, and it is still calm. Its own steps carry no
/// marks, and cannot go on for ever by themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calm {
    /// Over state: the action is *not* calm.
    pub broken: TermId,
    /// What it is calm about.
    pub about: Vec<Effect>,
}

/// A condition without which an action is disabled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lock {
    /// Over state; the guard implies it.
    pub open: TermId,
    /// The effects that can make it true. Writes of variables that are not counted can, too.
    pub opened_by: Vec<Effect>,
}
