//! Kubound: a SAT/SMT-backed bounded verifier for Kubernetes.
//!
//! From manifests to a verdict with its story:
//!
//! ```
//! use kubound::check::{self, Answer, Options, source};
//! use kubound::engine::Budget;
//! use kubound::engine::explicit::Explicit;
//!
//! let manifests = "
//! apiVersion: v1
//! kind: Node
//! metadata: {name: only}
//! status: {allocatable: {cpu: 1, memory: 1Gi, pods: 110}}
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 400m}}}]}
//! ";
//! let input = source::of_texts(&[("web.yaml", manifests)])?;
//! let options = Options::new(&Explicit, Budget::bound(input.spec.scenario.bound));
//! let (results, _) = check::check(&input, &options, &mut |_| ())?;
//!
//! let Answer::Violated(found) = &results[0].answer else { panic!("two of three pods fit") };
//! assert_eq!((results[0].property.as_str(), found.k), ("pods-schedulable", 0));
//! let steps = found.narrative.blocks.iter().flat_map(|block| &block.steps);
//! assert!(steps.map(|step| &step.told).any(|told| told.actor == "kube-scheduler"));
//! assert!(found.narrative.diagnosis[0].text.contains("Insufficient cpu"));
//! # Ok::<(), kubound::check::CheckError>(())
//! ```
//!
//! The layers, each of which knows only those to its left (`tests/layers.rs` enforces it):
//!
//! `term → system → { engine | cluster } → { reduce, property → encodings → model } → input → cases → check → repair → reproduce → conformance → workbench → report → cli`

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
pub mod model;
pub mod property;
pub mod reduce;
pub mod repair;
pub mod report;
pub mod reproduce;
pub mod system;
pub mod term;
pub mod workbench;
