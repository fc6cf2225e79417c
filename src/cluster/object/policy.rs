//! What a `descheduler/v1alpha2` policy says, as far as it is modelled.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::selector::{self, Labels};
use super::spec::{ClusterSpec, ExistingPod, ObjectKey, Origin, WorkloadKind};

/// The annotation that makes any pod evictable for the descheduler.
pub const EVICT_ANNOTATION: &str = "descheduler.alpha.kubernetes.io/evict";

/// A policy: what one cycle of the descheduler does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeschedulerPolicy {
    /// Modelled plugins in the order in which they run (deschedule plugins of all profiles, then balance plugins).
    pub plugins: Vec<EnabledPlugin>,
    /// `nodeSelector`: nodes that are in play.
    pub node_selector: LabelSelector,
    /// `maxNoOfPodsToEvictTotal`.
    pub max_total: Option<i64>,
    /// `maxNoOfPodsToEvictPerNode`.
    pub max_per_node: Option<i64>,
    /// `maxNoOfPodsToEvictPerNamespace`.
    pub max_per_namespace: Option<i64>,
    /// What the descheduler sees of its own evictions while a cycle lasts.
    pub cache: CacheView,
    /// Pods of which the API server refuses the eviction, as for a disruption budget that allows none.
    pub refused: BTreeSet<ObjectKey>,
    /// Where it runs, as far as that is known.
    pub runners: Vec<Runner>,
    /// Where it was written.
    pub origin: Origin,
}

/// A descheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// Its kind, namespace and name.
    pub name: String,
    /// When its cycles begin.
    pub rhythm: Rhythm,
}

/// When cycles of a descheduler begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Again and again after this time, as Go writes durations (`--descheduling-interval`).
    Every(String),
    /// By the schedule of a CronJob.
    Scheduled(String),
    /// Whenever its container starts.
    Once,
}

/// What the descheduler's cache shows of pods that were evicted in the same cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheView {
    /// They stay visible until the cycle ends: they are terminating, or the cache lags behind.
    #[default]
    Snapshot,
    /// They vanish at once.
    Live,
}

/// A plugin and the evictor of its profile.
#[derive(Clone, Debug, PartialEq)]
pub struct EnabledPlugin {
    /// The plugin.
    pub plugin: DeschedulerPlugin,
    /// Arguments of the profile's DefaultEvictor.
    pub evictor: EvictorArguments,
}

/// A modelled plugin with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum DeschedulerPlugin {
    /// `RemoveDuplicates`.
    RemoveDuplicates {
        /// `excludeOwnerKinds`.
        exclude_owner_kinds: Vec<String>,
        /// `namespaces`.
        namespaces: NamespaceFilter,
    },
    /// `RemovePodsViolatingTopologySpreadConstraint`.
    TopologySpread {
        /// `constraints`: which `whenUnsatisfiable` values count (default DoNotSchedule only).
        constraints: Vec<String>,
        /// `topologyBalanceNodeFit` (default true).
        balance_node_fit: bool,
        /// `namespaces` and `labelSelector`.
        pods: PodFilter,
    },
    /// `RemovePodsViolatingNodeTaints`.
    NodeTaints(TaintArguments),
    /// `RemovePodsViolatingNodeAffinity`.
    NodeAffinity {
        /// `nodeAffinityType`, in order.
        types: Vec<AffinityType>,
        /// `namespaces` and `labelSelector`.
        pods: PodFilter,
    },
    /// `RemovePodsViolatingInterPodAntiAffinity`.
    InterPodAntiAffinity {
        /// `namespaces` and `labelSelector`.
        pods: PodFilter,
    },
    /// `LowNodeUtilization`.
    LowNodeUtilization(UtilizationArguments),
    /// `HighNodeUtilization`.
    HighNodeUtilization(UtilizationArguments),
}

/// Arguments of RemovePodsViolatingNodeTaints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaintArguments {
    /// `namespaces` and `labelSelector`.
    pub pods: PodFilter,
    /// `includePreferNoSchedule`.
    pub include_prefer_no_schedule: bool,
    /// `includedTaints`; an empty list includes nothing.
    pub included: Option<Vec<String>>,
    /// `excludedTaints`.
    pub excluded: Vec<String>,
}

