//! Whole runs, from manifests to verdict, as a user waits for them: each iteration is a process of its own.
//!
//! One group for each promise about scale: cases that fail, on every engine, from 3 to 5000 nodes; fixed cases as families
//! of 1 to 100 nodes; the smallest violating size of a family; wide cases, violating and fixed, where explicit search is shown
//! beside SAT and is allowed to give up; clusters of many workloads; ordinary autoscalers. `kubound bench` prints medians and peak memory of the first kind as a table.

use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use itertools::iproduct;
use kubound::cases::Suite;

/// Exit codes of `kubound check`.
const HOLDS: i32 = 0;
const VIOLATED: i32 = 1;
const UNKNOWN: i32 = 3;

/// Runs a check to its end, which must be one of those expected.
fn check(arguments: &str, expected: &[i32]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    command.arg("check").args(arguments.split(' ')).arg("-q").stdout(Stdio::null());
    let status = command.status().expect("the program starts");
    assert!(status.code().is_some_and(|code| expected.contains(&code)), "kubound check {arguments}: {status}");
}

/// Measures checks, each under the name given with it.
fn group(criterion: &mut Criterion, name: &str, checks: Vec<(String, String)>, expected: &[i32]) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_millis(500));
    group.sampling_mode(SamplingMode::Flat);
    for (name, arguments) in checks {
        group.bench_function(name, |bencher| bencher.iter(|| check(&arguments, expected)));
    }
    group.finish();
}

fn violating(criterion: &mut Criterion) {
    let all = &[3, 10, 100, 1000, 5000][..];
    for (engine, scales) in [("explicit", all), ("sat", all), ("auto", all), ("smt", &[10, 100])] {
        let checks = iproduct!(scales, Suite::Published.cases()).map(|(scale, case)| {
            let id = case.id;
            (format!("{id}@{scale}"), format!("--case {id} --scale {scale} --engine {engine}"))
        });
        group(criterion, &format!("violating/{engine}"), checks.collect(), &[VIOLATED]);
    }
}

fn fixed_families(criterion: &mut Criterion) {
    let checks = Suite::Published
        .cases()
        .map(|case| (case.id.to_owned(), format!("--case {} --scale 1..100 --fixed --all", case.id)));
    group(criterion, "fixed/1..100", checks.collect(), &[HOLDS]);
}

fn smallest(criterion: &mut Criterion) {
    let checks = ["c3", "c8"].map(|id| (id.to_owned(), format!("--case {id} --scale 1..100")));
    group(criterion, "smallest", checks.into(), &[VIOLATED]);
}

fn wide(criterion: &mut Criterion) {
    let variants = [
        ("sat", "", "60s", &[VIOLATED][..]),
        ("sat", " --fixed", "60s", &[HOLDS]),
        ("explicit", "", "5s", &[VIOLATED, UNKNOWN]),
        ("explicit", " --fixed", "5s", &[HOLDS, UNKNOWN]),
    ];
    for (engine, variant, timeout, expected) in variants {
        let checks = iproduct!([10, 100], Suite::Wide.cases()).map(|(scale, case)| {
            let id = case.id;
            let arguments = format!("--case {id} --scale {scale}{variant} --engine {engine} --timeout {timeout}");
            (format!("{id}@{scale}"), arguments)
        });
        group(criterion, &format!("wide/{engine}{}", variant.replace(" --", "/")), checks.collect(), expected);
    }
}

/// Clusters of twice as many workloads as nodes, all properties of all workloads.
fn many(criterion: &mut Criterion) {
    for (variant, expected) in [("", VIOLATED), (" --fixed", HOLDS)] {
        let checks = iproduct!([10, 50, 150], Suite::Many.cases()).map(|(scale, case)| {
            let id = case.id;
            (format!("{id}@{scale}"), format!("--case {id} --scale {scale}{variant} --all --timeout 60s"))
        });
        group(criterion, &format!("many{}", variant.replace(" --", "/")), checks.collect(), &[expected]);
    }
    let boutique = vec![("boutique".to_owned(), "examples/boutique --all".to_owned())];
    group(criterion, "many/example", boutique, &[HOLDS]);
}

fn failures(criterion: &mut Criterion) {
    for engine in ["explicit", "sat"] {
        for (variant, expected) in [("", &[VIOLATED, HOLDS][..]), (" --fixed", &[HOLDS])] {
            let checks = iproduct!([3, 10, 100], Suite::Failures.cases()).map(|(scale, case)| {
                let id = case.id;
                (format!("{id}@{scale}"), format!("--case {id} --scale {scale}{variant} --engine {engine}"))
            });
            let name = format!("failures/{engine}{}", variant.replace(" --", "/"));
            group(criterion, &name, checks.collect(), expected);
        }
    }
}

/// What teams deploy every day, and wait for: an autoscaler whose behavior has two policies each way, on three nodes.
fn sane(criterion: &mut Criterion) {
    let checks = ["autoscaler-with-behavior", "zones-by-affinity"];
    let checks = checks.map(|name| (name.to_owned(), format!("examples/sane/{name} --all --timeout 20s")));
    group(criterion, "sane", checks.into(), &[HOLDS]);
}

criterion_group!(whole, violating, fixed_families, smallest, wide, many, failures, sane);
criterion_main!(whole);
