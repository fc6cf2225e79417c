//! The `kubound` binary.
fn main() {}
