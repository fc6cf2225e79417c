//! The explicit engine on small systems whose answers are known, and on random ones against a naive reference.

use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Engine, Extent, Outcome, Silent, UnknownReason, Verdict};
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, IntVar, Interleaving, MarkSet, PropertyId, PropertyKind, State,
    System, Trace, replay,
};
use kubound::term::{Bool, Ctx};

#[path = "explicit/reference.rs"]
mod reference;

const EVENT: ActionKind = ActionKind::Event { rank: 0 };
const SLOW: ActionKind = ActionKind::Periodic;

fn system(interleaving: Interleaving, define: impl for<'c> FnOnce(&Builder<'c>)) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        define(&builder);
        builder.finish(interleaving)
    };
    unbound.bind(ctx)
}

fn act<'c>(b: &Builder<'c>, name: &str, kind: ActionKind, guard: Bool<'c>, next: State<'c>, marks: &[&str]) {
    let marks = marks.iter().map(|mark| (b.mark(mark), b.ctx().bool(true))).collect();
    let choice = b.ctx().bool(true);
    b.action(ActionDraft::new(name.to_owned(), kind, guard, next).choosing(vec![], choice).marked(marks));
}

fn always<'c>(b: &Builder<'c>, holds: Bool<'c>) {
    b.property("always", "", PropertyKind::Invariant { holds: holds.id(), at: Checkpoint::Every });
}

fn no_loop(b: &Builder<'_>, any_of: &str, none_of: Option<&str>) {
    let any_of = MarkSet::of(b.mark(any_of));
    let none_of = none_of.map_or(MarkSet::default(), |mark| MarkSet::of(b.mark(mark)));
    b.property("no-loop", "", PropertyKind::NoLoop { any_of, none_of });
}

fn check(system: &System, bound: u32) -> Outcome {
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let outcome = Explicit.check(system, &properties, &Budget::bound(bound), &Silent);
    if let Verdict::Violated { property, trace, k, .. } = &outcome.verdict {
        let run = replay(system, trace, system.property(*property)).expect("a trace replays");
        assert_eq!(run.k(), *k, "k is the number of blocks");
    }
    outcome
}

fn holds(outcome: &Outcome) -> Extent {
    match &outcome.verdict {
        Verdict::Holds(extent) => *extent,
        other => panic!("holds expected, not {other:?}"),
    }
}

fn violated(outcome: &Outcome) -> (u32, &Trace) {
    match &outcome.verdict {
        Verdict::Violated { trace, k, .. } => (*k, trace),
        other => panic!("a violation expected, not {other:?}"),
    }
}

fn engine_error(outcome: &Outcome) -> &str {
    match &outcome.verdict {
        Verdict::Unknown { reason: UnknownReason::Engine(why), .. } => why,
        other => panic!("an internal error expected, not {other:?}"),
    }
}

/// Counts from 0 to 10, one slow step each; `limit` must not be reached.
fn counter(limit: i64) -> System {
    system(Interleaving::Settled, |b| {
        let x = b.int("x", 0, 10, Some(0));
        let now = b.state();
        let mut next = now.clone();
        next.add(x, b.ctx().int(1));
        act(b, "count", SLOW, now.get(x).lt(10), next, &[]);
        always(b, now.get(x).lt(limit));
    })
}

#[test]
fn a_counter_counts() {
    assert_eq!(violated(&check(&counter(7), 20)).0, 7);
    assert_eq!(violated(&check(&counter(7), 7)).0, 7);
    assert_eq!(holds(&check(&counter(7), 6)), Extent::Bound(6));
    assert_eq!(violated(&check(&counter(0), 0)).0, 0);
    let outcome = check(&counter(11), 20);
    assert_eq!(holds(&outcome), Extent::Complete(10));
    assert_eq!((outcome.statistics.states, outcome.statistics.transitions), (11, 10));
    assert_eq!(holds(&check(&counter(11), 11)), Extent::Complete(10));
    assert_eq!(holds(&check(&counter(11), 10)), Extent::Bound(10));
}

