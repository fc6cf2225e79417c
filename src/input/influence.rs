//! What objects of kinds that are not modelled could do to pods, nodes and sizes.
//!
//! Most objects of a cluster are of no concern here: roles, secrets, routes. Others make pods, hold them back, change them,
//! or add and remove nodes; a verdict that was found without them says so. Of resources of operators that are not known
//! here nobody can tell, so they count among the latter; one that holds a template of pods makes some, whatever its group.

use super::object::RawObject;

const MAKES_PODS: &str = "makes pods";
const COMES_AND_GOES: &str = "makes pods that come and go";
const REFUSES: &str = "may refuse pods";
const CHANGES: &str = "may change or refuse pods";
pub(super) const PUTS_BACK: &str = "puts declared objects back";
const MOVES_NODES: &str = "adds and removes nodes";
const HOLDS: &str = "may hold pods back, or bind them to nodes";

/// Kinds of Kubernetes itself.
const OWN: [(&str, &str); 12] = [
    ("ReplicationController", "makes its pods again"),
    ("MutatingWebhookConfiguration", CHANGES),
    ("ValidatingWebhookConfiguration", REFUSES),
    ("MutatingAdmissionPolicy", CHANGES),
    ("MutatingAdmissionPolicyBinding", CHANGES),
    ("ValidatingAdmissionPolicy", REFUSES),
    ("ValidatingAdmissionPolicyBinding", REFUSES),
    ("RuntimeClass", "may add to what pods request, and bind them to nodes"),
    ("ResourceClaim", HOLDS),
    ("ResourceClaimTemplate", HOLDS),
    ("Workload", HOLDS),
    ("PodGroup", HOLDS),
];

/// Resources of operators: group, kind (all of the group where it is empty), and what they could do.
const FOREIGN: [(&str, &str, &str); 24] = [
    ("keda.sh", "ScaledJob", COMES_AND_GOES),
    ("argoproj.io", "Rollout", MAKES_PODS),
    ("argoproj.io", "Application", PUTS_BACK),
    ("argoproj.io", "ApplicationSet", PUTS_BACK),
    ("argoproj.io", "Workflow", COMES_AND_GOES),
    ("argoproj.io", "CronWorkflow", COMES_AND_GOES),
    ("kustomize.toolkit.fluxcd.io", "", PUTS_BACK),
    ("helm.toolkit.fluxcd.io", "", PUTS_BACK),
    ("helm.cattle.io", "", PUTS_BACK),
    ("apps.kruise.io", "", MAKES_PODS),
    ("serving.knative.dev", "", MAKES_PODS),
    ("monitoring.coreos.com", "Prometheus", MAKES_PODS),
    ("monitoring.coreos.com", "Alertmanager", MAKES_PODS),
    ("monitoring.coreos.com", "ThanosRuler", MAKES_PODS),
    ("karpenter.sh", "", MOVES_NODES),
    ("cluster.x-k8s.io", "", MOVES_NODES),
    ("machine.openshift.io", "", MOVES_NODES),
    ("kyverno.io", "", CHANGES),
    ("constraints.gatekeeper.sh", "", REFUSES),
    ("templates.gatekeeper.sh", "", REFUSES),
    ("mutations.gatekeeper.sh", "", CHANGES),
    ("kueue.x-k8s.io", "", HOLDS),
    ("scheduling.volcano.sh", "", HOLDS),
    ("batch.volcano.sh", "", COMES_AND_GOES),
];

/// Where objects of any kind hold templates of pods, and what those do that have one there.
const TEMPLATES: [(&str, &str); 4] = [
    ("spec.template.spec.containers", MAKES_PODS),
    ("spec.podTemplate.spec.containers", MAKES_PODS),
    ("spec.jobTemplate.spec.template.spec.containers", COMES_AND_GOES),
    ("spec.jobTargetRef.template.spec.containers", COMES_AND_GOES),
];

/// Groups of operators whose resources leave pods, nodes and sizes alone.
const HARMLESS: [&str; 19] = [
    "acme.cert-manager.io",
    "argoproj.io",
    "cert-manager.io",
    "cilium.io",
    "crd.projectcalico.org",
    "external-secrets.io",
    "gateway.networking.k8s.io",
    "karpenter.azure.com",
    "karpenter.k8s.aws",
    "keda.sh",
    "monitoring.coreos.com",
    "networking.istio.io",
    "projectcalico.org",
    "secrets-store.csi.x-k8s.io",
    "security.istio.io",
    "snapshot.storage.k8s.io",
    "source.toolkit.fluxcd.io",
    "telemetry.istio.io",
    "traefik.io",
];

/// What an object of a kind that is not modelled could do; `None` where that is nothing.
pub(super) fn of(object: &RawObject) -> Option<&'static str> {
    let group = group(object);
    let listed = FOREIGN.iter().find(|(of, kind, _)| *of == group && (kind.is_empty() || *kind == object.kind));
    if let Some((_, _, could)) = listed {
        return Some(could);
    }
    let own = || OWN.iter().find(|(kind, _)| *kind == object.kind).map(|(_, could)| *could);
    match own().filter(|_| is_own(group)).or_else(|| of_template(object)) {
        None if HARMLESS.contains(&group) || is_own(group) => None,
        None => Some("does what its operator makes of it"),
        could => could,
    }
}

/// What an object could do that holds a template of pods.
fn of_template(object: &RawObject) -> Option<&'static str> {
    let tree = object.tree();
    TEMPLATES.iter().find(|(path, _)| tree.at(&(*path).into()).is_some()).map(|(_, could)| *could)
}

/// Whether an object is of a kind that an operator brings, which may own pods whatever else it is about.
pub(super) fn is_foreign(object: &RawObject) -> bool {
    !is_own(group(object))
}

fn group(object: &RawObject) -> &str {
    object.api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether a group is one of Kubernetes itself.
fn is_own(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_listed_once() {
        let own: std::collections::BTreeSet<&str> = OWN.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(own.len(), OWN.len());
        let foreign: std::collections::BTreeSet<_> = FOREIGN.iter().map(|(group, kind, _)| (group, kind)).collect();
        assert_eq!(foreign.len(), FOREIGN.len());
        assert!(FOREIGN.iter().all(|(group, kind, _)| !kind.is_empty() || !HARMLESS.contains(group)));
    }
}
