//! Pods that cease to be ready while they run, as when a readiness probe fails or what they depend on is gone, and become
//! ready again. Who looks at readiness is the business of other encodings.

use crate::cluster::object::scenario::Unready;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{PodKind, Scene, Sentence};
use crate::cluster::view::{Change, Cluster, WorkloadVars};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::term::{Bool, Int};

use super::outside;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/unready",
    component: Kubelet,
    upstream: [
        "pkg/kubelet/prober/worker.go" => ["doProbe"],
        "pkg/kubelet/status/generate.go" => ["GeneratePodReadyCondition"],
    ],
    decides: "Which pods cease to be ready and become so again, and when: any of those of the workloads that the \
        scenario names, at any time.",
    parts: [
        "any ready pod, up to `atMost` of a workload at the same time, in any order; one pod a block" => "exact",
        "a pod that is not ready any more stays on its node, and its phase is Running" => "exact",
        "with `recover` it is ready again after any time, or never; without, it stays as it is until it is deleted" =>
            "over",
    ],
    omits: [
        "liveness probes" => "they restart a container: see `crashLooping`",
    ],
};

/// Adds losses of readiness and recoveries, where the scenario has them.
pub fn add(cluster: &Cluster<'_>) {
    for unready in &cluster.spec.scenario.unready {
        let Some((_, _, vars)) = cluster.owners().find(|(_, object, _)| object.key == unready.target) else { continue };
        if cluster.is_stopped() {
            return;
        }
        add_of(cluster, unready, vars);
    }
}

fn add_of(cluster: &Cluster<'_>, unready: &Unready, vars: &WorkloadVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let told = |id: &TemplateId| cluster.templates[id.0].phases.contains(&Phase::Unready);
    let own: Vec<TemplateId> = vars.templates.iter().copied().filter(told).collect();
    let already = ctx.sum(own.iter().map(|&template| cluster.no_longer_ready(&state, template)));
    let room = already.lt(i64::from(unready.at_most));
    for &template in &own {
        let lost = Turn { template, from: Phase::Running, name: "ceases to be ready", says: "is not ready any more" };
        lost.add(cluster, room, |change, one| change.cease(template, one));
        if unready.recover {
            let back = Turn { template, from: Phase::Unready, name: "is ready again", says: "is ready again" };
            back.add(cluster, ctx.bool(true), |change, one| change.recover(template, one));
        }
    }
}

/// What becomes of one pod of a template that is in a phase.
struct Turn {
    template: TemplateId,
    from: Phase,
    name: &'static str,
    says: &'static str,
}

impl Turn {
    /// Adds it, for pods on nodes that are up, while it `may` happen.
    fn add<'a, 'c>(
        &self,
        cluster: &'a Cluster<'c>,
        may: Bool<'c>,
        change: impl Fn(Change<'a, 'c>, Int<'c>) -> Change<'a, 'c>,
    ) {
        let (ctx, state) = (cluster.ctx(), cluster.state());
        let has_one = |cell: &Cell<'c>| {
            cell.exists & may & !cluster.is_down(cell) & cluster.pods(cell, self.template, self.from).ge(1)
        };
        let allowed: Vec<Bool<'c>> = cluster.cells(&state).iter().map(has_one).collect();
        let guard = ctx.any(allowed.iter().copied());
        let (input, chosen, choice) = cluster.choose_cell("node", &allowed);
        let mut next = state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| change(cluster.change(cell), ctx.int(1)));
        let template = &cluster.templates[self.template.0];
        let (pod, says, kind) = (template.name.clone(), self.says, PodKind::from(template));
        let is_ready = self.from == Phase::Unready;
        let name = format!("{pod} {}", self.name);
        let tell = move |scene: &Scene<'_>| {
            let text = format!("a pod of {pod} on {} {says}", scene.moved_names());
            Sentence::new("readiness probe", text).done(Deed::Readiness { pod: scene.pod_of(&kind), is_ready })
        };
        outside(cluster, (&RULE, name, None), guard, (vec![input], choice), next, Vec::new(), Box::new(tell));
    }
}
