//! Taint eviction controller of Kubernetes v1.34: `pkg/controller/tainteviction/taint_eviction.go`, with the tolerations
//! that `plugin/pkg/admission/defaulttolerationseconds` gives.
//!
//! NoExecute taints that a pod does not tolerate evict it at once. A toleration with `tolerationSeconds` lets it stay for
//! a while: the eviction may happen in any later block, or never if the taint goes first. Nodes that are down carry
//! `not-ready` or `unreachable` with NoExecute, which pods tolerate for 300 s unless they say otherwise. Of several
//! limited tolerations the time of each is free.
//!
//! Left out: the node lifecycle controller's rate limits and zone states, which only delay the taint; the order in which
//! evictions of different pods fall due (pods of one template on one node go together).

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::cluster::selector;
use crate::cluster::story::{Scene, Sentence};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, NodeClass, Template, TemplateId};
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Bool, Int};

use super::ranks;

/// How long pods stay that say nothing about nodes that are down, in seconds.
const DEFAULT_TOLERATION_SECONDS: i64 = 300;

/// What a set of NoExecute taints does to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    AtOnce,
    After(i64),
}

/// Adds evictions at once and after a tolerated time.
pub fn add(cluster: &Cluster<'_>) {
    for template in cluster.movable() {
        add_immediate(cluster, template);
        add_delayed(cluster, template);
    }
}

/// The fate of a pod under taints, taking for each the first toleration that matches.
fn fate(tolerations: &[Toleration], taints: &[Taint]) -> Fate {
    let mut fate = Fate::Stays;
    for taint in taints.iter().filter(|taint| taint.effect == "NoExecute") {
        let Some(toleration) = tolerations.iter().find(|toleration| selector::tolerates_taint(toleration, taint))
        else {
            return Fate::AtOnce;
        };
        fate = match (toleration.toleration_seconds, fate) {
            (None, fate) => fate,
            (Some(seconds), _) if seconds <= 0 => return Fate::AtOnce,
            (Some(seconds), Fate::After(earlier)) => Fate::After(seconds.min(earlier)),
            (Some(seconds), _) => Fate::After(seconds),
        };
    }
    fate
}

fn static_fate(pod: &Template, class: &NodeClass) -> Fate {
    fate(pod.tolerations(), class.taints())
}

/// The fate on a node that is down.
fn fate_when_down(pod: &Template) -> Fate {
    let taint = |key: &str| Taint { key: key.to_owned(), effect: "NoExecute".to_owned(), ..Taint::default() };
    let taints = [taint("node.kubernetes.io/unreachable"), taint("node.kubernetes.io/not-ready")];
    let says = |taint: &Taint| pod.tolerations().iter().any(|toleration| selector::tolerates_taint(toleration, taint));
    let fates = taints.iter().map(|taint| match says(taint) {
        true => fate(pod.tolerations(), std::slice::from_ref(taint)),
        false => Fate::After(DEFAULT_TOLERATION_SECONDS),
    });
    fates.fold(Fate::Stays, |known, fate| if known == Fate::Stays { fate } else { known })
}

/// Evicts from all nodes on which `when` holds.
fn evict_all<'c>(
    cluster: &Cluster<'c>,
    template: TemplateId,
    kind: ActionKind,
    when: impl Fn(&Cell<'c>) -> Bool<'c>,
    why: String,
) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let count = |cell: &Cell<'c>| when(cell).ite(cluster.active_on(cell, template), 0);
    let evicted = cluster.sum(&state, count);
    if evicted.constant() == Some(0) {
        return;
    }
    let mut next = state.clone();
    cluster.cells.rewrite_all(ctx, &mut next, |cell| {
        let here: Int<'c> = count(cell);
        cluster.without(cell, |other| if other == template { here } else { ctx.int(0) })
    });
    cluster.forget_ages(&mut next);
    let name = cluster.templates[template.0].name.clone();
    let some = evicted.ge(1);
    let draft = ActionDraft {
        name: format!("taint eviction of {name}"),
        kind,
        guard: some,
        inputs: Vec::new(),
        choice: ctx.bool(true),
        next,
        marks: cluster.eviction_marks(|other| if other == template { some } else { ctx.bool(false) }),
    };
    let evicted = evicted.id();
    let tell = move |scene: &Scene<'_>| {
        let text = format!("evicts {} pod(s) of {name} from {}", scene.get(evicted), scene.moved_names());
        Sentence::new("taint eviction", text).because(why.clone())
    };
    cluster.act(draft, Box::new(tell));
}

