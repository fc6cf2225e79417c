//! Wide nondeterminism: free starts against an enumeration by hand, and the cases w1 to w4, on several engines.

mod support;

use std::collections::BTreeSet;

use kubound::cluster::counting::cells::Representation;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::start::{self, Start};
use kubound::engine::{Budget, Engine};
use kubound::input::{self, Loaded};
use kubound::reduce::reduce;
use kubound::system::PropertyId;
use kubound::system::replay::Interpreter;

use support::{Answer, check, load_case, model, slice};

/// Case, violated property, shortest k, bound to which the fixed variant is checked here.
const WIDE: [(&str, &str, u32, u32); 4] = [
    ("w1", "no-eviction-loop", 1, 3),
    ("w2", "pods-schedulable", 2, 4),
    ("w3", "pods-schedulable", 2, 2),
    ("w4", "pods-schedulable", 2, 3),
];

/// A Deployment whose pods request `cpu`, with `more` in the pod's spec.
fn app(name: &str, replicas: i64, cpu: i64, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
         {more}\n      containers:\n      - {{name: main, image: x, resources: {{requests: {{cpu: {cpu}}}}}}}\n"
    )
}

/// Pools of nodes with so much cpu, each with a taint that nothing tolerates if its name says so.
fn scenario(pools: &[(&str, usize, i64)]) -> String {
    let pool = |&(name, count, cpu): &(&str, usize, i64)| {
        let taint = if name == "tainted" { ", taints: [{key: k, effect: NoSchedule}]" } else { "" };
        format!("  - {{name: {name}, count: {count}, template: {{allocatable: {{cpu: {cpu}}}{taint}}}}}\n")
    };
    let pools: String = pools.iter().map(pool).collect();
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  initialPlacement: any\n  nodePools:\n{pools}  \
         properties: [pods-schedulable]\n  bound: 0\n"
    )
}

