//! Phases of pods that are left out of a model change no answer: random clusters and cases have the same verdicts, the same
//! shortest k and as many states at rest as with all phases.

mod reductions {
    pub mod clusters;
}
mod support;

use std::time::Duration;

use kubound::cases::Suite;
use kubound::cluster::Phase;
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict};
use kubound::input::{Loaded, load_strings};
use kubound::model::{Model, build_of_single_nodes};
use kubound::property::Selection;
use kubound::reduce::reduce;
use kubound::system::{Interleaving, PropertyId, System};
use proptest::prelude::*;

use reductions::clusters;
use support::{interleave, model, tell_all_phases};

fn load(files: &[(&str, &str)]) -> Option<Loaded> {
    let mut loaded = load_strings(files, Default::default()).ok()?;
    interleave(&mut loaded, Interleaving::Racing);
    Some(loaded)
}

/// The model of single nodes: whether nodes are counted depends on the phases that are told, and a loop may be shorter then.
fn of_single_nodes(loaded: &Loaded) -> Model {
    let properties = Selection::of(&loaded.spec.scenario.properties);
    build_of_single_nodes(&loaded.spec, &properties).expect("it can be modelled")
}

/// The phases of all pods of owners.
fn phases(model: &Model) -> Vec<&[Phase]> {
    let templates = model.parts.templates.iter().filter(|template| template.sample.is_none());
    templates.map(|template| template.phases.as_slice()).collect()
}

/// What must be the same; `None` where the search did not come to an end.
fn answer(model: &Model, id: PropertyId, bound: u32) -> Option<(String, u64)> {
    let system: System = reduce(&model.system, &model.parts, &[id]).slice.system;
    let budget = Budget { time: Some(Duration::from_secs(2)), ..Budget::bound(bound) };
    let outcome = Explicit.check(&system, &[PropertyId(0)], &budget, &Silent);
    match outcome.verdict {
        Verdict::Holds(Extent::Complete(_) | Extent::Inductive(_)) => {
            Some(("holds".to_owned(), outcome.statistics.states))
        }
        Verdict::Holds(Extent::Bound(_)) => Some(("holds up to k".to_owned(), outcome.statistics.states)),
        Verdict::Violated { k, .. } => Some((format!("violated at {k}"), 0)),
        Verdict::Unknown { .. } => None,
    }
}

/// Compares all properties; how many comparisons came to an end.
fn compare(files: &[(&str, &str)], bound: u32, what: &str) -> usize {
    let (Some(fewer), Some(mut all)) = (load(files), load(files)) else { return 0 };
    tell_all_phases(&mut all);
    let (fewer, all) = (of_single_nodes(&fewer), of_single_nodes(&all));
    if phases(&fewer) == phases(&all) {
        return 0;
    }
    let mut compared = 0;
    for id in (0..fewer.system.properties.len()).map(PropertyId) {
        let name = fewer.system.property(id).to_string();
        let Some(expected) = answer(&all, id, bound) else { continue };
        let Some(found) = answer(&fewer, id, bound) else { continue };
        assert_eq!(found, expected, "{what}, {name}");
        compared += 1;
    }
    compared
}

#[test]
fn cases_have_the_same_answers() {
    let mut compared = 0;
    for case in kubound::cases::CASES.iter().filter(|case| case.suite == Suite::Published) {
        for fixed in [false, true] {
            let files = kubound::cases::generate(case.id, 3, fixed).expect("it exists");
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            compared += compare(&files, 2, &format!("{}, fixed={fixed}", case.id));
        }
    }
    assert!(compared > 5, "only {compared} comparisons came to an end");
}

/// What is told of the pods of one Deployment beside other objects.
fn told(objects: &str) -> Vec<Phase> {
    let texts = [("web.yaml", support::WEB), ("nodes.yaml", NODES), ("objects.yaml", objects)];
    phases(&model(&load(&texts).expect("it loads")))[0].to_vec()
}

const NODES: &str = "apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools:
  - {name: pool, count: 2, template: {allocatable: {cpu: 4, memory: 8Gi, pods: '10'}}}
";

const OTHER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec:
  replicas: 1
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: main, image: x}]}
";

#[test]
fn phases_are_told_where_somebody_can_tell() {
    use Phase::{Running, Starting, Terminating};
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n";
    assert_eq!(told(service), [Running], "alone");
    assert_eq!(told(OTHER), [Running, Terminating], "another workload may wait for the room");
    let urgent = OTHER.replace("spec: {containers", "spec: {priority: 1, containers");
    assert_eq!(told(&urgent), [Starting, Running, Terminating], "another workload may preempt it");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_clusters_have_the_same_answers(sketch in clusters::sketch()) {
        let files = sketch.files();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        compare(&files, 2, &format!("{sketch:#?}"));
    }
}
