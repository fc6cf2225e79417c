//! Shortest lassos: a shortest way to a node, and a shortest cycle through it that meets a goal.
//!
//! Reference: Gastin, Moro and Zeitoun, "Minimization of counterexamples in SPIN", SPIN 2004.

use std::ops::RangeInclusive;

use rustc_hash::FxHashMap;

use super::graph::{Cycles, Edge};
use super::pulse::{Halt, Pulse};

/// A lasso whose loop starts and ends at `entry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lasso {
    /// The node where the loop begins.
    pub entry: u32,
    /// The loop: sources and their edges.
    pub edges: Vec<(u32, Edge)>,
    /// Length of stem and loop, in edges that count.
    pub total: u32,
}

/// A shortest lasso whose length lies in `lengths`, where none is known to be shorter than that, and `depth` is
/// the length of a shortest way to a node and grows with the node's number.
///
/// The loop of a shortest lasso has no node of smaller depth than its entry (from there it would be shorter), so that
/// each search keeps to nodes that are as deep as its entry.
pub(super) fn shortest(
    cycles: &Cycles<'_>,
    nodes: u32,
    depth: &dyn Fn(u32) -> u32,
    lengths: RangeInclusive<u32>,
    pulse: &mut Pulse<'_>,
) -> Result<Option<Lasso>, Halt> {
    let mut best: Option<Lasso> = None;
    if !cycles.any() {
        return Ok(best);
    }
    for entry in (0..nodes).filter(|&node| cycles.is_good(node)) {
        let stem = depth(entry);
        let limit = best.as_ref().map_or(Some(*lengths.end()), |lasso| lasso.total.checked_sub(1));
        let Some(limit) = limit.filter(|&limit| stem <= limit && limit >= *lengths.start()) else { break };
        let mut search = Search { cycles, depth, entry, stem, reached: FxHashMap::default() };
        if let Some((edges, length)) = search.run(limit - stem, pulse)? {
            best = Some(Lasso { entry, edges, total: stem + length });
        }
    }
    Ok(best)
}

/// A node and whether a wanted edge was on the way.
type Point = (u32, bool);

struct Search<'c> {
    cycles: &'c Cycles<'c>,
    depth: &'c dyn Fn(u32) -> u32,
    entry: u32,
    stem: u32,
    /// How each point was reached first.
    reached: FxHashMap<Point, (Point, Edge)>,
}

/// A cycle: sources and their edges.
type Path = Vec<(u32, Edge)>;

impl Search<'_> {
    /// The shortest cycle that is at most so long, and how long it is. Edges that do not count are followed before those that do.
    fn run(&mut self, longest: u32, pulse: &mut Pulse<'_>) -> Result<Option<(Path, u32)>, Halt> {
        let mut layer = vec![(self.entry, false)];
        for length in 0..=longest {
            let mut position = 0;
            while let Some(&from) = layer.get(position) {
                pulse.tick()?;
                self.extend(from, false, &mut layer);
                position += 1;
            }
            if self.reached.contains_key(&(self.entry, true)) {
                return Ok(Some((self.path(), length)));
            }
            if length == longest {
                break;
            }
            let mut next = Vec::new();
            for from in layer {
                pulse.tick()?;
                self.extend(from, true, &mut next);
            }
            layer = next;
        }
        Ok(None)
    }

    /// Follows the edges of a point that count, or the others.
    fn extend(&mut self, from: Point, counting: bool, layer: &mut Vec<Point>) {
        for &edge in self.cycles.graph.edges(from.0) {
            let is_inner = self.cycles.counts(edge) == counting && self.cycles.is_inner(from.0, edge);
            if !is_inner || (self.depth)(edge.to) < self.stem {
                continue;
            }
            let to = (edge.to, from.1 || self.cycles.wants(edge));
            if to != (self.entry, false) && !self.reached.contains_key(&to) {
                self.reached.insert(to, (from, edge));
                layer.push(to);
            }
        }
    }

    fn path(&self) -> Path {
        let mut edges = Vec::new();
        let mut point = (self.entry, true);
        while let Some(&(from, edge)) = self.reached.get(&point) {
            edges.push((from.0, edge));
            point = from;
        }
        edges.reverse();
        edges
    }
}
