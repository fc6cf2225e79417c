//! What the API server says to an eviction.
//!
//! Part of the rule `descheduler/cycle`.
//!
//! It is a stand-in for recordings, which name the pods whose evictions were refused. Policies name none: no budget is
//! asked.

use crate::cluster::object::spec::DeschedulerPolicy;
use crate::cluster::view::View;
use crate::cluster::{TemplateId, Tenure};

/// Whether it refuses evictions of a template's pods, because the policy says so.
pub fn refuses(cluster: &View<'_>, policy: &DeschedulerPolicy, template: TemplateId) -> bool {
    let template = &cluster.templates[template.0];
    let pods = &cluster.spec.workloads[template.workload].revisions[template.revision].pods;
    let name = template.members.first().and_then(|&member| pods.get(member)).map(|pod| pod.name.as_str());
    template.tenure != Tenure::Owned
        && policy.refused.iter().any(|key| key.namespace == template.namespace && Some(key.name.as_str()) == name)
}
