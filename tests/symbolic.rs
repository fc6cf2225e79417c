//! The symbolic engines against the reference evaluator and a naive search: the same random terms and systems for each
//! solver.

use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "symbolic/random.rs"]
mod random;
#[path = "symbolic/reference.rs"]
mod reference;

use kubound::engine::sat::oracle::Circuits;
use kubound::engine::sat::varisat::Varisat;
use kubound::engine::sat::{Sat, SolverName};
use kubound::engine::smt::{Smt, Z3};
use kubound::engine::unroll::{Answer, Limits, Oracle};
use kubound::engine::{Budget, Engine, Extent, Outcome, Silent, UnknownReason, Verdict, Watch};
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, Interleaving, PropertyId, PropertyKind, System, replay,
};
use kubound::term::{Arena, Ctx, Evaluator, Sort, TermId, Valuation, VarId};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rand::{Rng, SeedableRng};
use random::Bytes;

/// A solver with the engine on it.
#[derive(Clone, Copy, Debug)]
enum Symbolic {
    Z3,
    Sat(SolverName),
    /// varisat with its proofs checked.
    Certified,
}

/// All that this test was built with.
fn all() -> Vec<Symbolic> {
    let solvers = [SolverName::Varisat, SolverName::Cadical].into_iter().filter(|solver| solver.is_built_in());
    [Symbolic::Z3, Symbolic::Certified].into_iter().chain(solvers.map(Symbolic::Sat)).collect()
}

impl Symbolic {
    fn engine(self, limits: Limits) -> Box<dyn Engine> {
        match self {
            Symbolic::Z3 => Box::new(Smt { limits }),
            Symbolic::Sat(solver) => Box::new(Sat { limits, solver, ..Sat::default() }),
            Symbolic::Certified => Box::new(Sat { limits, certify: true, ..Sat::default() }),
        }
    }

    fn oracle(self, watch: Watch) -> Box<dyn Oracle> {
        match self {
            Symbolic::Z3 => Box::new(Z3::new(watch)),
            #[cfg(feature = "cadical")]
            Symbolic::Sat(SolverName::Cadical) => {
                let solver = kubound::engine::sat::cadical::Cadical::new(watch.clone());
                Box::new(Circuits::new(solver, watch))
            }
            _ => Box::new(Circuits::new(Varisat::new(watch.clone(), false), watch)),
        }
    }

    fn check(self, system: &System, bound: u32, limits: Limits) -> Outcome {
        let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
        // Proofs beyond the bound have a test of their own.
        let time = Some(std::time::Duration::from_secs(1));
        let budget = Budget { time, induction: false, ..Budget::bound(bound) };
        let outcome = self.engine(limits).check(system, &properties, &budget, &Silent);
        let holds = matches!(outcome.verdict, Verdict::Holds(_));
        assert_eq!(outcome.certificate.is_some(), holds && matches!(self, Symbolic::Certified), "{self:?}");
        outcome
    }
}

