//! The engine on a SAT solver against the reference evaluator and a naive search.

use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "smt/random.rs"]
mod random;
#[path = "smt/reference.rs"]
mod reference;

use kubound::engine::sat::oracle::Circuits;
use kubound::engine::sat::varisat::Varisat;
use kubound::engine::sat::Sat;
use kubound::system::unroll::{Answer, Oracle};
use kubound::engine::{Budget, Engine, Extent, Outcome, Silent, UnknownReason, Verdict};
use kubound::system::unroll::Limits;
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, Interleaving, PropertyId, PropertyKind, System, replay,
};
use kubound::term::{Ctx, Evaluator, Sort, Valuation};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rand::{Rng, SeedableRng};
use random::Bytes;

fn check_with(system: &System, bound: u32, limits: Limits) -> Outcome {
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    Sat { limits }.check(
        system,
        &properties,
        &Budget { time: Some(std::time::Duration::from_secs(1)), ..Budget::bound(bound) },
        &Silent,
    )
}

fn check(system: &System, bound: u32) -> Outcome {
    check_with(system, bound, Limits::default())
}

/// Compares an outcome with the reference search.
fn agree(system: &System, bound: u32, outcome: &Outcome) -> Result<(), TestCaseError> {
    let complete = matches!(outcome.verdict, Verdict::Holds(Extent::Complete(_)));
    let expected = reference::search(system, if complete { u32::MAX } else { bound });
    let least = expected.broken.iter().flatten().copied().min();
    let show = || format!("{:?}\nexpected {expected:?}\n{}", outcome.verdict, system.show());
    match &outcome.verdict {
        Verdict::Violated { property, trace, k } => {
            prop_assert_eq!(Some(*k), least, "{}", show());
            prop_assert_eq!(expected.broken[property.0], Some(*k), "{}", show());
            prop_assert!(replay(system, trace, system.property(*property)).is_ok(), "{}", show());
            prop_assert!(expected.hazard.is_none_or(|hazard| hazard >= *k), "{}", show());
        }
        Verdict::Holds(_) => {
            prop_assert!(least.is_none() && expected.hazard.is_none() && expected.starts, "{}", show())
        }
        Verdict::Unknown { reason: UnknownReason::Engine(why), covered } => {
            if expected.starts {
                prop_assert!(why.contains("leaves its range"), "{why} {}", show());
                prop_assert_eq!(expected.hazard, Some(*covered), "{}", show());
                prop_assert!(least.is_none_or(|least| least >= *covered), "{}", show());
            } else {
                prop_assert_eq!(why, "contradictory assumptions");
            }
        }
        Verdict::Unknown { .. } => {}
    }
    Ok(())
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop_oneof![Just(0usize), Just(3), Just(128)], prop_oneof![Just(1usize), Just(2), Just(64)])
        .prop_map(|(splits, branches)| Limits { splits, branches })
}

/// Random bytes; failures shrink to fewer of them.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let take =
        |(seed, count): (u64, usize)| rand::rngs::StdRng::seed_from_u64(seed).random_iter().take(count).collect();
    (any::<u64>().no_shrink(), most / 3..most).prop_map(take)
}

/// Random cases of each test; failing ones shrink a little.
fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig { cases: 800, max_shrink_iters: 40, ..ProptestConfig::default() })
}

