//! Proofs by induction: on random systems they never say more than a naive search, on systems made by hand they find what is
//! needed, and a proof that was tampered with is refused.

#[path = "symbolic/random.rs"]
mod random;
#[path = "symbolic/reference.rs"]
mod reference;
mod support;

use std::time::Duration;

use kubound::engine::induction::{self, Asker, Gap, Inductive, Prover};
use kubound::engine::sat::Sat;
use kubound::engine::sat::oracle::Circuits;
use kubound::engine::sat::varisat::Varisat;
use kubound::engine::smt::Smt;
use kubound::engine::unroll::Oracle;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict, Watch};
use kubound::reduce::reduce;
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, Interleaving, MarkSet, PropertyId, PropertyKind, State, System,
};
use kubound::term::Ctx;
use rand::{Rng, SeedableRng};
use random::Bytes;

/// varisat, without proofs.
struct Plain;

impl Prover for Plain {
    fn oracle(&self, watch: &Watch) -> Box<dyn Oracle + '_> {
        Box::new(Circuits::new(Varisat::new(watch.clone(), false), watch.clone()))
    }
}

fn all(system: &System) -> Vec<PropertyId> {
    (0..system.properties.len()).map(PropertyId).collect()
}

fn watch() -> Watch {
    Budget { time: Some(Duration::from_secs(20)), ..Budget::bound(0) }.start()
}

fn find(system: &System) -> Result<Inductive<'_>, Gap> {
    induction::find(system, &all(system), &watch(), &Plain)
}

fn is_proved(system: &System) -> bool {
    induction::prove(system, &all(system), &watch(), &Plain).is_ok()
}

/// Whether a proof is accepted by solvers that know nothing of how it was found.
fn is_accepted(proof: &mut Inductive<'_>) -> bool {
    Plain.check(proof, &watch()).is_ok()
}

/// Units that are free, on their way or in use, and three actions that move them; the property is asked of what is in use.
fn units(
    property: impl Fn(&State<'_>, [kubound::system::IntVar; 3]) -> PropertyKind,
    interleaving: Interleaving,
) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let vars = [("free", 4), ("coming", 0), ("used", 0)].map(|(name, start)| builder.int(name, 0, 9, Some(start)));
        let state = builder.state();
        let moved = builder.mark("moved");
        let kinds = [ActionKind::Environment, ActionKind::Event { rank: 1 }, ActionKind::Periodic];
        for (number, kind) in kinds.into_iter().enumerate() {
            let (from, to) = (vars[number], vars[(number + 1) % 3]);
            let mut next = state.clone();
            next.set(from, (state.get(from) - 1).max(0));
            next.set(to, (state.get(to) + 1).min(9));
            let guard = state.get(from).ge(1);
            let marks = vec![(moved, ctx.bool(number == 1))];
            builder.action(ActionDraft::new(format!("move {number}"), kind, guard, next).marked(marks));
        }
        builder.property("p", "", property(&state, vars));
        builder.finish(interleaving)
    };
    unbound.bind(ctx)
}

fn used_at_most(most: i64) -> impl Fn(&State<'_>, [kubound::system::IntVar; 3]) -> PropertyKind {
    move |state, [_, _, used]| PropertyKind::Invariant { holds: state.get(used).le(most).id(), at: Checkpoint::Every }
}

const ALL: [Interleaving; 4] = Interleaving::ALL;

#[test]
fn what_is_inductive_only_with_an_equation_is_proved() {
    for interleaving in ALL {
        let system = units(used_at_most(4), interleaving);
        assert!(is_proved(&system), "{interleaving:?}");
        let mut proof = find(&system).expect("it is provable");
        // On its own the property is not kept: there might be five units.
        proof.invariants.truncate(1);
        assert!(!is_accepted(&mut proof));
    }
}

#[test]
fn what_does_not_hold_is_not_proved() {
    for interleaving in ALL {
        assert!(!is_proved(&units(used_at_most(3), interleaving)), "{interleaving:?}");
    }
}

