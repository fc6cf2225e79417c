//! Partial-order reduction changes no answer: random clusters and cases have the same verdicts, the same shortest k and as
//! many states at rest with it and without it, on explicit and symbolic engines. Locks hold wherever guards do, and steps of
//! what leads commute with those of what it is said to commute with, in the states that are reached.

mod reductions {
    pub mod clusters;
}
mod support;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use kubound::cases::Suite;
use kubound::engine::explicit::{Explicit, Successors};
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict, guided};
use kubound::input::{Loaded, load_strings};
use kubound::reduce::{reduce, unreduced};
use kubound::system::partial_order::PartialOrder;
use kubound::system::replay::Interpreter;
use kubound::system::{Interleaving, PropertyId, System};
use kubound::term::Evaluator;
use proptest::prelude::*;

use reductions::clusters;
use support::{interleave, load_case, model, slice, tell_all_phases};

/// For searches of random clusters, of which some are not worth waiting for.
const SHORT: Duration = Duration::from_millis(500);

/// What must be the same; `None` where the search did not come to an end.
fn answer(engine: &dyn Engine, system: &System, bound: u32, time: Duration) -> Option<(String, Option<u64>)> {
    let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let budget = Budget { time: Some(time), ..Budget::bound(bound) };
    let outcome = engine.check(system, &all, &budget, &Silent);
    match outcome.verdict {
        Verdict::Holds(Extent::Inductive(_)) => Some(("holds".to_owned(), None)),
        Verdict::Holds(Extent::Complete(_)) => Some(("holds".to_owned(), Some(outcome.statistics.states))),
        Verdict::Holds(Extent::Bound(_)) => Some(("holds up to k".to_owned(), Some(outcome.statistics.states))),
        Verdict::Violated { k, .. } => Some((format!("violated at {k}"), None)),
        Verdict::Unknown { .. } => None,
    }
}

/// Compares all properties of a model in which events race, one by one; how many comparisons came to an end.
fn compare(loaded: &Loaded, bound: u32, time: Duration, what: &str) -> usize {
    let model = model(loaded);
    let mut compared = 0;
    for id in (0..model.system.properties.len()).map(PropertyId) {
        let reduction = reduce(&model.system, &model.parts, &[id]);
        let system = &reduction.slice.system;
        let every_order = System { all_orders: true, ..system.clone() };
        let name = model.system.property(id).to_string();
        let Some(expected) = answer(&Explicit, &every_order, bound, time) else { continue };
        let Some(found) = answer(&Explicit, system, bound, time) else { continue };
        assert_eq!(found, expected, "{what}, {name}, explicit");
        if let Some((symbolic, _)) = answer(&Sat::default(), system, bound, time) {
            let is_same = symbolic == expected.0 || symbolic.starts_with("holds") && expected.0.starts_with("holds");
            assert!(is_same, "{what}, {name}, sat: {symbolic}, not {}", expected.0);
        }
        compared += 1;
    }
    compared
}

/// Compares the guided search with the whole one.
fn compare_guided(loaded: &Loaded, bound: u32, what: &str) {
    let model = model(loaded);
    let slice = slice(&model);
    let all: Vec<PropertyId> = (0..slice.system.properties.len()).map(PropertyId).collect();
    let k = |verdict: &Verdict| if let Verdict::Violated { k, shortest: true, .. } = verdict { Some(*k) } else { None };
    let plain = Explicit.check(&slice.system, &all, &Budget::bound(bound), &Silent).verdict;
    let found = guided::decide(&Explicit, &slice.system, &all, &Budget::bound(bound), &Silent).outcome.verdict;
    if !matches!(found, Verdict::Violated { shortest: false, .. }) {
        assert_eq!(k(&found), k(&plain), "{what}");
    }
}

