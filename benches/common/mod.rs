//! The published cases as transition systems, the way `kubound check --case` makes them.

use std::time::Duration;

use criterion::Criterion;
use kubound::cases;
use kubound::cluster::object::spec::ClusterSpec;
use kubound::engine::{Budget, Engine, Silent, Verdict};
use kubound::input::{LoadOptions, load_strings};
use kubound::model::{Model, build};
use kubound::property::Selection;
use kubound::system::{PropertyId, System};

/// Short enough that all benches together take a few minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args()
}

/// What is read from a case.
pub fn cluster(id: &str, scale: usize) -> ClusterSpec {
    let files = cases::generate(id, scale, false).expect("a case");
    let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{id}: {errors}")).spec
}

/// The model of a cluster with the properties that its scenario names.
pub fn model(spec: &ClusterSpec) -> Model {
    build(spec, &Selection::of(&spec.scenario.properties)).expect("a model")
}

/// The part of a case's system that its first property needs.
#[allow(dead_code, reason = "not every bench checks")]
pub fn slice(spec: &ClusterSpec) -> System {
    let system = model(spec).system;
    let first = system.properties[0].name.clone();
    let properties = system.properties.iter().enumerate().filter(|(_, property)| property.name == first);
    let ids: Vec<PropertyId> = properties.map(|(index, _)| PropertyId(index)).collect();
    system.slice(&ids).system
}

/// Measures an engine on every published case at the given scales.
#[allow(dead_code, reason = "not every bench checks")]
pub fn check_cases(criterion: &mut Criterion, engine: &dyn Engine, scales: &[usize]) {
    for &scale in scales {
        let mut group = criterion.benchmark_group(format!("{}/scale {scale}", engine.name()));
        for case in cases::Suite::Published.cases() {
            let spec = cluster(case.id, scale);
            let system = slice(&spec);
            let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
            let budget = Budget::bound(spec.scenario.bound);
            group.bench_function(case.id, |bencher| {
                bencher.iter(|| {
                    let outcome = engine.check(&system, &properties, &budget, &Silent);
                    assert!(matches!(outcome.verdict, Verdict::Violated { .. }), "{}: {:?}", case.id, outcome.verdict);
                });
            });
        }
        group.finish();
    }
}
