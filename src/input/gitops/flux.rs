//! Flux: Kustomizations and HelmReleases.

use serde::Deserialize;

use crate::cluster::object::gitops::Tool;
use crate::cluster::object::spec::ObjectKey;
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::fields;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::tree::Tree;

use super::ignoring::{Fields, Ignore, Pattern, Selection};
use super::manager::{Claim, Manager};
use super::tracking;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    path: Option<String>,
    suspend: bool,
    kube_config: Option<serde_json::Value>,
    ignore: Vec<Rule>,
    drift_detection: DriftDetection,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DriftDetection {
    mode: String,
    ignore: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    paths: Vec<String>,
    target: Target,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Target {
    group: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    label_selector: Option<String>,
    annotation_selector: Option<String>,
}

/// Fields of the spec of a Kustomization.
const OF_KUSTOMIZATION: &[&str] = &[
    "buildMetadata",
    "commonMetadata",
    "components",
    "decryption",
    "deletionPolicy",
    "dependsOn",
    "force",
    "healthCheckExprs",
    "healthChecks",
    "ignore",
    "ignoreMissingComponents",
    "images",
    "interval",
    "kubeConfig",
    "namePrefix",
    "nameSuffix",
    "patches",
    "path",
    "postBuild",
    "prune",
    "retryInterval",
    "serviceAccountName",
    "sourceRef",
    "suspend",
    "targetNamespace",
    "timeout",
    "wait",
];

/// Fields of the spec of a HelmRelease.
const OF_HELM_RELEASE: &[&str] = &[
    "chart",
    "chartRef",
    "commonMetadata",
    "dependsOn",
    "driftDetection",
    "healthCheckExprs",
    "install",
    "interval",
    "kubeConfig",
    "maxHistory",
    "persistentClient",
    "postRenderStrategy",
    "postRenderers",
    "releaseName",
    "rollback",
    "serviceAccountName",
    "storageNamespace",
    "suspend",
    "targetNamespace",
    "test",
    "timeout",
    "uninstall",
    "upgrade",
    "values",
    "valuesFrom",
    "waitStrategy",
];

/// What a Kustomization or a HelmRelease manages and puts back; `None` if it cannot be read, or is about another cluster.
pub fn read(raw: &RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Manager> {
    let is_helm = raw.kind == "HelmRelease";
    fields::report(raw, "spec", if is_helm { OF_HELM_RELEASE } else { OF_KUSTOMIZATION }, census, sink);
    fields::report(raw, "spec.driftDetection", &["mode", "ignore"], census, sink);
    let spec: Spec = raw.decode_at(&"spec".into(), sink)?;
    if spec.kube_config.is_some() {
        census.count(format!("{} for another cluster", raw.kind));
        return None;
    }
    let key = raw.key();
    let kind = if is_helm { "HelmRelease" } else { "Kustomization" };
    let (corrects, rules) = match is_helm {
        true => (spec.drift_detection.mode == "enabled", spec.drift_detection.ignore),
        false => (true, spec.ignore),
    };
    let is_disabled = tracking::says(raw, "kustomize.toolkit.fluxcd.io/reconcile", "disabled");
    Some(Manager {
        name: format!("Flux {kind} {}", key.name),
        kind,
        claim: Claim { listed: inventory(raw), paths: spec.path.into_iter().collect(), ..Claim::default() },
        key,
        tool: Tool::Flux,
        puts_back: corrects && !spec.suspend && !(is_helm && is_disabled),
        ignores: rules.into_iter().filter_map(|rule| rule.ignore(census)).collect(),
        origin: raw.origin(&FieldPath::root()),
    })
}

impl Rule {
    /// The rule; `None`, which is counted, if it selects in ways that are not read.
    fn ignore(self, census: &mut Census) -> Option<Ignore> {
        let of = self.target.selection();
        if of.is_none() {
            census.count("selector of an `ignore` rule");
        }
        Some(Ignore { of: of?, fields: Fields::at_all(&self.paths), of_controller_manager: false })
    }
}

impl Target {
    fn selection(&self) -> Option<Selection> {
        let pattern = |text: &Option<String>| Pattern::regex(text.as_deref()).ok();
        let selects_more = [&self.label_selector, &self.annotation_selector].into_iter().any(Option::is_some);
        let selection = Selection {
            group: pattern(&self.group)?,
            kind: pattern(&self.kind)?,
            name: pattern(&self.name)?,
            namespace: pattern(&self.namespace)?,
        };
        (!selects_more).then_some(selection)
    }
}

/// The objects that the inventory of a Kustomization lists: `namespace_name_group_kind`.
fn inventory(raw: &RawObject) -> Vec<(String, ObjectKey)> {
    let tree = raw.tree();
    let entries = tree.at(&"status.inventory.entries".into()).map(Tree::elements).unwrap_or_default();
    let entry = |it: &Tree| match it.get("id")?.as_str()?.split('_').collect::<Vec<_>>()[..] {
        [namespace, name, _, kind] => {
            Some((kind.to_owned(), ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() }))
        }
        _ => None,
    };
    entries.iter().filter_map(entry).collect()
}
