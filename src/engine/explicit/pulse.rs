//! What every part of the search carries along: the budget, progress and figures, and why the search may stop.

use std::time::{Duration, Instant};

use crate::engine::{Progress, Statistics, UnknownReason, Watch};
use crate::system::compiled::{Fault, Pace};
use crate::system::{Action, PropertyId, Trace};

/// Work units between two looks at the clock.
const STRIDE: u32 = 256;

/// Time between two looks at the budget.
const PERIOD: Duration = Duration::from_millis(50);

/// A violation with its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub property: PropertyId,
    pub trace: Trace,
    pub k: u32,
}

/// Why a search stops before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// A node of the present block breaks an invariant.
    Broken {
        /// The invariant.
        property: PropertyId,
        /// The node.
        node: u32,
    },
    /// A shortest violation.
    Violated(Box<Violation>),
    /// Nothing more can be said.
    Unknown(UnknownReason),
}

impl Halt {
    /// An internal error: the system breaks a rule that every system must keep.
    pub fn engine(why: impl Into<String>) -> Self {
        Halt::Unknown(UnknownReason::Engine(why.into()))
    }
}

/// Counts work, reports progress and watches the budget.
pub(super) struct Pulse<'p> {
    watch: Watch,
    progress: &'p dyn Progress,
    last: Instant,
    ticks: u32,
    /// Work that a transition counts for.
    units: u64,
    /// The depth that is being explored.
    pub depth: u32,
    /// Figures so far.
    pub statistics: Statistics,
}

impl<'p> Pulse<'p> {
    /// Starts now.
    pub fn new(watch: Watch, progress: &'p dyn Progress, terms: u64) -> Self {
        let statistics = Statistics { terms, ..Statistics::default() };
        let units = (terms / 1000).max(1);
        Pulse { watch, progress, units, last: Instant::now(), ticks: 0, depth: 0, statistics }
    }

    /// Begins a depth.
    pub fn enter(&mut self, depth: u32) -> Result<(), Halt> {
        self.depth = depth;
        self.beat()
    }

    /// A unit of work was done.
    pub fn tick(&mut self) -> Result<(), Halt> {
        self.ticks += 1;
        if self.ticks < STRIDE {
            return Ok(());
        }
        self.ticks = 0;
        if self.last.elapsed() < PERIOD { Ok(()) } else { self.beat() }
    }

    fn beat(&mut self) -> Result<(), Halt> {
        self.last = Instant::now();
        self.progress.report(self.depth, &self.statistics);
        self.watch.exhausted().map_or(Ok(()), |reason| Err(Halt::Unknown(reason)))
    }
}

impl Pace for Pulse<'_> {
    type Halt = Halt;

    fn tick(&mut self) -> Result<(), Halt> {
        Pulse::tick(self)
    }

    fn fired(&mut self) -> Result<(), Halt> {
        self.statistics.transitions += 1;
        if !self.watch.may_work(self.units) {
            return Err(Halt::engine("there is more to do than may be done"));
        }
        Pulse::tick(self)
    }

    fn leapt(&mut self, steps: u64) {
        self.statistics.transitions += steps;
        self.statistics.accelerated += steps;
        self.statistics.leaps += 1;
    }

    fn too_many(&mut self) -> Halt {
        Halt::engine("too many values to choose from")
    }

    fn fault(&mut self, action: &Action, fault: Fault) -> Result<(), Halt> {
        let what = match fault {
            Fault::DeadEnd => "is enabled but allows no choice",
            Fault::OutOfRange => "drives a variable out of its range",
        };
        Err(Halt::engine(format!("internal error: {} {what}", action.name)))
    }
}
