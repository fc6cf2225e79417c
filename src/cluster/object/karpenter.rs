//! Karpenter's NodePools, what their nodes are worth, and what keeps nodes and pods from being disrupted.
//!
//! Reference: `pkg/apis/v1/nodepool.go`, `pkg/controllers/state/statenode.go`, `pkg/utils/pod/scheduling.go` (Karpenter v1.14).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Taint;

use super::selector;

/// The label that says which NodePool a node is of.
pub const POOL: &str = "karpenter.sh/nodepool";
/// The label that says how a node is paid for.
pub const CAPACITY_TYPE: &str = "karpenter.sh/capacity-type";
/// The label that says which instance type a node is of.
pub const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";
/// The annotation of nodes and pods that are not to be disrupted.
const DO_NOT_DISRUPT: &str = "karpenter.sh/do-not-disrupt";
/// The resource that stands for nodes in limits.
pub const NODES: &str = "nodes";

/// The taint of nodes that are being disrupted.
pub fn disrupted() -> Taint {
    selector::taint("karpenter.sh/disrupted", "NoSchedule")
}

/// Whether annotations keep a node or a pod from being disrupted, however long it has been there.
pub fn is_kept(annotations: Option<&BTreeMap<String, String>>) -> bool {
    annotations.and_then(|all| all.get(DO_NOT_DISRUPT)).is_some_and(|value| value == "true")
}

/// A NodePool, as far as it says what becomes of nodes; what its nodes are like is in the nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodePool {
    /// `spec.weight`, 0 unless given.
    pub weight: i64,
    /// `spec.limits`: cpu in thousandths of a core, everything else in bytes or whole units, nodes as [`NODES`].
    pub limits: BTreeMap<String, i64>,
    /// Which nodes consolidation may disrupt.
    pub consolidation: Consolidation,
    /// How many nodes may be disrupted at a time; those that a schedule turns on are not among them.
    pub budgets: Vec<Budget>,
    /// Whether nodes expire.
    pub expires: bool,
    /// Whether a `terminationGracePeriod` ends drains.
    pub has_grace_period: bool,
    /// Whether its limits allow more nodes than the model has.
    pub may_exceed: bool,
}

/// Which nodes consolidation may disrupt: `spec.disruption.consolidationPolicy`, and whether `consolidateAfter` is `Never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consolidation {
    /// None.
    Never,
    /// Those without pods that would have to move.
    OfEmpty,
    /// Those, and others whose pods fit elsewhere or on a cheaper node.
    #[default]
    OfUnderutilized,
}

/// Why a node is disrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No pod on it would have to move.
    Empty,
    /// Its pods fit elsewhere.
    Underutilized,
}

/// How many nodes of a NodePool may be disrupted at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The reasons that it is about.
    pub reasons: Vec<Reason>,
    /// How many.
    pub nodes: Share,
}

/// A number of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many.
    Number(i64),
    /// A share of all, in percent, rounded up.
    Percent(i64),
}

impl Share {
    /// How many nodes of `all` that is.
    pub fn of(self, all: i64) -> i64 {
        match self {
            Share::Number(number) => number,
            Share::Percent(percent) => (percent * all + 99).div_euclid(100),
        }
    }
}

/// What a node costs, and counts for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offer {
    /// Its price in millionths, by the hour or whatever the prices of a scenario are by; `None` if nobody knows.
    pub price: Option<i64>,
    /// What it takes of its NodePool's limits, in their units; without resources that are not limited.
    pub counted: BTreeMap<String, i64>,
}

impl Offer {
    /// Whether it is known to cost less than another one.
    pub fn is_cheaper(&self, other: &Offer) -> bool {
        matches!((self.price, other.price), (Some(own), Some(price)) if own < price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_up() {
        assert_eq!(Share::Percent(10).of(3), 1);
        assert_eq!(Share::Percent(10).of(11), 2);
        assert_eq!(Share::Percent(0).of(11), 0);
        assert_eq!(Share::Percent(100).of(11), 11);
        assert_eq!(Share::Number(2).of(1), 2);
    }

    #[test]
    fn only_the_word_true_keeps_for_ever() {
        let annotations = |value: &str| BTreeMap::from([(DO_NOT_DISRUPT.to_owned(), value.to_owned())]);
        assert!(is_kept(Some(&annotations("true"))));
        assert!(!is_kept(Some(&annotations("5m"))));
        assert!(!is_kept(Some(&annotations("false"))));
        assert!(!is_kept(None));
    }

    #[test]
    fn what_has_no_price_is_not_cheaper() {
        let offer = |price| Offer { price, ..Offer::default() };
        assert!(offer(Some(1)).is_cheaper(&offer(Some(2))));
        assert!(!offer(Some(2)).is_cheaper(&offer(Some(2))));
        assert!(!offer(None).is_cheaper(&offer(Some(2))) && !offer(Some(1)).is_cheaper(&offer(None)));
    }
}
