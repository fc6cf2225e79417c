//! Owners of pods that the input has no object of a modelled kind of: other kinds, and those that a dump leaves out.
//!
//! Their pods stay where they are, as used room, but their controllers would make them again, move or resize them; so
//! verdicts are without them. Kinds whose objects are given are named with those objects already ([`super::influence`]).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::cluster::object::spec::ObjectKey;

use super::census::Census;
use super::owner::controller;

/// What an owner does to what it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owns {
    /// Pods.
    Pods,
    /// ReplicaSets.
    ReplicaSets,
    /// Jobs.
    Jobs,
}

/// An object that is not modelled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its kind.
    pub kind: String,
    /// Namespace, which may be empty, and name.
    pub key: ObjectKey,
}

/// Collects owners that are missing.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    found: BTreeMap<Named, Owns>,
}

impl Missing {
    /// Notes who controls an object, unless nobody does, or its node (static pods), or an owner that `is_known`.
    pub fn note(&mut self, owned: &ObjectMeta, owns: Owns, is_known: impl Fn(&OwnerReference, &ObjectKey) -> bool) {
        let Some(owner) = controller(owned).filter(|owner| owner.kind != "Node") else { return };
        let key = ObjectKey { namespace: owned.namespace.clone().unwrap_or_default(), name: owner.name.clone() };
        if !is_known(owner, &key) {
            self.found.entry(Named { kind: owner.kind.clone(), key }).or_insert(owns);
        }
    }

    /// Counts them; `given` are objects that are in the input and are not modelled.
    pub fn count(&self, given: &BTreeSet<Named>, census: &mut Census) {
        for (owner, &owns) in &self.found {
            if !is_given(owner, given) {
                census.leave_out(&format!("{} that is not given", owner.kind), could(owns));
            } else if !census.leaves_out(&owner.kind) {
                census.leave_out(&owner.kind, could(owns));
            }
        }
    }
}

/// Whether an owner is among objects, of which some are of no namespace.
fn is_given(owner: &Named, given: &BTreeSet<Named>) -> bool {
    let nowhere = || Named { key: ObjectKey { namespace: String::new(), ..owner.key.clone() }, ..owner.clone() };
    given.contains(owner) || given.contains(&nowhere())
}

fn could(owns: Owns) -> &'static str {
    match owns {
        Owns::Pods => "makes its pods again",
        Owns::ReplicaSets => "makes ReplicaSets, and resizes them",
        Owns::Jobs => "makes Jobs",
    }
}
