//! Flux: kustomize-controller, and helm-controller with drift correction.
//!
//! At every interval what a Kustomization declares is applied on the server's side: fields that Git gives are put back, others
//! belong to whoever set them. What is to be ignored is neither a reason to apply nor written.

use crate::cluster::object::gitops::Field;
use crate::cluster::view::rule::{Rule, rule};

use super::Written;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "flux/reconcile",
    component: Flux,
    upstream: [
        "ssa/manager_apply.go" => ["ApplyAll"],
        "internal/controller/kustomization_controller.go" => ["apply"],
        "docs/spec/v1/kustomizations.md" => [],
        "docs/spec/v2/helmreleases.md" => [],
    ],
    decides: "A Kustomization, or a HelmRelease with `driftDetection.mode: enabled`, puts back the pod template and \
        `spec.replicas` of the workloads that it declares, and makes those again that were deleted.",
    parts: [
        "what differs from Git: all workloads of the object that do are put back at once, at any time, again and again" =>
            "exact; the interval is time",
        "a field that Git does not give" => "exact: it stays as it is, but for a workload that is made again",
        "`ignore` of a Kustomization, `driftDetection.ignore` of a HelmRelease" =>
            "exact for `spec.replicas` and the whole pod template",
        "`kustomize.toolkit.fluxcd.io/reconcile: disabled`, `ssa: Ignore` and `IfNotPresent`, \
         `helm.toolkit.fluxcd.io/driftDetection: disabled`" => "exact",
        "objects that are suspended; a HelmRelease that only warns" => "put nothing back",
    ],
    omits: [
        "ignoring parts of a pod template, which is put back as a whole; label and annotation selectors of `ignore`, \
         which select nothing",
        "other fields and other kinds: nobody in the model changes them",
        "new revisions of a source, health checks, dependencies, pruning, applies that fail",
        "fields that a user applied although Git does not give them: they stay",
    ],
};

/// When a field that Git gives is written.
pub fn written<T>(field: &Field<T>) -> Written {
    if field.ignored { Written::AtCreation } else { Written::OnDrift }
}
