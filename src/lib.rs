//! Kubound: a SAT/SMT-backed bounded verifier for Kubernetes.
//!
//! The layers, each of which knows only those to its left (`tests/layers.rs` enforces it):
//!
//! `term → system → { engine | cluster } → { reduce, property, encodings } → input → cases → check → report → conformance → cli`

pub mod cases;
pub mod check;
pub mod cli;
pub mod cluster;
#[path = "../tests/conformance/mod.rs"]
pub mod conformance;
#[path = "../encodings/mod.rs"]
pub mod encodings;
pub mod engine;
pub mod input;
pub mod property;
pub mod reduce;
pub mod report;
pub mod system;
pub mod term;
