//! Containers that crash and are restarted, again and again. That is the doing of the pods themselves and not a change from
//! outside, so loops in which they do so count.

use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{PodKind, Scene, Sentence};
use crate::cluster::view::{Change, Cluster};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Bool, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "kubelet/crash-loops",
    component: Kubelet,
    upstream: [
        "pkg/kubelet/kuberuntime/kuberuntime_manager.go" => ["computePodActions", "doBackOff"],
        "pkg/kubelet/kubelet_pods.go" => ["getPhase"],
    ],
    decides: "When pods with an image of `crashLooping` crash and are restarted: at any time, one after the other.",
    parts: [
        "a pod that crashed is not ready until it is restarted; it stays on its node, and its phase is Running" => "exact",
        "back-off" => "over: it may take any time, or no end",
        "a restarted container becomes ready" => "exact; one that does not is one of `neverReady`",
    ],
    omits: [
        "crashes before a container becomes ready for the first time" => "it starts first",
        "pods whose `restartPolicy` is Never",
    ],
};

/// Adds crashes and restarts.
pub fn add(cluster: &Cluster<'_>) {
    let looping = |&id: &TemplateId| {
        let pod = &cluster.templates[id.0];
        pod.crash_loops && pod.phases.contains(&Phase::Unready)
    };
    for template in cluster.movable().filter(looping) {
        if cluster.is_stopped() {
            return;
        }
        add_step(cluster, template, Phase::Running, "crashes", |change, one| change.cease(template, one));
        add_step(cluster, template, Phase::Unready, "is restarted", |change, one| change.recover(template, one));
    }
}

/// What happens to one pod at a time that is in a phase, on a node that is up.
fn add_step<'a, 'c>(
    cluster: &'a Cluster<'c>,
    template: TemplateId,
    phase: Phase,
    what: &'static str,
    change: impl Fn(Change<'a, 'c>, Int<'c>) -> Change<'a, 'c>,
) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let has_one = |cell: &Cell<'c>| cell.exists & !cluster.is_down(cell) & cluster.pods(cell, template, phase).ge(1);
    let allowed: Vec<Bool<'c>> = cluster.cells(&state).iter().map(has_one).collect();
    let guard = ctx.any(allowed.iter().copied());
    let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| change(cluster.change(cell), ctx.int(1)));
    let kind = PodKind::from(&cluster.templates[template.0]);
    let name = cluster.templates[template.0].name.clone();
    let draft =
        ActionDraft::new(format!("{name} {what}"), ActionKind::Periodic, guard, next).choosing(vec![var], valid);
    let told = match phase {
        Phase::Running => "reports that a container of a pod of",
        _ => "restarts the container of a pod of",
    };
    let tell = move |scene: &Scene<'_>| {
        let nodes = scene.moved_names();
        match phase {
            Phase::Running => {
                Sentence::new("kubelet", format!("{told} {name} on {nodes} crashed: it is not ready any more"))
                    .because("it is restarted with a back-off (CrashLoopBackOff)")
                    .done(Deed::Crashes { pod: scene.pod_of(&kind) })
            }
            _ => Sentence::new("kubelet", format!("{told} {name} on {nodes}: it is ready again"))
                .done(Deed::Restarts { pod: scene.pod_of(&kind) }),
        }
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
