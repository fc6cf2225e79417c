//! `no-node-oscillation`: nodes are not added and removed again and again.

use super::definition::{About, Definition};
use super::loops::forbid;

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "no-node-oscillation",
    says: "nodes are not added and removed again and again",
    violated_by: "a loop in which a node comes to its node group",
    needs: "it needs a node pool with `autoscale`, or `karpenter`, in the scenario",
    about: About { places: true, whole: true, ..Definition::PLAIN.about },
    may_apply: |spec| !spec.scenario.node_groups.is_empty(),
    build: |cluster, _| {
        let possible = !cluster.spec.scenario.node_groups.is_empty();
        if possible {
            forbid(cluster, DEFINITION.name, String::new(), cluster.arrival_mark());
        }
        Ok(possible)
    },
    ..Definition::PLAIN
};
