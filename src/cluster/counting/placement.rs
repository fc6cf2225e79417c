//! Where pods are, and what nodes are like, when a run starts.
//!
//! Pods of most workloads are where the objects say. Those of workloads that are *placed anywhere* all run, and every
//! placement is possible that some past may have brought about: only what scheduler and kubelet enforce at any time
//! bounds it, which is room for what pods request, `spec.nodeName` and host ports. Labels, taints and cordons may have
//! changed after the pods came, so they exclude nothing.

use std::collections::HashMap;

use crate::term::Range;

use super::classes::NodeClass;
use super::layout::{Attribute, Presence, fitting};
use super::loose;
use super::templates::{Phase, Template, TemplateId};
use super::variants;
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, NodeSpec, Revision};

/// Numbers of pods at the start, by node, template and phase.
#[derive(Clone, Debug, Default)]
pub struct Placement<'a> {
    pods: HashMap<(&'a str, TemplateId, Phase), i64>,
    /// Pods that wait for a node and may go to no other.
    waiting: HashMap<(&'a str, TemplateId), i64>,
    /// By template: how many pods run somewhere; `None` for pods that are where the objects say.
    anywhere: Vec<Option<i64>>,
}

impl<'a> Placement<'a> {
    /// The placement that the objects describe, as far as the scenario leaves it to them.
    pub fn of(spec: &'a ClusterSpec, templates: &[Template]) -> Self {
        let (mut pods, mut waiting) = (HashMap::new(), HashMap::new());
        let mut anywhere = Vec::new();
        for (index, template) in templates.iter().enumerate() {
            let workload = &spec.workloads[template.workload];
            let revision = &workload.revisions[template.revision];
            // Which ordinals run is known, but not where.
            let running = match template.ordinal {
                Some(_) => template.members.len() as i64,
                None => variants::running(revision, template.variant),
            };
            anywhere.push(spec.scenario.placed_anywhere.contains(&workload.key).then_some(running));
            for pod in template.members.iter().map(|&member| &revision.pods[member]) {
                if let Some(node) = &pod.node {
                    *pods.entry((node.as_str(), TemplateId(index), Phase::of(pod))).or_default() += 1;
                } else if let Some(node) = &pod.awaits {
                    *waiting.entry((node.as_str(), TemplateId(index))).or_default() += 1;
                }
            }
        }
        Placement { pods, waiting, anywhere }
    }

    /// How many pods of a template run somewhere at the start; `None` if the objects say where.
    pub fn anywhere(&self, template: TemplateId) -> Option<i64> {
        self.anywhere[template.0]
    }

    /// Pods of a template in a phase on a node, as the objects say.
    pub fn pods(&self, node: &str, template: TemplateId, phase: Phase) -> i64 {
        self.pods.get(&(node, template, phase)).copied().unwrap_or(0)
    }

    /// The values that an attribute of a node, which is of `class`, may start with.
    pub fn initial(&self, class: &NodeClass, templates: &[Template], node: &NodeSpec, attribute: Attribute) -> Range {
        if let Attribute::Pods(id, Phase::Running) = attribute
            && let Some(pods) = self.anywhere(id)
        {
            let most = if node.absent { 0 } else { room(class, &templates[id.0]).min(pods) };
            return Range::new(0, most);
        }
        let value = self.given(node, attribute);
        Range::new(value, value)
    }

    /// The value that an attribute of a node starts with, as the objects say.
    pub fn given(&self, node: &NodeSpec, attribute: Attribute) -> i64 {
        match attribute {
            Attribute::Pods(template, phase) => self.pods(&node.name, template, phase),
            Attribute::Cordoned => i64::from(node.is_cordoned()),
            Attribute::Down => i64::from(node.is_not_ready()),
            Attribute::Waiting(template) => self.waiting.get(&(node.name.as_str(), template)).copied().unwrap_or(0),
            Attribute::Presence if node.absent => Presence::Absent.value(),
            Attribute::Gone
            | Attribute::Maintenance
            | Attribute::Nominated(_)
            | Attribute::Assumed(_)
            | Attribute::Presence => 0,
        }
    }
}

/// How many pods of a template may run on a node that has no others but those that stay.
pub fn room(class: &NodeClass, template: &Template) -> i64 {
    if template.pinned_to().is_some_and(|pinned| !class.names.iter().any(|name| name == pinned)) {
        return 0;
    }
    let most = fitting(class, template);
    if loose::host_ports(&template.spec).is_empty() { most } else { most.min(1) }
}

/// Pods of a revision that are ready at the start.
pub fn ready(spec: &ClusterSpec, workload: usize, revision: &Revision) -> i64 {
    if spec.scenario.placed_anywhere.contains(&spec.workloads[workload].key) {
        return revision.size;
    }
    revision.pods.iter().filter(|pod| is_ready(pod)).count() as i64
}

/// The same of a template.
pub fn ready_of(spec: &ClusterSpec, workload: usize, template: &Template) -> i64 {
    let owner = &spec.workloads[workload];
    let revision = &owner.revisions[template.revision];
    if spec.scenario.placed_anywhere.contains(&owner.key) {
        return variants::running(revision, template.variant);
    }
    template.members.iter().filter(|&&member| is_ready(&revision.pods[member])).count() as i64
}

fn is_ready(pod: &ExistingPod) -> bool {
    pod.ready && pod.node.is_some()
}