#[test]
fn states_at_rest_are_asked_where_nothing_is_on_its_way() {
    let rest = |most: i64| {
        move |state: &State<'_>, [_, coming, _]: [kubound::system::IntVar; 3]| {
            let holds = state.get(coming).le(most).id();
            PropertyKind::Invariant { holds, at: Checkpoint::Settled }
        }
    };
    assert!(is_proved(&units(rest(0), Interleaving::Racing)));
    assert!(is_proved(&units(rest(0), Interleaving::Async)));
}

#[test]
fn blocks_end_and_excused_cycles_are_no_loops() {
    let settles = |_: &State<'_>, _| PropertyKind::Settles;
    assert!(is_proved(&units(settles, Interleaving::Racing)));
    // Units come back to where they may be moved again.
    let looping = |_: &State<'_>, _| PropertyKind::NoLoop { any_of: MarkSet(1), none_of: MarkSet::default() };
    assert!(!is_proved(&units(looping, Interleaving::Racing)));
}

/// A supply that is used up by a marked action; from outside it is filled again, which carries a mark of its own.
fn supply(excuse: bool) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let supply = builder.int("supply", 0, 9, Some(5));
        let (taken, filled) = (builder.mark("taken"), builder.mark("filled"));
        let state = builder.state();
        let (mut less, mut more) = (state.clone(), state.clone());
        less.set(supply, (state.get(supply) - 1).max(0));
        more.set(supply, ctx.int(9));
        let (some, always) = (state.get(supply).ge(1), ctx.bool(true));
        builder.action(ActionDraft::new("take", ActionKind::Periodic, some, less).marked(vec![(taken, always)]));
        builder.action(ActionDraft::new("fill", ActionKind::Environment, always, more).marked(vec![(filled, always)]));
        let none_of = if excuse { MarkSet::of(filled) } else { MarkSet::default() };
        builder.property("loop", "", PropertyKind::NoLoop { any_of: MarkSet::of(taken), none_of });
        builder.finish(Interleaving::Racing)
    };
    unbound.bind(ctx)
}

#[test]
fn a_number_that_only_falls_rules_out_loops() {
    assert!(is_proved(&supply(true)));
    assert!(!is_proved(&supply(false)));
    let system = supply(true);
    let mut proof = find(&system).expect("it is provable");
    assert!(is_accepted(&mut proof));
    proof.ranks[0].clear();
    assert!(!is_accepted(&mut proof), "nothing rules the loop out any more");
    proof.ranks.clear();
    assert!(!is_accepted(&mut proof), "a property is forgotten");
}

/// An even number: true, and of none of the forms that are tried.
fn even() -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let number = builder.int("number", 0, 60, Some(0));
        let state = builder.state();
        let (up, mut next) = (state.get(number).le(48), state.clone());
        next.set(number, state.get(number) + up.ite(2, -48));
        builder.action(ActionDraft::new("on", ActionKind::Periodic, ctx.bool(true), next));
        let holds = state.get(number).ne(31).id();
        builder.property("p", "", PropertyKind::Invariant { holds, at: Checkpoint::Every });
        builder.finish(Interleaving::Racing)
    };
    unbound.bind(ctx)
}

#[test]
fn what_no_candidate_says_stays_open() {
    assert_eq!(find(&even()).err(), Some(Gap::Unproved));
    let outcome = Sat::default().check(&even(), &[PropertyId(0)], &Budget::bound(4), &Silent);
    assert_eq!(outcome.verdict, Verdict::Holds(Extent::Bound(4)));
}

