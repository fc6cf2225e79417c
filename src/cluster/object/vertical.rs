//! VerticalPodAutoscalers, as far as they change what pods request.
//!
//! A recommendation is one of few *levels*, numbered from 1; 0 stands for none yet. What a pod requests depends on the level at
//! the time at which it was made, so pods of one revision come in *variants*: those that request the same are alike.

use k8s_openapi::api::core::v1::{PodSpec, ResourceRequirements};

use super::key::ObjectKey;

/// How recommendations are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// New pods get them.
    Initial,
    /// Others are evicted for it, too. `Auto` is the same.
    Recreate,
    /// Others are resized where they run, or evicted where that fails.
    InPlaceOrRecreate,
}

/// A VerticalPodAutoscaler that may change what pods of a workload request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertical {
    /// Namespace and name.
    pub key: ObjectKey,
    /// `spec.updatePolicy.updateMode`.
    pub mode: Mode,
    /// `spec.updatePolicy.minReplicas`: with fewer pods nothing is evicted.
    pub min_replicas: i64,
    /// What may be recommended, in words; the first is level 1.
    pub levels: Vec<String>,
    /// The level at the start.
    pub initial: i64,
}

impl Vertical {
    /// Whether it evicts or resizes pods.
    pub fn updates(&self) -> bool {
        self.mode != Mode::Initial
    }

    /// Whether what it recommends may change.
    pub fn changes(&self) -> bool {
        (1..=self.levels.len() as i64).any(|level| level != self.initial)
    }
}

/// Pods of one revision that request the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// What its containers get, in the order of the template; those that are missing, or `None`, keep the template's.
    pub containers: Vec<Option<ResourceRequirements>>,
    /// New pods are of this variant while one of these levels is recommended.
    pub levels: Vec<i64>,
    /// Whether pods that run anywhere at the start are of it.
    pub is_usual: bool,
    /// What its pods request, in words; empty if that is what the template says.
    pub text: String,
}

impl Variant {
    /// A pod of the template that requests what the variant says.
    pub fn applied(&self, pod: &PodSpec) -> PodSpec {
        let mut pod = pod.clone();
        for (container, resources) in pod.containers.iter_mut().zip(&self.containers) {
            container.resources = resources.clone().or(container.resources.take());
        }
        pod
    }
}
