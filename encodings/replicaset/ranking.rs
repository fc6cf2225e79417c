//! Which of two pods is deleted first, with the feature gates PodDeletionCost and LogarithmicScaleDown, which are on by
//! default.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "replicaset/ranking",
    component: ReplicaSet,
    upstream: [
        "pkg/controller/controller_utils.go" => ["ActivePodsWithRanks"],
    ],
    decides: "Of two pods that is deleted first which has no node, an earlier phase, is not ready, costs less, or is \
        on the node with more active pods of the same Deployment; then by how long they have been ready, restarts \
        and age.",
    parts: [
        "within a rank: how long pods have been ready, restarts, age" => "over: free choice",
        "phases of pods that are not ready" => "over: free choice among them",
    ],
    omits: [
        "restarts and age among pods of a node that are not ready" =>
            "those that have yet to be ready go before those that are no longer",
        "deletion costs of pods that differ from those of their template",
    ],
};

/// What upstream compares first, key by key. The smaller key goes first.
#[derive(Clone, Copy)]
pub struct Standing<'c> {
    /// Whether the pod has a node.
    pub scheduled: Bool<'c>,
    /// The rank of its phase, see [`phase_rank`].
    pub phase: Int<'c>,
    /// Whether it is ready.
    pub ready: Bool<'c>,
    /// The annotation `controller.kubernetes.io/pod-deletion-cost`, see [`deletion_cost`].
    pub deletion_cost: Int<'c>,
    /// Active pods of the same owner on its node, itself among them: many go first.
    pub colocated: Int<'c>,
}

impl<'c> Standing<'c> {
    fn keys(&self) -> [Int<'c>; 5] {
        let colocated = self.colocated * -1;
        [self.scheduled.to_int(), self.phase, self.ready.to_int(), self.deletion_cost, colocated]
    }
}

/// A time in the past.
#[derive(Clone, Copy)]
pub struct Moment<'c> {
    /// Whether it is known.
    pub known: Bool<'c>,
    /// Seconds since then; not positive if it is yet to come.
    pub since: Int<'c>,
}

/// Everything that upstream compares.
#[derive(Clone, Copy)]
pub struct Pod<'c> {
    /// What comes first.
    pub standing: Standing<'c>,
    /// Since when it has been ready, if it is.
    pub ready_since: Moment<'c>,
    /// Most restarts of a container.
    pub restarts: Int<'c>,
    /// Most restarts of a restartable init container.
    pub sidecar_restarts: Int<'c>,
    /// When it was created.
    pub created: Moment<'c>,
    /// The position of its UID among those of all pods.
    pub uid: Int<'c>,
}

impl<'c> Pod<'c> {
    /// Whether this pod is deleted before the other. This is no total order: pods of one age are told apart by their UIDs
    /// before restarts are looked at, pods of one instant are not.
    pub fn precedes(&self, other: &Pod<'c>) -> Bool<'c> {
        let younger = !self.created.is(&other.created) & self.is_younger(other, |pod| pod.created);
        let restarts = [(other.restarts, self.restarts), (other.sidecar_restarts, self.sidecar_restarts)];
        let by_restarts = lexicographic(restarts.into_iter(), younger);
        let compares = self.standing.ready & other.standing.ready & !self.ready_since.is(&other.ready_since);
        let by_times = compares.ite_bool(self.is_younger(other, |pod| pod.ready_since), by_restarts);
        lexicographic(self.standing.keys().into_iter().zip(other.standing.keys()), by_times)
    }

    fn is_younger(&self, other: &Pod<'c>, moment: impl Fn(&Pod<'c>) -> Moment<'c>) -> Bool<'c> {
        let (own, theirs) = (moment(self), moment(other));
        let (age, other_age) = (own.age(), theirs.age());
        let known = lexicographic([(age, other_age)].into_iter(), self.uid.lt(other.uid));
        (own.known & theirs.known).ite_bool(known, !own.known)
    }
}

impl<'c> Moment<'c> {
    fn is(&self, other: &Moment<'c>) -> Bool<'c> {
        self.known.iff(other.known) & (!self.known | self.since.eq(other.since))
    }

    /// How long ago it was, as the whole binary logarithm of nanoseconds; -1 if it is yet to come.
    ///
    /// No whole number of seconds is so near below a power of two that upstream's doubles would round it up.
    fn age(&self) -> Int<'c> {
        let mut age = self.since.ge(1).ite(LOG2_SECOND, -1);
        for exponent in LOG2_SECOND + 1..63 {
            let reached = (1_i64 << exponent) / NANOSECONDS + 1;
            if reached > self.since.range().hi {
                break;
            }
            age = self.since.ge(reached).ite(exponent, age);
        }
        age
    }
}

const NANOSECONDS: i64 = 1_000_000_000;

/// The whole binary logarithm of a second in nanoseconds.
const LOG2_SECOND: i64 = 29;

/// Whether the first pair that differs is in ascending order; `rest` if none differs.
fn lexicographic<'c>(pairs: impl DoubleEndedIterator<Item = (Int<'c>, Int<'c>)>, rest: Bool<'c>) -> Bool<'c> {
    pairs.rev().fold(rest, |rest, (a, b)| a.lt(b) | (a.eq(b) & rest))
}