#[test]
fn a_proof_that_was_tampered_with_is_refused() {
    let system = units(used_at_most(4), Interleaving::Async);
    let honest = || find(&system).expect("it is provable");
    assert!(is_accepted(&mut honest()));
    let mut wrong = honest();
    let arena = &mut wrong.relation.arena;
    let (used, bound) = (arena.variable(system.state[2].var).term, arena.int(2));
    let at_most = arena.le(used, bound);
    wrong.invariants.push(at_most);
    assert!(!is_accepted(&mut wrong), "it holds at the start, and not later");
    let mut wrong = honest();
    let arena = &mut wrong.relation.arena;
    let at_least = arena.le(bound, used);
    wrong.invariants = vec![at_least];
    assert_eq!(wrong.check_start(&mut Asker::new(&mut *Plain.oracle(&watch()))), Err(Gap::Unproved));
    let mut wrong = honest();
    wrong.invariants = vec![wrong.relation.arena.bool(false)];
    assert!(!is_accepted(&mut wrong), "what contradicts itself is not so at the start");
}

#[test]
fn engines_say_that_it_is_proved_and_certify_it() {
    let system = units(used_at_most(4), Interleaving::Racing);
    let certified =
        Sat { certify: true, limits: kubound::engine::unroll::Limits { splits: 0, branches: 1 }, ..Sat::default() };
    let limits = certified.limits;
    for engine in [&certified as &dyn Engine, &Smt { limits }] {
        let outcome = engine.check(&system, &[PropertyId(0)], &Budget::bound(3), &Silent);
        let Verdict::Holds(Extent::Inductive(proof)) = outcome.verdict else { panic!("{:?}", outcome.verdict) };
        assert!(proof.depth == 1 && proof.invariants >= 1);
        assert_eq!(outcome.certificate.is_some(), engine.certifies());
        assert!(outcome.certificate.is_none_or(|it| it.refuted > 0));
        let plain = Budget { induction: false, ..Budget::bound(3) };
        let outcome = engine.check(&system, &[PropertyId(0)], &plain, &Silent);
        assert_eq!(outcome.verdict, Verdict::Holds(Extent::Bound(3)));
    }
}

/// A case with all its properties, reduced.
fn case(id: &str, scale: usize, fixed: bool) -> System {
    let model = support::model(&support::load_case(id, scale, fixed));
    reduce(&model.system, &model.parts, &all(&model.system)).slice.system
}

#[test]
fn wide_cases_are_proved_with_what_is_needed_and_their_violating_variants_are_not() {
    for (id, scale) in [("w2", 3), ("w4", 4)] {
        let system = case(id, scale, true);
        let mut proof = find(&system).unwrap_or_else(|gap| panic!("{id}: {gap:?}"));
        assert!(is_accepted(&mut proof), "{id}");
        assert!(proof.invariants.len() < 100, "{id}: {} invariants", proof.invariants.len());
        assert!(!is_proved(&case(id, scale, false)), "{id}");
    }
    assert!(!is_proved(&case("w3", 3, false)));
}

#[test]
fn what_is_found_is_accepted() {
    let mut found = 0;
    for seed in 100..300 {
        let bytes: Vec<u8> = rand::rngs::StdRng::seed_from_u64(seed).random_iter().take(160).collect();
        let system = random::system(&mut Bytes::new(&bytes));
        if let Ok(mut proof) = find(&system) {
            // No refutation may rest on a candidate that was taken away since.
            assert!(is_accepted(&mut proof), "seed {seed}\n{}", system.show());
            found += 1;
        }
    }
    assert!(found >= 16, "{found}");
}

#[test]
fn nothing_is_proved_that_a_naive_search_refutes() {
    let (mut proved, mut held) = (0, 0);
    for seed in 0..100 {
        let bytes: Vec<u8> = rand::rngs::StdRng::seed_from_u64(seed).random_iter().take(160).collect();
        let system = random::system(&mut Bytes::new(&bytes));
        let expected = reference::search(&system, u32::MAX);
        let holds = !expected.starts || expected.broken.iter().all(Option::is_none) && expected.hazard.is_none();
        let says = is_proved(&system);
        assert!(holds || !says, "seed {seed}: {expected:?}\n{}", system.show());
        held += usize::from(holds);
        proved += usize::from(says);
    }
    // Otherwise this test would say nothing.
    assert!(proved * 3 >= held && proved >= 8, "{proved} of {held} are proved");
}
