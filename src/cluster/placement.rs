//! Where pods are, and what nodes are like, when a run starts.

use std::collections::HashMap;

use super::layout::Attribute;
use super::spec::{ClusterSpec, NodeSpec};
use super::templates::{Phase, Template, TemplateId};

/// Numbers of pods at the start, by node, template and phase.
#[derive(Clone, Debug, Default)]
pub struct Placement<'a> {
    pods: HashMap<(&'a str, TemplateId, Phase), i64>,
}

impl<'a> Placement<'a> {
    /// The placement that the objects describe.
    pub fn of(spec: &'a ClusterSpec, templates: &[Template]) -> Self {
        let mut pods = HashMap::new();
        for (index, template) in templates.iter().enumerate() {
            let existing = &spec.workloads[template.workload].revisions[template.revision].pods;
            for pod in template.members.iter().map(|&member| &existing[member]) {
                if let Some(node) = &pod.node {
                    *pods.entry((node.as_str(), TemplateId(index), Phase::of(pod))).or_default() += 1;
                }
            }
        }
        Placement { pods }
    }

    /// Pods of a template in a phase on a node.
    pub fn pods(&self, node: &'a str, template: TemplateId, phase: Phase) -> i64 {
        self.pods.get(&(node, template, phase)).copied().unwrap_or(0)
    }

    /// The value that an attribute of a node starts with.
    pub fn initial(&self, node: &'a NodeSpec, attribute: Attribute) -> i64 {
        match attribute {
            Attribute::Pods(template, phase) => self.pods(&node.name, template, phase),
            Attribute::Cordoned => i64::from(node.is_cordoned()),
            Attribute::Down => i64::from(node.is_not_ready()),
            Attribute::Maintenance => 0,
        }
    }
}