/// One of the types of RemovePodsViolatingNodeAffinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AffinityType {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    Required,
    /// `preferredDuringSchedulingIgnoredDuringExecution`.
    Preferred,
}

/// Arguments of LowNodeUtilization and HighNodeUtilization.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UtilizationArguments {
    /// `thresholds`, in percent, by resource.
    pub thresholds: BTreeMap<String, f64>,
    /// `targetThresholds` (LowNodeUtilization).
    pub targets: BTreeMap<String, f64>,
    /// `useDeviationThresholds` (LowNodeUtilization).
    pub deviation: bool,
    /// `numberOfNodes`.
    pub number_of_nodes: i64,
    /// `evictionLimits.node` (LowNodeUtilization).
    pub per_node: Option<i64>,
    /// `evictableNamespaces.exclude`.
    pub excluded_namespaces: Vec<String>,
    /// `evictionModes: [OnlyThresholdingResources]` (HighNodeUtilization).
    pub only_thresholding: bool,
}

/// `namespaces` argument of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFilter {
    /// Only these (empty: all).
    pub include: Vec<String>,
    /// Not these.
    pub exclude: Vec<String>,
}

impl NamespaceFilter {
    /// Whether pods of a namespace are looked at.
    pub fn admits(&self, namespace: &str) -> bool {
        let is = |other: &String| other == namespace;
        (self.include.is_empty() || self.include.iter().any(is)) && !self.exclude.iter().any(is)
    }
}

/// Which pods a plugin looks at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodFilter {
    /// `namespaces`.
    pub namespaces: NamespaceFilter,
    /// `labelSelector`.
    pub selector: Option<LabelSelector>,
}

impl PodFilter {
    /// Whether a pod is looked at.
    pub fn admits(&self, namespace: &str, labels: &Labels) -> bool {
        self.namespaces.admits(namespace) && self.selector.as_ref().is_none_or(|it| selector::matches(it, labels))
    }
}

/// What DefaultEvictor may protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// `PodsWithLocalStorage`.
    LocalStorage,
    /// `DaemonSetPods`.
    DaemonSets,
    /// `SystemCriticalPods`; without it the priority threshold does not count either.
    SystemCritical,
    /// `FailedBarePods`; without it bare pods that have failed may go.
    FailedBare,
    /// `PodsWithPVC`.
    Claims,
    /// `PodsWithoutPDB`.
    WithoutBudget,
    /// `PodsWithResourceClaims`.
    ResourceClaims,
}

impl Protection {
    /// Those that hold unless the policy says otherwise.
    pub const DEFAULT: [Protection; 4] =
        [Protection::LocalStorage, Protection::SystemCritical, Protection::FailedBare, Protection::DaemonSets];
}

/// Arguments of DefaultEvictor.
#[derive(Clone, Debug, PartialEq)]
pub struct EvictorArguments {
    /// `nodeFit`.
    pub node_fit: bool,
    /// `nodeSelector`: nodes that node fit considers.
    pub node_selector: LabelSelector,
    /// `minReplicas` (0 or 1: no limit).
    pub min_replicas: i64,
    /// `minPodAge`: pods that started after this time, in seconds since 1970, are too young.
    pub started_by: Option<i64>,
    /// `labelSelector`.
    pub selector: Option<LabelSelector>,
    /// `namespaceLabelSelector`.
    pub namespace_selector: Option<LabelSelector>,
    /// `priorityThreshold`.
    pub priority_threshold: Option<i64>,
    /// What is protected.
    pub protections: BTreeSet<Protection>,
    /// `podProtections.config.PodsWithPVC.protectedStorageClasses` (empty: all).
    pub protected_storage_classes: Vec<String>,
    /// `noEvictionPolicy: Mandatory`.
    pub no_eviction_is_mandatory: bool,
}

impl Default for EvictorArguments {
    fn default() -> Self {
        EvictorArguments {
            node_fit: false,
            node_selector: LabelSelector::default(),
            min_replicas: 0,
            started_by: None,
            selector: None,
            namespace_selector: None,
            priority_threshold: None,
            protections: Protection::DEFAULT.into(),
            protected_storage_classes: Vec::new(),
            no_eviction_is_mandatory: false,
        }
    }
}

