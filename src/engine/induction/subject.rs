//! What invariants are to speak of: of all terms over the state, those that decide what may happen.
//!
//! Comparisons in guards, marks and properties show which quantities belong together. Those of few variables say most:
//! a variable that stands for one of many places is compared with others of its kind only, all at once.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::system::{PropertyId, PropertyKind, System};
use crate::term::{Arena, Node, Sort, TermId};

/// Quantities, at most.
const QUANTITIES: usize = 48;
/// Of them those that are no variables.
const COMPOUND: usize = 16;
/// Operators of a term that is one of them.
const LARGEST: usize = 160;
/// How telling a difference is.
const DIFFERENCE: usize = 8;
/// Conditions, at most.
const CONDITIONS: usize = 16;
/// Variables of a comparison that says something about each of them.
const FEW: usize = 6;

/// What invariants are to speak of, the most telling first.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Integer terms over the state.
    pub quantities: Vec<TermId>,
    /// Boolean state variables.
    pub conditions: Vec<TermId>,
    /// Both sides of comparisons of quantities, where neither is a constant.
    pub comparisons: Vec<(TermId, TermId)>,
}

/// The subject of what keeps these properties. How far two sides of a comparison are apart becomes a term of the system.
pub fn subject(system: &mut System, properties: &[PropertyId]) -> Subject {
    let Weights { mut weights, comparisons } = weigh(system, properties);
    for &(a, b) in &comparisons {
        let apart = system.arena.sub(a, b);
        if !is_leaf(&system.arena, apart) && is_simple(&system.arena, apart) {
            weights.insert(apart, DIFFERENCE);
        }
    }
    Subject { quantities: quantities(system, &weights), conditions: conditions(system), comparisons }
}

/// How telling terms are.
struct Weights {
    weights: FxHashMap<TermId, usize>,
    /// Both sides of comparisons of few variables, where neither is a constant.
    comparisons: Vec<(TermId, TermId)>,
}

fn weigh(system: &System, properties: &[PropertyId]) -> Weights {
    let roots = roots(system, properties);
    let supports = Supports::of(system, &roots);
    let mut weights: FxHashMap<TermId, usize> = FxHashMap::default();
    let mut comparisons = Vec::new();
    for (a, b) in supports.comparisons(system) {
        let (size, is_open) = supports.size_of_both(a, b);
        if is_open {
            continue;
        }
        for side in [a, b].into_iter().filter(|&side| !is_leaf(&system.arena, side) && is_simple(&system.arena, side)) {
            *weights.entry(side).or_default() += 3;
        }
        if size <= FEW {
            let inside = supports.variables(a).into_iter().chain(supports.variables(b));
            inside
                .for_each(|index| *weights.entry(own_term(system, index)).or_default() += if size > 1 { 2 } else { 1 });
            comparisons.push((a, b));
        }
    }
    // What properties say themselves comes first.
    for &id in properties {
        if let PropertyKind::Invariant { holds, .. } = system.property(id).kind {
            let own = supports.variables(holds);
            let few = own.len() <= FEW;
            own.into_iter()
                .filter(|_| few)
                .for_each(|index| *weights.entry(own_term(system, index)).or_default() += 1000);
        }
    }
    comparisons.retain(|&(a, b)| {
        [a, b].iter().all(|&side| system.arena.as_constant(side).is_none() && is_simple(&system.arena, side))
    });
    Weights { weights, comparisons }
}

fn own_term(system: &System, index: usize) -> TermId {
    system.arena.variable(system.state[index].var).term
}

fn is_leaf(arena: &Arena, term: TermId) -> bool {
    matches!(arena.node(term), Node::Var(_) | Node::Int(_) | Node::Bool(_))
}

/// Whether a term is sums, differences and extremes of variables only, and not many of them: of what is computed further, its
/// inputs say more, and solvers say little.
fn is_simple(arena: &Arena, term: TermId) -> bool {
    let mut left = LARGEST;
    let mut waiting = vec![term];
    while let Some(term) = waiting.pop() {
        let node = arena.node(term);
        let is_scaled = |a, b| arena.as_int(a).is_some() || arena.as_int(b).is_some();
        let fits = match node {
            Node::Var(_) | Node::Int(_) | Node::Add(..) | Node::Sub(..) | Node::Min(..) | Node::Max(..) => true,
            Node::Mul(a, b) => is_scaled(a, b),
            _ => false,
        };
        if !fits || left == 0 {
            return false;
        }
        left -= 1;
        waiting.extend(node.children());
    }
    true
}