fn add_immediate(cluster: &Cluster<'_>, template: TemplateId) {
    let pod = &cluster.templates[template.0];
    let down = fate_when_down(pod) == Fate::AtOnce;
    let taints: Vec<String> = cluster
        .classes
        .iter()
        .filter(|class| static_fate(pod, class) == Fate::AtOnce)
        .flat_map(|class| class.taints().iter().filter(|taint| taint.effect == "NoExecute"))
        .map(|taint| format!("{}={}:NoExecute", taint.key, taint.value.as_deref().unwrap_or_default()))
        .collect();
    let shown = taints.first().cloned().unwrap_or_else(|| "node.kubernetes.io/not-ready:NoExecute".to_owned());
    let why = format!("they do not tolerate the taint {shown}");
    evict_all(
        cluster,
        template,
        ActionKind::Event { rank: ranks::TAINT_EVICTION },
        |cell| {
            let fixed = static_fate(pod, &cluster.classes[cell.class]) == Fate::AtOnce;
            if fixed {
                cluster.ctx().bool(true)
            } else if down {
                cluster.is_down(cell)
            } else {
                cluster.ctx().bool(false)
            }
        },
        why,
    );
}

/// One node's pods of one template are evicted when their tolerated time is over.
fn add_delayed(cluster: &Cluster<'_>, template: TemplateId) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let pod = &cluster.templates[template.0];
    let cells = cluster.cells(&state);
    let when_down = fate_when_down(pod);
    let due: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| {
            let fixed = matches!(static_fate(pod, &cluster.classes[cell.class]), Fate::After(_));
            let tainted = if matches!(when_down, Fate::After(_)) { cluster.is_down(cell) } else { ctx.bool(false) };
            cell.exists & (tainted | ctx.bool(fixed)) & cluster.active_on(cell, template).ge(1)
        })
        .collect();
    let some = ctx.any(due.iter().copied());
    if some.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &due);
    let mut next = state.clone();
    cluster.cells.rewrite_one(ctx, &mut next, &chosen, |cell| {
        let here = cluster.active_on(cell, template);
        cluster.without(cell, |other| if other == template { here } else { ctx.int(0) })
    });
    cluster.forget_ages(&mut next);
    let evicted =
        ctx.sum(chosen.iter().zip(&cells).map(|(chosen, cell)| chosen.ite(cluster.active_on(cell, template), 0))).id();
    let name = pod.name.clone();
    let draft = ActionDraft {
        name: format!("taint eviction of {name} after its toleration"),
        kind: ActionKind::Periodic,
        guard: some,
        inputs: vec![var],
        choice: valid,
        next,
        marks: cluster.eviction_marks(|other| ctx.bool(other == template)),
    };
    let seconds = match when_down {
        Fate::After(seconds) => seconds,
        _ => cluster
            .classes
            .iter()
            .find_map(|class| match static_fate(pod, class) {
                Fate::After(seconds) => Some(seconds),
                _ => None,
            })
            .unwrap_or(DEFAULT_TOLERATION_SECONDS),
    };
    let tell = move |scene: &Scene<'_>| {
        let text = format!("evicts {} pod(s) of {name} from {}", scene.get(evicted), scene.moved_names());
        Sentence::new("taint eviction", text)
            .because(format!("more than {seconds} s after the NoExecute taint (tolerationSeconds)"))
    };
    cluster.act(draft, Box::new(tell));
}
