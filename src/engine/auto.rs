//! A portfolio: explicit search and the SAT engine side by side, and the first answer wins.
//!
//! Explicit search gets a head start, which is all that small models need. Where it would have to begin with too many
//! initial states, it finds that out itself, while the other one is at work. Both engines look for a shortest
//! counterexample, so verdict and k do not depend on who wins; the run that is shown may. A proof for good says more than a
//! bound: when one engine has reached the bound, the other one may go on a little, in case it is about to see the last
//! state, or to find a proof by induction. Which of the two is told is the one thing that depends on time.
//!
//! Memory is measured for the whole process. Explicit search, whose states are many, gives up at a share of it, and
//! leaves the rest to the other.
//!
//! Reference: Gomes and Selman, "Algorithm portfolios", Artificial Intelligence 126, 2001.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::system::{PropertyId, System};

use super::explicit::Explicit;
use super::sat::Sat;
use super::{
    Attempt, Budget, Decision, Engine, Extent, Outcome, Progress, Statistics, UnknownReason, Verdict, Watch,
    available_bytes, resident_bytes,
};

/// How long explicit search is alone.
const HEAD_START: Duration = Duration::from_millis(30);
/// How long explicit search may go on once there is an answer up to the bound: as long again, within these limits.
const GRACE: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// The same of the SAT engine: so many times as long again, and no longer than this. Proofs by induction take longer than searches.
const GRACE_OF_PROOFS: (u32, Duration) = (4, Duration::from_secs(10));
/// Stack of the second thread: as much as the main thread has, and more.
const STACK_BYTES: usize = 16 << 20;

/// Explicit search and the SAT engine at the same time.
#[derive(Clone, Debug, Default)]
pub struct Auto {
    /// The SAT engine.
    pub sat: Sat,
}

impl Engine for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
        self.decide(system, properties, budget, progress).outcome
    }

    fn decide(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Decision {
        let race = Race {
            explicit: Lane::new(&Explicit, explicit_share(budget), progress),
            sat: Lane::new(&self.sat, sat_share(budget), progress),
            started: budget.start(),
        };
        race.run(system, properties)
    }
}

/// Explicit search gives up when the process has three quarters of the memory that it may have, or half of what is free.
fn explicit_share(budget: &Budget) -> Budget {
    let limit = budget.memory.map(|limit| limit / 4 * 3).or_else(|| free_share(1, 2));
    Budget { memory: limit, overtaken: Arc::default(), ..budget.clone() }
}

/// The SAT engine leaves a tenth of the machine's memory alone.
fn sat_share(budget: &Budget) -> Budget {
    Budget { memory: budget.memory.or_else(|| free_share(9, 10)), overtaken: Arc::default(), ..budget.clone() }
}

/// Memory of the process when it has taken a part of what is free now.
fn free_share(part: u64, of: u64) -> Option<u64> {
    Some(resident_bytes()? + available_bytes()? / of * part)
}

/// One engine in the race.
struct Lane<'a> {
    engine: &'a (dyn Engine + Sync),
    budget: Budget,
    progress: &'a dyn Progress,
    /// The k that it is at.
    reached: AtomicU32,
}

impl<'a> Lane<'a> {
    fn new(engine: &'a (dyn Engine + Sync), budget: Budget, progress: &'a dyn Progress) -> Self {
        Lane { engine, budget, progress, reached: AtomicU32::new(0) }
    }

    fn run(&self, system: &System, properties: &[PropertyId], time: Option<Duration>) -> Outcome {
        let budget = Budget { time, ..self.budget.clone() };
        self.engine.check(system, properties, &budget, self)
    }

    fn stop(&self) {
        self.budget.overtaken.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.budget.overtaken.load(Ordering::Relaxed)
    }

    /// What there is to say about it if it does not win.
    fn attempt(&self, outcome: Outcome) -> Attempt {
        let reason = match outcome.verdict {
            Verdict::Unknown { reason: UnknownReason::Stopped, .. } if self.is_stopped() => None,
            Verdict::Unknown { reason, .. } => Some(reason),
            _ => None,
        };
        let k = self.reached.load(Ordering::Relaxed);
        Attempt { engine: self.engine.name(), k, statistics: outcome.statistics, reason }
    }
}

impl Progress for Lane<'_> {
    fn report(&self, k: u32, statistics: &Statistics) {
        self.reached.store(k, Ordering::Relaxed);
        self.progress.report_of(self.engine.name(), k, statistics);
    }
}

struct Race<'a> {
    explicit: Lane<'a>,
    sat: Lane<'a>,
    started: Watch,
}

