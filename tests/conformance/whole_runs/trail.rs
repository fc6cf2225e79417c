//! How the places of a stretch lead to each other, and the runs of the model that lead through them.
//!
//! A *stage* is what is between two observations. A place of a stage leads to others of the same stage by steps that nobody has
//! to see, and to the next one by an observation, with a step of the model or without: the model may have been ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::follow::{Move, Place};

/// From one place to another.
struct Edge {
    to: usize,
    /// The model's step, if it takes one.
    step: Option<Rc<Move>>,
    /// Whether something is observed.
    observed: bool,
}

/// The places of a stretch.
#[derive(Default)]
pub struct Trail {
    /// Places of the stage at hand.
    present: BTreeMap<Place, usize>,
    /// Places of the next one.
    next: BTreeMap<Place, usize>,
    /// Where it begins, with the states.
    roots: Vec<(usize, Vec<i64>)>,
    /// By place: where it leads.
    edges: Vec<Vec<Edge>>,
    ends: BTreeSet<usize>,
}

/// A step of a run of the model.
#[derive(Clone)]
pub struct Taken {
    /// What it is.
    pub step: Rc<Move>,
    /// How many observations there were before it.
    pub stage: usize,
    /// Whether the next one is of it.
    pub observed: bool,
}

/// A run of the model.
pub struct Run {
    /// The state that it begins in.
    pub initial: Vec<i64>,
    /// Its steps.
    pub steps: Vec<Taken>,
}

impl Trail {
    /// Begins at these places.
    pub fn begin(&mut self, places: &BTreeSet<Place>) {
        for place in places {
            let root = id(&mut self.present, &mut self.edges, place);
            self.roots.push((root, place.0.clone()));
        }
    }

    /// A step that nobody has to see.
    pub fn unseen(&mut self, from: &Place, to: &Place, step: &Rc<Move>) {
        let from = id(&mut self.present, &mut self.edges, from);
        let to = id(&mut self.present, &mut self.edges, to);
        if from != to {
            self.edges[from].push(Edge { to, step: Some(Rc::clone(step)), observed: false });
        }
    }

    /// Something is observed.
    pub fn observed(&mut self, from: &Place, to: &Place, step: Option<&Rc<Move>>) {
        let from = id(&mut self.present, &mut self.edges, from);
        let to = id(&mut self.next, &mut self.edges, to);
        self.edges[from].push(Edge { to, step: step.cloned(), observed: true });
    }

    /// The next stage begins.
    pub fn advance(&mut self) {
        self.present = std::mem::take(&mut self.next);
    }

    /// The stretch may end at a place.
    pub fn end(&mut self, place: &Place) {
        self.ends.extend(self.present.get(place));
    }

    /// By place: whether it leads to an end.
    fn leads(&self) -> Vec<bool> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.edges.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            edges.iter().for_each(|edge| before[edge.to].push(from));
        }
        let mut leads = vec![false; self.edges.len()];
        let mut open: Vec<usize> = self.ends.iter().copied().collect();
        while let Some(place) = open.pop() {
            if !std::mem::replace(&mut leads[place], true) {
                open.extend(&before[place]);
            }
        }
        leads
    }
}

/// The number of a place, a new one if it has none yet.
fn id(known: &mut BTreeMap<Place, usize>, edges: &mut Vec<Vec<Edge>>, place: &Place) -> usize {
    if let Some(&id) = known.get(place) {
        return id;
    }
    edges.push(Vec::new());
    known.insert(place.clone(), edges.len() - 1);
    edges.len() - 1
}

/// Runs that lead to an end, in an order in which what kubelets reported is noticed as soon as possible, and what nobody sees is
/// done as late as possible. None comes to the same place twice.
pub struct Runs<'t> {
    trail: &'t Trail,
    /// By place: what leads from it to an end, in the order of trying.
    edges: Vec<Vec<usize>>,
    /// Whether there was a run already.
    begun: bool,
    root: usize,
    /// Places, and the edges (by order of trying) that are taken from them.
    path: Vec<(usize, usize)>,
}

impl<'t> Runs<'t> {
    /// Of a trail.
    pub fn of(trail: &'t Trail) -> Self {
        let leads = trail.leads();
        let edges = trail.edges.iter().map(|edges| {
            let mut order: Vec<usize> = (0..edges.len()).filter(|&it| leads[edges[it].to]).collect();
            order.sort_by_key(|&it| edges[it].haste());
            order
        });
        Runs { trail, edges: edges.collect(), begun: false, root: 0, path: Vec::new() }
    }

    /// Leaves out all runs that begin like the last one, so many steps long.
    pub fn leave(&mut self, steps: usize) {
        let is_step = |it: &(usize, usize)| self.edge(*it).step.is_some();
        let mut positions =
            self.path.iter().enumerate().filter(|(_, it)| is_step(it)).map(|(position, _)| position + 1);
        let length = steps.checked_sub(1).and_then(|before| positions.nth(before)).unwrap_or(0);
        self.path.truncate(length);
    }

    /// Where the path leads to.
    fn place(&self) -> Option<usize> {
        match self.path.last() {
            Some(last) => Some(self.edge(*last).to),
            None => self.trail.roots.get(self.root).map(|(root, _)| *root),
        }
    }

    fn edge(&self, (place, order): (usize, usize)) -> &'t Edge {
        &self.trail.edges[place][self.edges[place][order]]
    }

    /// Goes on from a place, by the first edge from this one on that leads to a new place.
    fn take(&mut self, place: usize, from: usize) -> bool {
        let is_new = |to: usize| to != place && self.path.iter().all(|(known, _)| *known != to);
        let found = (from..self.edges[place].len()).find(|&order| is_new(self.edge((place, order)).to));
        self.path.extend(found.map(|order| (place, order)));
        found.is_some()
    }

    /// Takes another way at the last place that has one; at another root if there is none.
    fn turn(&mut self) -> bool {
        while let Some((place, order)) = self.path.pop() {
            if self.take(place, order + 1) {
                return true;
            }
        }
        self.root += 1;
        self.root < self.trail.roots.len()
    }

    fn run(&self) -> Run {
        let (mut stage, mut steps) = (0, Vec::new());
        for edge in self.path.iter().map(|it| self.edge(*it)) {
            let taken = |step: &Rc<Move>| Taken { step: Rc::clone(step), stage, observed: edge.observed };
            steps.extend(edge.step.as_ref().map(taken));
            stage += usize::from(edge.observed);
        }
        Run { initial: self.trail.roots[self.root].1.clone(), steps }
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        if std::mem::replace(&mut self.begun, true) && !self.turn() {
            return None;
        }
        loop {
            let place = self.place()?;
            if self.trail.ends.contains(&place) {
                return Some(self.run());
            }
            if !self.take(place, 0) && !self.turn() {
                return None;
            }
        }
    }
}

impl Edge {
    /// What is tried first.
    fn haste(&self) -> u8 {
        match &self.step {
            Some(step) if !self.observed && step.notices() => 0,
            _ if self.observed => 1,
            _ => 2,
        }
    }
}