/// The rank of a phase.
pub fn phase_rank(phase: &str) -> i64 {
    match phase {
        "Unknown" => 1,
        "Running" => 2,
        _ => 0,
    }
}

/// Whether a pod counts: it did not finish and is not being deleted.
pub fn is_active(phase: &str, terminating: bool) -> bool {
    !terminating && !matches!(phase, "Succeeded" | "Failed")
}

/// The deletion cost that an annotation gives: 0 if it is missing or malformed.
pub fn deletion_cost(annotation: Option<&str>) -> i64 {
    let well_formed =
        |text: &&str| *text == "0" || text.starts_with(['-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    annotation.filter(well_formed).and_then(|text| text.parse::<i32>().ok()).map_or(0, i64::from)
}

/// How many active pods share a pod's node; those without a node share one, too.
pub fn colocated<'c>(ctx: &'c Ctx, node: Int<'c>, all: impl IntoIterator<Item = Int<'c>>) -> Int<'c> {
    ctx.sum(all.into_iter().map(|other| other.eq(node).to_int()))
}

/// Of groups of equal pods that are present: those that go first, as far as standing tells.
pub fn foremost<'c>(ctx: &'c Ctx, groups: &[(Bool<'c>, Standing<'c>)]) -> Vec<Bool<'c>> {
    let keys: Vec<[Int<'c>; 5]> = groups.iter().map(|(_, standing)| standing.keys()).collect();
    let mut first: Vec<Bool<'c>> = groups.iter().map(|(present, _)| *present).collect();
    for key in 0..5 {
        let values: Vec<Int<'c>> = keys.iter().map(|keys| keys[key]).collect();
        first = smallest(ctx, &first, &values);
    }
    first
}

/// Of those that are present: those of the smallest value.
fn smallest<'c>(ctx: &'c Ctx, present: &[Bool<'c>], values: &[Int<'c>]) -> Vec<Bool<'c>> {
    let pairs = || present.iter().copied().zip(values.iter().copied());
    if let Some(constants) = values.iter().map(|value| value.constant()).collect::<Option<Vec<i64>>>() {
        let smaller = |than: i64| {
            let smaller = constants.iter().zip(present).filter(move |(value, _)| **value < than);
            ctx.any(smaller.map(|(_, &present)| present))
        };
        let mut known = std::collections::BTreeMap::new();
        let mut is_smallest = |value: i64| !*known.entry(value).or_insert_with(|| smaller(value));
        return present.iter().zip(&constants).map(|(&present, &value)| present & is_smallest(value)).collect();
    }
    let most = values.iter().map(|value| value.range().hi).max().unwrap_or(0);
    let best = ctx.min(pairs().map(|(present, value)| present.ite(value, most)), most);
    pairs().map(|(present, value)| present & value.eq(best)).collect()
}

#[cfg(test)]
mod tests {
    use super::deletion_cost;

    #[test]
    fn malformed_costs_count_as_none() {
        let costs = ["5", "-10", "0", "-07", "2147483647"].map(|text| deletion_cost(Some(text)));
        assert_eq!(costs, [5, -10, 0, -7, 2_147_483_647]);
        assert!(["+7", "007", "1.5", "abc", "", "2147483648", "-"].iter().all(|text| deletion_cost(Some(text)) == 0));
    }
}
