//! ScheduleAnyway constraints: `scoring.go`.
//!
//! Part of the rule `scheduler/PodTopologySpread`.

use std::collections::BTreeMap;

use crate::cluster::arithmetic::spread_score::{self, SpreadTerm};
use crate::cluster::counting::classes::HOSTNAME;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Int};

use super::Constraint;

/// Fixed-point unit of raw scores where an exact table would be too large.
const UNIT: i64 = 1 << 20;
/// Largest exact table of raw scores, in entries.
const LARGEST_TABLE: u64 = 1 << 16;

/// Scores by cell.
pub struct SoftScores<'c> {
    /// As Score gives them.
    pub raw: Vec<Int<'c>>,
    /// After NormalizeScore: 0 to 100.
    pub normalized: Vec<Int<'c>>,
}

/// Scores of every cell, or `None` if no soft constraint applies to the template.
pub fn soft_scores<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Option<SoftScores<'c>> {
    let constraints = super::applying(cluster, template, "ScheduleAnyway");
    if constraints.is_empty() {
        return None;
    }
    let ctx = cluster.ctx();
    // The system's constraints still score nodes that lack some of the keys.
    let keys_needed = super::lists_any(cluster, template) || !cluster.profile(template).system_default_spreading;
    let eligible = match keys_needed {
        true => super::has_all_keys(cluster, &constraints),
        false => vec![true; cluster.classes().len()],
    };
    let scored =
        |(cell, &feasible): (&Cell<'c>, &Bool<'c>)| if eligible[cell.class] { feasible } else { ctx.bool(false) };
    let scored: Vec<Bool<'c>> = cells.iter().zip(feasible).map(scored).collect();
    let columns: Vec<Column<'c>> = constraints
        .iter()
        .map(|constraint| {
            let included = |class: usize| eligible[class] && constraint.includes(cluster, template, class);
            column(cluster, cells, (template, constraint), &scored, &included)
        })
        .collect();
    let raw = raw_scores(cluster, &columns, cells.len());
    let normalized = normalized(cluster, &scored, &raw);
    let raw = scored.iter().zip(&raw).map(|(scored, &raw)| scored.ite(raw, 0)).collect();
    Some(SoftScores { raw, normalized })
}

fn normalized<'c>(cluster: &Cluster<'c>, scored: &[Bool<'c>], raw: &[Int<'c>]) -> Vec<Int<'c>> {
    let ctx = cluster.ctx();
    let highest = ctx.max(scored.iter().zip(raw).map(|(&scored, &raw)| scored.ite(raw, 0)), 0);
    let above = highest.range().hi;
    let lowest = ctx.min(scored.iter().zip(raw).map(|(&scored, &raw)| scored.ite(raw, above)), 0);
    let normalise = |(&scored, &raw): (&Bool<'c>, &Int<'c>)| {
        let share = ((highest + lowest - raw).max(0) * ctx.int(100)).div(highest.max(1)).min(100);
        scored.ite(highest.eq(0).ite(100, share), 0)
    };
    scored.iter().zip(raw).map(normalise).collect()
}

/// One constraint as the cells see it.
struct Column<'c> {
    max_skew: i64,
    domains: Int<'c>,
    /// Matching pods in each cell's domain; `None` where the cell has no domain and the constraint adds nothing.
    counts: Vec<Option<Int<'c>>>,
}

fn column<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    (template, constraint): (TemplateId, &Constraint),
    scored: &[Bool<'c>],
    included: &dyn Fn(usize) -> bool,
) -> Column<'c> {
    let ctx = cluster.ctx();
    let by_node = constraint.key == HOSTNAME;
    let by_domain = match by_node || constraint.singleton {
        true => BTreeMap::new(),
        false => {
            let counts = constraint.counts(cluster, cells, template, included);
            constraint.by_domain(cluster, cells, &counts)
        }
    };
    let count = |cell: &Cell<'c>| {
        let node = cluster.node(cell);
        if !node.has_label(&constraint.key) {
            return None;
        }
        if by_node || (constraint.singleton && included(cell.class)) {
            return Some(constraint.on_cell(cluster, cell));
        }
        // Nodes that are domains of their own but take no part in counting have no pods that count.
        let value = if constraint.singleton { None } else { node.label(&constraint.key) };
        Some(value.and_then(|value| by_domain.get(value).map(|it| it.pods)).unwrap_or_else(|| ctx.int(0)))
    };
    let domains = domains(cluster, cells, constraint, scored);
    Column { max_skew: constraint.max_skew, domains, counts: cells.iter().map(count).collect() }
}

