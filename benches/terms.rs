//! The term language on the models of cases: construction with simplification, substitution, evaluation, compiled
//! programs.

mod common;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kubound::system::System;
use kubound::term::{Arena, Evaluator, Program, Sort, Substitution, TermId, Valuation, VarId};

/// One case with arithmetic (autoscaling), one with scheduling (soft constraints).
const CASES: [&str; 2] = ["c1", "c8"];

fn construct(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("terms/construct and simplify");
    for id in CASES {
        for scale in [3, 10, 100] {
            let spec = common::cluster(id, scale);
            group
                .bench_function(format!("{id} at {scale}"), |bencher| bencher.iter(|| common::model(black_box(&spec))));
        }
    }
    group.finish();
}

/// All guards and updates of a system.
fn roots(system: &System) -> Vec<TermId> {
    let updates = |action: &kubound::system::Action| action.updates.iter().map(|&(_, term)| term).collect::<Vec<_>>();
    system.actions.iter().flat_map(|action| [vec![action.guard], updates(action)].concat()).collect()
}

/// The initial state, and every input at its least value.
fn values(system: &System) -> Vec<(VarId, i64)> {
    let state = system.state.iter().map(|variable| (variable.var, variable.initial.unwrap_or(variable.range.lo)));
    let least = |&var: &VarId| (var, system.arena.variable(var).sort.range().lo);
    let inputs = system.actions.iter().flat_map(|action| &action.inputs).map(least);
    state.chain(inputs).collect()
}

fn run(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("terms/run");
    for id in CASES {
        let system = common::model(&common::cluster(id, 10)).system;
        let (roots, values) = (roots(&system), values(&system));
        let mut valuation = Valuation::new();
        values.iter().for_each(|&(var, value)| valuation.set(var, value));
        group.bench_function(format!("{id} evaluate"), |bencher| {
            bencher.iter(|| {
                let mut evaluator = Evaluator::new(&system.arena, &valuation);
                roots.iter().map(|&root| evaluator.value(root)).sum::<i64>()
            });
        });
        let position = |var| values.iter().position(|&(known, _)| known == var).unwrap_or(0);
        let program = Program::compile(&system.arena, &roots, &position);
        let cells: Vec<i64> = values.iter().map(|&(_, value)| value).collect();
        let mut slots = Vec::new();
        group.bench_function(format!("{id} compiled program"), |bencher| {
            bencher.iter(|| {
                program.run(&system.arena, black_box(&cells), &mut slots);
                (0..roots.len()).map(|index| program.output(&slots, index)).sum::<i64>()
            });
        });
        group.bench_function(format!("{id} compile"), |bencher| {
            bencher.iter(|| Program::compile(&system.arena, black_box(&roots), &position));
        });
    }
    group.finish();
}

/// The state becomes concrete, inputs stay: what unrolling does at the start.
fn substitute(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("terms/substitute the initial state");
    for id in CASES {
        let system = common::model(&common::cluster(id, 10)).system;
        let roots = roots(&system);
        let apply = |mut arena: Arena| {
            let mut substitution = Substitution::new();
            for variable in &system.state {
                let value = variable.initial.unwrap_or(variable.range.lo);
                let image = match arena.variable(variable.var).sort {
                    Sort::Bool => arena.bool(value != 0),
                    Sort::Int(_) => arena.int(value),
                };
                substitution.map(variable.var, image);
            }
            for &root in &roots {
                black_box(substitution.apply(&mut arena, root));
            }
            arena
        };
        group.bench_function(id, |bencher| bencher.iter_batched(|| system.arena.clone(), apply, BatchSize::LargeInput));
    }
    group.finish();
}

criterion_group! { name = terms; config = common::criterion(); targets = construct, substitute, run }
criterion_main!(terms);
