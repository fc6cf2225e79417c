//! Explicit-state search for a shortest counterexample of every case.

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use kubound::engine::explicit::Explicit;

fn cases(criterion: &mut Criterion) {
    common::check_cases(criterion, &Explicit, &[3, 10, 100]);
}

criterion_group! { name = explicit; config = common::criterion(); targets = cases }
criterion_main!(explicit);
