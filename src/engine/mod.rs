//! Engines that decide whether a system keeps its properties, behind one trait. No engine knows Kubernetes.

pub mod auto;
pub mod choose;
pub mod deepen;
pub mod explicit;
pub mod export;
pub mod format;
pub mod guided;
pub mod induction;
pub mod memory;
pub mod overlap;
pub mod sat;
pub mod smt;
pub mod start;
pub mod timed;
mod translation;
pub mod unroll;
pub mod walk;
pub mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::system::{Bound, PropertyId, System, Trace};
use crate::term::{Limit, Stopped};

pub use memory::{available_bytes, peak_resident_bytes, resident_bytes};
pub use sat::certificate::Certificate;

/// How far a check may go.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Largest k to look at: blocks, or actions in `async`.
    pub bound: u32,
    /// Wall-clock time.
    pub time: Option<Duration>,
    /// Memory of the whole process, in bytes, checked now and then.
    pub memory: Option<u64>,
    /// Set from outside to stop the check as soon as possible.
    pub stop: Arc<AtomicBool>,
    /// Set when another engine has decided; ends this check alone.
    pub overtaken: Arc<AtomicBool>,
    /// Whether the symbolic engines may try to prove for all runs what holds up to a bound.
    pub induction: bool,
    /// Whether time goes into finding out that a counterexample is a shortest one; else any will do.
    pub shortest: bool,
    /// Work that explicit search may do, together with others that have the same number: for each transition as many units as the system
    /// has thousands of terms, and half a unit for each term to begin with. A limit that does not depend on the machine. `None`: any amount.
    pub work: Option<Arc<AtomicU64>>,
}

impl Budget {
    /// A budget with a bound only.
    pub fn bound(bound: u32) -> Self {
        Budget {
            bound,
            time: None,
            memory: None,
            stop: Arc::default(),
            overtaken: Arc::default(),
            induction: true,
            shortest: true,
            work: None,
        }
    }

    /// The same, of whose work so much may be done apart from all others.
    pub fn with_own_work(&self, units: Option<u64>) -> Self {
        Budget { work: units.map(|units| Arc::new(AtomicU64::new(units))), ..self.clone() }
    }

    /// Work that is left, if it is limited.
    pub fn work_left(&self) -> Option<u64> {
        self.work.as_ref().map(|left| left.load(Ordering::Relaxed))
    }

    /// Takes away work that was done apart.
    pub fn spend(&self, units: u64) {
        if let Some(left) = &self.work {
            let take = |left: u64| Some(left.saturating_sub(units));
            let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        }
    }

    /// The limit on building that follows from it, if it starts at `since`.
    pub fn limit(&self, since: Instant) -> Limit {
        let deadline = self.time.and_then(|time| since.checked_add(time));
        let used: fn() -> Option<u64> = memory::recent_resident_bytes;
        Limit { deadline, stop: Arc::clone(&self.stop), memory: self.memory.map(|most| (most, used)) }
    }

    /// A watch that starts now.
    pub fn start(&self) -> Watch {
        Watch { started: Instant::now(), budget: self.clone() }
    }
}

/// Measures a running check against its budget.
#[derive(Clone, Debug)]
pub struct Watch {
    started: Instant,
    budget: Budget,
}

impl Watch {
    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Time left, if it is limited.
    pub fn time_left(&self) -> Option<Duration> {
        self.budget.time.map(|limit| limit.saturating_sub(self.elapsed()))
    }

    /// A watch over a part that starts now and may take so long, but not longer than the whole.
    pub fn part(&self, time: Duration) -> Watch {
        let time = self.time_left().map_or(time, |left| left.min(time));
        Budget { time: Some(time), ..self.budget.clone() }.start()
    }

    /// Whether the symbolic engines may try to prove for all runs what holds up to a bound.
    pub fn allows_induction(&self) -> bool {
        self.budget.induction
    }

