//! Which nodes a topology spread constraint counts: its inclusion policies.
//!
//! A node takes part if it has the topology key, if the pod's node selector and affinity match (`nodeAffinityPolicy: Honor`,
//! the default), and if the pod tolerates its taints (`nodeTaintsPolicy: Honor`). Cordoned nodes and nodes that are down
//! carry taints, too, so whether these take part depends on the state.
//!
//! Reference: `pkg/scheduler/framework/plugins/podtopologyspread/common.go` (`matchNodeInclusionPolicies`), v1.34.

use k8s_openapi::api::core::v1::TopologySpreadConstraint;

use super::{NodeView, View};
use crate::cluster::object::selector::{self, HARD_EFFECTS};
use crate::cluster::{Cell, Template};
use crate::term::Bool;

/// The inclusion policies of a constraint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inclusion {
    /// Whether nodes that the pod's node selector and affinity leave out are left out.
    pub affinity: bool,
    /// Whether nodes with taints that the pod does not tolerate are left out.
    pub taints: bool,
}

impl Inclusion {
    /// Only nodes that the pod may be bound to.
    pub const STRICT: Inclusion = Inclusion { affinity: true, taints: true };

    /// Those of a constraint.
    pub fn of(constraint: &TopologySpreadConstraint) -> Self {
        let honors =
            |policy: &Option<String>, default: bool| policy.as_ref().map_or(default, |policy| policy == "Honor");
        Inclusion {
            affinity: honors(&constraint.node_affinity_policy, true),
            taints: honors(&constraint.node_taints_policy, false),
        }
    }

    /// Whether nodes may take part as far as their labels and their own taints go; they need the topology key, too.
    pub fn admits(self, node: NodeView<'_, '_>, pod: &Template) -> bool {
        let tolerated = || selector::untolerated(pod.tolerations(), node.taints(), &HARD_EFFECTS).next().is_none();
        (!self.affinity || node.matches(&pod.spec)) && (!self.taints || tolerated())
    }

    /// Whether the nodes of a cell, if they are [admitted](Inclusion::admits), are there and have no taint now that leaves
    /// them out: being cordoned, down or removed. Nodes that nobody cordons or uncordons have the taints that they are given
    /// with.
    pub fn counts_now<'c>(self, view: &View<'c>, cell: &Cell<'c>, pod: &Template) -> Bool<'c> {
        let bars =
            |key: &str| self.taints && !selector::tolerates(pod.tolerations(), &selector::taint(key, "NoSchedule"));
        let none = view.ctx().bool(false);
        let down = if bars("node.kubernetes.io/not-ready") { view.is_down(cell) } else { none };
        let changes = view.node(cell).may_be_cordoned() && bars("node.kubernetes.io/unschedulable");
        let cordoned = if changes { view.is_cordoned(cell) } else { none };
        let going = if self.taints { view.is_barred_as_going(cell, pod.tolerations()) } else { none };
        !(cordoned | down | going) & view.is_there(cell)
    }
}
