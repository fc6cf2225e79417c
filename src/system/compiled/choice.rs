//! Enumerates values of free variables that satisfy a condition: inputs of actions, and initial states.
//!
//! The condition is split into its conjuncts; each is tested as soon as the variables that it reads have values, so a
//! wrong prefix costs one test and not the product of all that follows. A variable that a conjunct equates to what is known
//! before it is not tried at all: it has that value; and of the others only those values are tried that some branch of the
//! condition can allow (`cases`).

use rustc_hash::FxHashMap;

use crate::term::{Arena, Compiler, Node, Range, Segment, TermId, VarId};

use super::Pace;
use super::cases::{Case, Cases};
use super::domain::Domain;

/// For terms that depend on free variables: the 1-based position of the last one.
struct Levels(FxHashMap<TermId, u32>);

impl Levels {
    /// Levels of `terms`, which are in the order of the arena.
    fn new(arena: &Arena, free: &[VarId], terms: Vec<TermId>) -> Self {
        let mut levels: FxHashMap<TermId, u32> = FxHashMap::default();
        let own = |var: VarId| free.iter().position(|&other| other == var).map_or(0, |position| position as u32 + 1);
        for term in terms {
            let node = arena.node(term);
            let level = match node {
                Node::Var(var) => own(var),
                _ => node.children().filter_map(|child| levels.get(&child)).copied().max().unwrap_or(0),
            };
            if level > 0 {
                levels.insert(term, level);
            }
        }
        Levels(levels)
    }

    fn of(&self, term: TermId) -> usize {
        self.0.get(&term).map_or(0, |&level| level as usize)
    }

    /// For each free variable, what a conjunct equates it to that only those before it influence.
    fn definitions(&self, arena: &Arena, free: &[VarId], conjuncts: &[TermId]) -> Vec<Option<TermId>> {
        let mut definitions = vec![None; free.len()];
        for &conjunct in conjuncts {
            let Node::Eq(a, b) = arena.node(conjunct) else { continue };
            for (variable, value) in [(a, b), (b, a)] {
                let level = self.of(variable);
                if matches!(arena.node(variable), Node::Var(_)) && level > 0 && self.of(value) < level {
                    definitions[level - 1] = Some(value);
                }
            }
        }
        definitions
    }
}

/// Conjuncts that must hold, and the code that computes them.
#[derive(Clone, Debug, Default)]
struct Tests {
    segment: Segment,
    slots: Vec<usize>,
}

impl Tests {
    fn pass<D: Domain + ?Sized>(&self, arena: &Arena, slots: &mut D) -> bool {
        slots.run(&self.segment, arena);
        slots.all_hold(&self.slots)
    }
}

/// Which values of a free variable are tried.
#[derive(Clone, Debug)]
enum Tried {
    /// All of its range.
    All,
    /// The one that stands in this slot.
    Given(usize),
    /// Those for which one list of slots holds, smallest first.
    Cases(Vec<(i64, Vec<usize>)>),
}

#[derive(Clone, Debug)]
struct Free {
    slot: usize,
    range: Range,
    tried: Tried,
    tests: Tests,
}

/// Receives the slots of an allowed choice.
pub(crate) type Visit<'v, D, P> = dyn FnMut(&mut D, &mut P) -> Result<(), <P as Pace>::Halt> + 'v;

/// A compiled enumeration.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    /// What no free variable influences.
    prelude: Tests,
    free: Vec<Free>,
}

impl Choices {
    /// Compiles the enumeration of `free` under `conditions`. What `results` need and no free variable influences is
    /// computed once, before the enumeration.
    pub fn compile(
        arena: &Arena,
        compiler: &mut Compiler<'_>,
        free: &[VarId],
        conditions: &[TermId],
        results: &[TermId],
    ) -> Choices {
        let conjuncts = conjuncts(arena, conditions);
        let roots = [&conjuncts, results].concat();
        let levels = Levels::new(arena, free, compiler.made_of(&roots));
        let mut tests = |level: usize, roots: &[TermId]| {
            let segment = compiler.segment(roots, &|term| levels.of(term) <= level);
            let slots = conjuncts.iter().filter(|&&term| levels.of(term) == level);
            Tests { segment, slots: slots.map(|&term| compiler.slot(term)).collect() }
        };
        let prelude = tests(0, &roots);
        let tests: Vec<Tests> = (1..=free.len()).map(|level| tests(level, &conjuncts)).collect();
        let given = levels.definitions(arena, free, &conjuncts);
        let free = free.iter().zip(tests).zip(given).map(|((&var, tests), given)| {
            let variable = arena.variable(var);
            let tried = match given {
                Some(term) => Tried::Given(compiler.slot(term)),
                None => tried(arena, compiler, &levels, variable.term, &conjuncts),
            };
            Free { slot: compiler.slot(variable.term), range: variable.sort.range(), tried, tests }
        });
        Choices { prelude, free: free.collect() }
    }

