//! Systems compiled to straight-line programs, for whoever executes them on concrete states.
//!
//! `machine` compiles a system, `choice` enumerates inputs and initial states, of which `cases` tells which can be, `stepper`
//! runs the code on one state, `accelerate` runs it on many equal steps at once, over the `domain` of lines, and `layout`
//! packs states. The programs are made from the system's terms; there is no second description of any step.

mod accelerate;
mod cases;
mod choice;
mod domain;
mod layout;
mod machine;
mod stepper;

pub(crate) use accelerate::Patience;
pub(crate) use machine::{Machine, Uncompiled};
pub(crate) use stepper::{Fired, Label, Scratch, Stepper};

use super::model::Action;

/// A rule that every system must keep and that one did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// An action is enabled but allows no choice.
    DeadEnd,
    /// An action drives a variable out of its range.
    OutOfRange,
}

/// Counts the work of executing a system and may end it.
pub(crate) trait Pace {
    /// Why it ended.
    type Halt;

    /// A value was tried.
    fn tick(&mut self) -> Result<(), Self::Halt>;

    /// A transition was computed.
    fn fired(&mut self) -> Result<(), Self::Halt>;

    /// So many transitions were computed at once.
    fn leapt(&mut self, steps: u64);

    /// The limit of an enumeration was reached.
    fn too_many(&mut self) -> Self::Halt;

    /// An action broke a rule; if this is no reason to end, nothing follows from the faulty step.
    fn fault(&mut self, action: &Action, fault: Fault) -> Result<(), Self::Halt>;
}