fn quantities(system: &System, weights: &FxHashMap<TermId, usize>) -> Vec<TermId> {
    let weight = |term: &TermId| weights.get(term).copied().unwrap_or(0);
    let is_number = |term: &TermId| matches!(system.arena.sort(*term), Sort::Int(_));
    let own = (0..system.state.len()).map(|index| own_term(system, index));
    let mut simple: Vec<TermId> = own.filter(is_number).collect();
    // What is declared later tends to be about the whole, and comes first among equals.
    simple.reverse();
    simple.sort_by_key(|term| std::cmp::Reverse(weight(term)));
    let mut compound: Vec<TermId> =
        weights.keys().copied().filter(|&term| !is_leaf(&system.arena, term)).filter(is_number).collect();
    compound.sort_by_key(|term| (std::cmp::Reverse(weight(term)), *term));
    compound.truncate(COMPOUND);
    simple.truncate(QUANTITIES - compound.len());
    simple.extend(compound);
    simple.sort_by_key(|term| std::cmp::Reverse(weight(term)));
    simple
}

fn conditions(system: &System) -> Vec<TermId> {
    let own = (0..system.state.len()).map(|index| own_term(system, index));
    own.filter(|&term| system.arena.sort(term) == Sort::Bool).take(CONDITIONS).collect()
}

/// Guards, marks that matter, and what properties say.
fn roots(system: &System, properties: &[PropertyId]) -> Vec<TermId> {
    let mut roots: Vec<TermId> = system.actions.iter().map(|action| action.guard).collect();
    for &id in properties {
        match system.property(id).kind {
            PropertyKind::Invariant { holds, .. } => roots.push(holds),
            PropertyKind::NoLoop { any_of, .. } => {
                let marks = system.actions.iter().flat_map(|action| &action.marks);
                roots.extend(marks.filter(|(mark, _)| any_of.contains(*mark)).map(|&(_, when)| when));
            }
            PropertyKind::Settles => {}
        }
    }
    roots
}

/// Which state variables terms read.
struct Supports {
    /// Words of a term's set. Behind the variables comes a bit for inputs.
    words: usize,
    variables: usize,
    sets: Vec<u64>,
    reachable: FixedBitSet,
}

impl Supports {
    fn of(system: &System, roots: &[TermId]) -> Self {
        let arena = &system.arena;
        let variables = system.state.len();
        let words = (variables + 1).div_ceil(64);
        let mut supports = Supports {
            words,
            variables,
            sets: vec![0; arena.len() * words],
            reachable: FixedBitSet::with_capacity(arena.len()),
        };
        let mut position = vec![variables; arena.variables().len()];
        system.state.iter().enumerate().for_each(|(index, variable)| position[variable.var.index()] = index);
        let reachable = arena.reachable(roots.iter().copied());
        for index in (0..arena.len()).filter(|&index| reachable[index]) {
            supports.reachable.insert(index);
            match arena.node(TermId::from_index(index)) {
                Node::Var(var) => supports.insert(index, position[var.index()]),
                node => node.children().for_each(|child| supports.join(index, child.index())),
            }
        }
        supports
    }

    fn insert(&mut self, term: usize, bit: usize) {
        self.sets[term * self.words + bit / 64] |= 1 << (bit % 64);
    }

    fn join(&mut self, term: usize, child: usize) {
        for word in 0..self.words {
            self.sets[term * self.words + word] |= self.sets[child * self.words + word];
        }
    }

    /// State variables of a term.
    fn variables(&self, term: TermId) -> Vec<usize> {
        (0..self.variables)
            .filter(|bit| self.sets[term.index() * self.words + bit / 64] >> (bit % 64) & 1 == 1)
            .collect()
    }

    /// How many variables two terms read together, and whether an input is among them.
    fn size_of_both(&self, a: TermId, b: TermId) -> (usize, bool) {
        let word = |word: usize| self.sets[a.index() * self.words + word] | self.sets[b.index() * self.words + word];
        let size = (0..self.words).map(|at| word(at).count_ones() as usize).sum();
        (size, word(self.variables / 64) >> (self.variables % 64) & 1 == 1)
    }

    /// All comparisons that were reached: their two sides.
    fn comparisons(&self, system: &System) -> Vec<(TermId, TermId)> {
        let sides = |index: usize| match system.arena.node(TermId::from_index(index)) {
            Node::Le(a, b) | Node::Eq(a, b) => Some((a, b)),
            _ => None,
        };
        self.reachable.ones().filter_map(sides).collect()
    }
}
