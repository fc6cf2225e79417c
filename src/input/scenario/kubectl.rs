//! Commands of a scenario, as users write them: what they do with kubectl.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::document::Target;

/// What a user does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// `kubectl apply`: a file, relative to this one, or a Deployment.
    Apply(Manifest),
    /// `kubectl create`: a file, relative to this one, or a Deployment.
    Create(Manifest),
    /// `kubectl delete`.
    Delete(Target),
    /// `kubectl patch` of a Job or CronJob: `suspend: true`.
    Suspend(Target),
    /// `kubectl patch` of a Job or CronJob: `suspend: false`.
    Resume(Target),
    /// `kubectl scale`.
    Scale(Scale),
    /// `kubectl cordon` of a node.
    Cordon(String),
    /// `kubectl uncordon` of a node.
    Uncordon(String),
    /// `kubectl drain` of a node, or a mapping with its flags.
    Drain(Drain),
    /// `kubectl delete node`.
    DeleteNode(String),
}

/// `kubectl drain`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "the name of a node, or a mapping with `node`")]
pub enum Drain {
    /// With `--ignore-daemonsets --delete-emptydir-data`.
    Usual(String),
    /// With these flags and no other ones.
    Flags(FlaggedDrain),
}

/// `kubectl drain` with its flags.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FlaggedDrain {
    /// The node.
    pub node: String,
    /// Whether pods that no controller owns are evicted, too; without it the drain fails where there are any.
    #[serde(default)]
    pub force: bool,
    /// The same for pods with emptyDir volumes.
    #[serde(default)]
    pub delete_emptydir_data: bool,
    /// Whether pods of DaemonSets are left alone; without it the drain fails where there are any.
    #[serde(default)]
    pub ignore_daemonsets: bool,
    /// Whether pods are deleted instead, whatever budgets say.
    #[serde(default)]
    pub disable_eviction: bool,
}

/// A file, or an object.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "the name of a file, or a Deployment or StatefulSet")]
pub enum Manifest {
    /// The name of a file.
    File(String),
    /// An object.
    Object(BTreeMap<String, Value>),
}

/// `kubectl scale`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scale {
    /// The workload.
    pub target: Target,
    /// The new number of replicas.
    pub replicas: i64,
}
