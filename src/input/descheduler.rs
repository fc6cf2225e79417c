//! DeschedulerPolicy `descheduler/v1alpha2`: which modelled plugins run, in which order, with which arguments.
//!
//! Reference: descheduler `pkg/api/v1alpha2` and `pkg/framework/plugins/*/defaults.go` (of 2026-06).

use std::rc::Rc;

use serde::Deserialize;

use crate::cluster::spec::{DeschedulerPlugin, DeschedulerPolicy, NamespaceFilter};

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::RawObject;
use super::path::FieldPath;
use super::scheduler::PluginConfig;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    profiles: Vec<Profile>,
    max_no_of_pods_to_evict_total: Option<i64>,
    max_no_of_pods_to_evict_per_node: Option<i64>,
    max_no_of_pods_to_evict_per_namespace: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Profile {
    plugin_config: Vec<PluginConfig>,
    plugins: Plugins,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plugins {
    deschedule: PluginSet,
    balance: PluginSet,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PluginSet {
    enabled: Vec<String>,
    disabled: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Arguments {
    node_fit: bool,
    min_replicas: i64,
    exclude_owner_kinds: Vec<String>,
    constraints: Vec<String>,
    topology_balance_node_fit: Option<bool>,
    namespaces: Namespaces,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespaces {
    include: Vec<String>,
    exclude: Vec<String>,
}

/// Arguments that the model reads, of any plugin.
const MODELLED_ARGUMENTS: [&str; 6] =
    ["nodeFit", "minReplicas", "excludeOwnerKinds", "constraints", "topologyBalanceNodeFit", "namespaces"];

/// The policy, if one was given; two are an error.
pub fn resolve(objects: &[Rc<RawObject>], census: &mut Census, sink: &mut Diagnostics) -> Option<DeschedulerPolicy> {
    if let Some(second) = objects.get(1) {
        let help = format!("the first is in {}; keep one of them", objects[0].source.name);
        sink.push(second.error(&"kind".into(), "there is more than one DeschedulerPolicy", help));
    }
    let object = objects.first()?;
    let document: Document = object.decode_at(&FieldPath::root(), sink)?;
    let mut policy = DeschedulerPolicy {
        max_total: document.max_no_of_pods_to_evict_total,
        max_per_node: document.max_no_of_pods_to_evict_per_node,
        max_per_namespace: document.max_no_of_pods_to_evict_per_namespace,
        origin: object.source.origin(object.tree.position),
        ..DeschedulerPolicy::default()
    };
    let mut reader = Reader { object, census, sink };
    let (mut deschedule, mut balance) = (Vec::new(), Vec::new());
    for (index, profile) in document.profiles.iter().enumerate() {
        let at = FieldPath::from("profiles").index(index);
        reader.evictor(&at, profile, &mut policy);
        deschedule.extend(reader.plugins(&at, profile, &profile.plugins.deschedule));
        balance.extend(reader.plugins(&at, profile, &profile.plugins.balance));
    }
    policy.plugins = deschedule.into_iter().chain(balance).collect();
    Some(policy)
}

struct Reader<'a> {
    object: &'a RawObject,
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn evictor(&mut self, at: &FieldPath, profile: &Profile, policy: &mut DeschedulerPolicy) {
        let Some(arguments) = self.arguments(at, profile, "DefaultEvictor") else { return };
        policy.node_fit |= arguments.node_fit;
        policy.min_replicas = policy.min_replicas.max(arguments.min_replicas);
    }

    fn plugins(&mut self, at: &FieldPath, profile: &Profile, set: &PluginSet) -> Vec<DeschedulerPlugin> {
        let enabled = set.enabled.iter().filter(|name| !set.disabled.contains(name));
        enabled.filter_map(|name| self.plugin(at, profile, name)).collect()
    }

    fn plugin(&mut self, at: &FieldPath, profile: &Profile, name: &str) -> Option<DeschedulerPlugin> {
        if !matches!(name, "RemoveDuplicates" | "RemovePodsViolatingTopologySpreadConstraint") {
            self.census.count(format!("descheduler plugin {name}"));
            return None;
        }
        let arguments = self.arguments(at, profile, name).unwrap_or_default();
        let namespaces =
            NamespaceFilter { include: arguments.namespaces.include, exclude: arguments.namespaces.exclude };
        Some(match name {
            "RemoveDuplicates" => {
                DeschedulerPlugin::RemoveDuplicates { exclude_owner_kinds: arguments.exclude_owner_kinds, namespaces }
            }
            _ => DeschedulerPlugin::TopologySpread {
                constraints: Some(arguments.constraints)
                    .filter(|constraints| !constraints.is_empty())
                    .unwrap_or_else(|| vec!["DoNotSchedule".to_owned()]),
                balance_node_fit: arguments.topology_balance_node_fit.unwrap_or(true),
                namespaces,
            },
        })
    }

    fn arguments(&mut self, at: &FieldPath, profile: &Profile, plugin: &str) -> Option<Arguments> {
        let index = profile.plugin_config.iter().position(|config| config.name == plugin && !config.args.is_null())?;
        let path = at.field("pluginConfig").index(index).field("args");
        let given = self.object.tree.at(&path)?.entries();
        for entry in given.iter().filter(|entry| !MODELLED_ARGUMENTS.contains(&entry.key.as_str())) {
            self.census.count(format!("argument {} of descheduler plugin {plugin}", entry.key));
        }
        let arguments: Arguments = self.object.decode_at(&path, self.sink)?;
        for (index, constraint) in arguments.constraints.iter().enumerate() {
            if !matches!(constraint.as_str(), "DoNotSchedule" | "ScheduleAnyway") {
                let at = path.field("constraints").index(index);
                let message = format!("`{constraint}` is no kind of constraint");
                self.sink.push(self.object.error(&at, message, "use DoNotSchedule or ScheduleAnyway"));
            }
        }
        Some(arguments)
    }
}
