//! Bounded checking with a SAT solver for a shortest counterexample of every case.

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use kubound::engine::sat::Sat;

fn cases(criterion: &mut Criterion) {
    common::check_cases(criterion, &Sat::default(), &[3, 10]);
}

criterion_group! { name = sat; config = common::criterion(); targets = cases }
criterion_main!(sat);
