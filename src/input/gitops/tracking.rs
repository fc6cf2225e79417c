//! What an object says about the GitOps controllers that manage it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::object::spec::ObjectKey;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::tree::Tree;

/// Argo CD's annotation: `app:group/Kind:namespace/name`.
const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// The label that Argo CD may use instead, and that many charts use for the name of a release.
const INSTANCE: &str = "app.kubernetes.io/instance";

/// An object of a GitOps controller, as the objects that it manages name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tracker {
    /// `Application`, `Kustomization` or `HelmRelease`.
    pub kind: &'static str,
    /// Its name; of Applications the namespace is not known.
    pub key: ObjectKey,
    /// Whether it surely is one: others use the same label.
    pub is_sure: bool,
}

/// Who manages an object, as it says itself.
pub fn trackers(metadata: &ObjectMeta) -> Vec<Tracker> {
    let label = |key: &str| metadata.labels.as_ref().and_then(|labels| labels.get(key));
    let mut found = Vec::new();
    if let Some(name) = application(metadata) {
        found.push(Tracker { kind: "Application", key: named("", name), is_sure: true });
    } else if let Some(name) = label(INSTANCE) {
        found.push(Tracker { kind: "Application", key: named("", name), is_sure: false });
    }
    for (kind, prefix) in [("Kustomization", "kustomize.toolkit.fluxcd.io"), ("HelmRelease", "helm.toolkit.fluxcd.io")]
    {
        if let Some(name) = label(&format!("{prefix}/name")) {
            let namespace = label(&format!("{prefix}/namespace")).map_or("", String::as_str);
            found.push(Tracker { kind, key: named(namespace, name), is_sure: true });
        }
    }
    found
}

fn named(namespace: &str, name: &str) -> ObjectKey {
    ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() }
}

/// The Application of the annotation, unless that speaks of another object, of which this one is a copy. Applications outside
/// of Argo CD's own namespace have theirs before their name.
fn application(metadata: &ObjectMeta) -> Option<&str> {
    let id = metadata.annotations.as_ref()?.get(TRACKING_ID)?;
    let (application, of) = id.split_once(':')?;
    let own = metadata.name.as_deref().unwrap_or_default();
    let is_own = of.rsplit('/').next() == Some(own);
    is_own.then(|| application.rsplit('_').next().unwrap_or(application))
}

/// Whether an annotation or a label of an object has a value.
pub fn says(raw: &RawObject, key: &str, value: &str) -> bool {
    let tree = raw.tree();
    ["metadata.annotations", "metadata.labels"].iter().any(|place| {
        let entry = tree.at(&FieldPath::from(*place).key(key));
        entry.is_some_and(|it| it.as_str().map_or_else(|| it.to_json().to_string(), str::to_owned) == value)
    })
}

/// Whether Flux is told to leave an object alone.
pub fn is_left_alone(raw: &RawObject) -> bool {
    says(raw, "kustomize.toolkit.fluxcd.io/reconcile", "disabled")
        || says(raw, "kustomize.toolkit.fluxcd.io/ssa", "Ignore")
        || says(raw, "helm.toolkit.fluxcd.io/driftDetection", "disabled")
}

/// Whether Flux is told to make an object and never to change it.
pub fn is_only_created(raw: &RawObject) -> bool {
    says(raw, "kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent")
}

/// Whether a GitOps controller owns `spec.replicas` of an object of a running cluster: then Git gives it, and nobody has
/// changed it since. `None` if the object does not say who owns its fields.
pub fn owns_replicas(raw: &RawObject) -> Option<bool> {
    const CONTROLLERS: [&str; 3] = ["argocd-controller", "kustomize-controller", "helm-controller"];
    let tree = raw.tree();
    let text = |it: &Tree, field: &str| it.get(field).and_then(Tree::as_str).map(str::to_owned);
    let entries = tree.at(&"metadata.managedFields".into())?.elements();
    let mut own = entries.iter().filter(|it| {
        text(it, "manager").is_some_and(|it| CONTROLLERS.contains(&it.as_str()))
            && text(it, "operation").as_deref() == Some("Apply")
    });
    let replicas = FieldPath::root().key("fieldsV1").key("f:spec").key("f:replicas");
    Some(own.any(|it| it.at(&replicas).is_some()))
}
