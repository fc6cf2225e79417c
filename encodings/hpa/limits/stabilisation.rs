//! Stabilisation windows.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::rules::Rules;
use super::{Reason, Size};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/stabilisation",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/horizontal.go" => [
            "stabilizeRecommendation", "stabilizeRecommendationWithBehaviors",
        ],
    ],
    decides: "Within a window, the size goes down no further than the largest earlier recommendation and up no \
        further than the smallest.",
    parts: [
        "stabilisation windows" =>
            "over: without a behavior the last and the largest recommendation are remembered; the window holds none, or \
                the last, or anything between the two. With a behavior nothing is remembered: a window holds the size \
                back anywhere on the way from the present to the proposed one, or not at all",
    ],
};

/// An earlier recommendation, and which windows count it.
#[derive(Clone, Copy)]
pub struct Recommendation<'c> {
    /// What was proposed, before any limit.
    pub value: Int<'c>,
    /// Whether the scale-up window does.
    pub for_up: Bool<'c>,
    /// Whether the scale-down window does.
    pub for_down: Bool<'c>,
}

/// The size that the windows agree on. Without a behavior that is the largest recommendation; with one, the present size
/// moves no further than all recommendations of the windows ask for.
pub fn stabilise<'c>(
    ctx: &'c Ctx,
    rules: Option<&Rules>,
    current: Int<'c>,
    proposal: Int<'c>,
    recommendations: &[Recommendation<'c>],
) -> Size<'c> {
    let highest = recommendations.iter().fold(proposal, |most, it| it.for_down.ite(most.max(it.value), most));
    let lowest = recommendations.iter().fold(proposal, |least, it| it.for_up.ite(least.min(it.value), least));
    let down = Reason::ScaleDownStabilized.code();
    let (size, held) = match rules {
        None => (highest, ctx.int(down)),
        Some(_) => {
            let size = current.max(lowest).min(highest);
            (size, proposal.ge(current).ite(Reason::ScaleUpStabilized.code(), down))
        }
    };
    Size { replicas: size, reason: size.eq(proposal).ite(Reason::ReadyForNewScale.code(), held) }
}
