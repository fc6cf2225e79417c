//! Reduced and unreduced models agree: same verdict, same shortest k, and every counterexample of the reduced model is one
//! of the model in which each node is told apart.

mod reductions {
    pub mod clusters;
}
mod support;

use kubound::cases::Suite;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine, Silent, Verdict};
use kubound::input::{Loaded, load_strings};
use kubound::model::{Model, build, build_of_single_nodes};
use kubound::property::Selection;
use kubound::reduce::single_nodes::{Modelled, Unlifted, counterexample};
use kubound::reduce::{Reduction, reduce, unreduced};
use kubound::system::Interleaving;
use kubound::system::{PropertyId, PropertyKind, Trace, replay};
use proptest::prelude::*;

use reductions::clusters::{self, Sketch};
use support::{interleave, load_case};

/// What both models must agree on; `None` where the search did not come to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Violated(u32),
    Holds,
}

fn answer(engine: &dyn Engine, reduction: &Reduction, budget: &Budget) -> Option<(Answer, Verdict)> {
    let system = &reduction.slice.system;
    let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let verdict = engine.check(system, &all, budget, &Silent).verdict;
    match &verdict {
        Verdict::Holds(_) => Some((Answer::Holds, verdict)),
        Verdict::Violated { k, .. } => Some((Answer::Violated(*k), verdict)),
        Verdict::Unknown { .. } => None,
    }
}

fn modelled(model: &Model) -> Modelled<'_> {
    Modelled { system: &model.system, parts: &model.parts }
}

/// Compares the two models property by property; the number of comparisons that came to an end.
fn compare(loaded: &Loaded, bound: u32, what: &str) -> usize {
    let selection = Selection::of(&loaded.spec.scenario.properties);
    let merged = build(&loaded.spec, &selection).expect("it can be modelled");
    let single = build_of_single_nodes(&loaded.spec, &selection).expect("it can be modelled without merging nodes");
    let budget = Budget { time: Some(std::time::Duration::from_millis(700)), ..Budget::bound(bound) };
    let mut compared = 0;
    for position in 0..merged.system.properties.len() {
        let id = PropertyId(position);
        let property = merged.system.property(id);
        assert_eq!(property.to_string(), single.system.property(id).to_string(), "{what}: properties");
        let small = reduce(&merged.system, &merged.parts, &[id]);
        let large = unreduced(&single.system, &[id]);
        let Some((found, verdict)) = answer(&Explicit, &small, &budget) else { continue };
        let symbolic = answer(&Sat::default(), &small, &budget);
        assert!(symbolic.is_none_or(|(it, _)| it == found), "{what}, {property}: engines on the reduced model");
        let lifted = match &verdict {
            Verdict::Violated { trace, .. } => {
                let k = lift((&merged, &small), trace, &single, id);
                Some(k.unwrap_or_else(|problem| panic!("{what}, {property}: {problem}")))
            }
            _ => None,
        };
        let Some((expected, _)) = answer(&Explicit, &large, &budget) else { continue };
        match (lifted, &property.kind) {
            (Some(k), PropertyKind::NoLoop { .. }) => {
                assert!(agrees(&found, &expected, k, bound), "{what}, {property}: {found:?}, {expected:?}, lifted {k}")
            }
            _ => assert_eq!(found, expected, "{what}, {property}"),
        }
        compared += 1;
    }
    compared
}

/// The k of a counterexample once it is carried over to the model in which every node is told apart, where it must replay.
fn lift(
    (merged, small): (&Model, &Reduction),
    trace: &Trace,
    single: &Model,
    property: PropertyId,
) -> Result<u32, Unlifted> {
    replay(&small.slice.system, trace, small.slice.system.property(PropertyId(0)))?;
    let target = single.system.slice(&[property]);
    let broken = target.system.property(PropertyId(0));
    let whole = (modelled(merged), &small.slice, trace);
    counterexample(whole, (modelled(single), &target), broken).map(|(_, run)| run.k())
}

/// Where nodes are told apart a loop may have to go round several times until the same nodes are in the same states: its
/// shortest k lies between that of the merged model and that of the lifted run, or beyond the bound if the latter does.
fn agrees(merged: &Answer, single: &Answer, lifted: u32, bound: u32) -> bool {
    match (merged, single) {
        (Answer::Violated(merged), Answer::Violated(single)) => merged <= single && *single <= lifted,
        (Answer::Violated(_), Answer::Holds) => lifted > bound,
        _ => false,
    }
}

