//! A naive search with the reference interpreter: the whole state graph, then shortest distances.

use std::collections::{HashMap, VecDeque};

use kubound::system::replay::Interpreter;
use kubound::system::{Checkpoint, Interleaving, MarkSet, PropertyKind, ReplayError, Step, System};

/// What is true of a system up to a bound.
#[derive(Debug)]
pub struct Expected {
    /// Whether there is an initial state.
    pub starts: bool,
    /// For every property the least k at which it is broken, if there is one within the bound.
    pub broken: Vec<Option<u32>>,
    /// The least k at which a variable leaves its range, if there is one within the bound.
    pub hazard: Option<u32>,
}

struct Edge {
    from: usize,
    to: usize,
    weight: u32,
    is_event: bool,
    marks: MarkSet,
}

struct Graph {
    states: Vec<Vec<i64>>,
    settled: Vec<bool>,
    edges: Vec<Edge>,
    /// States before a step that leaves a range, and the step's weight.
    hazards: Vec<(usize, u32)>,
    initial: Vec<usize>,
}

pub fn search(system: &System, bound: u32) -> Expected {
    let graph = explore(system);
    let from_start = graph.distances(&graph.initial, |_| true);
    let within = |k: Option<u32>| k.filter(|&k| k <= bound);
    let broken = system.properties.iter().map(|property| within(least(system, &graph, &from_start, &property.kind)));
    let hazards = graph.hazards.iter().filter_map(|&(state, weight)| Some(from_start[state]? + weight));
    Expected { starts: !graph.initial.is_empty(), broken: broken.collect(), hazard: within(hazards.min()) }
}

fn least(system: &System, graph: &Graph, from_start: &[Option<u32>], kind: &PropertyKind) -> Option<u32> {
    let interpreter = Interpreter::new(system);
    match *kind {
        PropertyKind::Invariant { holds, at } => (0..graph.states.len())
            .filter(|&state| at == Checkpoint::Every || graph.settled[state])
            .filter(|&state| !interpreter.holds(&graph.states[state], holds))
            .filter_map(|state| from_start[state])
            .min(),
        PropertyKind::NoLoop { any_of, none_of } => {
            graph.lasso(from_start, |edge| !edge.marks.meets(none_of), |edge| edge.marks.meets(any_of))
        }
        PropertyKind::Settles => graph.lasso(from_start, |edge| edge.is_event, |_| true),
    }
}

fn tuples(ranges: &[(i64, i64)]) -> Vec<Vec<i64>> {
    ranges.iter().fold(vec![Vec::new()], |tuples, &(lo, hi)| {
        let longer = |tuple: Vec<i64>| (lo..=hi).map(move |value| [tuple.clone(), vec![value]].concat());
        tuples.into_iter().flat_map(longer).collect()
    })
}

fn explore(system: &System) -> Graph {
    let interpreter = Interpreter::new(system);
    let ranges: Vec<(i64, i64)> =
        system.state.iter().map(|v| v.initial.map_or((v.range.lo, v.range.hi), |initial| (initial, initial))).collect();
    let starts = tuples(&ranges).into_iter().filter(|s| system.init.iter().all(|&c| interpreter.holds(s, c)));
    let mut graph =
        Graph { states: starts.collect(), settled: vec![], edges: vec![], hazards: vec![], initial: vec![] };
    graph.initial = (0..graph.states.len()).collect();
    let mut index: HashMap<Vec<i64>, usize> = graph.states.iter().cloned().zip(0..).collect();
    let mut from = 0;
    while from < graph.states.len() {
        let state = graph.states[from].clone();
        let candidates = interpreter.candidates(&state);
        graph.settled.push(candidates.settled);
        for id in candidates.actions {
            let action = system.action(id);
            let is_event = action.kind.is_event();
            let weight = (system.interleaving == Interleaving::Async || !is_event) as u32;
            let range = |var| system.arena.variable(var).sort.range();
            let ranges: Vec<(i64, i64)> = action.inputs.iter().map(|&v| (range(v).lo, range(v).hi)).collect();
            for inputs in tuples(&ranges) {
                match interpreter.fire(1, &state, action, &Step { action: id.0, inputs }) {
                    Ok((next, marks)) => {
                        let to = *index.entry(next.clone()).or_insert_with(|| {
                            graph.states.push(next);
                            graph.states.len() - 1
                        });
                        graph.edges.push(Edge { from, to, weight, is_event, marks });
                    }
                    Err(ReplayError::Range { .. }) => graph.hazards.push((from, weight)),
                    Err(_) => {}
                }
            }
        }
        from += 1;
    }
    graph
}

impl Graph {
    fn distances(&self, starts: &[usize], allowed: impl Fn(&Edge) -> bool) -> Vec<Option<u32>> {
        let mut distance = vec![None; self.states.len()];
        let mut queue: VecDeque<(usize, u32)> = starts.iter().map(|&state| (state, 0)).collect();
        while let Some((state, length)) = queue.pop_front() {
            if distance[state].is_some_and(|known| known <= length) {
                continue;
            }
            distance[state] = Some(length);
            for edge in self.edges.iter().filter(|edge| edge.from == state && allowed(edge)) {
                match edge.weight {
                    0 => queue.push_front((edge.to, length)),
                    weight => queue.push_back((edge.to, length + weight)),
                }
            }
        }
        distance
    }

    /// The least length of a stem and a closed walk over allowed edges with one that matters.
    fn lasso(
        &self,
        from_start: &[Option<u32>],
        allowed: impl Fn(&Edge) -> bool,
        matters: impl Fn(&Edge) -> bool,
    ) -> Option<u32> {
        let walks: Vec<Vec<Option<u32>>> =
            (0..self.states.len()).map(|state| self.distances(&[state], &allowed)).collect();
        let through = |edge: &Edge| {
            let around = |state: usize| {
                Some(from_start[state]? + walks[state][edge.from]? + edge.weight + walks[edge.to][state]?)
            };
            (0..self.states.len()).filter_map(around).min()
        };
        self.edges.iter().filter(|edge| allowed(edge) && matters(edge)).filter_map(through).min()
    }
}
