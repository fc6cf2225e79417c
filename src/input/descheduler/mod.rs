//! DeschedulerPolicy `descheduler/v1alpha2` (and `v1alpha1`, converted): which modelled plugins run, in which order, with which arguments.
//!
//! Reference: descheduler `pkg/api/v1alpha2`, `pkg/framework/plugins/*/{types,defaults,validation}.go` (of 2026-06).

pub mod deployed;
mod evictor;
mod plugins;
mod selector;
mod v1alpha1;

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cluster::object::spec::{DeschedulerPlugin, DeschedulerPolicy, EnabledPlugin};

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::RawObject;
use super::path::FieldPath;
use super::scheduler::PluginConfig;
use super::templates::Priorities;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    profiles: Vec<Profile>,
    node_selector: Option<String>,
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

/// The policy, if one was given; two are an error.
pub fn resolve(
    objects: &[Arc<RawObject>],
    priorities: &Priorities,
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Option<DeschedulerPolicy> {
    if let Some(second) = objects.get(1) {
        let help = format!("the first is in {}; keep one of them", objects[0].source.name);
        sink.push(second.error(&"kind".into(), "there is more than one DeschedulerPolicy", help));
    }
    let object = objects.first()?;
    let converted = (object.api_version == v1alpha1::VERSION).then(|| v1alpha1::convert(object));
    let object = converted.as_ref().unwrap_or(object);
    let document: Document = object.decode_at(&FieldPath::root(), sink)?;
    let mut reader = Reader { object, priorities, census, sink };
    let mut policy = DeschedulerPolicy {
        node_selector: reader.node_selector(&"nodeSelector".into(), document.node_selector.as_deref()),
        max_total: document.max_no_of_pods_to_evict_total,
        max_per_node: document.max_no_of_pods_to_evict_per_node,
        max_per_namespace: document.max_no_of_pods_to_evict_per_namespace,
        origin: object.source.origin(object.position()),
        ..DeschedulerPolicy::default()
    };
    let (mut deschedule, mut balance) = (Vec::new(), Vec::new());
    for (index, profile) in document.profiles.iter().enumerate() {
        let at = FieldPath::from("profiles").index(index);
        deschedule.extend(reader.plugins(&at, profile, &profile.plugins.deschedule));
        balance.extend(reader.plugins(&at, profile, &profile.plugins.balance));
    }
    policy.plugins = deschedule.into_iter().chain(balance).collect();
    Some(policy)
}

struct Reader<'a> {
    object: &'a RawObject,
    priorities: &'a Priorities,
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn plugins(&mut self, at: &FieldPath, profile: &Profile, set: &PluginSet) -> Vec<EnabledPlugin> {
        if set.enabled.is_empty() {
            return Vec::new();
        }
        let evictor = self.evictor(at, profile);
        let enabled = set.enabled.iter().filter(|name| !set.disabled.contains(name));
        let plugin = |plugin: DeschedulerPlugin| EnabledPlugin { plugin, evictor: evictor.clone() };
        enabled.filter_map(|name| self.plugin(at, profile, name).map(plugin)).collect()
    }

    fn error(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.sink.push(self.object.error(path, message, help));
    }

    /// A selector of nodes written as a text, such as `pool=a,!virtual`.
    fn node_selector(
        &mut self,
        path: &FieldPath,
        text: Option<&str>,
    ) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector {
        let Some(text) = text else { return Default::default() };
        selector::parse(text).unwrap_or_else(|| {
            self.error(path, format!("`{text}` is no label selector"), "write it such as `pool=a,zone in (a, b)`");
            Default::default()
        })
    }

    /// The arguments of a plugin and where they are; `modelled` are the names of those that count.
    fn arguments<T: DeserializeOwned>(
        &mut self,
        at: &FieldPath,
        profile: &Profile,
        plugin: &str,
        modelled: &[&str],
    ) -> Option<(T, FieldPath)> {
        let index = profile.plugin_config.iter().position(|config| config.name == plugin && !config.args.is_null())?;
        let path = at.field("pluginConfig").index(index).field("args");
        let tree = self.object.tree();
        let given = tree.at(&path)?.entries();
        for entry in given.iter().filter(|entry| !modelled.contains(&entry.key.as_str())) {
            self.census.count(format!("argument {} of descheduler plugin {plugin}", entry.key));
        }
        Some((self.object.decode_at(&path, self.sink)?, path))
    }
}
