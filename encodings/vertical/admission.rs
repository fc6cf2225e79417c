//! What new pods request: whoever makes pods asks [`View::is_made`](crate::cluster::view::View::is_made) which template they are
//! of.

use crate::cluster::TemplateId;
use crate::cluster::view::View;
use crate::cluster::view::rule::{Rule, rule};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "vertical/admission",
    component: VerticalAutoscaler,
    upstream: [
        "vertical-pod-autoscaler/pkg/admission-controller/resource/pod/patch/resource_updates.go" => [
            "CalculatePatches", "getContainerPatch",
        ],
        "vertical-pod-autoscaler/pkg/admission-controller/resource/pod/recommendation/recommendation_provider.go" => [
            "GetContainersResources",
        ],
        "vertical-pod-autoscaler/pkg/utils/vpa/limit_and_request_scaling.go" => ["getProportionalResourceLimit"],
    ],
    decides: "What pods request that are made for the target: what is recommended at that moment, and what the template says \
        as long as nothing is.",
    parts: [
        "requests of containers; limits, which keep their proportion to requests unless `controlledValues` says \
            otherwise" =>
            "exact",
        "pods that run at the start" => "exact: they request what their objects say",
    ],
    omits: [
        "pods that are made while the webhook fails, without what is recommended",
        "sidecars and init containers" => "upstream leaves them, too",
    ],
};

/// What new pods of a template request, in words that follow on those pods; empty if that is what the template says.
pub fn requesting(cluster: &View<'_>, template: TemplateId) -> String {
    let pod = &cluster.templates[template.0];
    let revision = &cluster.spec.workloads[pod.workload].revisions[pod.revision];
    let variant = revision.variants.get(pod.variant).filter(|variant| !variant.text.is_empty());
    variant.map_or_else(String::new, |variant| format!(" that request {}", variant.text))
}
