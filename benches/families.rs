//! Families of topologies: each fixed case at every size of a range, one member after the other, as `kubound check --scale`
//! asks them.

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use kubound::cases;
use kubound::cluster::object::spec::ClusterSpec;
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Engine, Silent, Verdict};
use kubound::input::{LoadOptions, load_strings};
use kubound::system::PropertyId;

/// The largest member of the families that are measured.
const LARGEST: usize = 30;

fn fixed(id: &str, scale: usize) -> ClusterSpec {
    let files = cases::generate(id, scale, true).expect("a case");
    let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{id}: {errors}")).spec
}

fn holds(spec: &ClusterSpec) -> bool {
    let system = common::slice(spec);
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let outcome = Explicit.check(&system, &properties, &Budget::bound(spec.scenario.bound), &Silent);
    matches!(outcome.verdict, Verdict::Holds(_))
}

fn families(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("families/1..{LARGEST}"));
    for case in cases::Suite::Published.cases() {
        let (scales, _) = case.scales(1, LARGEST).expect("scales");
        group.bench_function(case.id, |bencher| {
            bencher.iter(|| assert!(scales.iter().all(|&scale| holds(&fixed(case.id, scale))), "{}", case.id));
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = families }
criterion_main!(benches);
