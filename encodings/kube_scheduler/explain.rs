//! Why a pod fits nowhere, as the scheduler's own event would say.

use std::collections::BTreeMap;

use itertools::Itertools;

use crate::cluster::view::Cluster;
use crate::cluster::view::story::Scene;
use crate::cluster::{Cell, TemplateId};
use crate::property::pods_schedulable;
use crate::term::TermId;

use super::{Cycle, Reason, Refusal};

/// What is asked of one cell: its multiplicity and, in order, who refuses it and for which reasons.
struct Line {
    multiplicity: TermId,
    refusals: Vec<(TermId, Vec<(TermId, String)>)>,
}

/// Adds the explanation of `pods-schedulable`.
pub fn add<'c>(cluster: &Cluster<'c>, scheduled: &[TemplateId], cells: &[Cell<'c>], cycles: &[Cycle<'c>]) {
    for (&id, cycle) in scheduled.iter().zip(cycles) {
        let line = |(cell, verdict): (&Cell<'c>, &super::Verdict<'c>)| Line {
            multiplicity: cell.multiplicity.id(),
            refusals: verdict.refusals.iter().map(|refusal| (refusal.refuses.id(), reasons(refusal))).collect(),
        };
        let lines: Vec<Line> = cells.iter().zip(&cycle.verdicts).map(line).collect();
        let name = cluster.templates[id.0].name.clone();
        let pending = cluster.pending[id.0].index();
        let tell = move |scene: &Scene<'_>| match scene.before[pending] {
            0 => Vec::new(),
            waiting => vec![format!("{waiting} pod(s) of {name} stay Pending: {}", message(scene, &lines))],
        };
        cluster.diagnose(pods_schedulable::DEFINITION.name, Box::new(tell));
    }
}

fn reasons(refusal: &Refusal<'_>) -> Vec<(TermId, String)> {
    let tell = |reason: &Reason<'_>| (reason.applies.id(), format!("{}{}", reason.message, reason.hint));
    refusal.reasons.iter().map(tell).collect()
}

/// `0/3 nodes are available: 2 …, 1 …`, counting each node under every reason of the first filter that refuses it.
fn message(scene: &Scene<'_>, lines: &[Line]) -> String {
    let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
    let mut all = 0;
    for line in lines {
        let nodes = scene.get(line.multiplicity);
        all += nodes;
        let first = line.refusals.iter().find(|(refused, _)| nodes > 0 && scene.holds(*refused));
        for (_, why) in first.into_iter().flat_map(|(_, why)| why).filter(|(applies, _)| scene.holds(*applies)) {
            *reasons.entry(why.as_str()).or_default() += nodes;
        }
    }
    let most_first = reasons.into_iter().sorted_by_key(|&(why, nodes)| (-nodes, why));
    let parts = most_first.map(|(why, nodes)| format!("{nodes} {why}"));
    format!("0/{all} nodes are available: {}", parts.format(", "))
}
