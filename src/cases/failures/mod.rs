//! Failures that public issues tell of, by the projects' trackers: `k` is kubernetes/kubernetes, `d` is
//! kubernetes-sigs/descheduler, `a` kubernetes/autoscaler, `kops` kubernetes/kops, `createmod` uberswe/createmod.com, and the number is
//! that of the issue.
//!
//! The failing variant is what was reported, on a cluster of any size, and the fixed one what its operators did about it.
//! Where Kubernetes has changed since, the failing variant is what is left of the failure; if nothing is left, it holds,
//! and the story says so ([`Case::is_mended`](super::Case::is_mended)).

pub mod autoscaling;
pub mod descheduling;
pub mod disruption;
pub mod gitops;
pub mod growing;
mod manifests;
pub mod nodes;
pub mod rollouts;
pub mod schedulers;
pub mod scheduling;

/// Cases of which Kubernetes has mended all.
pub const MENDED: [&str; 1] = ["k112027"];
