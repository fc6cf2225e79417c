//! LimitRanges: what pods get that say nothing of their resources, and which pods are never admitted.
//!
//! Both are known before a run: templates are completed when they are read
//! ([`crate::cluster::object::limit_range`]), and of those that are refused no pod is ever created.

use crate::cluster::view::rule::{Rule, rule};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "admission/LimitRange",
    component: Admission,
    upstream: [
        "plugin/pkg/admission/limitranger/admission.go" => ["mergeContainerResources", "PodValidateLimitFunc"],
        "pkg/apis/core/v1/defaults.go" => [],
    ],
    decides: "Which limits and requests containers get that say nothing of them, and which pods are outside of the \
        minimum, the maximum or the ratio of limit to request.",
    parts: [
        "ranges of type Container and Pod" => "exact",
    ],
    omits: [
        "ranges of type PersistentVolumeClaim",
        "webhooks and admission policies" => "verdicts say so",
    ],
};
