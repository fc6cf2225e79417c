//! Which nodes are used so little that they may go: the larger one of the shares of cpu and memory that their pods request.

use crate::cluster::Cell;
use crate::cluster::object::scenario::AutoscalerOptions;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::usage::Counted;
use crate::term::{Bool, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cluster-autoscaler/eligibility",
    component: NodeAutoscaler,
    upstream: [
        "cluster-autoscaler/core/scaledown/eligibility/eligibility.go" => [
            "unremovableReasonAndNodeUtilization", "isNodeBelowUtilizationThreshold", "HasNoScaleDownAnnotation",
        ],
        "cluster-autoscaler/simulator/utilization/info.go" => ["Calculate", "CalculateUtilizationOfResource"],
    ],
    decides: "A node may go of which less than the threshold is requested, of cpu and of memory, and that no annotation \
        keeps.",
    parts: [
        "requests over allocatable, DaemonSets' pods included unless the flag says otherwise, compared as doubles" =>
            "exact; a resource that a node does not offer counts as unused",
        "`scale-down-disabled`" => "exact",
        "how long a node has to be unneeded" => "over: any time may have passed",
        "`--scale-down-delay-after-add`, `--scale-down-delay-after-failure`" =>
            "exact, where there is a clock; how long ago nodes were asked for before the start is not known",
    ],
    omits: [
        "GPUs and dynamic resources, flags of single groups, `--scale-down-unready-enabled`, mirror pods left out of the sum",
    ],
};

/// Whether the nodes of a cell are used little.
pub fn is_little_used<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>) -> Bool<'c> {
    cluster.ctx().all(["cpu", "memory"].map(|resource| is_below(cluster, cell, resource)))
}

fn is_below<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, resource: &str) -> Bool<'c> {
    let options = &cluster.spec.scenario.controllers.autoscaler_options;
    let node = cluster.node(cell);
    let (allocatable, staying) = (node.allocatable().get(resource), node.used().get(resource));
    if allocatable <= 0 {
        return cluster.ctx().bool(true);
    }
    let counted = Counted::Requested(resource.to_owned());
    let unit = cluster.usage.unit(cluster, &counted);
    let used = cluster.usage.sum(cluster, cell, &counted, unit);
    if !options.ignores_daemon_sets {
        return used.le((most_below(allocatable, options) - staying).div_euclid(unit));
    }
    let of_daemons = daemons(cluster, cell, resource, unit);
    let most = of_daemons.map(|daemons| (most_below(allocatable - daemons * unit, options) - staying).div_euclid(unit));
    (used - of_daemons).le(most)
}

/// What DaemonSets' pods request on each node of a cell.
fn daemons<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, resource: &str, unit: i64) -> Int<'c> {
    let each = |id: usize| cluster.templates[id].requests.get(resource) / unit;
    let daemons = cluster.movable().filter(|&id| cluster.is_daemon(id));
    cluster.ctx().sum(daemons.map(|id| cluster.holding_on(cell, id) * cluster.ctx().int(each(id.0))))
}

/// The most that may be requested, so that its share is below the threshold in upstream's arithmetic.
fn most_below(allocatable: i64, options: &AutoscalerOptions) -> i64 {
    let threshold = options.threshold_percent as f64 / 100.0;
    let is_below = |requested: i64| (requested as f64 * 1000.0) / (allocatable as f64 * 1000.0) < threshold;
    let estimate = (allocatable as f64 * threshold) as i64;
    (estimate - 2..=estimate + 2).rev().find(|&requested| is_below(requested)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_node_is_not_below_a_half() {
        let options = AutoscalerOptions::default();
        assert_eq!(most_below(4000, &options), 1999);
        assert_eq!(most_below(3999, &options), 1999);
        assert_eq!(most_below(1, &options), 0);
        assert_eq!(most_below(16 << 30, &options), (8 << 30) - 1);
    }
}
