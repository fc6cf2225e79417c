//! Controllers and events as transitions over terms: one place per controller, written once.
//!
//! Part of every rule: each file that decides something declares one ([`crate::cluster::view::rule`]), [`rules`] has
//! them all.
//!
//! Every engine, the replayer and the narrative derive from what these files build. How to read them: Rust
//! `for` and `if` range over configuration, term operators over state.

pub mod admission;
pub mod clocked;
pub mod cluster_autoscaler;
pub mod crash_loops;
pub mod daemonset;
pub mod deployment;
pub mod descheduler;
pub mod disruption;
pub mod environment;
pub mod gitops;
pub mod hpa;
pub mod job;
pub mod karpenter;
pub mod keda;
pub mod kube_scheduler;
pub mod kubelet;
pub mod node_groups;
pub mod node_lifecycle;
pub mod paces;
pub mod pod_collector;
pub mod ranks;
pub mod replicaset;
pub mod rules;
pub mod statefulset;
pub mod taint_eviction;
pub mod vertical;

use crate::cluster::counting::reads::Reader;

/// Who reads nodes, and what.
pub const READERS: [Reader; 8] = [
    kubelet::READER,
    taint_eviction::READER,
    daemonset::READER,
    kube_scheduler::READER,
    descheduler::READER,
    cluster_autoscaler::READER,
    karpenter::READER,
    environment::commands::READER,
];
