//! Arguments of the plugins: `pkg/framework/plugins/*/types.go`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

use crate::cluster::object::spec::{
    AffinityType, DeschedulerPlugin, NamespaceFilter, PodFilter, TaintArguments, UtilizationArguments,
};
use crate::input::path::FieldPath;

use super::{Profile, Reader};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Arguments {
    namespaces: Namespaces,
    label_selector: Option<LabelSelector>,
    exclude_owner_kinds: Vec<String>,
    constraints: Vec<String>,
    topology_balance_node_fit: Option<bool>,
    include_prefer_no_schedule: bool,
    included_taints: Option<Vec<String>>,
    excluded_taints: Vec<String>,
    node_affinity_type: Vec<String>,
    thresholds: BTreeMap<String, f64>,
    target_thresholds: BTreeMap<String, f64>,
    use_deviation_thresholds: bool,
    number_of_nodes: i64,
    evictable_namespaces: Namespaces,
    eviction_limits: EvictionLimits,
    eviction_modes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespaces {
    include: Vec<String>,
    exclude: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EvictionLimits {
    node: Option<i64>,
}

/// Modelled plugins, each with the arguments that the model reads.
const MODELLED: [(&str, &[&str]); 7] = [
    ("RemoveDuplicates", &["excludeOwnerKinds", "namespaces"]),
    (
        "RemovePodsViolatingTopologySpreadConstraint",
        &["constraints", "topologyBalanceNodeFit", "namespaces", "labelSelector"],
    ),
    (
        "RemovePodsViolatingNodeTaints",
        &["includePreferNoSchedule", "includedTaints", "excludedTaints", "namespaces", "labelSelector"],
    ),
    ("RemovePodsViolatingNodeAffinity", &["nodeAffinityType", "namespaces", "labelSelector"]),
    ("RemovePodsViolatingInterPodAntiAffinity", &["namespaces", "labelSelector"]),
    (
        "LowNodeUtilization",
        &[
            "thresholds",
            "targetThresholds",
            "useDeviationThresholds",
            "numberOfNodes",
            "evictableNamespaces",
            "evictionLimits",
        ],
    ),
    ("HighNodeUtilization", &["thresholds", "numberOfNodes", "evictableNamespaces", "evictionModes"]),
];

impl Reader<'_> {
    /// A plugin by name; `None`, and counted, if it is not modelled.
    pub(super) fn plugin(&mut self, at: &FieldPath, profile: &Profile, name: &str) -> Option<DeschedulerPlugin> {
        let Some((_, modelled)) = MODELLED.iter().find(|(known, _)| *known == name) else {
            self.census.count(format!("descheduler plugin {name}"));
            return None;
        };
        let given = self.arguments::<Arguments>(at, profile, name, modelled);
        let (given, path) = given.unwrap_or_else(|| (Arguments::default(), at.clone()));
        Some(match name {
            "RemoveDuplicates" => DeschedulerPlugin::RemoveDuplicates {
                exclude_owner_kinds: given.exclude_owner_kinds,
                namespaces: given.namespaces.into(),
            },
            "RemovePodsViolatingTopologySpreadConstraint" => self.spread(&path, given),
            "RemovePodsViolatingNodeTaints" => DeschedulerPlugin::NodeTaints(given.taints()),
            "RemovePodsViolatingNodeAffinity" => DeschedulerPlugin::NodeAffinity {
                types: self.affinity_types(&path, &given.node_affinity_type),
                pods: given.pods(),
            },
            "RemovePodsViolatingInterPodAntiAffinity" => DeschedulerPlugin::InterPodAntiAffinity { pods: given.pods() },
            "LowNodeUtilization" => {
                self.check_thresholds(&path, &given, true);
                DeschedulerPlugin::LowNodeUtilization(given.utilization())
            }
            _ => {
                self.check_thresholds(&path, &given, false);
                DeschedulerPlugin::HighNodeUtilization(given.utilization())
            }
        })
    }

    fn spread(&mut self, path: &FieldPath, given: Arguments) -> DeschedulerPlugin {
        for (index, constraint) in given.constraints.iter().enumerate() {
            if !matches!(constraint.as_str(), "DoNotSchedule" | "ScheduleAnyway") {
                let at = path.field("constraints").index(index);
                let message = format!("`{constraint}` is no kind of constraint");
                self.error(&at, message, "use DoNotSchedule or ScheduleAnyway");
            }
        }
        let default = || vec!["DoNotSchedule".to_owned()];
        DeschedulerPlugin::TopologySpread {
            balance_node_fit: given.topology_balance_node_fit.unwrap_or(true),
            constraints: if given.constraints.is_empty() { default() } else { given.constraints.clone() },
            pods: given.pods(),
        }
    }

    fn affinity_types(&mut self, path: &FieldPath, given: &[String]) -> Vec<AffinityType> {
        let mut types = Vec::new();
        for (index, name) in given.iter().enumerate() {
            match name.as_str() {
                "requiredDuringSchedulingIgnoredDuringExecution" => types.push(AffinityType::Required),
                "preferredDuringSchedulingIgnoredDuringExecution" => types.push(AffinityType::Preferred),
                _ => {
                    let at = path.field("nodeAffinityType").index(index);
                    self.error(&at, format!("`{name}` is no type of node affinity"), "check the spelling");
                }
            }
        }
        types
    }

    /// Upstream refuses policies whose thresholds are missing, beyond 0..=100, or name different resources.
    fn check_thresholds(&mut self, path: &FieldPath, given: &Arguments, targeted: bool) {
        let lists = [("thresholds", &given.thresholds), ("targetThresholds", &given.target_thresholds)];
        for (field, list) in lists.into_iter().take(if targeted { 2 } else { 1 }) {
            let at = path.field(field);
            if list.is_empty() {
                self.error(&at, format!("{field} are missing"), "give a percentage for at least one resource");
            }
            for (name, _) in list.iter().filter(|(_, percent)| !(0.0..=100.0).contains(*percent)) {
                self.error(&at.key(name), "this is no percentage", "give 0 to 100");
            }
        }
        if targeted && !given.thresholds.keys().eq(given.target_thresholds.keys()) {
            let help = "name the same resources in both";
            self.error(&path.field("targetThresholds"), "these are not the resources of thresholds", help);
        }
    }
}

impl From<Namespaces> for NamespaceFilter {
    fn from(given: Namespaces) -> Self {
        NamespaceFilter { include: given.include, exclude: given.exclude }
    }
}

impl Arguments {
    fn pods(self) -> PodFilter {
        PodFilter { namespaces: self.namespaces.into(), selector: self.label_selector }
    }

    fn taints(self) -> TaintArguments {
        TaintArguments {
            include_prefer_no_schedule: self.include_prefer_no_schedule,
            included: self.included_taints.clone(),
            excluded: self.excluded_taints.clone(),
            pods: self.pods(),
        }
    }

    fn utilization(self) -> UtilizationArguments {
        UtilizationArguments {
            thresholds: self.thresholds,
            targets: self.target_thresholds,
            deviation: self.use_deviation_thresholds,
            number_of_nodes: self.number_of_nodes,
            per_node: self.eviction_limits.node,
            excluded_namespaces: self.evictable_namespaces.exclude,
            only_thresholding: self.eviction_modes.iter().any(|mode| mode == "OnlyThresholdingResources"),
        }
    }
}