impl DeschedulerPolicy {
    /// Whether a cycle may have to take one pod and one node after the other: where limits, refusals or evictions that
    /// show at once make the order matter, or several plugins share a cycle. Every node is then a class of its own.
    fn is_stepwise(&self) -> bool {
        self.is_limited() || !self.is_one_step()
    }

    fn is_limited(&self) -> bool {
        self.max_total.is_some() || self.max_per_namespace.is_some() || self.max_per_node.is_some()
    }

    /// Whether, without limits, all evictions of a cycle can be one step.
    fn is_one_step(&self) -> bool {
        let alone = self.plugins.len() == 1 && self.plugins.iter().all(|it| it.plugin.is_one_step());
        alone && self.cache == CacheView::Snapshot
    }

    /// Whether its only plugin treats pods of one owner or constraint differently by what else they are like.
    fn tells_pods_apart(&self) -> bool {
        let plugins = self.plugins.iter().map(|it| &it.plugin);
        let mut apart = plugins.map(|plugin| {
            matches!(plugin, DeschedulerPlugin::RemoveDuplicates { .. } | DeschedulerPlugin::TopologySpread { .. })
        });
        apart.any(|apart| apart)
    }

    /// Whether some evictor leaves pods of DaemonSets unprotected.
    pub fn evicts_daemon_sets(&self) -> bool {
        self.plugins.iter().any(|it| !it.evictor.protections.contains(&Protection::DaemonSets))
    }

    /// Selectors by which the policy tells nodes apart.
    pub fn node_selectors(&self) -> impl Iterator<Item = &LabelSelector> {
        std::iter::once(&self.node_selector).chain(self.plugins.iter().map(|it| &it.evictor.node_selector))
    }
}

/// Nodes up to which a cycle tells them apart where it could be one step.
const MOST_NODES_APART: usize = 10;

impl ClusterSpec {
    /// Whether a cycle goes step by step, on nodes that are told apart: where the policy asks for it, and where there are
    /// pods whose owners are not modelled, which are of many kinds as a rule; pods of modelled owners are alike, and for
    /// them numbers are enough. In large clusters a cycle that can be one step is one: then only the limit of evictions
    /// per node counts.
    pub fn deschedules_stepwise(&self) -> bool {
        self.deschedules_stepwise_with(self.nodes.len())
    }

    /// [`ClusterSpec::deschedules_stepwise`] if there were so many nodes.
    pub fn deschedules_stepwise_with(&self, nodes: usize) -> bool {
        let Some(policy) = &self.descheduler else { return false };
        let mut fixed = self.workloads.iter().filter(|workload| workload.kind == WorkloadKind::Fixed);
        let has_others = fixed.any(|workload| {
            let bound_to_node = matches!(workload.owner_kind.as_str(), "DaemonSet" | "Node");
            let mut pods = workload.revisions.iter().flat_map(|revision| &revision.pods);
            !bound_to_node || policy.evicts_daemon_sets() || pods.any(asks_for_eviction)
        });
        let moderate = nodes <= MOST_NODES_APART || !policy.is_one_step();
        let has_named = self.workloads.iter().any(|workload| workload.stateful.is_some());
        moderate && (policy.is_stepwise() || (policy.tells_pods_apart() && (has_others || has_named)))
    }
}

fn asks_for_eviction(pod: &ExistingPod) -> bool {
    let annotations = pod.object.as_ref().and_then(|object| object.metadata.annotations.as_ref());
    annotations.is_some_and(|annotations| annotations.contains_key(EVICT_ANNOTATION))
}

impl DeschedulerPlugin {
    /// Whether, without limits, nothing depends on the order of nodes and pods, so that all evictions are one step.
    fn is_one_step(&self) -> bool {
        match self {
            DeschedulerPlugin::RemoveDuplicates { .. } | DeschedulerPlugin::TopologySpread { .. } => true,
            DeschedulerPlugin::NodeTaints(_) | DeschedulerPlugin::NodeAffinity { .. } => true,
            DeschedulerPlugin::InterPodAntiAffinity { .. } => false,
            DeschedulerPlugin::LowNodeUtilization(_) | DeschedulerPlugin::HighNodeUtilization(_) => false,
        }
    }
}
