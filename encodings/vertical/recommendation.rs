//! What VerticalPodAutoscalers recommend. The recommender watches what pods use; here its recommendations come from outside.

use crate::cluster::object::spec::Workload;
use crate::cluster::object::vertical::Vertical;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::encodings::environment;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "vertical/recommendation",
    component: VerticalAutoscaler,
    upstream: [
        "vertical-pod-autoscaler/pkg/utils/vpa/capping.go" => ["getCappedRecommendationForContainer", "applyVPAPolicy"],
    ],
    decides: "What is recommended, and when that changes: to the least or the most that may be recommended, at any time.",
    parts: [
        "the range: that of the scenario, else from `minAllowed` to `maxAllowed`, else what the status says" =>
            "as declared; a change of it comes from outside, as one of load does",
        "`minAllowed`, `maxAllowed`, `mode: Off`, `controlledResources`, `controlledValues`" => "exact",
        "the recommendation of the status" => "exact: it is the one at the start",
    ],
    omits: [
        "amounts between the least and the most, and the least of one resource with the most of another" =>
            "verdicts say so",
        "how recommendations follow usage" => "they do not: any may come at any time",
        "LimitRanges, which cap recommendations" => "verdicts say so",
        "`recommenders`, `startupBoost`, `oomBumpUpRatio`, `--container-recommendation-max-allowed-*`",
    ],
};

/// Adds the changes of what one recommends.
pub fn add(cluster: &Cluster<'_>, (object, vertical): (&Workload, &Vertical), vars: &WorkloadVars) {
    let Some(recommended) = vars.recommended else { return };
    let (state, last) = (cluster.state(), vertical.levels.len() as i64);
    let (input, level) = cluster.input("recommendation", 1, last);
    let mut next = state.clone();
    next.set(recommended, level);
    let (levels, key) = (vertical.levels.clone(), vertical.key.clone());
    let (actor, after) = (format!("VerticalPodAutoscaler {}", vertical.key), recommended.index());
    let tell = move |scene: &Scene<'_>| {
        let level = scene.after[after];
        let told = usize::try_from(level - 1).ok().and_then(|at| levels.get(at));
        Sentence::new(actor.clone(), format!("recommends {}", told.map_or("nothing", String::as_str)))
            .done(Deed::RecommendationChanges { vertical: key.clone(), level })
    };
    let name = format!("recommendation for {} changes", object.key);
    let now = state.get(recommended);
    let choice = (vec![input], level.ne(now));
    let others = cluster.ctx().any((1..=last).map(|other| now.ne(other)));
    let guard = cluster.exists(&state, vars) & others;
    environment::outside(cluster, (&RULE, name, None), guard, choice, next, Vec::new(), Box::new(tell));
}
