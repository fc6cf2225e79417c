//! From a stretch of a run to an input: the objects as they were when it began, and what the user did as commands.
//!
//! What no command says is an edit of the objects at the start, where nothing happens before it: at rest, when the user
//! does it makes no difference.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::object::spec::ClusterSpec;
use crate::input::{LoadOptions, Loaded, load_strings};
use crate::model::{Model, build_of_single_nodes};
use crate::property::Selection;

use super::commands::{commands, is_command};
use super::costs;
use super::evictions;
use super::kinds;
use super::load;
use super::objects::cluster;
use super::phases;
use super::record::{Step, Stretch};
use super::unready;

/// Why a stretch is not followed.
pub type Reason = String;

/// What stands against modelling a stretch, if anything does.
pub fn not_modelled(stretch: &Stretch) -> Option<Reason> {
    if let Some(reason) = kinds::not_modelled(stretch) {
        return Some(reason);
    }
    if !stretch.begins_at_rest && load::is_autoscaled(stretch) {
        return Some("what an autoscaler remembers of a step that never came to rest".to_owned());
    }
    let acts = stretch.steps.iter().flat_map(Step::acts).map(|(act, _)| act);
    let acts: Vec<&str> = acts.filter(|act| *act != "load").collect();
    let edit = |act: &str| {
        matches!(act, "create" | "paused" | "strategy" | "add node" | "delete pod" | "set ready" | "taints")
            || matches!(act, "parallelism" | "suspend" | "partition" | "force-delete pod" | "label" | "hard")
            || evictions::asks(act)
    };
    let fails = |act: &str| matches!(act, "fail node" | "fail nodes" | "recover node" | "recover nodes");
    if let Some(act) = acts.iter().find(|act| !is_command(act) && !edit(act) && !fails(act)) {
        return Some(format!("the action `{act}`"));
    }
    let among_others = acts.len() > 1 && !phases::are_of_taints(stretch);
    if let Some(act) = acts.iter().find(|act| edit(act)).filter(|_| among_others) {
        return Some(format!("`{act}` among other actions"));
    }
    if stretch.is_cut_short() {
        return Some("rest that was recorded in the middle of something".to_owned());
    }
    let scales_only = acts.iter().all(|act| *act == "scale");
    (costs::decide(stretch) && !scales_only).then(|| "pod deletion costs among other actions".to_owned())
}

/// The model of a stretch, and the cluster that it is of.
pub struct Built {
    /// With every node told apart.
    pub model: Model,
    /// As it was read.
    pub spec: ClusterSpec,
}

/// Builds the model of a stretch.
pub fn build(stretch: &Stretch) -> Result<Built, String> {
    let loaded = read(stretch, &evictions::evicted(stretch))?;
    let none = Selection { properties: Vec::new(), chosen: true };
    let model = build_of_single_nodes(&loaded.spec, &none).map_err(|error| error.to_string())?;
    Ok(Built { model, spec: loaded.spec })
}

/// Reads the input of a stretch when the pods of these names are `leaving`.
pub fn read(stretch: &Stretch, leaving: &BTreeSet<String>) -> Result<Loaded, String> {
    let (cluster, scenario) = (cluster(stretch, leaving), scenario(stretch));
    let texts = [("cluster", cluster.to_string()), ("scenario", scenario.to_string())];
    let texts = texts.each_ref().map(|(name, text)| (*name, text.as_str()));
    load_strings(&texts, LoadOptions::default()).map_err(|diagnostics| diagnostics.to_string())
}

fn scenario(stretch: &Stretch) -> Value {
    let mut spec = json!({"interleaving": "async", "commands": commands(stretch)});
    if load::is_autoscaled(stretch) {
        spec["loads"] = load::loads(stretch);
        spec["controllers"] = json!({"hpa": load::flags()});
    }
    if stretch.family == "statefulset-maxunavailable" {
        spec["controllers"] = json!({"statefulSet": {"maxUnavailable": true}});
    }
    let unready = unready::workloads(stretch);
    if !unready.is_empty() {
        spec["unready"] = json!(unready);
    }
    let failing = stretch.failing();
    if !failing.is_empty() {
        spec["failures"] = json!({"nodes": failing, "atMost": "any", "recover": true});
    }
    json!({"apiVersion": "kubound.dev/v1alpha1", "kind": "Scenario", "spec": spec})
}