#[test]
fn cases_are_the_same_reduced_and_unreduced() {
    // Whole models of many workloads are for `tests/focus.rs`.
    for case in Suite::Published.cases().chain(Suite::Wide.cases()) {
        for fixed in [false, true] {
            let mut compared = 0;
            for scale in [3, 4] {
                let loaded = load_case(case.id, scale, fixed);
                let bound = loaded.spec.scenario.bound.min(7);
                compared += compare(&loaded, bound, &format!("{} at {scale}, fixed={fixed}", case.id));
            }
            assert!(compared > 0 || case.id == "c1", "{} was not decided, fixed={fixed}", case.id);
        }
    }
}

#[test]
fn cases_are_the_same_where_events_race() {
    for id in ["c2", "c3", "c5", "c6", "c7"] {
        let mut loaded = load_case(id, 3, false);
        interleave(&mut loaded, Interleaving::Racing);
        compare(&loaded, 2, &format!("{id}, racing"));
    }
}

/// Two nodes with so many combinations of pods that each is a cell of its own, of which either may fail.
const TWO_NODES: &str = "apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools:
  - {name: n, count: 2, template: {allocatable: {cpu: '24', memory: 64Gi, pods: '30'}}}
  initialPlacement: any
  failures: {atMost: 1, recover: false}
  properties: [pods-schedulable]
";

fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 9\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: c, image: c, resources: {{requests: {{cpu: '2'}}}}}}]}}\n"
    )
}

#[test]
fn of_symmetric_starts_one_is_enough() {
    let objects = format!("{}---\n{}", deployment("web"), deployment("db"));
    let files = [("objects.yaml", objects.as_str()), ("scenario.yaml", TWO_NODES)];
    let loaded = load_strings(&files, Default::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let selection = Selection::of(&loaded.spec.scenario.properties);
    let model = build(&loaded.spec, &selection).expect("a model");
    for property in (0..model.system.properties.len()).map(PropertyId) {
        let all = unreduced(&model.system, &[property]);
        let one = reduce(&model.system, &model.parts, &[property]);
        let noted = |name: &str| one.passes.iter().any(|pass| pass.name == name && !pass.notes.is_empty());
        assert!(noted("symmetry"));
        let states = |reduction: &Reduction| {
            let outcome = Explicit.check(&reduction.slice.system, &[PropertyId(0)], &Budget::bound(0), &Silent);
            assert!(matches!(outcome.verdict, Verdict::Holds(_)), "{:?}", outcome.verdict);
            outcome.statistics.states
        };
        let (many, few) = (states(&all), states(&one));
        assert!(few < many && many <= 2 * few, "{few} of {many} states");
        let [all, one] = [&all, &one].map(|it| answer(&Explicit, it, &Budget::bound(3)).map(|(answer, _)| answer));
        assert_eq!(one, all);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn random_clusters_are_the_same_reduced_and_unreduced(sketch in clusters::sketch()) {
        let loaded = load(&sketch);
        compare(&loaded, 3, &format!("{sketch:#?}"));
    }

    /// Where nodes are told apart there are no totals.
    #[test]
    fn random_starts_are_the_same_reduced_and_unreduced(sketch in clusters::sketch()) {
        let files = sketch.files_placed_anywhere();
        let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        if let Ok(loaded) = load_strings(&named, Default::default()) {
            compare(&loaded, 2, &format!("{sketch:#?}"));
        }
    }
}

fn load(sketch: &Sketch) -> Loaded {
    let files = sketch.files();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    load_strings(&named, Default::default()).unwrap_or_else(|errors| panic!("{errors}\n{files:#?}"))
}

/// A DaemonSet that finds some of its nodes taken, and is updated while nodes fail.
const DAEMONS: &str = "
apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  bound: 3
  nodePools:
  - {name: node, count: 3, template: {allocatable: {cpu: \"4\", memory: 8Gi}}}
  failures: {atMost: 1, recover: true}
  commands:
  - apply:
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: agent}
      spec:
        selector: {matchLabels: {app: agent}}
        template:
          metadata: {labels: {app: agent}}
          spec: {containers: [{name: main, image: y, resources: {requests: {cpu: CPU}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: x, resources: {requests: {cpu: CPU}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: main, resources: {requests: {cpu: \"1\"}}}]}
";

#[test]
fn daemon_sets_reduce_and_lift() {
    let mut compared = 0;
    for cpu in ["3500m", "2"] {
        for interleaving in [Interleaving::Settled, Interleaving::Racing] {
            let text = DAEMONS.replace("CPU", cpu);
            let mut loaded = load_strings(&[("daemons.yaml", &text)], Default::default()).expect("a cluster");
            interleave(&mut loaded, interleaving);
            compared += compare(&loaded, 3, &format!("daemons of {cpu}, {interleaving:?}"));
        }
    }
    assert!(compared >= 8, "{compared}");
}