/// Number of distinct values among the scored nodes, where nodes without the key share the empty one; of the hostname,
/// the number of these nodes.
fn domains<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], constraint: &Constraint, scored: &[Bool<'c>]) -> Int<'c> {
    let ctx = cluster.ctx();
    let keyed = cells.iter().all(|cell| cluster.node(cell).has_label(&constraint.key));
    if constraint.key == HOSTNAME || (constraint.singleton && keyed) {
        let nodes = ctx.sum(cells.iter().zip(scored).map(|(cell, scored)| scored.ite(cell.multiplicity, 0)));
        return cluster.at_most_nodes(nodes);
    }
    let mut alone: Vec<Int<'c>> = Vec::new();
    let mut shared: BTreeMap<&str, Vec<Bool<'c>>> = BTreeMap::new();
    for (cell, &scored) in cells.iter().zip(scored) {
        let node = cluster.node(cell);
        if constraint.singleton && node.has_label(&constraint.key) {
            alone.push(scored.ite(cell.multiplicity, 0));
        } else {
            let value = if constraint.singleton { None } else { node.label(&constraint.key) };
            shared.entry(value.unwrap_or_default()).or_default().push(scored);
        }
    }
    let shared = shared.into_values().map(|scored| ctx.any(scored).to_int());
    ctx.sum(alone.into_iter().chain(shared))
}

/// What each constraint that adds something to a cell's score reads there: its `maxSkew`, matching pods, domains.
type Reads<'c> = Vec<(i64, Int<'c>, Int<'c>)>;

/// Raw scores of all cells: exact where the table stays small, else [`in_fixed_point`].
fn raw_scores<'c>(cluster: &Cluster<'c>, columns: &[Column<'c>], cells: usize) -> Vec<Int<'c>> {
    let reads = |cell: usize| -> Reads<'c> {
        columns.iter().filter_map(|column| Some((column.max_skew, column.counts[cell]?, column.domains))).collect()
    };
    let mut scores = vec![cluster.ctx().int(0); cells];
    let mut by_skews: BTreeMap<Vec<i64>, Vec<(usize, Vec<Int<'c>>)>> = BTreeMap::new();
    for (cell, score) in scores.iter_mut().enumerate() {
        let reads = reads(cell);
        let indices: Vec<Int<'c>> = reads.iter().flat_map(|&(_, count, domains)| [count, domains]).collect();
        let size = indices.iter().fold(1u64, |size, index| size.saturating_mul(index.range().size()));
        if size > LARGEST_TABLE {
            cluster.differs_by_size("scores of soft spread constraints are rounded where there are many nodes");
            *score = in_fixed_point(cluster, &reads);
        } else {
            by_skews.entry(reads.iter().map(|&(skew, ..)| skew).collect()).or_default().push((cell, indices));
        }
    }
    // Logarithms are most of what a table costs.
    let most = columns.iter().map(|column| column.domains.range().hi.clamp(0, LARGEST_TABLE as i64)).max().unwrap_or(0);
    let weights: Vec<f64> = (0..=most).map(spread_score::domain_weight).collect();
    for (skews, tabulated) in by_skews {
        let (places, indices): (Vec<usize>, Vec<Vec<Int<'c>>>) = tabulated.into_iter().unzip();
        let tables = cluster.ctx().tables(&indices, |values| exact_score(&skews, values, &weights));
        places.into_iter().zip(tables).for_each(|(cell, score)| scores[cell] = score);
    }
    scores
}

/// The score of a node that reads counts and domains in turn; weights are by domains.
fn exact_score(skews: &[i64], values: &[i64], weights: &[f64]) -> i64 {
    let terms = values.chunks(2).zip(skews);
    let term = |(pair, &max_skew): (&[i64], &i64)| SpreadTerm { count: pair[0], domains: pair[1], max_skew };
    spread_score::raw_score(terms.map(term), |domains| weights[domains as usize])
}

/// A sum of fixed-point weights, each off by at most half a unit of 2⁻²⁰, which matters only within that distance of a
/// rounding boundary.
fn in_fixed_point<'c>(cluster: &Cluster<'c>, reads: &Reads<'c>) -> Int<'c> {
    let ctx = cluster.ctx();
    let weighted = reads.iter().map(|&(max_skew, count, domains)| {
        let weight = domains.map(|domains| (spread_score::domain_weight(domains) * UNIT as f64).round() as i64);
        count * weight + ctx.int((max_skew - 1) * UNIT)
    });
    (ctx.sum(weighted) + UNIT / 2).div(UNIT)
}
