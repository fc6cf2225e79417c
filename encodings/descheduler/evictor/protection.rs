//! What protects a pod whatever the state.
//!
//! Part of the rule `descheduler/DefaultEvictor`.

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use crate::cluster::object::policy::EVICT_ANNOTATION;
use crate::cluster::object::selector::{self, Labels};
use crate::cluster::object::spec::{EvictorArguments, ObjectKey, Protection};
use crate::cluster::view::Objects;

/// The annotation that asks for no eviction.
pub const NO_EVICTION_ANNOTATION: &str = "descheduler.alpha.kubernetes.io/prefer-no-eviction";
/// The annotation of mirror pods.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";
/// The annotation that says where a kubelet has a pod from.
const SOURCE_ANNOTATION: &str = "kubernetes.io/config.source";
/// Priorities from here on are critical for the system.
const CRITICAL: i64 = 2_000_000_000;

fn annotation<'p>(pod: &'p Pod, name: &str) -> Option<&'p str> {
    pod.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// Whether a pod asks for its eviction, with whatever value.
pub fn asks_for_eviction(pod: &Pod) -> bool {
    annotation(pod, EVICT_ANNOTATION).is_some()
}

/// Whether a pod asks not to be evicted.
pub fn asks_to_stay(pod: &Pod) -> bool {
    annotation(pod, NO_EVICTION_ANNOTATION).is_some()
}

/// Whether the evictor never lets a pod go, whatever the state.
pub fn protects(evictor: &EvictorArguments, cluster: &Objects<'_>, pod: &Pod) -> bool {
    if asks_for_eviction(pod) {
        return false;
    }
    let shy = evictor.no_eviction_is_mandatory && asks_to_stay(pod);
    let mirror = annotation(pod, MIRROR_ANNOTATION).is_some();
    let is_static = annotation(pod, SOURCE_ANNOTATION).is_some_and(|source| source != "api");
    shy || mirror
        || is_static
        || evictor.protections.iter().any(|&kind| is_protected(kind, evictor, cluster, pod))
        || is_bare(evictor, pod)
        || !is_selected(evictor, pod)
        || is_young(evictor, pod)
}

fn is_protected(kind: Protection, evictor: &EvictorArguments, cluster: &Objects<'_>, pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let volumes = || spec.volumes.iter().flatten();
    match kind {
        Protection::LocalStorage => volumes().any(|volume| volume.host_path.is_some() || volume.empty_dir.is_some()),
        Protection::DaemonSets => pod.metadata.owner_references.iter().flatten().any(|it| it.kind == "DaemonSet"),
        Protection::SystemCritical => is_important(evictor, spec),
        Protection::FailedBare => false,
        Protection::Claims => holds_protected_claim(evictor, cluster, pod),
        Protection::WithoutBudget => !is_covered(cluster, pod),
        Protection::ResourceClaims => spec.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty()),
    }
}

/// Critical for the system, or not below the priority threshold; pods without a priority are neither.
fn is_important(evictor: &EvictorArguments, pod: &PodSpec) -> bool {
    let least = evictor.priority_threshold.map_or(CRITICAL, |threshold| threshold.min(CRITICAL));
    pod.priority.is_some_and(|priority| i64::from(priority) >= least)
}

/// A pod of nobody; where the evictor frees failed ones, those that have failed go.
fn is_bare(evictor: &EvictorArguments, pod: &Pod) -> bool {
    let failed = pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Failed");
    let freed = failed && !evictor.protections.contains(&Protection::FailedBare);
    pod.metadata.owner_references.as_ref().is_none_or(Vec::is_empty) && !freed
}

fn is_selected(evictor: &EvictorArguments, pod: &Pod) -> bool {
    let none = Labels::new();
    let labels = pod.metadata.labels.as_ref().unwrap_or(&none);
    evictor.selector.as_ref().is_none_or(|wanted| selector::matches(wanted, labels))
}

/// Younger than `minPodAge`; pods that say nothing of their start are. Pods of modelled owners are old enough, as time
/// is not modelled.
fn is_young(evictor: &EvictorArguments, pod: &Pod) -> bool {
    let (Some(latest), Some(status)) = (evictor.started_by, &pod.status) else { return false };
    status.start_time.as_ref().is_none_or(|start| start.0.as_second() > latest)
}

/// A claim of a protected storage class, or of one that cannot be told; of any, where no classes are given.
fn holds_protected_claim(evictor: &EvictorArguments, cluster: &Objects<'_>, pod: &Pod) -> bool {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let class = |name: &str| {
        let key = ObjectKey { namespace: namespace.clone(), name: name.to_owned() };
        cluster.claims.get(&key)?.as_deref().filter(|class| !class.is_empty())
    };
    let classes = &evictor.protected_storage_classes;
    claims.into_iter().any(|claim| {
        classes.is_empty() || class(&claim.claim_name).is_none_or(|class| classes.iter().any(|it| it == class))
    })
}

/// Whether some PodDisruptionBudget selects a pod; an empty selector selects all.
fn is_covered(cluster: &Objects<'_>, pod: &Pod) -> bool {
    let none = Labels::new();
    let labels = pod.metadata.labels.as_ref().unwrap_or(&none);
    cluster.disruption_budgets.iter().any(|budget| {
        let wanted = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        budget.metadata.namespace == pod.metadata.namespace
            && wanted.is_some_and(|wanted| selector::matches(wanted, labels))
    })
}
