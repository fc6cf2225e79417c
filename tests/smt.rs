//! The engine on Z3 against the reference evaluator and a naive search.

#[path = "smt/random.rs"]
mod random;
#[path = "smt/reference.rs"]
mod reference;

use kubound::engine::smt::Smt;
use kubound::engine::smt::translate::Translator;
use kubound::engine::{Budget, Engine, Extent, Outcome, Silent, UnknownReason, Verdict};
use kubound::system::unroll::Limits;
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, Interleaving, MarkSet, PropertyId, PropertyKind, System, replay,
};
use kubound::term::{Ctx, Evaluator, Sort, Valuation};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use random::Bytes;

fn check_with(system: &System, bound: u32, limits: Limits) -> Outcome {
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    Smt { limits }.check(
        system,
        &properties,
        &Budget { time: Some(std::time::Duration::from_secs(1)), ..Budget::bound(bound) },
        &Silent,
    )
}

fn check(system: &System, bound: u32) -> Outcome {
    check_with(system, bound, Limits::default())
}

fn violation(outcome: &Outcome) -> Option<(PropertyId, u32)> {
    match outcome.verdict {
        Verdict::Violated { property, k, .. } => Some((property, k)),
        _ => None,
    }
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
        Verdict::Unknown { .. } => eprintln!("TIME {}", show()),
    }
    Ok(())
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop_oneof![Just(0usize), Just(3), Just(1024)], prop_oneof![Just(1usize), Just(2), Just(64)])
        .prop_map(|(splits, branches)| Limits { splits, branches })
}

/// Random bytes; failures shrink to fewer of them.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let take =
        |(seed, count): (u64, usize)| rand::rngs::StdRng::seed_from_u64(seed).random_iter().take(count).collect();
    (any::<u64>().no_shrink(), most / 3..most).prop_map(take)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, max_shrink_iters: 60,  ..ProptestConfig::default() })]

    #[test]
    fn z3_means_what_the_evaluator_means(bytes in bytes(120), fixed: bool) {
        terms_agree(&bytes, fixed)?;
    }

    #[test]
    fn verdicts_agree_with_a_naive_search(
        bytes in bytes(240),
        bound in prop_oneof![0u32..3, Just(6)],
        limits in limits(),
    ) {
        let system = random::system(&mut Bytes::new(&bytes));
        let t = std::time::Instant::now();
        let o = check_with(&system, bound, limits);
        let t1 = t.elapsed();
        agree(&system, bound, &o)?;
        eprintln!("KIND {}", match &o.verdict { Verdict::Violated{property,k,..} => format!("violated {} {k}", system.property(*property).name), Verdict::Holds(Extent::Complete(k)) => format!("complete {k}"), Verdict::Unknown{reason:UnknownReason::Time,..}=>"time".into(), v => format!("{v:?}").chars().take(30).collect() });
        if t.elapsed().as_millis() > 2500 { eprintln!("{bound} {limits:?} {t1:?} {:?} {:?}\n{}", t.elapsed(), o, system.show()); }
    }
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
    let mut translator = Translator::default();
    let solver = z3::Solver::new();
    let (int_z3, truth_z3) = (translator.number(&arena, int), translator.condition(&arena, truth));
    let known: Vec<_> = vars.iter().map(|&var| (var, arena.variable(var).term)).collect();
    let as_z3: Vec<_> = known
        .iter()
        .map(|&(var, term)| match arena.sort(term) {
            Sort::Bool => translator.condition(&arena, term).eq(z3::ast::Bool::from_bool(valuation.get(var) != 0)),
            Sort::Int(_) => {
                let bits = translator.number(&arena, term);
                bits.eq(z3::ast::BV::from_i64(valuation.get(var), bits.get_size()))
            }
        })
        .collect();
    translator.take_constraints().iter().for_each(|constraint| solver.assert(constraint));
    if fixed {
        as_z3.iter().for_each(|equation| solver.assert(equation));
    }
    if !fixed {
        prop_assert_eq!(solver.check(), z3::SatResult::Sat);
        let model = solver.get_model().expect("a model");
        translator.read_model(&arena, &model).into_iter().for_each(|(var, value)| valuation.set(var, value));
        for &(var, term) in &known {
            prop_assert!(arena.range(term).contains(valuation.get(var)));
            match arena.sort(term) {
                Sort::Bool => solver
                    .assert(translator.condition(&arena, term).eq(z3::ast::Bool::from_bool(valuation.get(var) != 0))),
                Sort::Int(_) => {
                    let bits = translator.number(&arena, term);
                    solver.assert(bits.eq(z3::ast::BV::from_i64(valuation.get(var), bits.get_size())));
                }
            }
        }
    }
    let mut evaluator = Evaluator::new(&arena, &valuation);
    let (int_value, truth_value) = (evaluator.value(int), evaluator.holds(truth));
    prop_assert!(arena.range(int).contains(int_value), "{int_value} {}", arena.show(int));
    let int_same = int_z3.eq(z3::ast::BV::from_i64(int_value, int_z3.get_size()));
    let same = z3::ast::Bool::and(&[int_same, truth_z3.eq(z3::ast::Bool::from_bool(truth_value))]);
    prop_assert_eq!(solver.check(), z3::SatResult::Sat);
    solver.assert(same.not());
    prop_assert_eq!(solver.check(), z3::SatResult::Unsat, "{} {}", arena.show(int), arena.show(truth));
    Ok(())
}
