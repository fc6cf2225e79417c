//! The published cases: verdicts, shortest k and exact numbers of states, on every engine.

mod support;

use kubound::engine::auto::Auto;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict, guided};
use kubound::model::Model;
use kubound::system::Interleaving;
use kubound::system::{PropertyId, Slice};

use support::{Answer, check, interleave, load_case, model, slice};

/// What every engine but the explicit one says, if all say the same.
fn others(model: &Model, slice: &Slice, bound: u32) -> Answer {
    let engines: [&dyn Engine; 3] = [&Smt::default(), &Sat::default(), &Auto::default()];
    let [smt, sat, auto] = engines.map(|engine| check(engine, model, slice, bound).0);
    assert_eq!((&smt, &smt), (&sat, &auto), "smt, sat and auto");
    smt
}

/// Case, violated property, shortest k, settled states until the violation is found.
const VIOLATED: [(&str, &str, u32, u64); 8] = [
    ("c1", "no-replica-oscillation", 7, 36),
    ("c2", "min-replicas", 1, 1),
    ("c3", "pods-schedulable", 2, 7),
    ("c4", "no-node-overload-loop", 5, 10),
    ("c5", "no-eviction-loop", 1, 1),
    ("c6", "expected-replicas", 3, 3),
    ("c7", "no-eviction-loop", 0, 0),
    ("c8", "no-eviction-loop", 2, 2),
];

/// Case, number of all reachable settled states of the fixed variant, depth of the last.
const FIXED: [(&str, u64, u32); 8] =
    [("c1", 2, 1), ("c2", 2, 1), ("c3", 14, 3), ("c4", 1, 0), ("c5", 2, 1), ("c6", 2, 1), ("c7", 1, 0), ("c8", 1, 0)];

#[test]
fn all_cases_are_violated_at_the_same_shortest_k() {
    for (id, property, k, states) in VIOLATED {
        let loaded = load_case(id, 3, false);
        let model = model(&loaded);
        let slice = slice(&model);
        let bound = loaded.spec.scenario.bound;
        let (explicit, outcome) = check(&Explicit, &model, &slice, bound);
        let others = others(&model, &slice, bound);
        assert_eq!(explicit, Answer::Violated(property.to_owned(), k), "{id}");
        assert_eq!(others, explicit, "{id}");
        assert_eq!(outcome.statistics.states, states, "{id}");
    }
}

#[test]
fn no_shorter_bound_finds_a_violation() {
    for (id, _, k, _) in VIOLATED.into_iter().filter(|&(_, _, k, _)| k > 0) {
        let model = model(&load_case(id, 3, false));
        let slice = slice(&model);
        assert_eq!(check(&Explicit, &model, &slice, k - 1).0, Answer::Holds, "{id}");
        assert_eq!(others(&model, &slice, k - 1), Answer::Holds, "{id}");
    }
}

#[test]
fn all_fixed_cases_hold_for_good() {
    for (id, states, depth) in FIXED {
        let loaded = load_case(id, 3, true);
        let model = model(&loaded);
        let slice = slice(&model);
        let bound = loaded.spec.scenario.bound;
        let (answer, outcome) = check(&Explicit, &model, &slice, bound);
        assert_eq!(answer, Answer::Holds, "{id}");
        assert_eq!(outcome.verdict, Verdict::Holds(Extent::Complete(depth)), "{id}");
        assert_eq!(outcome.statistics.states, states, "{id}");
        assert_eq!(others(&model, &slice, bound), Answer::Holds, "{id}");
    }
}

#[test]
fn violations_do_not_depend_on_the_scale() {
    for (id, property, _, _) in VIOLATED {
        for scale in [4, 5, 10, 33] {
            let loaded = load_case(id, scale, false);
            let model = model(&loaded);
            let system = &slice(&model).system;
            let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
            let budget = Budget::bound(loaded.spec.scenario.bound);
            let verdict = guided::decide(&Explicit, system, &all, &budget, &Silent).outcome.verdict;
            let name = |id: PropertyId| system.property(id).name.as_str();
            let is_right = matches!(verdict, Verdict::Violated { property: broken, .. } if name(broken) == property);
            assert!(is_right, "{id} at {scale}: {verdict:?}");
        }
    }
}

#[test]
fn engines_agree_where_events_race() {
    for (id, _, _, _) in VIOLATED.into_iter().filter(|(id, ..)| ["c2", "c3", "c5", "c6", "c7"].contains(id)) {
        for fixed in [false, true] {
            let mut loaded = load_case(id, 3, fixed);
            interleave(&mut loaded, Interleaving::Racing);
            let model = model(&loaded);
            let slice = slice(&model);
            let (explicit, _) = check(&Explicit, &model, &slice, 3);
            let others = others(&model, &slice, 3);
            assert_eq!(explicit, others, "{id} fixed={fixed}");
        }
    }
}

#[test]
fn engines_agree_without_blocks() {
    for (id, k) in [("c2", 6), ("c3", 4), ("c5", 5), ("c6", 5), ("c7", 7)] {
        let mut loaded = load_case(id, 3, false);
        interleave(&mut loaded, Interleaving::Async);
        let model = model(&loaded);
        let slice = slice(&model);
        let (explicit, _) = check(&Explicit, &model, &slice, loaded.spec.scenario.bound);
        let others = others(&model, &slice, loaded.spec.scenario.bound);
        assert_eq!(explicit, others, "{id}");
        assert!(matches!(explicit, Answer::Violated(_, found) if found == k), "{id}: {explicit:?}");
    }
}
