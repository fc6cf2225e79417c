//! VerticalPodAutoscalers as they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::cluster::object::spec::ObjectKey;
use crate::cluster::object::vertical::Mode;
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::fields;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::scenario::document::Amount;
use crate::input::tree::Tree;

use super::policy::{self, Amounts, Policies, ResourcePolicy};

/// Fewer live pods than so many are left alone, unless `minReplicas` says otherwise.
const MIN_REPLICAS: i64 = 2;

/// A VerticalPodAutoscaler that carries out what it recommends.
#[derive(Clone, Debug)]
pub struct Given {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Kind of the workload whose pods it changes.
    pub kind: String,
    /// Namespace and name of that workload.
    pub target: ObjectKey,
    /// How it does so; `None`: in a way that is not modelled.
    pub mode: Option<Mode>,
    /// With fewer pods it evicts none.
    pub min_replicas: i64,
    /// What it says of containers.
    pub policies: Policies,
    /// What its status recommends, by container; `None` if it recommends nothing yet.
    pub status: Option<BTreeMap<String, Amounts>>,
    /// When it was created, as written: of several for one workload the oldest acts.
    pub created: Option<String>,
    /// What it does, in a few words.
    pub could: &'static str,
    /// The object.
    pub raw: Arc<RawObject>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    target_ref: Target,
    update_policy: UpdatePolicy,
    resource_policy: ResourcePolicy,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    kind: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UpdatePolicy {
    update_mode: Option<String>,
    min_replicas: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    recommendation: Option<Recommendation>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Recommendation {
    container_recommendations: Vec<ContainerRecommendation>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerRecommendation {
    container_name: String,
    target: BTreeMap<String, Amount>,
}

/// Fields of VerticalPodAutoscalers, by where they are.
const FIELDS: [(&str, &[&str]); 5] = [
    ("spec", &["targetRef", "updatePolicy", "resourcePolicy", "recommenders", "startupBoost"]),
    ("spec.targetRef", &["apiVersion", "kind", "name"]),
    ("spec.updatePolicy", &["updateMode", "minReplicas", "evictionRequirements", "evictAfterOOMSeconds"]),
    ("spec.resourcePolicy", &["containerPolicies"]),
    (
        "spec.resourcePolicy.containerPolicies",
        &[
            "containerName",
            "mode",
            "minAllowed",
            "maxAllowed",
            "controlledResources",
            "controlledValues",
            "oomBumpUpRatio",
            "oomMinBumpUp",
            "startupBoost",
        ],
    ),
];

/// Modes, what they are for the model, and what they do; one that does nothing only recommends.
const MODES: [(&str, Option<Mode>, &str); 6] = [
    ("Off", None, ""),
    ("Initial", Some(Mode::Initial), "changes what new pods request"),
    ("Recreate", Some(Mode::Recreate), "changes what pods request, and evicts them"),
    ("Auto", Some(Mode::Recreate), "changes what pods request, and evicts them"),
    ("InPlaceOrRecreate", Some(Mode::InPlaceOrRecreate), "changes what pods request, in place or by evicting them"),
    ("InPlace", None, "changes what pods request, in place"),
];

/// Whether an object is one.
pub fn is_vertical(raw: &RawObject) -> bool {
    raw.kind == "VerticalPodAutoscaler" && raw.api_version.starts_with("autoscaling.k8s.io/")
}

/// Reads one; `None` if it does nothing, which is counted, or cannot be read.
pub fn read(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Given> {
    FIELDS.iter().for_each(|(path, known)| fields::report(&raw, path, known, census, sink));
    let spec: Spec = raw.decode_at(&"spec".into(), sink)?;
    let policies = Policies::read(spec.resource_policy, &raw, sink);
    let (mode, could) = mode(spec.update_policy.update_mode.as_deref().unwrap_or("Recreate"), &raw, sink)?;
    if could.is_empty() || policies.resources().is_empty() {
        census.count("VerticalPodAutoscaler that only recommends");
        return None;
    }
    let key = raw.key();
    let namespace = if key.namespace.is_empty() { "default".to_owned() } else { key.namespace };
    let key = ObjectKey { namespace, name: key.name };
    Some(Given {
        target: key.sibling(&spec.target_ref.name),
        kind: spec.target_ref.kind,
        mode,
        min_replicas: min_replicas(spec.update_policy.min_replicas, &raw, sink),
        policies,
        status: status(&raw, sink),
        created: raw.tree().at(&"metadata.creationTimestamp".into()).and_then(Tree::as_str).map(str::to_owned),
        could,
        raw: Arc::new(raw.without_tree()),
        key,
    })
}

fn mode(written: &str, raw: &RawObject, sink: &mut Diagnostics) -> Option<(Option<Mode>, &'static str)> {
    let found = MODES.iter().find(|(name, ..)| *name == written);
    if found.is_none() {
        let names: Vec<&str> = MODES.iter().map(|(name, ..)| *name).collect();
        let message = format!("`{written}` is no update mode");
        sink.push(raw.error(&"spec.updatePolicy.updateMode".into(), message, format!("use {}", names.join(", "))));
    }
    found.map(|&(_, mode, could)| (mode, could))
}

fn min_replicas(written: Option<i64>, raw: &RawObject, sink: &mut Diagnostics) -> i64 {
    if written.is_some_and(|number| number < 1) {
        let message = "minReplicas is less than 1";
        sink.push(raw.error(&"spec.updatePolicy.minReplicas".into(), message, "give 1 or more"));
    }
    written.unwrap_or(MIN_REPLICAS)
}

/// What the status recommends; nothing that is written amounts to nothing.
fn status(raw: &RawObject, sink: &mut Diagnostics) -> Option<BTreeMap<String, Amounts>> {
    raw.tree().at(&"status".into())?;
    let status: Status = raw.decode_at(&"status".into(), sink)?;
    let recommended = status.recommendation?.container_recommendations.into_iter().enumerate();
    let path = FieldPath::from("status.recommendation.containerRecommendations");
    let read = |(index, of): (usize, ContainerRecommendation)| {
        let at = path.index(index).field("target");
        (of.container_name, policy::amounts_of(of.target, &at, raw, sink))
    };
    let read: BTreeMap<String, Amounts> = recommended.map(read).collect();
    (!read.is_empty()).then_some(read)
}
