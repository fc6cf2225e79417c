//! Which objects are those of GitOps controllers.

use crate::input::object::RawObject;

/// The ConfigMap with the settings of Argo CD.
const SETTINGS: &str = "argocd-cm";

/// Whether an object is one of a GitOps controller, or has its settings.
pub fn is_of_controller(raw: &RawObject) -> bool {
    let group = raw.api_version.split_once('/').map_or("", |(group, _)| group);
    matches!(
        (group, raw.kind.as_str()),
        ("argoproj.io", "Application")
            | ("kustomize.toolkit.fluxcd.io", "Kustomization")
            | ("helm.toolkit.fluxcd.io", "HelmRelease")
    ) || raw.kind == "ConfigMap" && raw.key().name == SETTINGS
}
