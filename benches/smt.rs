//! Bounded checking with Z3 for a shortest counterexample of every case.

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use kubound::engine::smt::Smt;

fn cases(criterion: &mut Criterion) {
    common::check_cases(criterion, &Smt::default(), &[3, 10]);
}

criterion_group! { name = smt; config = common::criterion(); targets = cases }
criterion_main!(smt);