    /// Whether so much more work may be done. If not, nothing is left.
    pub fn may_work(&self, units: u64) -> bool {
        let take = |left: &Arc<AtomicU64>| {
            let left = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(units)));
            left.is_ok_and(|before| before >= units)
        };
        self.budget.work.as_ref().is_none_or(take)
    }

    /// The limit on building that ends with it.
    pub fn limit(&self) -> Limit {
        self.budget.limit(self.started)
    }

    /// Allows for time that went into something that others use as well, but not beyond the end of `whole`.
    pub fn extend(&mut self, time: Duration, whole: &Watch) {
        let most = whole.time_left().map(|left| self.elapsed() + left);
        let longer = self.budget.time.map(|limit| limit + time);
        self.budget.time = longer.map(|limit| limit.min(most.unwrap_or(limit)));
    }

    /// Why the check must end, if it must. Memory is read from the operating system where that is possible.
    pub fn exhausted(&self) -> Option<UnknownReason> {
        if self.budget.stop.load(Ordering::Relaxed) || self.budget.overtaken.load(Ordering::Relaxed) {
            return Some(UnknownReason::Stopped);
        }
        let is_done = |work: &Arc<AtomicU64>| work.load(Ordering::Relaxed) == 0;
        if self.budget.time.is_some_and(|limit| self.elapsed() >= limit)
            || self.budget.work.as_ref().is_some_and(is_done)
        {
            return Some(UnknownReason::Time);
        }
        let too_much = |limit: u64| memory::recent_resident_bytes().is_some_and(|used| used > limit);
        self.budget.memory.is_some_and(too_much).then_some(UnknownReason::Memory)
    }
}

/// How much of the behaviour a `holds` covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All runs of up to k blocks.
    Bound(u32),
    /// All runs: every reachable state was seen, the last new one at depth k.
    Complete(u32),
    /// All runs: by induction.
    Inductive(Induction),
}

/// A proof by induction over single actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Induction {
    /// Actions that a step of the proof consists of.
    pub depth: u32,
    /// Invariants that it rests on.
    pub invariants: u32,
}

impl Extent {
    /// The weaker of two: what both of them cover.
    pub fn weaker(self, other: Extent) -> Extent {
        match (self, other) {
            (Extent::Complete(a), Extent::Complete(b)) => Extent::Complete(a.max(b)),
            (Extent::Bound(a), Extent::Bound(b)) => Extent::Bound(a.min(b)),
            (Extent::Bound(k), _) | (_, Extent::Bound(k)) => Extent::Bound(k),
            (Extent::Inductive(a), Extent::Inductive(b)) => Extent::Inductive(Induction {
                depth: a.depth.max(b.depth),
                invariants: a.invariants.saturating_add(b.invariants),
            }),
            (Extent::Inductive(it), _) | (_, Extent::Inductive(it)) => Extent::Inductive(it),
        }
    }

    /// Whether all runs are covered.
    pub fn is_proved(self) -> bool {
        !matches!(self, Extent::Bound(_))
    }
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// Out of time.
    Time,
    /// Out of memory.
    Memory,
    /// Stopped from outside.
    Stopped,
    /// The engine itself could not go on; why.
    Engine(String),
}

impl From<Stopped> for UnknownReason {
    fn from(why: Stopped) -> Self {
        match why {
            Stopped::Time => UnknownReason::Time,
            Stopped::Memory => UnknownReason::Memory,
            Stopped::Outside => UnknownReason::Stopped,
        }
    }
}

/// What an engine found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No run within the extent breaks any of the properties.
    Holds(Extent),
    /// A shortest run that breaks one.
    Violated {
        /// Which.
        property: PropertyId,
        /// The run.
        trace: Trace,
        /// Its length in blocks (actions in `async`).
        k: u32,
        /// Whether it is certain that there is no shorter one.
        shortest: bool,
    },
    /// Not decided; all k below `covered` are known to hold (0: nothing is known).
    Unknown {
        /// Why.
        reason: UnknownReason,
        /// Number of bounds 0, 1, … that were covered.
        covered: u32,
    },
}

