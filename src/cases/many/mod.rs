//! m1 to m6: one failure among many workloads, twice as many as nodes.
//!
//! Without the failure everything holds by construction: all autoscalers at their maximum and the surge of all rollouts
//! fill at most three fifths of the cluster, and no node is smaller than eight of the largest pods.

mod crowd;
mod failures;

pub use failures::{anti_affinity, duplicates, pinned, reset, shortage, spread};
