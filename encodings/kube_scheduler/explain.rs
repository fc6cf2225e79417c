//! Why a pod fits nowhere, as the scheduler's own event would say.
//!
//! Part of the rule `scheduler/binding`.

use std::collections::BTreeMap;
use std::sync::Arc;

use itertools::Itertools;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, distinct};
use crate::cluster::view::story::{Line, Scene};
use crate::cluster::{Cell, TemplateId};
use crate::property;
use crate::term::TermId;

use super::filters::Verdict;
use super::refusal::{Reason, Refusal};
use super::{Cycle, RULE};

/// What is asked of one cell: its multiplicity and, in order, who may refuse it.
pub struct Asked {
    multiplicity: TermId,
    refusals: Vec<AskedRefusal>,
}

struct AskedRefusal {
    rule: &'static Rule,
    refuses: TermId,
    reasons: Vec<(TermId, String)>,
}

/// What is asked of each cell about pods of one template.
pub fn asked<'c>(cluster: &Cluster<'c>, template: TemplateId, cells: &[Cell<'c>], cycle: &Cycle<'c>) -> Arc<[Asked]> {
    // Pods of a DaemonSet ask their own nodes only.
    let is_daemon = cluster.is_daemon(template);
    let asks = |cell: &Cell<'c>| cluster.waiting_on(cell, template).ge(1);
    let number = |cell: &Cell<'c>| if is_daemon { asks(cell).ite(cell.multiplicity, 0) } else { cell.multiplicity };
    let of_cell = |(cell, verdict): (&Cell<'c>, &Verdict<'c>)| Asked {
        multiplicity: number(cell).id(),
        refusals: verdict.refusals.iter().map(of_refusal).collect(),
    };
    cells.iter().zip(&cycle.verdicts).map(of_cell).collect()
}

fn of_refusal(refusal: &Refusal<'_>) -> AskedRefusal {
    let tell = |reason: &Reason<'_>| (reason.applies.id(), format!("{}{}", reason.message, reason.hint));
    let reasons = refusal.reasons.iter().map(tell).collect();
    AskedRefusal { rule: refusal.rule, refuses: refusal.refuses.id(), reasons }
}

/// Cells with nodes that some filter refuses: how many nodes, and the first filter that does.
fn refused<'a>(scene: &Scene<'_>, asked: &'a [Asked]) -> Vec<(i64, &'a AskedRefusal)> {
    let first = |cell: &'a Asked| {
        let nodes = scene.get(cell.multiplicity);
        let first = cell.refusals.iter().find(|refusal| nodes > 0 && scene.holds(refusal.refuses))?;
        Some((nodes, first))
    };
    asked.iter().filter_map(first).collect()
}

/// The rules by which nodes are refused.
pub fn refusing(scene: &Scene<'_>, asked: &[Asked]) -> Vec<&'static Rule> {
    distinct(refused(scene, asked).into_iter().map(|(_, refusal)| refusal.rule))
}

/// Adds an explanation of properties that are about pods without a node.
fn diagnose_waiting(cluster: &Cluster<'_>, tell: impl Fn(&Scene<'_>) -> Vec<Line> + Clone + Send + Sync + 'static) {
    property::those(|about| about.waiting).for_each(|name| cluster.diagnose(name, Box::new(tell.clone())));
}

/// Adds the explanation of pods that stay without a node, from what is asked about each template.
pub fn add(cluster: &Cluster<'_>, scheduled: &[TemplateId], asked: &[Arc<[Asked]>]) {
    for (&id, asked) in scheduled.iter().zip(asked) {
        let (name, asked) = (cluster.templates[id.0].name.clone(), Arc::clone(asked));
        let (pending, is_daemon) = (cluster.waiting(&cluster.state(), id).id(), cluster.is_daemon(id));
        let tell = move |scene: &Scene<'_>| match scene.get(pending) {
            0 => Vec::new(),
            waiting => {
                let whose = if is_daemon { ", each for a node of its own" } else { "" };
                let text = format!("{waiting} pod(s) of {name} stay Pending{whose}: {}", message(scene, &asked));
                vec![Line { text, rules: refusing(scene, &asked) }]
            }
        };
        diagnose_waiting(cluster, tell);
    }
}

/// Adds the explanation of templates that no scheduler takes.
pub fn add_left(cluster: &Cluster<'_>, left: &[TemplateId]) {
    for &id in left {
        let template = &cluster.templates[id.0];
        let scheduler = template.spec.scheduler_name.clone().unwrap_or_default();
        let (name, pending) = (template.name.clone(), cluster.pending[id.0].index());
        let tell = move |scene: &Scene<'_>| match scene.before[pending] {
            0 => Vec::new(),
            waiting => {
                let text = format!("{waiting} pod(s) of {name} stay Pending: there is no scheduler `{scheduler}`");
                vec![Line { text, rules: vec![&RULE] }]
            }
        };
        diagnose_waiting(cluster, tell);
    }
}

/// `0/3 nodes are available: 2 …, 1 …`, counting each node under every reason of the first filter that refuses it.
fn message(scene: &Scene<'_>, asked: &[Asked]) -> String {
    let all: i64 = asked.iter().map(|cell| scene.get(cell.multiplicity)).sum();
    let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
    for (nodes, refusal) in refused(scene, asked) {
        for (_, why) in refusal.reasons.iter().filter(|(applies, _)| scene.holds(*applies)) {
            *reasons.entry(why.as_str()).or_default() += nodes;
        }
    }
    let most_first = reasons.into_iter().sorted_by_key(|&(why, nodes)| (-nodes, why));
    let parts = most_first.map(|(why, nodes)| format!("{nodes} {why}"));
    format!("0/{all} nodes are available: {}", parts.format(", "))
}