/// Figures of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Distinct settled states (explicit) or symbolic branches (smt) seen.
    pub states: u64,
    /// Transitions computed, one by one or at once.
    pub transitions: u64,
    /// Those of them that were computed at once, by acceleration.
    pub accelerated: u64,
    /// In how many leaps they were.
    pub leaps: u64,
    /// Terms in the arena at the end.
    pub terms: u64,
    /// Solver calls.
    pub queries: u64,
    /// Questions that came down to a constant and needed no solver.
    pub folded: u64,
    /// Gates of the circuits (sat).
    pub gates: u64,
    /// Variables of the formula (sat).
    pub variables: u64,
    /// Clauses of the formula (sat).
    pub clauses: u64,
}

impl Statistics {
    /// Adds the figures of another check.
    pub fn add(&mut self, more: &Statistics) {
        self.states += more.states;
        self.transitions += more.transitions;
        self.accelerated += more.accelerated;
        self.leaps += more.leaps;
        self.terms += more.terms;
        self.queries += more.queries;
        self.folded += more.folded;
        self.gates += more.gates;
        self.variables += more.variables;
        self.clauses += more.clauses;
    }
}

/// A verdict and its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The figures.
    pub statistics: Statistics,
    /// The checked proof behind a `holds`, if one was asked for.
    pub certificate: Option<Certificate>,
    /// Demands of paces and timers that the verdict rests on: without them it might be another one, or another k.
    pub demands: Vec<Bound>,
}

/// What an engine did that ran beside the one that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its name.
    pub engine: &'static str,
    /// The k that it was at.
    pub k: u32,
    /// Its figures.
    pub statistics: Statistics,
    /// Why it gave up; `None` if it was overtaken, or came second.
    pub reason: Option<UnknownReason>,
}

/// An outcome and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The outcome.
    pub outcome: Outcome,
    /// The engine that decided.
    pub engine: &'static str,
    /// Engines that ran beside it.
    pub beside: Vec<Attempt>,
}

/// Receives progress, from any thread; called often, so it must be cheap.
pub trait Progress: Sync {
    /// Something new begins, in words.
    fn begin(&self, _what: &str) {}

    /// Depth `k` is being explored.
    fn report(&self, k: u32, statistics: &Statistics);

    /// The same of one engine among several.
    fn report_of(&self, _engine: &'static str, k: u32, statistics: &Statistics) {
        self.report(k, statistics);
    }
}

/// Nobody watches.
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: u32, _: &Statistics) {}
}

/// A decision procedure. It keeps nothing between two checks, so several threads may share it.
pub trait Engine: Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// Whether it backs what holds by certificates, which are about the one system that it is given.
    fn certifies(&self) -> bool {
        false
    }

    /// The same engine for a part of what is asked, if it keeps files: those of parts are kept apart by their names.
    fn part(&self, _name: &str) -> Option<Box<dyn Engine>> {
        None
    }

    /// Looks for a shortest run that breaks one of `properties`, up to the budget's bound.
    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome;

    /// Like [`Engine::check`], and says how the outcome came about.
    fn decide(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Decision {
        let outcome = self.check(system, properties, budget, progress);
        Decision { outcome, engine: self.name(), beside: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_extended_up_to_the_end_of_the_whole() {
        let of = |seconds| Budget { time: Some(Duration::from_secs(seconds)), ..Budget::bound(1) }.start();
        let (whole, mut own) = (of(100), of(10));
        own.extend(Duration::from_secs(5), &whole);
        let left = own.time_left().unwrap_or_default();
        assert!(left > Duration::from_secs(14) && left <= Duration::from_secs(15), "{left:?}");
        own.extend(Duration::from_secs(500), &whole);
        let left = own.time_left().unwrap_or_default();
        assert!(left > Duration::from_secs(99) && left <= Duration::from_secs(100), "{left:?}");
        let mut free = Budget::bound(1).start();
        free.extend(Duration::from_secs(5), &whole);
        assert_eq!(free.time_left(), None);
    }
}