#[test]
fn a_token_goes_round() {
    let ring = system(Interleaving::Async, |b| {
        let stations: Vec<IntVar> = (0..6).map(|i| b.int(format!("t{i}"), 0, 1, Some((i == 0) as i64))).collect();
        let now = b.state();
        for (i, &from) in stations.iter().enumerate() {
            let mut next = now.clone();
            next.set(from, b.ctx().int(0));
            next.set(stations[(i + 1) % 6], b.ctx().int(1));
            act(b, &format!("pass {i}"), SLOW, now.get(from).eq(1), next, &[]);
        }
        always(b, b.ctx().sum(stations.iter().map(|&t| now.get(t))).eq(1));
    });
    let outcome = check(&ring, 100);
    assert_eq!(holds(&outcome), Extent::Complete(5));
    assert_eq!((outcome.statistics.states, outcome.statistics.transitions), (6, 6));
}

/// Philosophers take the left fork, then the right one, then put both back; all with one fork is a deadlock.
fn philosophers(n: usize, polite: bool) -> System {
    system(Interleaving::Async, |b| {
        let hands: Vec<IntVar> = (0..n).map(|i| b.int(format!("p{i}"), 0, 2, Some(0))).collect();
        let now = b.state();
        for i in 0..n {
            let (own, left, right) = (now.get(hands[i]), now.get(hands[(i + n - 1) % n]), now.get(hands[(i + 1) % n]));
            // The fork between i and i + 1 is the left one of i + 1 and the right one of i.
            let others_wait = b.ctx().all((0..n).filter(|&j| j != i).map(|j| now.get(hands[j]).eq(1)));
            let may_sit = if polite { !others_wait } else { b.ctx().bool(true) };
            let takes = [own.eq(0) & left.lt(2) & may_sit, own.eq(1) & right.eq(0), own.eq(2)];
            for (step, guard) in takes.into_iter().enumerate() {
                let mut next = now.clone();
                next.set(hands[i], b.ctx().int((step as i64 + 1) % 3));
                act(b, &format!("p{i} step {step}"), SLOW, guard, next, &[]);
            }
        }
        always(b, !b.ctx().all(hands.iter().map(|&hand| now.get(hand).eq(1))));
    })
}

#[test]
fn philosophers_starve() {
    for n in 2..=7 {
        assert_eq!(violated(&check(&philosophers(n, false), 50)).0, n as u32, "{n} philosophers");
    }
    let outcome = check(&philosophers(3, true), 50);
    assert!(matches!(holds(&outcome), Extent::Complete(_)));
    assert_eq!(outcome.statistics.states, reference::reach(&philosophers(3, true)).states.len() as u64);
    assert_eq!(outcome.statistics.states, 13);
}

/// A stem of 3 steps into a loop of 4, of which one carries the mark; `lap` marks the last one.
fn lasso(interleaving: Interleaving, excused: bool) -> System {
    system(interleaving, |b| {
        let x = b.int("x", 0, 6, Some(0));
        let now = b.state();
        for value in 0..7 {
            let mut next = now.clone();
            next.set(x, b.ctx().int(if value == 6 { 3 } else { value + 1 }));
            let marks: &[&str] = match value {
                4 => &["work"],
                6 => &["lap"],
                _ => &[],
            };
            act(b, &format!("from {value}"), SLOW, now.get(x).eq(value), next, marks);
        }
        no_loop(b, "work", excused.then_some("lap"));
    })
}

#[test]
fn a_lasso_has_a_known_length() {
    for interleaving in Interleaving::ALL {
        let outcome = check(&lasso(interleaving, false), 7);
        let (k, trace) = violated(&outcome);
        assert_eq!((k, trace.loop_start, trace.steps.len()), (7, Some(3), 7));
        assert_eq!(holds(&check(&lasso(interleaving, false), 6)), Extent::Bound(6));
        assert_eq!(holds(&check(&lasso(interleaving, true), 20)), Extent::Complete(6));
    }
}

/// All ten values may come first, so that depth 0 reaches everything and the loop is far longer than that.
#[test]
fn a_lasso_may_be_longer_than_the_search_is_deep() {
    let ring = system(Interleaving::Settled, |b| {
        let x = b.int("x", 0, 9, None);
        let now = b.state();
        let mut next = now.clone();
        next.set(x, now.get(x).map(|value| (value + 1) % 10));
        act(b, "go", SLOW, b.ctx().bool(true), next, &["go"]);
        no_loop(b, "go", None);
    });
    assert_eq!(violated(&check(&ring, 10)).0, 10);
    assert_eq!(violated(&check(&ring, 100)).0, 10);
    assert_eq!(holds(&check(&ring, 9)), Extent::Bound(9));
}

