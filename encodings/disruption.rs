//! Evictions through the API and the PodDisruptionBudgets that limit them.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::object::selector;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Change, Cluster, Leaving};
use crate::cluster::{Attribute, Cell, TemplateId};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int};

use super::ranks;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "disruption/eviction",
    component: Disruption,
    upstream: [
        "pkg/registry/core/pod/storage/eviction.go" => ["Create", "checkAndDecrement"],
        "pkg/controller/disruption/disruption.go" => ["trySync", "getExpectedPodCount", "countHealthyPods"],
    ],
    decides: "How many disruptions a PodDisruptionBudget allows, and when the evictions of a drain that wait for it \
        go on.",
    parts: [
        "pods under a budget are evicted one at a time, whenever the budget allows one more disruption" =>
            "in `settled` runs after everything else has settled",
        "healthy pods are ready ones; the expected count is `spec.replicas` of the owners" => "exact",
        "several budgets that select the same pod" => "differs: upstream refuses, here each must allow",
    ],
    omits: [
        "`unhealthyPodEvictionPolicy`" => "pods that are not ready are evicted as the budget allows",
    ],
};

/// Budgets that select a template's pods.
fn budgets<'c>(cluster: &Cluster<'c>, template: TemplateId) -> impl Iterator<Item = &'c PodDisruptionBudget> {
    let pod = cluster.templates[template.0].clone();
    cluster.spec.disruption_budgets.iter().filter(move |budget| selects(budget, &pod))
}

fn selects(budget: &PodDisruptionBudget, pod: &crate::cluster::Template) -> bool {
    let namespace = budget.metadata.namespace.as_deref().unwrap_or("default");
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    namespace == pod.namespace && selector.is_some_and(|selector| selector::matches(selector, &pod.labels))
}

/// Whether a budget limits evictions of a template's pods.
pub fn is_budgeted(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    budgets(cluster, template).next().is_some()
}

/// Whether no pod that a drain would evict is left on the nodes of a cell.
pub fn is_drained<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>) -> Bool<'c> {
    let left = cluster.movable().filter(|&id| is_budgeted(cluster, id));
    cluster.ctx().all(left.map(|id| cluster.active_on(cell, id).eq(0)))
}

/// What `kubectl drain` does to a cell's nodes: it cordons them, and evicts the pods that no budget protects.
pub fn drain<'a, 'c>(cluster: &'a Cluster<'c>, cell: &Cell<'c>) -> Change<'a, 'c> {
    let evicted = |template| match is_budgeted(cluster, template) {
        true => cluster.ctx().int(0),
        false => cluster.active_on(cell, template),
    };
    cluster.change(cell).delete_each(evicted, Leaving::Evicted).cordon(true).maintenance(1)
}

/// How many more disruptions a budget allows.
pub(crate) fn allowed<'c>(cluster: &Cluster<'c>, state: &State<'c>, budget: &PodDisruptionBudget) -> Int<'c> {
    let ctx = cluster.ctx();
    let mut healthy = ctx.int(0);
    let mut expected = ctx.int(0);
    for (_, _, vars) in cluster.owners() {
        let own: Vec<TemplateId> =
            vars.templates.iter().copied().filter(|id| selects(budget, &cluster.templates[id.0])).collect();
        if !own.is_empty() {
            expected = expected + state.get(vars.replicas);
            healthy = healthy + ctx.sum(own.into_iter().map(|id| cluster.ready(state, id)));
        }
    }
    let spec = budget.spec.clone().unwrap_or_default();
    let desired = expected.map(|expected| match (&spec.min_available, &spec.max_unavailable) {
        (Some(min), _) => scaled(min, expected),
        (None, Some(max)) => (expected - scaled(max, expected)).max(0),
        (None, None) => 0,
    });
    healthy.minus_or_zero(desired)
}

/// A number, or a percentage of `total` rounded up.
fn scaled(value: &IntOrString, total: i64) -> i64 {
    match value {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => {
            let percent: i64 = text.trim().trim_end_matches('%').parse().unwrap_or(0);
            (total * percent + 99).div_euclid(100)
        }
    }
}

/// Adds the evictions that wait for their budgets.
pub fn add(cluster: &Cluster<'_>) {
    for template in cluster.movable() {
        if is_budgeted(cluster, template) {
            add_eviction(cluster, template);
        }
    }
}

fn add_eviction(cluster: &Cluster<'_>, template: TemplateId) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let room = ctx.all(budgets(cluster, template).map(|budget| allowed(cluster, &state, budget).ge(1)));
    let draining: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| {
            let under_way = cluster.get(cell, Attribute::Maintenance).eq(1);
            cell.exists & under_way & room & cluster.active_on(cell, template).ge(1)
        })
        .collect();
    let guard = ctx.any(draining.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &draining);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).delete(template, ctx.int(1), Leaving::Evicted));
    let name = cluster.templates[template.0].name.clone();
    let draft = ActionDraft::new(
        format!("drain evicts {name}"),
        ActionKind::Event { rank: ranks::BUDGETED_EVICTION },
        guard,
        next,
    )
    .choosing(vec![var], valid)
    .marked(cluster.eviction_marks(|other| ctx.bool(other == template)));
    let tell = move |scene: &Scene<'_>| {
        let text = format!("evicts a pod of {name} from {}", scene.moved_names());
        Sentence::new("drain", text).because("its PodDisruptionBudget allows one more disruption")
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