#[test]
fn circuits_mean_what_the_evaluator_means() {
    let result = runner().run(&(bytes(120), any::<bool>()), |(bytes, fixed)| terms_agree(&bytes, fixed));
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// A system may be too hard for a second, but not many are.
#[test]
fn verdicts_agree_with_a_naive_search() {
    let (all, undecided) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bound = prop_oneof![0u32..3, Just(6)];
    let result = runner().run(&(bytes(240), bound, limits()), |(bytes, bound, limits)| {
        let system = random::system(&mut Bytes::new(&bytes));
        let outcome = check_with(&system, bound, limits);
        all.fetch_add(1, Ordering::Relaxed);
        let gave_up = matches!(outcome.verdict, Verdict::Unknown { reason: UnknownReason::Time, .. });
        undecided.fetch_add(usize::from(gave_up), Ordering::Relaxed);
        agree(&system, bound, &outcome)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let (all, undecided) = (all.into_inner(), undecided.into_inner());
    assert!(undecided * 10 <= all, "{undecided} of {all} are undecided");
}

/// A counter that a slow action raises by the input, up to 9; never 7 is demanded.
fn counter(step: (i64, i64), initial: Option<i64>) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let count = builder.int("count", 0, 9, initial);
        let state = builder.state();
        let (var, input) = builder.input("step", step.0, step.1);
        let mut next = state.clone();
        next.set(count, (state.get(count) + input).min(9));
        builder.action(ActionDraft {
            name: "raise".to_owned(),
            kind: ActionKind::Periodic,
            guard: state.get(count).lt(9),
            inputs: vec![var],
            choice: ctx.bool(true),
            next,
            marks: Vec::new(),
        });
        let holds = state.get(count).ne(7).id();
        builder.property("never 7", "", PropertyKind::Invariant { holds, at: Checkpoint::Every });
        builder.finish(Interleaving::Settled)
    };
    unbound.bind(ctx)
}

fn violated_at(outcome: &Outcome) -> Option<u32> {
    match outcome.verdict {
        Verdict::Violated { k, .. } => Some(k),
        _ => None,
    }
}

#[test]
fn what_is_deterministic_folds_without_a_query() {
    let outcome = check(&counter((1, 1), Some(0)), 20);
    assert_eq!((violated_at(&outcome), outcome.statistics.queries), (Some(7), 0));
}

#[test]
fn choices_shorten_the_counterexample() {
    assert_eq!(violated_at(&check(&counter((1, 3), Some(0)), 20)), Some(3));
    assert_eq!(violated_at(&check(&counter((2, 2), Some(0)), 20)), None);
}

#[test]
fn a_free_start_is_searched_at_depth_0() {
    assert_eq!(violated_at(&check(&counter((1, 1), None), 20)), Some(0));
}

fn terms_agree(bytes: &[u8], fixed: bool) -> Result<(), TestCaseError> {
    let mut source = Bytes::new(bytes);
    let ctx = Ctx::new();
    let mut scope = random::Scope::default();
    let mut vars = Vec::new();
    for index in 0..3 {
        let (lo, hi) = source.range();
        let (var, term) = ctx.int_var(format!("x{index}"), lo, hi);
        scope.ints.push(term);
        vars.push(var);
        let (var, term) = ctx.bool_var(format!("p{index}"));
        scope.bools.push(term);
        vars.push(var);
    }
    let (int, truth) = (scope.int(&ctx, &mut source, 5).id(), scope.bool(&ctx, &mut source, 5).id());
    let mut valuation = Valuation::new();
    for &var in &vars {
        let range = ctx.read(|arena| arena.variable(var).sort.range());
        valuation.set(var, range.lo + source.next() as i64 % range.size() as i64);
    }
    let arena = ctx.into_arena();
    let mut arena = arena;
    let watch = Budget::bound(0).start();
    let mut oracle = Circuits::new(Varisat::new(watch.clone(), None), watch);
    let mut fixed_terms = Vec::new();
    for &var in &vars {
        let term = arena.variable(var).term;
        let value = valuation.get(var);
        fixed_terms.push(match arena.sort(term) {
            Sort::Bool if value != 0 => term,
            Sort::Bool => arena.not(term),
            Sort::Int(_) => { let constant = arena.int(value); arena.eq(term, constant) }
        });
    }
    let mut evaluator = Evaluator::new(&arena, &valuation);
    let (int_value, truth_value) = (evaluator.value(int), evaluator.holds(truth));
    let constant = arena.int(int_value);
    let same_int = arena.eq(int, constant);
    let same_truth = if truth_value { truth } else { arena.not(truth) };
    let same = arena.and(same_int, same_truth);
    let other = arena.not(same);
    for fact in fixed_terms { oracle.assume(&arena, fact); }
    prop_assert_eq!(oracle.is_possible(&arena, same), Answer::Possible, "{} {}", arena.show(int), arena.show(truth));
    prop_assert_eq!(oracle.is_possible(&arena, other), Answer::Impossible, "{} {}", arena.show(int), arena.show(truth));
    Ok(())
}