/// After a kick, `flip` turns for ever; with `exit`, it can also be stopped.
fn spinner(interleaving: Interleaving, exit: bool, demand: PropertyKind) -> System {
    system(interleaving, |b| {
        let (spin, side) = (b.int("spin", 0, 1, Some(0)), b.int("side", 0, 1, Some(0)));
        let now = b.state();
        let mut kicked = now.clone();
        kicked.set(spin, b.ctx().int(1));
        act(b, "kick", SLOW, b.ctx().bool(true), kicked, &["kick"]);
        let mut flipped = now.clone();
        flipped.set(side, b.ctx().int(1) - now.get(side));
        act(b, "flip", EVENT, now.get(spin).eq(1), flipped, &["flip"]);
        if exit {
            let mut stopped = now.clone();
            stopped.set(spin, b.ctx().int(0));
            act(b, "stop", EVENT, now.get(spin).eq(1), stopped, &[]);
        }
        b.property("demand", "", demand);
    })
}

#[test]
fn a_block_that_never_settles_is_found_and_left() {
    let flips = |none_of: MarkSet| PropertyKind::NoLoop { any_of: MarkSet(0b10), none_of };
    let nothing = PropertyKind::NoLoop { any_of: MarkSet::default(), none_of: MarkSet::default() };
    for (interleaving, k) in [(Interleaving::Settled, 1), (Interleaving::Racing, 1), (Interleaving::Async, 3)] {
        for exit in [false, true] {
            assert_eq!(violated(&check(&spinner(interleaving, exit, PropertyKind::Settles), 9)).0, k);
            assert_eq!(violated(&check(&spinner(interleaving, exit, flips(MarkSet(0))), 9)).0, k);
            assert!(matches!(
                holds(&check(&spinner(interleaving, exit, flips(MarkSet(0b10))), 9)),
                Extent::Complete(_)
            ));
            assert!(matches!(holds(&check(&spinner(interleaving, exit, nothing.clone()), 9)), Extent::Complete(_)));
        }
    }
    let stuck = check(&spinner(Interleaving::Settled, false, nothing.clone()), 9);
    assert_eq!((holds(&stuck), stuck.statistics.states), (Extent::Complete(0), 1));
    let racing = check(&spinner(Interleaving::Racing, true, nothing), 9);
    assert_eq!((holds(&racing), racing.statistics.states), (Extent::Complete(1), 2));
}

/// A kick lets two events loose; `last` remembers which came last.
fn race(interleaving: Interleaving) -> System {
    system(interleaving, |b| {
        let pending: Vec<IntVar> = (0..2).map(|i| b.int(format!("pending{i}"), 0, 1, Some(0))).collect();
        let last = b.int("last", 0, 2, Some(2));
        let now = b.state();
        let mut kicked = now.clone();
        pending.iter().for_each(|&p| kicked.set(p, b.ctx().int(1)));
        act(b, "kick", SLOW, now.get(last).eq(2) & now.get(pending[0]).eq(0) & now.get(pending[1]).eq(0), kicked, &[]);
        for (i, &own) in pending.iter().enumerate() {
            let mut next = now.clone();
            next.set(own, b.ctx().int(0));
            next.set(last, b.ctx().int(i as i64));
            act(b, &format!("event {i}"), ActionKind::Event { rank: 2 - i as u32 }, now.get(own).eq(1), next, &[]);
        }
        b.property("settles", "", PropertyKind::Settles);
    })
}

#[test]
fn interleavings_differ() {
    let figures = |interleaving| {
        let outcome = check(&race(interleaving), 9);
        (holds(&outcome), outcome.statistics.states, outcome.statistics.transitions)
    };
    assert_eq!(figures(Interleaving::Settled), (Extent::Complete(1), 2, 3));
    assert_eq!(figures(Interleaving::Racing), (Extent::Complete(1), 3, 5));
    assert_eq!(figures(Interleaving::Async), (Extent::Complete(3), 6, 5));
}

