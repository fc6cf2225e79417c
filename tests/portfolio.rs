//! The portfolio: who wins, that verdicts do not depend on it, and that both engines stop.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kubound::engine::auto::Auto;
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Decision, Engine, Progress, Silent, Statistics, UnknownReason, Verdict};
use kubound::system::{ActionDraft, ActionKind, Builder, Checkpoint, Interleaving, PropertyId, PropertyKind, System};
use kubound::term::{Bool, Ctx, Int};

/// Two numbers up to `most`, both chosen anew by each action; `holds` of them is demanded.
fn choice(most: i64, initial: Option<i64>, holds: impl for<'c> Fn(Int<'c>, Int<'c>) -> Bool<'c>) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let numbers = ["x", "y"].map(|name| builder.int(name, 0, most, initial));
        let state = builder.state();
        let inputs = ["a", "b"].map(|name| builder.input(name, 0, most));
        let mut next = state.clone();
        for (number, (_, input)) in numbers.into_iter().zip(inputs) {
            next.set(number, input);
        }
        builder.action(
            ActionDraft::new("choose", ActionKind::Environment, ctx.bool(true), next)
                .choosing(inputs.map(|(var, _)| var).to_vec(), ctx.bool(true)),
        );
        let holds = holds(state.get(numbers[0]), state.get(numbers[1])).id();
        builder.property("demanded", "", PropertyKind::Invariant { holds, at: Checkpoint::Every });
        builder.finish(Interleaving::Settled)
    };
    unbound.bind(ctx)
}

/// Some numbers have this product, but neither trying them all nor a solver finds out soon.
fn hard() -> System {
    choice((1 << 30) - 1, Some(0), |x, y| (x * y).ne(1_073_741_789 * 536_870_909))
}

/// A bound, beyond which nothing is tried.
fn up_to(bound: u32) -> Budget {
    Budget { induction: false, ..Budget::bound(bound) }
}

fn decide(system: &System, budget: &Budget) -> Decision {
    Auto::default().decide(system, &[PropertyId(0)], budget, &Silent)
}

fn violated_at(decision: &Decision) -> Option<u32> {
    match decision.outcome.verdict {
        Verdict::Violated { k, .. } => Some(k),
        _ => None,
    }
}

#[test]
fn explicit_search_decides_what_is_small_alone() {
    let decision = decide(&choice(2, Some(0), |x, y| (x + y).lt(4)), &up_to(5));
    assert_eq!((violated_at(&decision), decision.engine, decision.beside), (Some(1), "explicit", Vec::new()));
}

#[test]
fn the_solver_wins_where_there_are_many_choices() {
    let decision = decide(&choice(9_999_999, Some(0), |x, y| (x + y).lt(19_999_998)), &up_to(5));
    assert_eq!((violated_at(&decision), decision.engine), (Some(1), "sat"));
    let [other] = decision.beside.as_slice() else { panic!("{:?}", decision.beside) };
    assert_eq!((other.engine, &other.reason), ("explicit", &None), "it was overtaken");
}

#[test]
fn the_solver_wins_where_there_are_many_initial_states() {
    let decision = decide(&choice(9_999_999, None, |x, y| (x + y).lt(19_999_998)), &up_to(5));
    assert_eq!((violated_at(&decision), decision.engine), (Some(0), "sat"));
    let [other] = decision.beside.as_slice() else { panic!("{:?}", decision.beside) };
    assert_eq!((other.engine, other.k), ("explicit", 0), "it was still at the start");
}

#[test]
fn verdicts_are_those_of_one_engine() {
    for (most, sum) in [(3, 7), (3, 6), (40, 80), (40, 81)] {
        let system = choice(most, Some(0), |x, y| (x + y).lt(sum));
        let alone = Explicit.check(&system, &[PropertyId(0)], &up_to(5), &Silent).verdict;
        let decided = decide(&system, &up_to(5)).outcome.verdict;
        match (&alone, &decided) {
            (Verdict::Violated { k: one, .. }, Verdict::Violated { k: other, .. }) => assert_eq!(one, other),
            // A proof for good, or a bound: that depends on time.
            (Verdict::Holds(_), Verdict::Holds(_)) => {}
            _ => panic!("{most}, {sum}: {alone:?} {decided:?}"),
        }
    }
}

#[test]
fn both_engines_stop_in_time_and_say_so() {
    let budget = Budget { time: Some(Duration::from_millis(300)), ..up_to(5) };
    let decision = decide(&hard(), &budget);
    let Verdict::Unknown { reason: UnknownReason::Time, .. } = decision.outcome.verdict else {
        panic!("{:?}", decision.outcome.verdict);
    };
    assert_eq!(decision.beside.len(), 1);
    assert_eq!(decision.beside[0].reason, Some(UnknownReason::Time));
}

/// Stops the check as soon as both engines have reported something.
struct StopWhenBothRun<'a> {
    budget: &'a Budget,
    seen: Mutex<Vec<&'static str>>,
}

impl Progress for StopWhenBothRun<'_> {
    fn report(&self, _: u32, _: &Statistics) {
        panic!("a portfolio says which engine reports");
    }

    fn report_of(&self, engine: &'static str, _: u32, _: &Statistics) {
        let mut seen = self.seen.lock().expect("nobody panicked");
        seen.push(engine);
        if seen.contains(&"explicit") && seen.contains(&"sat") {
            self.budget.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn who_stops_the_portfolio_stops_both() {
    let budget = up_to(5);
    let progress = StopWhenBothRun { budget: &budget, seen: Mutex::default() };
    let decision = Auto::default().decide(&hard(), &[PropertyId(0)], &budget, &progress);
    let stopped = Verdict::Unknown { reason: UnknownReason::Stopped, covered: 1 };
    assert_eq!((decision.outcome.verdict, decision.beside.len()), (stopped, 1));
    assert_eq!(decision.beside[0].reason, Some(UnknownReason::Stopped));
}
