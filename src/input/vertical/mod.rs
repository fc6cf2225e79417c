//! VerticalPodAutoscalers: what they recommend and do ([`policy`], `ranges`), what pods of their targets request therefore
//! (`variants`), and where they are at odds with autoscalers.
//!
//! Recommendations are known as far as a scenario, bounds or a status give them. Where nothing does, verdicts are without the
//! VerticalPodAutoscaler. One that only recommends changes nothing.
//!
//! Reference: `vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1/types.go` (1.7).

mod given;
pub mod policy;
mod ranges;
mod resolve;
mod variants;

use crate::cluster::object::spec::Autoscaler;

use super::diagnostics::Diagnostics;

pub use given::{Given, is_vertical, read};
pub use resolve::{Input, resolve};

/// Warns of autoscalers that scale by the use of a resource whose request is changed: what one of them does makes the other act.
/// Whether there are any.
fn warn_of_conflicts(given: &Given, autoscalers: &[Autoscaler], sink: &mut Diagnostics) -> bool {
    let mut are_some = false;
    for autoscaler in autoscalers.iter().filter(|it| it.target == given.target) {
        let metrics = autoscaler.object.spec.iter().flat_map(|spec| spec.metrics.iter().flatten());
        let resources = metrics.filter_map(|metric| metric.resource.as_ref());
        let by_use = resources.filter(|it| it.target.type_ == "Utilization").map(|it| &it.name);
        for resource in by_use.filter(|it| given.policies.resources().contains(*it)) {
            let message = format!(
                "HorizontalPodAutoscaler {} scales {} by its utilization of {resource}, whose request \
                 VerticalPodAutoscaler {} changes",
                autoscaler.key, autoscaler.target, given.key
            );
            let help = "leave the resource to one of them: `controlledResources`, or another metric";
            sink.push(given.raw.warning(&"spec.targetRef.name".into(), message, help));
            are_some = true;
        }
    }
    are_some
}