#[test]
fn invariants_are_asked_where_they_should_be() {
    let dip = |at| {
        system(Interleaving::Settled, |b| {
            let x = b.int("x", 0, 2, Some(0));
            let now = b.state();
            let (mut down, mut up) = (now.clone(), now.clone());
            down.set(x, b.ctx().int(1));
            up.set(x, b.ctx().int(2));
            act(b, "down", SLOW, now.get(x).eq(0), down, &[]);
            act(b, "up", EVENT, now.get(x).eq(1), up, &[]);
            b.property("never 1", "", PropertyKind::Invariant { holds: now.get(x).ne(1).id(), at });
        })
    };
    assert_eq!(violated(&check(&dip(Checkpoint::Every), 5)).0, 1);
    assert_eq!(holds(&check(&dip(Checkpoint::Settled), 5)), Extent::Complete(1));
}

/// Two free variables with a given sum.
fn free(hi: i64, sum: i64) -> System {
    system(Interleaving::Settled, |b| {
        let (x, y) = (b.int("x", 0, hi, None), b.int("y", 0, hi, None));
        let now = b.state();
        b.assume_initially((now.get(x) + now.get(y)).eq(sum));
        always(b, now.get(x).le(sum));
    })
}

#[test]
fn initial_values_may_be_free() {
    let outcome = check(&free(99, 10), 5);
    assert_eq!((holds(&outcome), outcome.statistics.states), (Extent::Complete(0), 11));
    assert!(engine_error(&check(&free(99, 1000), 5)).starts_with("contradictory assumptions"));
    assert!(engine_error(&check(&free(1 << 40, 10), 5)).contains("too many"));
}

/// One action that chooses `by` from 0..=9 under a condition and adds it to `x`.
fn chooser(allowed: impl for<'c> Fn(kubound::term::Int<'c>, kubound::term::Int<'c>) -> Bool<'c>) -> System {
    system(Interleaving::Settled, |b| {
        let x = b.int("x", 0, 9, Some(0));
        let now = b.state();
        let (var, by) = b.input("by", 0, 9);
        let mut next = now.clone();
        next.add(x, by);
        let choice = allowed(now.get(x), by);
        let guard = now.get(x).lt(9);
        b.action(ActionDraft::new("add", SLOW, guard, next).choosing(vec![var], choice));
        always(b, now.get(x).ne(9));
    })
}

#[test]
fn choices_are_enumerated_and_rules_enforced() {
    assert_eq!(violated(&check(&chooser(|x, by| by.ge(1) & by.le(2) & (x + by).le(9)), 9)).0, 5);
    assert_eq!(holds(&check(&chooser(|x, by| by.ge(1) & by.le(2) & (x + by).le(9)), 4)), Extent::Bound(4));
    assert!(engine_error(&check(&chooser(|x, by| by.eq(3) & x.lt(3)), 9)).contains("allows no choice"));
    assert!(engine_error(&check(&chooser(|_, by| by.eq(2) | by.eq(8)), 9)).contains("out of its range"));
}

#[test]
fn systems_that_break_rules_are_refused() {
    let mut foreign = counter(5);
    foreign.actions[0].inputs.clear();
    let input = foreign.arena.new_variable("stray", kubound::term::Sort::Bool);
    foreign.actions[0].guard = foreign.arena.variable(input).term;
    assert!(engine_error(&check(&foreign, 5)).contains("stray"));
    let outcome = Explicit.check(&counter(5), &[PropertyId(9)], &Budget::bound(3), &Silent);
    assert!(engine_error(&outcome).contains("no property"));
}

#[test]
fn a_budget_ends_the_search() {
    let budget = Budget::bound(20);
    budget.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let outcome = Explicit.check(&counter(7), &[PropertyId(0)], &budget, &Silent);
    assert_eq!(outcome.verdict, Verdict::Unknown { reason: UnknownReason::Stopped, covered: 0 });
    let huge = system(Interleaving::Settled, |b| {
        let digits: Vec<IntVar> = (0..9).map(|i| b.int(format!("d{i}"), 0, 99, Some(0))).collect();
        let now = b.state();
        for &digit in &digits {
            let mut next = now.clone();
            next.add(digit, b.ctx().int(1));
            act(b, "up", SLOW, now.get(digit).lt(99), next, &["up"]);
        }
        no_loop(b, "up", None);
    });
    let budget = Budget { time: Some(std::time::Duration::from_millis(300)), ..Budget::bound(1000) };
    let outcome = Explicit.check(&huge, &[PropertyId(0)], &budget, &Silent);
    assert!(matches!(outcome.verdict, Verdict::Unknown { reason: UnknownReason::Time, covered } if covered > 1));
}
