//! Branches: a graph of nodes with interned states, kept few, asked about, and turned back into runs.

pub(in crate::engine::unroll) mod enumerate;
pub(in crate::engine::unroll) mod extract;
pub(in crate::engine::unroll) mod graph;
pub(in crate::engine::unroll) mod inspect;
pub(in crate::engine::unroll) mod limit;
pub(in crate::engine::unroll) mod vectors;
