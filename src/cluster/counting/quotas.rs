//! Which quotas and limit ranges may refuse pods, and what counts against quotas.
//!
//! A quota that all pods together never reach is left out: of each template as many as may be there at a time, and the pods
//! that stay. Pods that are being deleted count until they are gone; where a quota is left out, that only puts off creations
//! until then, which changes no state at rest. Where nodes may be down pods may go on terminating for ever, so there no
//! quota is left out.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::ResourceQuota;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::phases;
use super::templates::{Template, TemplateId, Tenure};
use crate::cluster::object::limit_range;
use crate::cluster::object::quota::{self, Charge};
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::spec::ClusterSpec;

/// What a quota leaves to pods of a template, of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Position of the quota.
    pub quota: usize,
    /// The resource as the quota names it.
    pub resource: String,
    /// What a pod of the template takes; 1 or more.
    pub each: i64,
    /// What pods that stay leave of it; may be negative.
    pub left: i64,
    /// Templates whose pods take something, and how much each; the template itself among them.
    pub takers: Vec<(TemplateId, i64)>,
}

/// What may keep pods of a template from being created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Quotas that may be used up.
    pub allowances: Vec<Allowance>,
    /// What never admits such a pod, in words, if something does not.
    pub never: Option<String>,
}

impl Limits {
    /// Whether nothing ever refuses such a pod.
    pub fn is_empty(&self) -> bool {
        self.allowances.is_empty() && self.never.is_none()
    }
}

/// By template: what may keep its pods from being created.
///
/// # Errors
///
/// If an amount does not parse.
pub fn limits(spec: &ClusterSpec, templates: &[Template]) -> Result<Vec<Limits>, ResourceError> {
    let mut limits = vec![Limits::default(); templates.len()];
    for (position, quota) in spec.quotas.iter().enumerate() {
        let selected = |template: &Template| {
            template.tenure != Tenure::Resident && quota::selects(quota, &template.namespace, &template.spec)
        };
        let counted: Vec<usize> = (0..templates.len()).filter(|&id| selected(&templates[id])).collect();
        for &id in &counted {
            let lacking = || {
                let resource = quota::lacking(quota, &templates[id].spec)?;
                Some(format!("ResourceQuota {} wants {resource} of every container", name(&quota.metadata)))
            };
            limits[id].never = limits[id].never.take().or_else(lacking);
        }
        let charges = counted.iter().map(|&id| Ok((id, quota::charges(quota, &templates[id].spec)?)));
        let charges = charges.collect::<Result<Vec<(usize, Vec<Charge>)>, ResourceError>>()?;
        let resources = charges.first().map_or(0, |(_, charges)| charges.len());
        let staying = if charges.is_empty() { Vec::new() } else { staying(spec, templates, quota)? };
        for resource in 0..resources {
            let of = charges.iter().map(|(id, charges)| (*id, &charges[resource]));
            let uses = Uses::of(&of.filter(|(_, charge)| charge.each > 0).collect::<Vec<_>>());
            let Some(mut uses) = uses else { continue };
            uses.left -= staying.iter().map(|charges| charges[resource].each).sum::<i64>();
            if !uses.may_be_up(spec, templates) {
                continue;
            }
            for &(id, each) in &uses.takers {
                let (resource, left, takers) = (uses.resource.clone(), uses.left, uses.takers.clone());
                limits[id.0].allowances.push(Allowance { quota: position, resource, each, left, takers });
            }
        }
    }
    for range in &spec.limit_ranges {
        for (template, limits) in templates.iter().zip(&mut limits).filter(|(it, _)| it.tenure == Tenure::Owned) {
            if limit_range::is_of(range, &template.namespace) && limits.never.is_none() {
                let refusal = limit_range::refusal(range, &template.spec)?;
                limits.never = refusal.map(|why| format!("LimitRange {}: {why}", name(&range.metadata)));
            }
        }
    }
    Ok(limits)
}

fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// What pods that stay take of a quota, pod by pod: those of owners that are not modelled, but for those that templates count.
fn staying(
    spec: &ClusterSpec,
    templates: &[Template],
    quota: &ResourceQuota,
) -> Result<Vec<Vec<Charge>>, ResourceError> {
    let counted: BTreeSet<(usize, usize, usize)> = templates
        .iter()
        .filter(|it| it.tenure != Tenure::Resident)
        .flat_map(|it| it.members.iter().map(|&member| (it.workload, it.revision, member)))
        .collect();
    let mut staying = Vec::new();
    for (workload, owner) in spec.workloads.iter().enumerate() {
        for (revision, pods) in owner.revisions.iter().enumerate() {
            for (member, pod) in pods.pods.iter().enumerate() {
                let pod = pod.object.as_ref().and_then(|pod| pod.spec.as_ref());
                let Some(pod) = pod.filter(|_| !counted.contains(&(workload, revision, member))) else { continue };
                if quota::selects(quota, &owner.key.namespace, pod) {
                    staying.push(quota::charges(quota, pod)?);
                }
            }
        }
    }
    Ok(staying)
}

/// Who takes how much of one resource of a quota.
struct Uses {
    resource: String,
    left: i64,
    takers: Vec<(TemplateId, i64)>,
}

impl Uses {
    /// From what each pod of each template takes; `None` if nobody takes anything.
    fn of(charges: &[(usize, &Charge)]) -> Option<Self> {
        let (_, first) = charges.first()?;
        let takers = charges.iter().map(|&(id, charge)| (TemplateId(id), charge.each)).collect();
        Some(Uses { resource: first.resource.clone(), left: first.hard, takers })
    }

    /// Whether it may be used up.
    fn may_be_up(&self, spec: &ClusterSpec, templates: &[Template]) -> bool {
        let most = self.takers.iter().map(|&(id, each)| each.saturating_mul(templates[id.0].max_pods));
        phases::nodes_may_be_down(spec) || most.fold(0, i64::saturating_add) > self.left
    }
}
