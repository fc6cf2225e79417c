//! Dumps of real clusters, where they are at hand: beside the repository in `shared/`, or where `KUBOUND_SHARED` says.

mod support;

use std::path::{Path, PathBuf};

use kubound::engine::explicit::Explicit;
use kubound::input::{self, Loaded};

use support::{Answer, check, model, slice};

fn dumps() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("KUBOUND_SHARED").map_or(beside, PathBuf::from).join("real-clusters");
    if shared.is_dir() {
        return Some(shared);
    }
    println!("skipped: no dumps of real clusters at {}", shared.display());
    None
}

fn load(paths: &[PathBuf]) -> Loaded {
    input::load(paths, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The sixth replica fits nowhere: one constraint allows only the smaller zone, the other forbids its only node.
#[test]
fn the_sixth_replica_stays_pending() {
    let Some(dumps) = dumps() else { return };
    let loaded = load(&[dumps.join("c3")]);
    let model = model(&loaded);
    let (answer, outcome) = check(&Explicit, &model, &slice_of(&model, "pods-schedulable"), 10);
    assert_eq!(answer, Answer::Violated("pods-schedulable".to_owned(), 2));
    assert!(outcome.statistics.states > 0);
}

fn slice_of(model: &kubound::model::Model, name: &str) -> kubound::system::Slice {
    let named = |id: &kubound::system::PropertyId| model.system.property(*id).name == name;
    let ids: Vec<_> = (0..model.system.properties.len()).map(kubound::system::PropertyId).filter(named).collect();
    model.system.slice(&ids)
}

const MAINTENANCE: &str = "apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  maintenance: {parallel: 1, once: false}
  properties:
  - {name: expected-replicas, value: spec.replicas - 1}
";

/// Drains one after the other take two of three replicas down at once.
#[test]
fn two_drains_take_two_replicas_down() {
    let Some(dumps) = dumps() else { return };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let scenario = directory.path().join("scenario.yaml");
    std::fs::write(&scenario, MAINTENANCE).expect("the scenario is written");
    let loaded = load(&[dumps.join("c6"), scenario]);
    let model = model(&loaded);
    let (answer, _) = check(&Explicit, &model, &slice(&model), 10);
    assert!(matches!(&answer, Answer::Violated(name, k) if name == "expected-replicas" && *k <= 4), "{answer:?}");
}