    /// Calls `visit` with every allowed choice in place, in lexicographic order. Gives up after trying `limit`
    /// values.
    pub fn each<D: Domain + ?Sized, P: Pace>(
        &self,
        arena: &Arena,
        slots: &mut D,
        pace: &mut P,
        limit: u64,
        visit: &mut Visit<'_, D, P>,
    ) -> Result<(), P::Halt> {
        if !self.prelude.pass(arena, slots) {
            return Ok(());
        }
        Walk { arena, free: &self.free, slots, pace, left: limit, visit }.descend(0)
    }

    /// The present choice.
    pub fn values(&self, slots: &[i64]) -> Vec<i64> {
        self.free.iter().map(|free| slots[free.slot]).collect()
    }
}

/// One enumeration under way.
struct Walk<'w, 'v, D: ?Sized, P: Pace> {
    arena: &'w Arena,
    free: &'w [Free],
    slots: &'w mut D,
    pace: &'w mut P,
    /// Number of values that may still be tried.
    left: u64,
    visit: &'w mut Visit<'v, D, P>,
}

impl<D: Domain + ?Sized, P: Pace> Walk<'_, '_, D, P> {
    fn descend(&mut self, level: usize) -> Result<(), P::Halt> {
        let Some(free) = self.free.get(level) else { return (self.visit)(self.slots, self.pace) };
        match &free.tried {
            Tried::All => (free.range.lo..=free.range.hi).try_for_each(|value| self.attempt(level, value)),
            Tried::Given(slot) => {
                let value = self.slots.value(*slot);
                if free.range.contains(value) { self.attempt(level, value) } else { Ok(()) }
            }
            Tried::Cases(cases) => self.attempt_cases(level, cases),
        }
    }

    fn attempt_cases(&mut self, level: usize, cases: &[(i64, Vec<usize>)]) -> Result<(), P::Halt> {
        let mut last = None;
        for (value, gates) in cases {
            if last != Some(value) && self.slots.all_hold(gates) {
                last = Some(value);
                self.attempt(level, *value)?;
            }
        }
        Ok(())
    }

    /// Tries a value of a variable.
    fn attempt(&mut self, level: usize, value: i64) -> Result<(), P::Halt> {
        self.pace.tick()?;
        self.left = self.left.checked_sub(1).ok_or_else(|| self.pace.too_many())?;
        let free = &self.free[level];
        self.slots.assign(free.slot, value);
        if free.tests.pass(self.arena, self.slots) { self.descend(level + 1) } else { Ok(()) }
    }
}

/// Which values of a variable that no conjunct computes are tried: of all conjuncts that it influences, the one with the
/// fewest cases says.
fn tried(arena: &Arena, compiler: &Compiler<'_>, levels: &Levels, variable: TermId, conjuncts: &[TermId]) -> Tried {
    let level = levels.of(variable);
    let range = arena.range(variable);
    let finder = Cases { arena, variable, is_known: &|term| levels.of(term) < level };
    let influenced = conjuncts.iter().filter(|&&term| levels.of(term) >= level);
    let fewest = influenced.filter_map(|&term| finder.of(term)).min_by_key(Vec::len);
    let slots = |case: Case| (case.value, case.gates.into_iter().map(|gate| compiler.slot(gate)).collect());
    match fewest {
        Some(cases) => Tried::Cases(cases.into_iter().filter(|case| range.contains(case.value)).map(slots).collect()),
        None => Tried::All,
    }
}

/// The conjuncts of a conjunction of conditions.
fn conjuncts(arena: &Arena, conditions: &[TermId]) -> Vec<TermId> {
    let mut out = Vec::new();
    let mut stack: Vec<TermId> = conditions.to_vec();
    while let Some(term) = stack.pop() {
        match arena.node(term) {
            Node::And(a, b) => stack.extend([a, b]),
            _ => out.push(term),
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}
