//! KubeSchedulerConfiguration: which plugins each profile runs, with which weights and arguments.
//!
//! Plugins are merged as `pkg/scheduler/apis/config/v1/default_plugins.go` and `framework/runtime` do (v1.34): a
//! profile's `multiPoint` changes the defaults in place, `filter`, `score` and `postFilter` then override it. Volume
//! plugins and extension points other than these three are not modelled.

use std::sync::Arc;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::object::spec::{
    Caches, ClusterSpec, DEFAULT_SCHEDULER, FitStrategy, SchedulerProfile, WorkloadKind,
};

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::RawObject;
use super::path::FieldPath;

/// Workloads up to which schedulers are modelled with caches of their own: as many as are checked as a whole.
const MOST_APART: usize = 6;
/// Default plugins: name, whether it filters, weight as a score plugin (0: it does not score).
const DEFAULT_PLUGINS: [(&str, bool, i64); 10] = [
    ("NodeUnschedulable", true, 0),
    ("NodeName", true, 0),
    ("TaintToleration", true, 3),
    ("NodeAffinity", true, 2),
    ("NodePorts", true, 0),
    ("NodeResourcesFit", true, 1),
    ("PodTopologySpread", true, 2),
    ("InterPodAffinity", true, 2),
    ("NodeResourcesBalancedAllocation", false, 1),
    ("ImageLocality", false, 1),
];
/// The default plugin of extension point PostFilter.
const PREEMPTION: &str = "DefaultPreemption";
/// Plugins that a profile may name and that the model has no use for.
const KNOWN_UNMODELLED: [&str; 10] = [
    "SchedulingGates",
    "PrioritySort",
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "DynamicResources",
    "DefaultBinder",
    "EBSLimits",
    "NodePreferAvoidPods",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Configuration {
    profiles: Vec<Profile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Profile {
    scheduler_name: Option<String>,
    plugins: Plugins,
    plugin_config: Vec<PluginConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Plugins {
    multi_point: PluginSet,
    filter: PluginSet,
    score: PluginSet,
    post_filter: PluginSet,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PluginSet {
    enabled: Vec<Plugin>,
    disabled: Vec<Plugin>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Plugin {
    name: String,
    weight: Option<i64>,
}

/// The arguments of one plugin, as configurations of the scheduler and the descheduler give them.
#[derive(Debug, Deserialize)]
pub(super) struct PluginConfig {
    pub(super) name: String,
    #[serde(default)]
    pub(super) args: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FitArgs {
    scoring_strategy: ScoringStrategy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ScoringStrategy {
    r#type: Option<String>,
    resources: Vec<Plugin>,
    requested_to_capacity_ratio: Shape,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shape {
    shape: Vec<ShapePoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShapePoint {
    utilization: i64,
    score: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpreadArgs {
    defaulting_type: Option<String>,
    default_constraints: Vec<TopologySpreadConstraint>,
}

/// The profile that kube-scheduler runs without configuration.
pub fn default_profile() -> SchedulerProfile {
    profile_of(&Profile::default())
}

/// The profiles of all configurations that were given and of schedulers that are only named, the default one among them: a
/// configuration without it belongs to a second scheduler, beside that of the cluster.
pub fn resolve(
    objects: &[Arc<RawObject>],
    named: &[String],
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Vec<SchedulerProfile> {
    let mut profiles: Vec<SchedulerProfile> = Vec::new();
    for (position, object) in objects.iter().enumerate() {
        let Some(configuration) = object.decode_at::<Configuration>(&FieldPath::root(), sink) else { continue };
        Reader { object, census, sink, scheduler: position + 1 }.configuration(&configuration, &mut profiles);
    }
    for (position, name) in named.iter().enumerate() {
        if !profiles.iter().any(|profile| profile.name == *name) {
            let scheduler = objects.len() + 1 + position;
            profiles.push(SchedulerProfile { name: name.clone(), scheduler, ..default_profile() });
        }
    }
    match profiles.iter().find(|profile| profile.name == DEFAULT_SCHEDULER).map(|profile| profile.scheduler) {
        None => profiles.insert(0, default_profile()),
        Some(own) => profiles.iter_mut().filter(|it| it.scheduler == own).for_each(|it| it.scheduler = 0),
    }
    profiles
}

/// What the schedulers of a cluster know of each other.
pub fn caches(cluster: &ClusterSpec) -> Caches {
    let moved = cluster.workloads.iter().filter(|workload| workload.kind != WorkloadKind::Fixed).count();
    match cluster.schedulers().len() {
        0 | 1 => Caches::Shared,
        _ if moved <= MOST_APART => Caches::Apart,
        _ => Caches::Overlooked,
    }
}

struct Reader<'a> {
    object: &'a RawObject,
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
    /// Which one the configuration is of.
    scheduler: usize,
}

impl Reader<'_> {
    fn error(&mut self, path: &FieldPath, message: &str, help: &str) {
        self.sink.push(self.object.error(path, message, help));
    }

    fn configuration(&mut self, given: &Configuration, profiles: &mut Vec<SchedulerProfile>) {
        for (index, given) in given.profiles.iter().enumerate() {
            let at = FieldPath::from("profiles").index(index);
            let profile = SchedulerProfile { scheduler: self.scheduler, ..self.profile(&at, given) };
            if profiles.iter().any(|other| other.name == profile.name) {
                let message = format!("there is another profile called `{}`", profile.name);
                self.error(&at, &message, "give each profile of each scheduler its own schedulerName");
            }
            profiles.push(profile);
        }
        if given.profiles.is_empty() && profiles.iter().all(|other| other.name != DEFAULT_SCHEDULER) {
            profiles.push(SchedulerProfile { scheduler: self.scheduler, ..default_profile() });
        }
    }

    fn profile(&mut self, at: &FieldPath, given: &Profile) -> SchedulerProfile {
        self.check_plugins(at, given);
        let mut profile = profile_of(given);
        for (index, config) in given.plugin_config.iter().enumerate() {
            let args = at.field("pluginConfig").index(index).field("args");
            match config.name.as_str() {
                _ if config.args.is_null() => {}
                "NodeResourcesFit" => self.fit(&args, &mut profile),
                "PodTopologySpread" => self.spread(&args, &mut profile),
                name => self.census.count(format!("arguments of scheduler plugin {name}")),
            }
        }
        profile
    }

    fn check_plugins(&mut self, at: &FieldPath, given: &Profile) {
        let Plugins { multi_point, filter, score, post_filter } = &given.plugins;
        let points = [("multiPoint", multi_point), ("filter", filter), ("score", score), ("postFilter", post_filter)];
        for (field, set) in points {
            for (index, plugin) in set.enabled.iter().enumerate() {
                let path = at.field("plugins").field(field).field("enabled").index(index);
                if plugin.weight.is_some_and(|weight| weight < 0) {
                    self.error(&path.field("weight"), "a weight is not negative", "give 1 or more");
                }
                if KNOWN_UNMODELLED.contains(&plugin.name.as_str()) {
                    self.census.count(format!("scheduler plugin {}", plugin.name));
                } else if plugin.name != PREEMPTION && !DEFAULT_PLUGINS.iter().any(|(name, _, _)| *name == plugin.name)
                {
                    let message = format!("scheduler plugin `{}` is not one of Kubernetes; it is ignored", plugin.name);
                    let warning = self.object.warning(&path.field("name"), message, "check the spelling");
                    self.sink.push(warning);
                }
            }
        }
    }

    fn fit(&mut self, path: &FieldPath, profile: &mut SchedulerProfile) {
        let Some(args) = self.object.decode_at::<FitArgs>(path, self.sink) else { return };
        let strategy = args.scoring_strategy;
        let at = path.field("scoringStrategy");
        profile.fit_strategy = match strategy.r#type.as_deref() {
            None | Some("LeastAllocated") => FitStrategy::LeastAllocated,
            Some("MostAllocated") => FitStrategy::MostAllocated,
            Some("RequestedToCapacityRatio") => self.shape(&at, &strategy.requested_to_capacity_ratio),
            Some(other) => {
                let message = format!("`{other}` is not a scoring strategy");
                return self.error(
                    &at.field("type"),
                    &message,
                    "use LeastAllocated, MostAllocated or RequestedToCapacityRatio",
                );
            }
        };
        if !strategy.resources.is_empty() {
            let resource = |resource: &Plugin| (resource.name.clone(), resource.weight.unwrap_or(1).max(1));
            profile.fit_resources = strategy.resources.iter().map(resource).collect();
        }
    }

    fn shape(&mut self, at: &FieldPath, shape: &Shape) -> FitStrategy {
        let points: Vec<(i64, i64)> = shape.shape.iter().map(|point| (point.utilization, point.score)).collect();
        let in_range = points.iter().all(|(x, y)| (0..=100).contains(x) && (0..=10).contains(y));
        if points.is_empty() || !in_range || !points.is_sorted_by(|left, right| left.0 < right.0) {
            let message = "the shape of RequestedToCapacityRatio is not one";
            self.error(
                &at.field("requestedToCapacityRatio.shape"),
                message,
                "give points of rising utilization (0 to 100) with scores (0 to 10)",
            );
        }
        FitStrategy::RequestedToCapacityRatio(points)
    }

    fn spread(&mut self, path: &FieldPath, profile: &mut SchedulerProfile) {
        let Some(args) = self.object.decode_at::<SpreadArgs>(path, self.sink) else { return };
        profile.system_default_spreading = args.defaulting_type.as_deref().unwrap_or("System") == "System";
        if profile.system_default_spreading && !args.default_constraints.is_empty() {
            self.error(
                &path.field("defaultConstraints"),
                "defaultConstraints need `defaultingType: List`",
                "add `defaultingType: List`",
            );
        }
        profile.default_constraints = args.default_constraints;
    }
}

fn profile_of(given: &Profile) -> SchedulerProfile {
    let defaults =
        DEFAULT_PLUGINS.iter().map(|(name, _, weight)| Plugin { name: (*name).to_owned(), weight: Some(*weight) });
    let everywhere = merge(defaults.collect(), &given.plugins.multi_point);
    let supports = |plugin: &Plugin, filter: bool| {
        DEFAULT_PLUGINS
            .iter()
            .any(|(name, filters, weight)| *name == plugin.name && if filter { *filters } else { *weight > 0 })
    };
    let point = |set: &PluginSet, filter: bool| {
        merge(everywhere.clone(), set).into_iter().filter(move |plugin| supports(plugin, filter)).collect::<Vec<_>>()
    };
    let preemption = merge(vec![Plugin { name: PREEMPTION.to_owned(), weight: None }], &given.plugins.multi_point);
    let preemption = merge(preemption, &given.plugins.post_filter);
    let weight = |plugin: Plugin| (plugin.name, plugin.weight.filter(|weight| *weight > 0).unwrap_or(1));
    SchedulerProfile {
        name: given.scheduler_name.clone().unwrap_or_else(|| DEFAULT_SCHEDULER.to_owned()),
        scheduler: 0,
        filters: point(&given.plugins.filter, true).into_iter().map(|plugin| plugin.name).collect(),
        scores: point(&given.plugins.score, false).into_iter().map(weight).collect(),
        preemption: preemption.iter().any(|plugin| plugin.name == PREEMPTION),
        default_constraints: Vec::new(),
        system_default_spreading: true,
        fit_strategy: FitStrategy::LeastAllocated,
        fit_resources: vec![("cpu".to_owned(), 1), ("memory".to_owned(), 1)],
    }
}

/// Plugins after a set enables and disables some: those configured again keep their place, unless disabled before.
fn merge(plugins: Vec<Plugin>, set: &PluginSet) -> Vec<Plugin> {
    let disabled = |plugin: &Plugin| set.disabled.iter().any(|other| other.name == "*" || other.name == plugin.name);
    let mut merged: Vec<Plugin> = plugins.into_iter().filter(|plugin| !disabled(plugin)).collect();
    for plugin in &set.enabled {
        match merged.iter_mut().find(|other| other.name == plugin.name) {
            Some(known) => *known = plugin.clone(),
            None => merged.push(plugin.clone()),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn profile(value: Value) -> SchedulerProfile {
        profile_of(&serde_json::from_value(value).expect("a profile"))
    }

    #[test]
    fn the_default_profile_has_upstream_weights() {
        let profile = default_profile();
        assert_eq!(profile.filters.len(), 8);
        assert!(profile.scores.contains(&("TaintToleration".to_owned(), 3)));
        assert_eq!(profile.scores.len(), 7);
    }

    #[test]
    fn everything_can_be_disabled_and_some_enabled_again() {
        let only = json!({"plugins": {"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit", "weight": 5}]}}});
        let profile = profile(only);
        assert_eq!(profile.scores, [("NodeResourcesFit".to_owned(), 5)]);
        assert_eq!(profile.filters.len(), 8);
    }

    #[test]
    fn preemption_can_be_disabled() {
        assert!(default_profile().preemption);
        for point in ["multiPoint", "postFilter"] {
            assert!(!profile(json!({"plugins": {point: {"disabled": [{"name": "*"}]}}})).preemption);
        }
        assert!(profile(json!({"plugins": {"filter": {"disabled": [{"name": "*"}]}}})).preemption);
    }

    #[test]
    fn multi_point_reaches_both_filters_and_scores() {
        let profile = profile(
            json!({"plugins": {"multiPoint": {"disabled": [{"name": "PodTopologySpread"}], "enabled": [{"name": "NodeAffinity"}]}}}),
        );
        assert!(!profile.filters.contains(&"PodTopologySpread".to_owned()));
        assert!(profile.scores.contains(&("NodeAffinity".to_owned(), 1)));
        assert_eq!(profile.scores.len(), 6);
    }
}
