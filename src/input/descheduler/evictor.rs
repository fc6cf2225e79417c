//! Arguments of DefaultEvictor: `pkg/framework/plugins/defaultevictor/{types,defaultevictor}.go`.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

use crate::cluster::object::spec::{EvictorArguments, Protection};
use crate::input::path::FieldPath;

use super::{Profile, Reader};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Arguments {
    node_fit: bool,
    node_selector: Option<String>,
    min_replicas: i64,
    min_pod_age: Option<String>,
    label_selector: Option<LabelSelector>,
    namespace_label_selector: Option<LabelSelector>,
    priority_threshold: Threshold,
    no_eviction_policy: Option<String>,
    pod_protections: PodProtections,
    #[serde(flatten)]
    flags: Flags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Threshold {
    value: Option<i64>,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodProtections {
    default_disabled: Vec<String>,
    extra_enabled: Vec<String>,
    config: ProtectionConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProtectionConfig {
    #[serde(rename = "PodsWithPVC")]
    claims: ClaimConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimConfig {
    protected_storage_classes: Vec<StorageClass>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StorageClass {
    name: String,
}

/// The flags that `podProtections` has replaced.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Flags {
    evict_local_storage_pods: bool,
    evict_daemon_set_pods: bool,
    evict_system_critical_pods: bool,
    evict_failed_bare_pods: bool,
    ignore_pvc_pods: bool,
    #[serde(rename = "ignorePodsWithoutPDB")]
    ignore_pods_without_budget: bool,
}

const MODELLED: [&str; 15] = [
    "nodeFit",
    "nodeSelector",
    "minReplicas",
    "minPodAge",
    "labelSelector",
    "namespaceLabelSelector",
    "priorityThreshold",
    "noEvictionPolicy",
    "podProtections",
    "evictLocalStoragePods",
    "evictDaemonSetPods",
    "evictSystemCriticalPods",
    "evictFailedBarePods",
    "ignorePvcPods",
    "ignorePodsWithoutPDB",
];

impl Reader<'_> {
    /// The evictor of a profile.
    pub(super) fn evictor(&mut self, at: &FieldPath, profile: &Profile) -> EvictorArguments {
        let Some((given, path)) = self.arguments::<Arguments>(at, profile, "DefaultEvictor", &MODELLED) else {
            return EvictorArguments::default();
        };
        let started_by = given.min_pod_age.as_deref().map(|age| self.started_by(&path.field("minPodAge"), age));
        let classes = given.pod_protections.config.claims.protected_storage_classes.iter();
        EvictorArguments {
            node_fit: given.node_fit,
            node_selector: self.node_selector(&path.field("nodeSelector"), given.node_selector.as_deref()),
            min_replicas: given.min_replicas,
            started_by,
            priority_threshold: self.threshold(&path.field("priorityThreshold"), &given.priority_threshold),
            protected_storage_classes: classes.map(|class| class.name.clone()).collect(),
            protections: self.protections(&path.field("podProtections"), &given),
            no_eviction_is_mandatory: given.no_eviction_policy.as_deref() == Some("Mandatory"),
            selector: given.label_selector,
            namespace_selector: given.namespace_label_selector,
        }
    }

    fn threshold(&mut self, path: &FieldPath, given: &Threshold) -> Option<i64> {
        let name = given.name.as_deref().filter(|name| !name.is_empty());
        let named = name.map(|name| match self.priorities.of_class(name) {
            Some(value) => i64::from(value),
            None => {
                self.error(&path.field("name"), format!("there is no PriorityClass `{name}`"), "give it too");
                0
            }
        });
        given.value.or(named)
    }

    /// The latest start, in seconds since 1970, of pods that are old enough now.
    fn started_by(&mut self, path: &FieldPath, age: &str) -> i64 {
        let Some(age) = seconds(age) else {
            self.error(path, format!("`{age}` is no duration"), "write it such as `90s` or `1h30m`");
            return 0;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        now - age
    }

    fn protections(&mut self, path: &FieldPath, given: &Arguments) -> BTreeSet<Protection> {
        let PodProtections { default_disabled, extra_enabled, .. } = &given.pod_protections;
        if default_disabled.is_empty() && extra_enabled.is_empty() {
            return given.flags.protections();
        }
        let mut protections: BTreeSet<Protection> = Protection::DEFAULT.into();
        for (field, names) in [("defaultDisabled", default_disabled), ("extraEnabled", extra_enabled)] {
            for (index, name) in names.iter().enumerate() {
                match (protection(name), field) {
                    (Some(known), "defaultDisabled") => drop(protections.remove(&known)),
                    (Some(known), _) => drop(protections.insert(known)),
                    (None, _) => {
                        let at = path.field(field).index(index);
                        self.error(&at, format!("there is no protection `{name}`"), "check the spelling");
                    }
                }
            }
        }
        protections
    }
}

fn protection(name: &str) -> Option<Protection> {
    Some(match name {
        "PodsWithLocalStorage" => Protection::LocalStorage,
        "DaemonSetPods" => Protection::DaemonSets,
        "SystemCriticalPods" => Protection::SystemCritical,
        "FailedBarePods" => Protection::FailedBare,
        "PodsWithPVC" => Protection::Claims,
        "PodsWithoutPDB" => Protection::WithoutBudget,
        "PodsWithResourceClaims" => Protection::ResourceClaims,
        _ => return None,
    })
}

impl Flags {
    fn protections(&self) -> BTreeSet<Protection> {
        let given = [
            (!self.evict_local_storage_pods, Protection::LocalStorage),
            (!self.evict_daemon_set_pods, Protection::DaemonSets),
            (!self.evict_system_critical_pods, Protection::SystemCritical),
            (!self.evict_failed_bare_pods, Protection::FailedBare),
            (self.ignore_pvc_pods, Protection::Claims),
            (self.ignore_pods_without_budget, Protection::WithoutBudget),
        ];
        given.into_iter().filter(|(holds, _)| *holds).map(|(_, protection)| protection).collect()
    }
}

/// Seconds of a duration such as `1h30m`, rounded down.
fn seconds(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        total += number
            * match &rest[digits..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                "" if number == 0.0 => 0.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    Some(total as i64)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_those_of_go() {
        for (text, expected) in
            [("1h", Some(3600)), ("1h30m", Some(5400)), ("1.5m", Some(90)), ("0", Some(0)), ("1d", None), ("", None)]
        {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
