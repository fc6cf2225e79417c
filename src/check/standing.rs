//! A state as data: where pods are, and how nodes are. For whoever leads another cluster to it.

use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Parts;
use crate::cluster::{Attribute, Phase, Presence};

use super::nodes::NodeTracker;

/// A state of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All nodes that are there, in the order of the input.
    pub nodes: Vec<NodeStanding>,
    /// By position in the spec's workloads; `None` for those that the model does not move.
    pub workloads: Vec<Option<WorkloadStanding>>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStanding {
    /// Its name.
    pub name: String,
    /// The pods of workloads on it.
    pub pods: Vec<PodsOn>,
    /// Whether it is cordoned.
    pub cordoned: bool,
    /// Whether it is down.
    pub down: bool,
    /// Whether it is being drained for maintenance.
    pub maintained: bool,
}

/// Pods on a node that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodsOn {
    /// The position of the workload.
    pub workload: usize,
    /// The position of the revision.
    pub revision: usize,
    /// Of a StatefulSet: which of its pods.
    pub ordinal: Option<i64>,
    /// How far they are.
    pub phase: Phase,
    /// How many; 1 or more.
    pub count: i64,
}

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadStanding {
    /// Whether the object is there.
    pub exists: bool,
    /// `spec.replicas`, of a Job `spec.parallelism`; of a DaemonSet nothing that means anything.
    pub replicas: i64,
    /// Pods without a node.
    pub pending: i64,
}

impl Standing {
    /// What a state says; the tracker is in it.
    pub fn of(spec: &ClusterSpec, parts: &Parts, tracker: &NodeTracker<'_>, state: &[i64]) -> Self {
        let nodes = tracker.all(state).into_iter().filter_map(|node| {
            let attributes = &parts.cells.layout(node.class).attributes;
            let class = &parts.classes[node.class];
            let base = NodeStanding {
                name: node.name,
                cordoned: class.unschedulable,
                down: class.starts_not_ready,
                ..NodeStanding::default()
            };
            stand(parts, base, attributes, &node.after)
        });
        let workloads = (0..spec.workloads.len()).map(|index| workload(parts, index, state));
        Standing { nodes: nodes.collect(), workloads: workloads.collect() }
    }

    /// Pods of a workload that are bound to nodes that are up, and are not being deleted.
    pub fn up(&self, workload: usize) -> i64 {
        let nodes = self.nodes.iter().filter(|node| !node.down);
        let pods = nodes.flat_map(|node| &node.pods).filter(|pods| pods.workload == workload);
        pods.filter(|pods| pods.phase != Phase::Terminating).map(|pods| pods.count).sum()
    }
}

/// A node with what its attributes say; none if it is not there.
fn stand(parts: &Parts, mut node: NodeStanding, attributes: &[Attribute], values: &[i64]) -> Option<NodeStanding> {
    for (attribute, &value) in attributes.iter().zip(values) {
        match *attribute {
            Attribute::Pods(template, phase) if value > 0 => {
                let template = &parts.templates[template.0];
                let (workload, revision, ordinal) = (template.workload, template.revision, template.ordinal);
                node.pods.push(PodsOn { workload, revision, ordinal, phase, count: value });
            }
            Attribute::Cordoned => node.cordoned = value > 0,
            Attribute::Down => node.down = value > 0,
            Attribute::Maintenance => node.maintained = value == 1,
            Attribute::Gone if value > 0 => return None,
            Attribute::Presence if !Presence::is_there(value) => return None,
            _ => {}
        }
    }
    Some(node)
}

fn workload(parts: &Parts, index: usize, state: &[i64]) -> Option<WorkloadStanding> {
    let vars = parts.workloads[index].as_ref()?;
    let pending = vars.templates.iter().map(|template| state[parts.pending[template.0].index()]).sum();
    let exists = vars.exists.is_none_or(|exists| state[exists.index()] != 0);
    Some(WorkloadStanding { exists, replicas: state[vars.replicas.index()], pending })
}
