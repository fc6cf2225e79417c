//! What has to be done to a real cluster for a step to happen there, where that is nobody's business within it.
//!
//! Users, load, kernels and probes are no controllers: whoever leads a test cluster through a run has to stand in for
//! them. So the encodings of what comes from outside say in Kubernetes words what they did, beside the sentence that people
//! read. Names are as in the input.

use crate::cluster::object::key::ObjectKey;

/// Something that somebody outside the control plane does, or that a test cluster without machines does not do by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A command of the scenario is given.
    Command {
        /// Its position in the scenario's commands.
        position: usize,
    },
    /// A node fails: it is not Ready any more.
    NodeFails {
        /// Its name.
        node: String,
    },
    /// A node that failed is back.
    NodeRecovers {
        /// Its name.
        node: String,
    },
    /// A full node panics.
    NodePanics {
        /// Its name.
        node: String,
    },
    /// A node that panicked is back.
    NodeCalmsDown {
        /// Its name.
        node: String,
    },
    /// Maintenance drains a node.
    MaintenanceBegins {
        /// Its name.
        node: String,
    },
    /// Maintenance of a node is over.
    MaintenanceEnds {
        /// Its name.
        node: String,
    },
    /// A load changes.
    LoadChanges {
        /// Its position in the scenario's loads.
        load: usize,
        /// In milli-units: of each pod with `per: pod`, else of all pods together.
        usage: i64,
    },
    /// A pod passes its readiness probe again, or fails it.
    Readiness {
        /// Which pod.
        pod: PodOn,
        /// Whether it is ready from now on.
        is_ready: bool,
    },
    /// A container of a pod crashes.
    Crashes {
        /// Which pod.
        pod: PodOn,
    },
    /// A crashed container is restarted.
    Restarts {
        /// Which pod.
        pod: PodOn,
    },
    /// A pod of a Job ends by itself.
    PodEnds {
        /// Which pod.
        pod: PodOn,
        /// Whether it succeeds.
        succeeds: bool,
    },
    /// The time of a CronJob's schedule has come.
    ScheduleComes {
        /// The position of the CronJob among the workloads.
        workload: usize,
    },
    /// What is recommended for the pods of a workload changes.
    RecommendationChanges {
        /// The VerticalPodAutoscaler.
        vertical: ObjectKey,
        /// The recommendation, as in [`Vertical::levels`](crate::cluster::object::vertical::Vertical::levels): from 1.
        level: i64,
    },
    /// A node of Karpenter's expires.
    NodeExpires {
        /// Its name.
        node: String,
    },
    /// A GitOps controller puts back what Git has.
    PutsBack {
        /// Its name, as in [`Sync::name`](crate::cluster::object::gitops::Sync::name).
        sync: String,
    },
}

/// One of the pods of a workload on a node; those of one revision are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodOn {
    /// The position of the workload.
    pub workload: usize,
    /// The position of the revision.
    pub revision: usize,
    /// Of a StatefulSet: which of its pods.
    pub ordinal: Option<i64>,
    /// The node.
    pub node: String,
}
