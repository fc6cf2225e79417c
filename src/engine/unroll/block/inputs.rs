//! Fresh input variables, and which values of an action's inputs are worth telling apart.
//!
//! A run passes every layer of an unrolling once, so all branches of a layer share its inputs: states that depend on
//! the same choice in the same way are then the same terms, and meet.

use rustc_hash::FxHashMap;

use crate::system::model::Action;
use crate::term::{Arena, Node, Range, Sort, Substitution, TermId, VarId};

use crate::engine::unroll::block::reads::Reads;

/// Choices of at most that many values are examined one by one.
const EXAMINED: u64 = 512;
/// A concrete state is split into at most that many cases.
const CASES: usize = 64;

/// Values for the inputs of one action, and whether they are allowed.
pub(in crate::engine::unroll) struct Case {
    pub inputs: Vec<TermId>,
    pub choice: TermId,
}

/// Where fresh variables belong: the layer they are shared in and what their names say.
#[derive(Clone, Copy)]
pub(in crate::engine::unroll) struct Place {
    pub layer: u32,
    pub depth: u32,
    pub step: u32,
}

/// Variables made so far, by layer.
#[derive(Default)]
pub(in crate::engine::unroll) struct Inputs {
    fresh: FxHashMap<(u32, VarId, Range), TermId>,
    selectors: FxHashMap<(u32, usize), TermId>,
    merges: u32,
}

impl Inputs {
    /// The variable that stands for input `var` in a layer, with a range within the input's.
    fn input(&mut self, arena: &mut Arena, place: Place, var: VarId, range: Range) -> TermId {
        let sort = arena.variable(var).sort;
        if range.lo == range.hi {
            return arena.constant(sort, range.lo);
        }
        *self.fresh.entry((place.layer, var, range)).or_insert_with(|| {
            let name = format!("{}@{}.{}", arena.variable(var).name, place.depth, place.step);
            let sort = if sort == Sort::Bool { sort } else { Sort::Int(range) };
            let var = arena.new_variable(name, sort);
            arena.variable(var).term
        })
    }

    /// A free choice among `count` alternatives.
    pub fn selector(&mut self, arena: &mut Arena, place: Place, count: usize) -> TermId {
        *self.selectors.entry((place.layer, count)).or_insert_with(|| {
            let sort = Sort::Int(Range::new(0, count as i64 - 1));
            let var = arena.new_variable(format!("order@{}.{}", place.depth, place.step), sort);
            arena.variable(var).term
        })
    }

    /// A free choice between two branches that are merged.
    pub fn merge(&mut self, arena: &mut Arena) -> TermId {
        self.merges += 1;
        let var = arena.new_variable(format!("branch@{}", self.merges), Sort::Bool);
        arena.variable(var).term
    }

    /// The cases of an action whose state variables `frame` replaces. Together they cover every allowed choice.
    pub fn cases(
        &mut self,
        (arena, reads, frame): (&mut Arena, &Reads, &mut Substitution),
        place: Place,
        action: &Action,
        may_split: bool,
    ) -> Vec<Case> {
        let ranges: Vec<Range> = action.inputs.iter().map(|&var| arena.variable(var).sort.range()).collect();
        let size = ranges.iter().fold(1u64, |size, range| size.saturating_mul(range.size()));
        let ranges = if size <= EXAMINED && !ranges.is_empty() {
            let allowed = examine(arena, reads, frame, action, &ranges);
            if allowed.len() <= 1 || (may_split && allowed.len() <= CASES) {
                return allowed.into_iter().map(|(_, case)| case).collect();
            }
            hulls(&allowed)
        } else {
            bind(arena, reads, frame, action, None);
            let choice = frame.apply(arena, action.choice);
            action.inputs.iter().zip(&ranges).map(|(&var, &range)| narrowed(arena, choice, var, range)).collect()
        };
        let fresh = |(&var, range): (&VarId, &Range)| self.input(arena, place, var, *range);
        let inputs: Vec<TermId> = action.inputs.iter().zip(&ranges).map(fresh).collect();
        bind(arena, reads, frame, action, Some(&inputs));
        let choice = frame.apply(arena, action.choice);
        vec![Case { inputs, choice }]
    }
}

/// Maps the inputs of an action, to themselves if there are no images.
pub(in crate::engine::unroll) fn bind(
    arena: &Arena,
    reads: &Reads,
    frame: &mut Substitution,
    action: &Action,
    images: Option<&[TermId]>,
) {
    if action.inputs.is_empty() {
        return;
    }
    frame.forget(reads.with_inputs().iter().copied());
    for (index, &var) in action.inputs.iter().enumerate() {
        frame.map(var, images.map_or(arena.variable(var).term, |images| images[index]));
    }
}

/// All choices that are not plainly forbidden, with their values.
fn examine(
    arena: &mut Arena,
    reads: &Reads,
    frame: &mut Substitution,
    action: &Action,
    ranges: &[Range],
) -> Vec<(Vec<i64>, Case)> {
    let mut allowed = Vec::new();
    let mut values: Vec<i64> = ranges.iter().map(|range| range.lo).collect();
    loop {
        let constant = |(&var, &value): (&VarId, &i64)| arena.constant(arena.variable(var).sort, value);
        let inputs: Vec<TermId> = action.inputs.iter().zip(&values).map(constant).collect();
        bind(arena, reads, frame, action, Some(&inputs));
        let choice = frame.apply(arena, action.choice);
        if arena.as_bool(choice) != Some(false) {
            allowed.push((values.clone(), Case { inputs, choice }));
        }
        if !advance(&mut values, ranges) {
            return allowed;
        }
    }
}

/// The next tuple within the ranges, if there is one.
fn advance(values: &mut [i64], ranges: &[Range]) -> bool {
    for (value, range) in values.iter_mut().zip(ranges) {
        if *value < range.hi {
            *value += 1;
            return true;
        }
        *value = range.lo;
    }
    false
}

/// For every input the smallest interval that contains all its allowed values.
fn hulls(allowed: &[(Vec<i64>, Case)]) -> Vec<Range> {
    let at = |index: usize| allowed.iter().map(move |(values, _)| Range::new(values[index], values[index]));
    let width = allowed.first().map_or(0, |(values, _)| values.len());
    (0..width).filter_map(|index| at(index).reduce(Range::hull)).collect()
}

/// The part of `range` that comparisons with constants among the conjuncts of `choice` leave for `var`.
fn narrowed(arena: &Arena, choice: TermId, var: VarId, range: Range) -> Range {
    let (mut lo, mut hi) = (range.lo, range.hi);
    let is_var = |term: TermId| arena.node(term) == Node::Var(var);
    let mut stack = vec![choice];
    while let Some(term) = stack.pop() {
        match arena.node(term) {
            Node::And(a, b) => stack.extend([a, b]),
            Node::Le(a, b) if is_var(a) => hi = hi.min(arena.range(b).hi),
            Node::Le(a, b) if is_var(b) => lo = lo.max(arena.range(a).lo),
            Node::Eq(a, b) if is_var(a) || is_var(b) => {
                let other = arena.range(if is_var(a) { b } else { a });
                (lo, hi) = (lo.max(other.lo), hi.min(other.hi));
            }
            Node::Not(inner) => match arena.node(inner) {
                // !(var <= x): var > x; !(x <= var): var < x
                Node::Le(a, b) if is_var(a) => lo = lo.max(arena.range(b).lo + 1),
                Node::Le(a, b) if is_var(b) => hi = hi.min(arena.range(a).hi - 1),
                _ => {}
            },
            _ => {}
        }
    }
    if lo <= hi { Range { lo, hi } } else { range }
}
