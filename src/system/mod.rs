//! Transition systems over terms: variables, actions, properties; how actions interleave; traces and their replay.
//!
//! Invariants:
//! * An action's guard speaks of state only; whenever it holds, some inputs satisfy the action's `choice` (unless the system is
//!   [clocked](System::clocked)).
//! * Updates stay within the ranges of the variables they write (the builder clamps and records an obligation where it
//!   cannot show that), so substituted terms never leave the domains of lookup tables.
//! * What a run may do next is defined once, in [`schedule`], for every engine and for the replayer.

pub mod builder;
pub mod choices;
pub(crate) mod compiled;
pub(crate) mod components;
pub mod cone;
pub mod footprint;
pub mod images;
pub mod interleaving;
pub mod model;
pub mod pace;
pub mod partial_order;
pub mod print;
pub mod replay;
pub mod run;
pub mod schedule;
pub mod settling;
pub mod times;
pub mod touch;
pub mod trace;

pub use builder::{ActionDraft, BoolVar, Builder, IntVar, State, TimerConditions};
pub use choices::Choices;
pub use cone::{LiftError, Slice};
pub use footprint::{Calm, Effect, Footprint, Lock, Sight};
pub use interleaving::Interleaving;
pub use model::{
    Action, ActionId, ActionKind, Checkpoint, MarkId, MarkSet, Property, PropertyId, PropertyKind, StateVar, System,
};
pub use pace::{Bound, Pace, PaceId, Timer, TimerId};
pub use replay::{ReplayError, Replayed, replay};
pub use trace::{Step, Trace};
