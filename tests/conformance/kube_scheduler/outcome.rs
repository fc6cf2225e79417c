//! What a scheduling cycle comes to, read from its terms in one state and written as the recordings write it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::encodings::kube_scheduler::{Column, Cycle, Reason, Refusal, Stage};
use crate::term::{Bool, Int, TermId};

/// The terms of a cycle, by cell.
pub struct Outcome {
    feasible: Vec<TermId>,
    best: Vec<TermId>,
    refusals: Vec<Vec<RefusalIds>>,
    nominated_node_used: TermId,
    scored: TermId,
    columns: Vec<ColumnIds>,
    totals: Vec<TermId>,
}

struct RefusalIds {
    refuses: TermId,
    resolvable: TermId,
    plugin: &'static str,
    stage: Stage,
    reasons: Vec<(TermId, String)>,
}

struct ColumnIds {
    plugin: &'static str,
    skipped: TermId,
    raw: Vec<TermId>,
    normalized: Vec<TermId>,
    weighted: Vec<TermId>,
}

/// Values of terms in one state.
pub struct Values<'a> {
    known: HashMap<TermId, i64>,
    outcome: &'a Outcome,
    /// Name and cell of every node.
    nodes: &'a [(String, usize)],
}

impl Outcome {
    /// The terms of a cycle and its scores.
    pub fn new<'c>(cycle: &Cycle<'c>, columns: &[Column<'c>], totals: &[Int<'c>]) -> Self {
        let verdicts = cycle.verdicts.iter();
        Outcome {
            feasible: ids(&cycle.feasible),
            best: ids(&cycle.best),
            refusals: verdicts.map(|verdict| verdict.refusals.iter().map(RefusalIds::new).collect()).collect(),
            nominated_node_used: cycle.nominated_node_used.id(),
            scored: cycle.scored.id(),
            columns: columns.iter().map(|column| ColumnIds::new(column, cycle.feasible.len())).collect(),
            totals: totals.iter().map(|total| total.id()).collect(),
        }
    }

    /// Reads everything in one state.
    pub fn read<'a>(&'a self, nodes: &'a [(String, usize)], values: impl FnOnce(&[TermId]) -> Vec<i64>) -> Values<'a> {
        let mut terms: Vec<TermId> =
            [&self.feasible, &self.best, &self.totals].into_iter().flatten().copied().collect();
        terms.extend([self.nominated_node_used, self.scored]);
        for refusal in self.refusals.iter().flatten() {
            terms.extend([refusal.refuses, refusal.resolvable]);
            terms.extend(refusal.reasons.iter().map(|(applies, _)| *applies));
        }
        for column in &self.columns {
            terms.push(column.skipped);
            terms.extend([&column.raw, &column.normalized, &column.weighted].into_iter().flatten());
        }
        let known = terms.iter().copied().zip(values(&terms)).collect();
        Values { known, outcome: self, nodes }
    }
}

impl RefusalIds {
    fn new(refusal: &Refusal<'_>) -> Self {
        let reason = |reason: &Reason<'_>| (reason.applies.id(), reason.message.clone());
        RefusalIds {
            refuses: refusal.refuses.id(),
            resolvable: refusal.resolvable.id(),
            plugin: refusal.rule.name(),
            stage: refusal.stage,
            reasons: refusal.reasons.iter().map(reason).collect(),
        }
    }
}

