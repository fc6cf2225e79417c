//! What several integration tests share: from files to verdicts.
#![allow(dead_code, reason = "no test uses all of it")]

pub mod answers;
pub mod ways;

use kubound::cluster::object::scenario::Failures;
use kubound::engine::{Budget, Engine, Outcome, Silent, Verdict};
use kubound::input::{self, Loaded};
use kubound::model::Model;
use kubound::model::build;
use kubound::property::Selection;
use kubound::system::Interleaving;
use kubound::system::{PropertyId, Slice, replay};

/// A Deployment of two pods that request a core each.
pub const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: x, resources: {requests: {cpu: 1}}}
";

/// Loads a generated case; `change` may edit what was read.
pub fn load_case(id: &str, scale: usize, fixed: bool) -> Loaded {
    let files = kubound::cases::generate(id, scale, fixed).expect("the case exists");
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    input::load_strings(&named, Default::default()).unwrap_or_else(|errors| panic!("{id}: {errors}"))
}

/// Builds the model of what was loaded, with all properties that it selects.
pub fn model(loaded: &Loaded) -> Model {
    build(&loaded.spec, &Selection::of(&loaded.spec.scenario.properties)).expect("the case can be modelled")
}

/// The part of a model that all its properties need.
pub fn slice(model: &Model) -> Slice {
    let all: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).collect();
    model.system.slice(&all)
}

/// What can be compared between engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The property's name and k.
    Violated(String, u32),
    /// No violation within the extent.
    Holds,
}

/// Checks all properties of a slice. A counterexample must replay, on the slice and, lifted, on the whole model.
pub fn check(engine: &dyn Engine, model: &Model, slice: &Slice, bound: u32) -> (Answer, Outcome) {
    let properties: Vec<PropertyId> = (0..slice.system.properties.len()).map(PropertyId).collect();
    let budget = Budget { induction: false, ..Budget::bound(bound) };
    let outcome = engine.check(&slice.system, &properties, &budget, &Silent);
    let answer = match &outcome.verdict {
        Verdict::Holds(_) => Answer::Holds,
        Verdict::Unknown { reason, .. } => panic!("{} is undecided: {reason:?}", engine.name()),
        Verdict::Violated { property, trace, k, .. } => {
            let property = slice.system.property(*property);
            let run = replay(&slice.system, trace, property).expect("the counterexample replays");
            assert_eq!(run.k(), *k, "{}: k of the trace", engine.name());
            slice.lift(&model.system, trace).expect("the counterexample is one of the whole model");
            Answer::Violated(property.name.clone(), *k)
        }
    };
    (answer, outcome)
}

/// Sets the interleaving and, for `async`, a bound in actions.
pub fn interleave(loaded: &mut Loaded, interleaving: Interleaving) {
    loaded.spec.scenario.interleave(interleaving);
    if interleaving == Interleaving::Async {
        loaded.spec.scenario.bound = 20;
    }
}

/// Has a model tell all phases of pods, although nothing else happens: at a glance, nodes may be down and evictions wait for a
/// budget. No node fails, and the budget is about nobody's pods.
pub fn tell_all_phases(loaded: &mut Loaded) {
    let of_nobody = serde_json::json!({
        "metadata": {"name": "of-nobody", "namespace": "default"},
        "spec": {"minAvailable": 0, "selector": {"matchLabels": {"app": "of-nobody"}}},
    });
    loaded.spec.disruption_budgets.push(serde_json::from_value(of_nobody).expect("a budget"));
    loaded.spec.scenario.failures.get_or_insert(Failures { nodes: Vec::new(), at_most: 0, recover: false });
}