/// Compares an outcome with the reference search.
fn agree(system: &System, bound: u32, outcome: &Outcome) -> Result<(), TestCaseError> {
    let complete = matches!(outcome.verdict, Verdict::Holds(Extent::Complete(_)));
    let expected = reference::search(system, if complete { u32::MAX } else { bound });
    let least = expected.broken.iter().flatten().copied().min();
    let show = || format!("{:?}\nexpected {expected:?}\n{}", outcome.verdict, system.show());
    match &outcome.verdict {
        Verdict::Violated { property, trace, k, .. } => {
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

fn means_what_the_evaluator_means(symbolic: Symbolic) {
    let result = runner().run(&bytes(120), |bytes| terms_agree(&bytes, symbolic));
    result.unwrap_or_else(|error| panic!("{symbolic:?}: {error}"));
}

#[test]
fn z3_means_what_the_evaluator_means() {
    means_what_the_evaluator_means(Symbolic::Z3);
}

#[test]
fn circuits_mean_what_the_evaluator_means() {
    all().into_iter().skip(2).for_each(means_what_the_evaluator_means);
}

/// A system may be too hard for a second, but not many are.
fn agrees_with_a_naive_search(symbolic: Symbolic) {
    let (all, undecided) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bound = prop_oneof![0u32..3, Just(6)];
    let result = runner().run(&(bytes(240), bound, limits()), |(bytes, bound, limits)| {
        let system = random::system(&mut Bytes::new(&bytes));
        let outcome = symbolic.check(&system, bound, limits);
        all.fetch_add(1, Ordering::Relaxed);
        let gave_up = matches!(outcome.verdict, Verdict::Unknown { reason: UnknownReason::Time, .. });
        undecided.fetch_add(usize::from(gave_up), Ordering::Relaxed);
        agree(&system, bound, &outcome)
    });
    result.unwrap_or_else(|error| panic!("{symbolic:?}: {error}"));
    let (all, undecided) = (all.into_inner(), undecided.into_inner());
    assert!(undecided * 10 <= all, "{symbolic:?}: {undecided} of {all} are undecided");
}

#[test]
fn smt_agrees_with_a_naive_search() {
    agrees_with_a_naive_search(Symbolic::Z3);
}

#[test]
fn sat_agrees_with_a_naive_search_and_proves_what_holds() {
    agrees_with_a_naive_search(Symbolic::Certified);
}

#[cfg(feature = "cadical")]
#[test]
fn cadical_agrees_with_a_naive_search() {
    agrees_with_a_naive_search(Symbolic::Sat(SolverName::Cadical));
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
        builder.action(
            ActionDraft::new("raise", ActionKind::Periodic, state.get(count).lt(9), next)
                .choosing(vec![var], ctx.bool(true)),
        );
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
    for symbolic in all() {
        let outcome = symbolic.check(&counter((1, 1), Some(0)), 20, Limits::default());
        assert_eq!((violated_at(&outcome), outcome.statistics.queries), (Some(7), 0), "{symbolic:?}");
        assert!(outcome.statistics.folded > 0, "{symbolic:?}");
    }
}

#[test]
fn choices_shorten_the_counterexample() {
    for symbolic in all() {
        let at = |step, initial| violated_at(&symbolic.check(&counter(step, initial), 20, Limits::default()));
        assert_eq!(
            (at((1, 3), Some(0)), at((2, 2), Some(0)), at((1, 1), None)),
            (Some(3), None, Some(0)),
            "{symbolic:?}"
        );
    }
}

/// Three integers, three truth values, and a term of each sort over them.
struct Terms {
    arena: Arena,
    vars: Vec<VarId>,
    int: TermId,
    truth: TermId,
}

fn terms(source: &mut Bytes) -> Terms {
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
    let (int, truth) = (scope.int(&ctx, source, 5).id(), scope.bool(&ctx, source, 5).id());
    drop(scope);
    Terms { arena: ctx.into_arena(), vars, int, truth }
}

impl Terms {
    /// That a term has a value.
    fn equals(&mut self, term: TermId, value: i64) -> TermId {
        match self.arena.sort(term) {
            Sort::Bool if value != 0 => term,
            Sort::Bool => self.arena.not(term),
            Sort::Int(_) => {
                let constant = self.arena.int(value);
                self.arena.eq(term, constant)
            }
        }
    }

    fn show(&self) -> String {
        format!("{} {}", self.arena.show(self.int), self.arena.show(self.truth))
    }
}

/// Values that an oracle finds satisfy what was asked; under given values, terms have the evaluator's value and no other.
fn terms_agree(bytes: &[u8], symbolic: Symbolic) -> Result<(), TestCaseError> {
    let mut source = Bytes::new(bytes);
    let mut terms = terms(&mut source);
    let mut oracle = symbolic.oracle(Budget::bound(0).start());
    let otherwise = terms.arena.not(terms.truth);
    let mut found = 0;
    for condition in [terms.truth, otherwise] {
        if oracle.is_possible(&terms.arena, condition) == Answer::Possible {
            found += 1;
            let model = oracle.model(&terms.arena);
            let within = |&var: &VarId| terms.arena.variable(var).sort.range().contains(model.get(var));
            prop_assert!(terms.vars.iter().all(within), "{}", terms.show());
            prop_assert!(Evaluator::new(&terms.arena, &model).holds(condition), "{}", terms.show());
        }
    }
    prop_assert!(found > 0, "neither {} nor its negation", terms.show());
    let mut valuation = Valuation::new();
    for &var in &terms.vars.clone() {
        let variable = terms.arena.variable(var);
        let (term, range) = (variable.term, variable.sort.range());
        valuation.set(var, range.lo + source.next() as i64 % range.size() as i64);
        let fixed = terms.equals(term, valuation.get(var));
        oracle.assume(&terms.arena, fixed);
    }
    let mut evaluator = Evaluator::new(&terms.arena, &valuation);
    let (int, truth) = (evaluator.value(terms.int), evaluator.holds(terms.truth));
    prop_assert!(terms.arena.range(terms.int).contains(int), "{int} {}", terms.show());
    let (int, truth) = (terms.equals(terms.int, int), terms.equals(terms.truth, truth as i64));
    let same = terms.arena.and(int, truth);
    let other = terms.arena.not(same);
    prop_assert_eq!(oracle.is_possible(&terms.arena, same), Answer::Possible, "{}", terms.show());
    prop_assert_eq!(oracle.is_possible(&terms.arena, other), Answer::Impossible, "{}", terms.show());
    Ok(())
}

/// A counter that starts at 0 and is set to any number up to 60 by each block; a second one remembers the one before.
fn wide() -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let (now, before) = (builder.int("now", 0, 60, Some(0)), builder.int("before", 0, 60, Some(0)));
        let state = builder.state();
        let (var, input) = builder.input("value", 0, 60);
        let mut next = state.clone();
        next.set(before, state.get(now));
        next.set(now, input);
        builder.action(
            ActionDraft::new("set", ActionKind::Environment, ctx.bool(true), next).choosing(vec![var], ctx.bool(true)),
        );
        let holds = (state.get(now) + state.get(before)).le(119).id();
        builder.property("not both at the top", "", PropertyKind::Invariant { holds, at: Checkpoint::Every });
        builder.finish(Interleaving::Settled)
    };
    unbound.bind(ctx)
}

#[test]
fn what_is_too_wide_to_enumerate_starts_again_with_symbols() {
    for symbolic in all() {
        let check = |splits| symbolic.check(&wide(), 3, Limits { splits, ..Limits::default() });
        let (enumerated, given_up) = (check(1 << 16), check(100));
        assert_eq!((violated_at(&enumerated), violated_at(&given_up)), (Some(2), Some(2)), "{symbolic:?}");
        assert_eq!(enumerated.statistics.queries, 0, "{symbolic:?}");
        assert!(given_up.statistics.queries > 0, "{symbolic:?}");
        assert!(given_up.statistics.transitions < enumerated.statistics.transitions, "{symbolic:?}");
    }
}