impl Race<'_> {
    fn run(&self, system: &System, properties: &[PropertyId]) -> Decision {
        let (explicit, sat) = std::thread::scope(|scope| {
            let (done, is_done) = mpsc::channel();
            let second = move || {
                let outcome = self.second(system, properties);
                // Nobody may wait for it.
                let _ = done.send(());
                outcome
            };
            let spawned = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, second);
            let explicit = self.explicit.run(system, properties, self.started.time_left());
            if let Ok(second) = &spawned
                && is_bound(&explicit.verdict)
            {
                // It need not wait for this one any more.
                second.thread().unpark();
                let (times, most) = GRACE_OF_PROOFS;
                let _ = is_done.recv_timeout((self.started.elapsed() * times).min(most));
            }
            if is_answer(&explicit.verdict) {
                self.sat.stop();
            }
            let Ok(second) = spawned else {
                // Without a second thread one comes after the other.
                return (explicit, self.second(system, properties));
            };
            second.thread().unpark();
            (explicit, second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        self.decision(explicit, sat)
    }

    /// The SAT engine, unless explicit search is done before it starts.
    fn second(&self, system: &System, properties: &[PropertyId]) -> Option<Outcome> {
        std::thread::park_timeout(HEAD_START);
        if self.sat.is_stopped() {
            return None;
        }
        let outcome = self.sat.run(system, properties, self.started.time_left());
        if is_answer(&outcome.verdict) {
            if is_bound(&outcome.verdict) {
                std::thread::park_timeout(self.started.elapsed().clamp(GRACE[0], GRACE[1]));
            }
            self.explicit.stop();
        }
        Some(outcome)
    }

    /// The stronger of two outcomes; explicit search, which began first, where they are equal.
    fn decision(&self, explicit: Outcome, sat: Option<Outcome>) -> Decision {
        match sat {
            Some(sat) if strength(&sat) > strength(&explicit) => {
                Decision { outcome: sat, engine: self.sat.engine.name(), beside: vec![self.explicit.attempt(explicit)] }
            }
            sat => Decision {
                outcome: explicit,
                engine: self.explicit.engine.name(),
                beside: sat.map(|sat| self.sat.attempt(sat)).into_iter().collect(),
            },
        }
    }
}

fn is_answer(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Unknown { .. })
}

fn is_bound(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Holds(Extent::Bound(_)))
}

/// How much a verdict says: a violation, which was replayed, a proof for good, a bound, then how much is covered.
fn strength(outcome: &Outcome) -> (u32, u32) {
    match outcome.verdict {
        Verdict::Violated { .. } => (3, 0),
        Verdict::Holds(Extent::Complete(_) | Extent::Inductive(_)) => (2, 0),
        Verdict::Holds(Extent::Bound(k)) => (1, k),
        Verdict::Unknown { covered, .. } => (0, covered),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::engine::{Induction, Silent};
    use crate::system::{Builder, Interleaving};
    use crate::term::Ctx;

    const BOUND: Extent = Extent::Bound(3);
    const SEEN: Extent = Extent::Complete(3);
    const PROOF: Extent = Extent::Inductive(Induction { depth: 1, invariants: 1 });

    /// Finds that everything holds after so many milliseconds, unless it is stopped before.
    struct After(u64, Extent);

    impl Engine for After {
        fn name(&self) -> &'static str {
            "after a while"
        }

        fn check(&self, _: &System, _: &[PropertyId], budget: &Budget, _: &dyn Progress) -> Outcome {
            let until = Instant::now() + Duration::from_millis(self.0);
            let mut verdict = Verdict::Holds(self.1);
            while Instant::now() < until {
                if budget.overtaken.load(Ordering::Relaxed) {
                    verdict = Verdict::Unknown { reason: UnknownReason::Stopped, covered: 0 };
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Outcome { verdict, statistics: Statistics::default(), certificate: None, demands: Vec::new() }
        }
    }

    fn race(explicit: &After, sat: &After) -> Verdict {
        let ctx = Ctx::new();
        let unbound = Builder::new(&ctx).finish(Interleaving::Racing);
        let system = unbound.bind(ctx);
        let lane = |engine| Lane::new(engine, Budget { overtaken: Arc::default(), ..Budget::bound(3) }, &Silent);
        let race = Race { explicit: lane(explicit), sat: lane(sat), started: Budget::bound(3).start() };
        race.run(&system, &[]).outcome.verdict
    }

    #[test]
    fn a_bound_waits_for_a_proof() {
        assert_eq!(race(&After(200, BOUND), &After(300, PROOF)), Verdict::Holds(PROOF));
        assert_eq!(race(&After(300, SEEN), &After(200, BOUND)), Verdict::Holds(SEEN));
    }

    #[test]
    fn a_bound_does_not_wait_for_ever() {
        let never = 600_000;
        assert_eq!(race(&After(20, BOUND), &After(never, PROOF)), Verdict::Holds(BOUND));
        assert_eq!(race(&After(never, SEEN), &After(20, BOUND)), Verdict::Holds(BOUND));
    }

    #[test]
    fn a_proof_waits_for_nobody() {
        let never = 600_000;
        assert_eq!(race(&After(20, SEEN), &After(never, PROOF)), Verdict::Holds(SEEN));
        assert_eq!(race(&After(never, SEEN), &After(20, PROOF)), Verdict::Holds(PROOF));
    }
}
