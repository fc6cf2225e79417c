//! What a StatefulSet says beyond its template and its size.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::NodeSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::spec::Workload;

/// The fields of a StatefulSet, and of its status, that its controller reads.
#[derive(Clone, Debug)]
pub struct Stateful {
    /// Its name; pods are called `<name>-<ordinal>`.
    pub name: String,
    /// `spec.ordinals.start`, 0 or more.
    pub start: i64,
    /// `spec.podManagementPolicy` is Parallel, else OrderedReady.
    pub parallel: bool,
    /// `spec.updateStrategy`.
    pub update: Update,
    /// `status.currentRevision`, as a position in [`Workload::revisions`]. Where there is no status yet: the present one.
    pub current: usize,
    /// `status.currentReplicas`, 0 or more.
    pub current_replicas: i64,
    /// Whether all pods that are ready at the start have been so for `spec.minReadySeconds`, as the status has it.
    pub is_available: bool,
    /// Where the volumes of an ordinal let its pods run, for ordinals whose volumes say so.
    pub pins: BTreeMap<i64, Vec<NodeSelector>>,
}

/// How pods get another revision.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// When somebody deletes them.
    OnDelete,
    /// From the highest ordinal downwards.
    Rolling {
        /// `rollingUpdate.partition`; `None` where `rollingUpdate` is not given with an explicit type, which the API
        /// server leaves so.
        partition: Option<i64>,
        /// `rollingUpdate.maxUnavailable`, where the scenario turns its feature gate on; 1 unless given.
        max_unavailable: Option<IntOrString>,
    },
}

impl Stateful {
    /// The name of a pod.
    pub fn pod(&self, ordinal: i64) -> String {
        format!("{}-{ordinal}", self.name)
    }

    /// A name for a revision that is not given: one that no pod has.
    pub fn revision(&self, number: usize) -> String {
        format!("{}-revision-{number}", self.name)
    }

    /// All ordinals that pods may ever have, of a set of at most so many replicas.
    pub fn ordinals(&self, workload: &Workload, most: i64) -> BTreeSet<i64> {
        let existing = workload.revisions.iter().flat_map(|revision| &revision.pods).filter_map(|pod| pod.ordinal);
        (self.start..self.start + most).chain(existing).collect()
    }
}