fn load(texts: &[String]) -> Loaded {
    let names: Vec<String> = (0..texts.len()).map(|index| format!("{index}.yaml")).collect();
    let named: Vec<(&str, &str)> = names.iter().zip(texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    input::load_strings(&named, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The number of starts that explicit search finds, interchangeable nodes in order; nothing happens in them.
fn starts(loaded: &Loaded) -> u64 {
    let model = model(loaded);
    let all: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).collect();
    let slice = reduce(&model.system, &model.parts, &all).slice;
    let (answer, outcome) = check(&Explicit, &model, &slice, 0);
    assert_eq!(answer, Answer::Holds);
    outcome.statistics.states
}

/// All ways to put two kinds of pods on nodes, those that differ by exchanging nodes of one pool counted once.
fn placements(pools: &[(usize, i64)], apps: [(i64, i64); 2]) -> u64 {
    let nodes: Vec<(usize, i64)> =
        pools.iter().enumerate().flat_map(|(pool, &(count, cpu))| vec![(pool, cpu); count]).collect();
    let mut partial: BTreeSet<Vec<(usize, i64, i64)>> = [Vec::new()].into();
    for (pool, cpu) in nodes {
        let mut next = BTreeSet::new();
        for placed in &partial {
            for a in 0..=apps[0].0 {
                for b in (0..=apps[1].0).filter(|b| a * apps[0].1 + b * apps[1].1 <= cpu) {
                    let mut more = placed.clone();
                    more.push((pool, a, b));
                    more.sort_unstable();
                    next.insert(more);
                }
            }
        }
        partial = next;
    }
    let complete = |placed: &&Vec<(usize, i64, i64)>| {
        let sum = placed.iter().fold((0, 0), |sum, &(_, a, b)| (sum.0 + a, sum.1 + b));
        sum == (apps[0].0, apps[1].0)
    };
    partial.iter().filter(complete).count() as u64
}

#[test]
fn every_placement_with_room_is_a_start_and_no_other() {
    for (pools, a, b) in [
        (&[("node", 3, 4)][..], (4, 1), (2, 2)),
        (&[("node", 2, 4), ("other", 2, 2)], (3, 1), (2, 2)),
        (&[("node", 2, 12)], (12, 1), (6, 1)),
        (&[("node", 1, 3), ("tainted", 2, 2)], (3, 1), (2, 1)),
    ] {
        let loaded = load(&[app("a", a.0, a.1, ""), app("b", b.0, b.1, ""), scenario(pools)]);
        let sizes: Vec<(usize, i64)> = pools.iter().map(|&(_, count, cpu)| (count, cpu)).collect();
        assert_eq!(starts(&loaded), placements(&sizes, [a, b]), "{pools:?} {a:?} {b:?}");
    }
}

#[test]
fn starts_are_the_same_in_both_representations() {
    let individual = |nodes, cpu, pods| {
        let loaded = load(&[app("a", pods, 1, ""), app("b", pods, 1, ""), scenario(&[("node", nodes, cpu)])]);
        let model = model(&loaded);
        let is_individual = matches!(model.parts.cells.representation(0), Representation::Individual(_));
        assert_eq!(starts(&loaded), placements(&[(nodes, cpu)], [(pods, 1), (pods, 1)]));
        is_individual
    };
    assert!(!individual(3, 4, 4));
    assert!(individual(2, 20, 19));
}

#[test]
fn pinned_pods_are_where_they_say_and_host_ports_are_not_shared() {
    let pinned = load(&[app("a", 2, 1, "nodeName: node-2"), scenario(&[("node", 3, 4)])]);
    assert_eq!(starts(&pinned), 1);
    let ports = app("a", 2, 1, "").replace("image: x,", "image: x, ports: [{containerPort: 80, hostPort: 80}],");
    assert_eq!(starts(&load(&[ports, scenario(&[("node", 3, 4)])])), 1);
    assert_eq!(starts(&load(&[app("a", 2, 1, ""), scenario(&[("node", 3, 4)])])), 2);
}

#[test]
fn random_starts_are_starts_and_differ() {
    let model = model(&load_case("w4", 6, false));
    let mut seen = BTreeSet::new();
    for seed in 1..=8_i64 {
        let mut number = seed;
        let mut draw = |range: std::ops::RangeInclusive<i64>| {
            number = (number * 1_103_515_245 + 12345).rem_euclid(1 << 31);
            range.start() + (number >> 8) % (range.end() - range.start() + 1)
        };
        let Start::State(state) = start::sample(&model.system, &Budget::bound(0), &mut draw) else {
            panic!("there is a start")
        };
        let interpreter = Interpreter::new(&model.system);
        assert!(model.system.init.iter().all(|&condition| interpreter.holds(&state, condition)));
        assert!(model.system.state.iter().zip(&state).all(|(it, &value)| it.initial.is_none_or(|it| it == value)));
        seen.insert(state);
    }
    assert!(seen.len() > 2, "{}", seen.len());
}

#[test]
fn workloads_that_fit_only_one_by_one_have_no_start() {
    let loaded = load(&[app("a", 3, 2, ""), app("b", 3, 2, ""), scenario(&[("node", 2, 4)])]);
    assert_eq!(start::find(&model(&loaded).system, &Budget::bound(0)), Start::None);
}

#[test]
fn wide_cases_are_violated_at_the_same_shortest_k() {
    for (id, property, k, _) in WIDE {
        let loaded = load_case(id, 3, false);
        let model = model(&loaded);
        let slice = slice(&model);
        for engine in [&Explicit as &dyn Engine, &Sat::default(), &Smt::default()] {
            let (answer, _) = check(engine, &model, &slice, loaded.spec.scenario.bound);
            assert_eq!(answer, Answer::Violated(property.to_owned(), k), "{id} {}", engine.name());
        }
    }
}

#[test]
fn fixed_wide_cases_hold() {
    for (id, _, _, bound) in WIDE {
        let model = model(&load_case(id, 3, true));
        let slice = slice(&model);
        for engine in [&Explicit as &dyn Engine, &Sat::default()] {
            assert_eq!(check(engine, &model, &slice, bound).0, Answer::Holds, "{id} {}", engine.name());
        }
    }
}
