//! What NoExecute taints do to a pod.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::cluster::object::selector;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "taint-eviction/fate",
    component: TaintEviction,
    upstream: [
        "pkg/controller/tainteviction/taint_eviction.go" => ["processPodOnNode", "getMinTolerationTime"],
    ],
    decides: "What the NoExecute taints of a node do to a pod: evict it, let it stay for a while, or for ever.",
    parts: [
        "a NoExecute taint that is not tolerated evicts at once" => "exact",
        "`tolerationSeconds`: for each taint the first toleration that matches counts, of those the shortest limit; \
            0 or less is at once" =>
            "exact",
    ],
};

/// Limits beyond a century are as good as this one.
const LONGEST_SECONDS: i64 = 100 * 366 * 86_400;

/// The fate of a pod on a node.
#[derive(Clone, Copy, Debug)]
pub struct Fate<'c> {
    /// The node has a NoExecute taint.
    pub tainted: Bool<'c>,
    /// One of them is not tolerated.
    pub untolerated: Bool<'c>,
    /// All are tolerated, but not for ever.
    pub limited: Bool<'c>,
    /// If limited: for how many seconds, which may be 0.
    pub seconds: Int<'c>,
}

impl<'c> Fate<'c> {
    /// Evicted at once, if nothing is scheduled yet.
    pub fn at_once(&self) -> Bool<'c> {
        self.untolerated | (self.limited & self.seconds.eq(0))
    }

    /// Evicted after a while.
    pub fn later(&self) -> Bool<'c> {
        self.limited & self.seconds.ge(1)
    }

    /// One of two.
    pub fn choose(condition: Bool<'c>, then: &Self, otherwise: &Self) -> Self {
        Fate {
            tainted: condition.ite_bool(then.tainted, otherwise.tainted),
            untolerated: condition.ite_bool(then.untolerated, otherwise.untolerated),
            limited: condition.ite_bool(then.limited, otherwise.limited),
            seconds: condition.ite(then.seconds, otherwise.seconds),
        }
    }
}

/// The fate of a pod with these tolerations on a node on which each taint may be present. For every taint the first
/// toleration that matches counts; of those that count the shortest limit.
pub fn fate<'c>(ctx: &'c Ctx, tolerations: &[Toleration], taints: &[(&Taint, Bool<'c>)]) -> Fate<'c> {
    let no_execute = || taints.iter().filter(|(taint, _)| taint.effect == "NoExecute");
    let used = |taint: &Taint| tolerations.iter().find(|toleration| selector::tolerates_taint(toleration, taint));
    let limit = |toleration: &Toleration| Some(toleration.toleration_seconds?.clamp(0, LONGEST_SECONDS));
    let limits: Vec<(i64, Bool<'c>)> =
        no_execute().filter_map(|&(taint, present)| Some((limit(used(taint)?)?, present))).collect();
    let for_ever = limits.iter().map(|(seconds, _)| seconds + 1).max().unwrap_or(0);
    let seconds = ctx.min(limits.iter().map(|&(seconds, present)| present.ite(seconds, for_ever)), for_ever);
    let untolerated = no_execute().filter(|(taint, _)| used(taint).is_none()).map(|&(_, present)| present);
    let untolerated = ctx.any(untolerated);
    Fate {
        tainted: ctx.any(no_execute().map(|&(_, present)| present)),
        untolerated,
        limited: !untolerated & seconds.lt(for_ever),
        seconds,
    }
}