/// In states that are reached without any reduction, up to so many: locks hold where guards do, and moving a step of what leads
/// ahead of a step that is no rival's leads to the same state.
fn inspect(loaded: &Loaded, most: usize, what: &str) {
    let system = unreduced(&model(loaded).system, &[]).slice.system;
    let free = System { all_orders: false, ..system.clone() };
    let Some(order) = PartialOrder::of(&free, &|| false) else { return };
    let Some(start) = system.fixed_initial_state() else { return };
    let interpreter = Interpreter::new(&system);
    let successors = Successors::new(&system).expect("it compiles");
    let (mut seen, mut queue) = (HashSet::from([start.clone()]), VecDeque::from([start]));
    while let Some(state) = queue.pop_front() {
        check_locks(&system, &interpreter, &state, what);
        let following = successors.of(&state).expect("steps");
        if !following.settled {
            check_leading(&system, (&interpreter, &order, &successors), &state, what);
        }
        for (_, _, next) in following.steps {
            if seen.len() < most && seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
}

fn check_locks(system: &System, interpreter: &Interpreter<'_>, state: &[i64], what: &str) {
    let valuation = interpreter.valuation(state, None);
    let mut values = Evaluator::new(&system.arena, &valuation);
    for action in &system.actions {
        if let Some(lock) = &action.footprint.lock {
            assert!(!values.holds(action.guard) || values.holds(lock.open), "{what}: `{}` fires, locked", action.name);
        }
    }
}

/// Where an action leads, its first step, or all of its steps if it is calm, lead wherever all steps do.
fn check_leading(
    system: &System,
    (interpreter, order, successors): (&Interpreter<'_>, &PartialOrder, &Successors<'_>),
    state: &[i64],
    what: &str,
) {
    let enabled = interpreter.candidates(state).actions;
    if enabled.iter().any(|&id| system.action(id).passive || system.action(id).kind.is_continuation()) {
        return;
    }
    let leading = order.leading(&enabled, &mut |condition| !interpreter.holds(state, condition));
    let Some(&leader) = leading.first() else { return };
    let steps = successors.of(state).expect("steps").steps;
    let own = steps.iter().filter(|(action, ..)| *action == leader);
    let own = own.take(if system.action(leader).footprint.leads { 1 } else { usize::MAX });
    let after = |state: &[i64]| -> HashSet<Vec<i64>> { closure(system, successors, state) };
    let with: HashSet<Vec<i64>> = own.flat_map(|(.., next)| after(next)).collect();
    let without: HashSet<Vec<i64>> = after(state);
    assert_eq!(with, without, "{what}: `{}` leads", system.action(leader).name);
}

/// States at rest that follow from a state, as far as they are few.
fn closure(system: &System, successors: &Successors<'_>, state: &[i64]) -> HashSet<Vec<i64>> {
    let (mut seen, mut stack, mut rest) = (HashSet::from([state.to_vec()]), vec![state.to_vec()], HashSet::new());
    while let Some(state) = stack.pop() {
        let following = successors.of(&state).expect("steps");
        if following.settled {
            rest.insert(state);
            continue;
        }
        for (action, _, next) in following.steps {
            if system.action(action).kind.is_event() && seen.insert(next.clone()) {
                stack.push(next);
            }
        }
    }
    rest
}

fn load(files: &[(&'static str, String)], all_phases: bool) -> Option<Loaded> {
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut loaded = load_strings(&named, Default::default()).ok()?;
    interleave(&mut loaded, Interleaving::Racing);
    if all_phases {
        tell_all_phases(&mut loaded);
    }
    Some(loaded)
}

#[test]
fn cases_have_the_same_answers_and_as_many_states() {
    let mut compared = 0;
    for case in kubound::cases::CASES.iter().filter(|case| case.suite == Suite::Published) {
        for fixed in [false, true] {
            let mut loaded = load_case(case.id, 3, fixed);
            interleave(&mut loaded, Interleaving::Racing);
            let what = format!("{}, fixed={fixed}", case.id);
            compared += compare(&loaded, 1, Duration::from_secs(4), &what);
            compare_guided(&loaded, 1, &what);
            tell_all_phases(&mut loaded);
            compared += compare(&loaded, 1, Duration::from_secs(4), &format!("{what}, all phases"));
        }
    }
    assert!(compared > 5, "only {compared} comparisons came to an end");
}

#[test]
fn fewer_steps_are_made() {
    let mut loaded = load_case("c4", 3, true);
    interleave(&mut loaded, Interleaving::Racing);
    tell_all_phases(&mut loaded);
    let system = slice(&model(&loaded)).system;
    let steps = |all_orders: bool| {
        let system = System { all_orders, ..system.clone() };
        Explicit.check(&system, &[PropertyId(0)], &Budget::bound(2), &Silent).statistics.transitions
    };
    let (few, many) = (steps(false), steps(true));
    assert!(few * 3 < many, "{few} of {many}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_clusters_have_the_same_answers(sketch in clusters::sketch(), all_phases in any::<bool>()) {
        if let Some(loaded) = load(&sketch.files(), all_phases) {
            compare(&loaded, 2, SHORT, &format!("{sketch:#?}"));
            compare_guided(&loaded, 1, &format!("{sketch:#?}"));
        }
    }

    #[test]
    fn what_leads_commutes(sketch in clusters::sketch(), all_phases in any::<bool>()) {
        if let Some(loaded) = load(&sketch.files(), all_phases) {
            inspect(&loaded, 150, &format!("{sketch:#?}"));
        }
    }

    #[test]
    fn several_workloads_have_the_same_answers(sketch in clusters::sketch_of_several(), all_phases in any::<bool>()) {
        if let Some(loaded) = load(&sketch.files(), all_phases) {
            compare(&loaded, 1, SHORT, &format!("{sketch:#?}"));
        }
    }
}

/// A StatefulSet and a Deployment on two nodes; the former's template changes, and a node may fail.
fn named(policy: &str) -> Loaded {
    let object = |kind: &str, name: &str, image: &str, fields: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {{replicas: 2, {fields} selector: \
             {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: \
             [{{name: main, image: \"{image}\", resources: {{requests: {{cpu: 1}}}}}}]}}}}}}}}\n"
        )
    };
    let fields = format!("serviceName: db, podManagementPolicy: {policy},");
    let scenario = format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  interleaving: racing\n  nodePools:\n  - {{name: worker, \
         count: 2, template: {{allocatable: {{cpu: \"3\"}}}}}}\n  failures: {{nodes: [worker-1], atMost: 1, recover: true}}\n  commands:\n  - apply: {}  \
         properties: [rollout-completes, pods-schedulable, settles]\n",
        object("StatefulSet", "db", "db:2", &fields)
    );
    let texts = [object("StatefulSet", "db", "db:1", &fields), object("Deployment", "web", "web:1", ""), scenario];
    let files: Vec<(&str, &str)> =
        ["db.yaml", "web.yaml", "scenario.yaml"].into_iter().zip(texts.iter().map(String::as_str)).collect();
    load_strings(&files, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn stateful_sets_see_what_they_say() {
    for policy in ["OrderedReady", "Parallel"] {
        let loaded = named(policy);
        inspect(&loaded, 300, policy);
        assert!(compare(&loaded, 3, Duration::from_secs(20), policy) > 0, "{policy}");
    }
}