impl ColumnIds {
    fn new(column: &Column<'_>, cells: usize) -> Self {
        let numbers = |terms: &[Int<'_>]| terms.iter().map(|term| term.id()).collect();
        ColumnIds {
            plugin: column.rule.name(),
            skipped: column.skipped.id(),
            raw: numbers(&column.raw),
            normalized: numbers(&column.normalized),
            weighted: (0..cells).map(|cell| column.weighted(cell).id()).collect(),
        }
    }
}

fn ids(terms: &[Bool<'_>]) -> Vec<TermId> {
    terms.iter().map(|term| term.id()).collect()
}

impl Values<'_> {
    fn get(&self, term: TermId) -> i64 {
        self.known.get(&term).copied().unwrap_or_default()
    }

    fn holds(&self, term: TermId) -> bool {
        self.get(term) != 0
    }

    /// The nodes whose cells satisfy a condition, sorted.
    pub fn nodes_where(&self, holds: impl Fn(usize) -> bool) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.nodes.iter().filter(|(_, cell)| holds(*cell)).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The feasible nodes.
    pub fn feasible(&self) -> Vec<&str> {
        self.nodes_where(|cell| self.holds(self.outcome.feasible[cell]))
    }

    /// The nodes of the highest score.
    pub fn best(&self) -> Vec<&str> {
        self.nodes_where(|cell| self.holds(self.outcome.best[cell]))
    }

    /// Whether scores were asked for and there are some.
    pub fn is_scored(&self) -> bool {
        self.holds(self.outcome.scored)
    }

    /// The cell of a node.
    pub fn cell_of(&self, node: &str) -> Option<usize> {
        self.nodes.iter().find(|(name, _)| name == node).map(|&(_, cell)| cell)
    }

    /// The total of a node.
    pub fn total(&self, node: &str) -> Option<i64> {
        self.cell_of(node).map(|cell| self.get(self.outcome.totals[cell]))
    }

    /// Why each node that is not feasible is refused.
    pub fn rejected(&self) -> Value {
        let mut rejected = Map::new();
        if !self.holds(self.outcome.nominated_node_used) {
            for (name, cell) in self.nodes {
                let first = self.outcome.refusals[*cell].iter().find(|refusal| self.holds(refusal.refuses));
                rejected.extend(first.map(|refusal| (name.clone(), self.refusal(refusal))));
            }
        }
        Value::Object(rejected)
    }

    fn refusal(&self, refusal: &RefusalIds) -> Value {
        let code = if self.holds(refusal.resolvable) { "Unschedulable" } else { "UnschedulableAndUnresolvable" };
        let reasons: Vec<&String> =
            refusal.reasons.iter().filter(|(applies, _)| self.holds(*applies)).map(|(_, message)| message).collect();
        let mut told = json!({"plugin": refusal.plugin, "code": code, "reasons": reasons});
        if refusal.stage == Stage::PreFilter {
            told["stage"] = "PreFilter".into();
        }
        told
    }

    /// Everything that is recorded of a single cycle.
    pub fn cycle(&self) -> Value {
        let feasible = self.feasible();
        let mut told = json!({"feasible": feasible, "rejected": self.rejected(), "scores": {}, "total": {}});
        told["best"] = json!(self.best());
        if self.is_scored() {
            let by_node = |value: &dyn Fn(usize) -> Value| {
                let scored = self.nodes.iter().filter(|(name, _)| feasible.contains(&name.as_str()));
                scored.map(|(name, cell)| (name.clone(), value(*cell))).collect::<Map<String, Value>>()
            };
            told["scores"] = by_node(&|cell| self.scores(cell)).into();
            told["total"] = by_node(&|cell| self.get(self.outcome.totals[cell]).into()).into();
        } else if feasible.len() == 1 {
            told["scoring_skipped"] = true.into();
        }
        if self.holds(self.outcome.nominated_node_used) {
            told["nominated_node_used"] = true.into();
        }
        told
    }

    fn scores(&self, cell: usize) -> Value {
        let taking_part = self.outcome.columns.iter().filter(|column| !self.holds(column.skipped));
        let score = |column: &ColumnIds| {
            let [raw, normalized, weighted] =
                [&column.raw, &column.normalized, &column.weighted].map(|terms| self.get(terms[cell]));
            (column.plugin.to_owned(), json!({"raw": raw, "normalized": normalized, "weighted": weighted}))
        };
        taking_part.map(score).collect::<Map<String, Value>>().into()
    }
}

/// Where two values differ, leaf by leaf.
pub fn differences(computed: &Value, recorded: &Value, at: &str) -> Vec<String> {
    match (computed, recorded) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let below = |key: &String| differences(&computed[key], &recorded[key], &format!("{at}.{key}"));
            keys.into_iter().flat_map(below).collect()
        }
        _ if computed == recorded => Vec::new(),
        _ => vec![format!("{at}: {computed}, recorded {recorded}")],
    }
}
