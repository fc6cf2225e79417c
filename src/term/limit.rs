//! A limit on building: terms are made in loops over workloads and nodes, which must end when their time is over.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Measures the memory that the process uses, in bytes, where that can be found out.
pub type Measure = fn() -> Option<u64>;

/// When to stop.
#[derive(Clone, Debug, Default)]
pub struct Limit {
    /// Not after this moment.
    pub deadline: Option<Instant>,
    /// Not once this is set.
    pub stop: Arc<AtomicBool>,
    /// Largest memory of the process, in bytes, and how much it uses now, where that can be found out.
    pub memory: Option<(u64, Measure)>,
}

/// Why something was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Out of time.
    Time,
    /// Out of memory.
    Memory,
    /// From outside.
    Outside,
}

impl Limit {
    /// Why to stop now, if so.
    pub fn reached(&self) -> Option<Stopped> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(Stopped::Outside);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Some(Stopped::Time);
        }
        let too_much = |(most, used): (u64, Measure)| used().is_some_and(|used| used > most);
        self.memory.is_some_and(too_much).then_some(Stopped::Memory)
    }
}

/// A limit that stays reached once it was.
#[derive(Clone, Debug, Default)]
pub struct Guarded {
    limit: Limit,
    stopped: Cell<Option<Stopped>>,
}

impl Guarded {
    /// Guards with a limit.
    pub fn new(limit: Limit) -> Self {
        Guarded { limit, ..Guarded::default() }
    }

    /// Why to stop, if so. Asked once for each workload: what is built for one takes milliseconds.
    pub fn stopped(&self) -> Option<Stopped> {
        if self.stopped.get().is_none() {
            self.stopped.set(self.limit.reached());
        }
        self.stopped.get()
    }

    /// Looks at it in every `every`-th step of a loop, of which this is number `count`; `None` once the loop is to end.
    pub fn go_on(&self, count: usize, every: usize) -> Option<()> {
        (!count.is_multiple_of(every) || self.stopped().is_none()).then_some(())
    }
}
