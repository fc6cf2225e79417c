//! Enumeration: an unrolling that stays concrete and within limits, so that no solver is asked.

use rustc_hash::FxHashMap;

use crate::system::model::{PropertyId, System};

use crate::engine::unroll::Stop;
use crate::engine::unroll::unroller::{Limits, Memory, Unroller};

/// Branches of a depth with which histories are certainly cheap.
const REMEMBERED: usize = 1 << 10;

/// Steps that an enumeration may execute for each branch that it may have.
const EFFORT: u64 = 64;

impl<'s> Unroller<'s> {
    /// An unrolling that stays concrete: it needs no oracle, and stops where it would have to become symbolic, or where
    /// the limits are exceeded.
    pub fn enumerating(
        system: &'s System,
        properties: &[PropertyId],
        limits: Limits,
        memory: Memory,
        stop: &dyn Fn() -> bool,
    ) -> Self {
        let mut unroller = Unroller::new(system, properties, limits, stop);
        unroller.enumeration = Some(memory);
        if memory == Memory::None && unroller.core.known.is_none() && !unroller.is_async() {
            unroller.core.known = Some(FxHashMap::default());
            unroller.core.crossings = Some(Vec::new());
        }
        unroller
    }

    /// Goes on symbolically, unless this is an enumeration.
    pub(in crate::engine::unroll) fn become_symbolic(&self) -> Result<(), Stop> {
        if self.enumeration.is_some() { Err(Stop::Wide) } else { Ok(()) }
    }

    /// Ends an enumeration that takes more than the limits allow.
    pub(in crate::engine::unroll) fn keep_limits(&self, branches: usize) -> Result<(), Stop> {
        let most = match self.enumeration {
            Some(Memory::Short) => self.limits.splits.min(REMEMBERED),
            _ => self.limits.splits,
        };
        let effort = EFFORT.saturating_mul(self.limits.splits as u64);
        if branches > most || self.figures().1.executed() > effort { self.become_symbolic() } else { Ok(()) }
    }
}
