//! Time in milliseconds, for the encodings of controllers whose timing can be observed. The model of a whole cluster has
//! no times in its state: what timers guard there may happen in any later block, as far as paces allow.
//!
//! Part of the rules `clocked/taint-eviction`, `clocked/monitor` and `clocked/tainting`.

use crate::system::{ActionDraft, ActionId, ActionKind, Builder, IntVar, State};
use crate::term::{Bool, Int};

/// Ticks of the clock in a second.
pub const SECOND: i64 = 1000;

/// A clock that runs from 0 to a horizon.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    now: IntVar,
    horizon: i64,
}

impl Clock {
    /// Declares the clock.
    pub fn declare(builder: &Builder<'_>, horizon: i64) -> Self {
        Clock { now: builder.int("now", 0, horizon, Some(0)), horizon }
    }

    /// The variable that holds the present time.
    pub fn variable(&self) -> IntVar {
        self.now
    }

    /// The last moment.
    pub fn horizon(&self) -> i64 {
        self.horizon
    }

    /// The present time.
    pub fn now<'c>(&self, state: &State<'c>) -> Int<'c> {
        state.get(self.now)
    }

    /// Time passes, up to the moment that its input says, never beyond one at which `waits` for something.
    pub fn add<'c>(&self, builder: &Builder<'c>, waits: impl Fn(Int<'c>) -> Bool<'c>) -> ActionId {
        let state = builder.state();
        let (var, to) = builder.input("to", 0, self.horizon);
        let mut next = state.clone();
        next.set(self.now, to);
        builder.action(
            ActionDraft::new("time passes", ActionKind::Environment, self.now(&state).lt(self.horizon), next)
                .choosing(vec![var], to.gt(self.now(&state)) & !waits(to)),
        )
    }
}
