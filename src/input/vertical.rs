//! VerticalPodAutoscalers: what they could do, which the model does not, and where they are at odds with autoscalers.
//!
//! Requests are constants of templates, so a recommendation that is carried out is not modelled: verdicts are without it. One
//! that only recommends changes nothing.
//!
//! Reference: `vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1/types.go`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::cluster::object::spec::{Autoscaler, ObjectKey};

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::fields;
use super::object::RawObject;

/// A VerticalPodAutoscaler that carries out what it recommends.
#[derive(Clone, Debug)]
pub struct Vertical {
    /// The workload whose pods it changes.
    target: ObjectKey,
    /// The resources that it sets.
    resources: BTreeSet<String>,
    raw: Arc<RawObject>,
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
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UpdatePolicy {
    update_mode: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourcePolicy {
    container_policies: Vec<ContainerPolicy>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerPolicy {
    container_name: String,
    mode: Option<String>,
    controlled_resources: Option<Vec<String>>,
}

/// Fields of VerticalPodAutoscalers, by where they are.
const FIELDS: [(&str, &[&str]); 5] = [
    ("spec", &["targetRef", "updatePolicy", "resourcePolicy", "recommenders", "startupBoost"]),
    ("spec.targetRef", &["apiVersion", "kind", "name"]),
    ("spec.updatePolicy", &["updateMode", "minReplicas", "evictionRequirements"]),
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

/// Whether an object is one.
pub fn is_vertical(raw: &RawObject) -> bool {
    raw.kind == "VerticalPodAutoscaler" && raw.api_version.starts_with("autoscaling.k8s.io/")
}

/// Reads one, and counts what it could do; `None` if it does nothing, or cannot be read.
pub fn read(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Vertical> {
    FIELDS.iter().for_each(|(path, known)| fields::report(&raw, path, known, census, sink));
    let spec: Spec = raw.decode_at(&"spec".into(), sink)?;
    let resources = spec.resource_policy.resources();
    let could = could(spec.update_policy.update_mode.as_deref()).filter(|_| !resources.is_empty());
    match could {
        None => census.count("VerticalPodAutoscaler that only recommends"),
        Some(could) => census.leave_out(&raw.kind, could),
    }
    let key = raw.key();
    let namespace = if key.namespace.is_empty() { "default".to_owned() } else { key.namespace };
    let target = ObjectKey { namespace, name: spec.target_ref.name };
    could.map(|_| Vertical { target, resources, raw: Arc::new(raw.without_tree()) })
}

/// What a mode does; nothing if it only recommends.
fn could(mode: Option<&str>) -> Option<&'static str> {
    match mode {
        Some("Off") => None,
        Some("Initial") => Some("changes what new pods request"),
        Some("InPlaceOrRecreate") => Some("changes what pods request, in place or by evicting them"),
        _ => Some("changes what pods request, and evicts them"),
    }
}

impl ResourcePolicy {
    /// The resources that it leaves to be set, of some container. Containers that nobody names have both.
    fn resources(&self) -> BTreeSet<String> {
        let both = || vec!["cpu".to_owned(), "memory".to_owned()];
        let is_on = |policy: &&ContainerPolicy| policy.mode.as_deref() != Some("Off");
        let on = self.container_policies.iter().filter(is_on);
        let set = on.flat_map(|policy| policy.controlled_resources.clone().unwrap_or_else(both));
        let names_all = self.container_policies.iter().any(|policy| policy.container_name == "*");
        set.chain(if names_all { Vec::new() } else { both() }).collect()
    }
}

/// Warns of autoscalers that scale by the use of a resource whose request is changed: what one of them does makes the other act.
pub fn warn_of_conflicts(verticals: &[Vertical], autoscalers: &[Autoscaler], sink: &mut Diagnostics) {
    for vertical in verticals {
        for autoscaler in autoscalers.iter().filter(|it| it.target == vertical.target) {
            let metrics = autoscaler.object.spec.iter().flat_map(|spec| spec.metrics.iter().flatten());
            let resources = metrics.filter_map(|metric| metric.resource.as_ref());
            let by_use = resources.filter(|it| it.target.type_ == "Utilization").map(|it| &it.name);
            for resource in by_use.filter(|it| vertical.resources.contains(*it)) {
                let message = format!(
                    "HorizontalPodAutoscaler {} scales {} by its utilization of {resource}, whose request this one changes",
                    autoscaler.key, autoscaler.target
                );
                let help = "leave the resource to one of them: `controlledResources`, or another metric";
                sink.push(vertical.raw.warning(&"spec.targetRef.name".into(), message, help));
            }
        }
    }
}
