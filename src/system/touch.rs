//! Which updates of an action can change anything, once its inputs are chosen.
//!
//! An action that chooses among many (the scheduler: a pod, a node) has an update for everything that it might choose, and
//! all but a few leave their variable as it is. This is read off the terms: `v + ite(pod = 3 ∧ node = 7 ∧ …, 1, 0)` is `v`
//! unless `pod` is 3 and `node` is 7. Nothing is assumed: what cannot be read off may always change.
//!
//! Updates and obligations of an action rest on variables being within their ranges, which runs keep.

use rustc_hash::FxHashMap;

use crate::term::{Arena, Node, Range, TermId, VarId};

use super::model::{Action, System};

/// Terms of one update or obligation that are looked at.
const PATIENCE: usize = 400;

/// That an input has a value.
type Need = (VarId, i64);

/// Updates and obligations of an action, by what they need of its inputs.
pub struct Touch {
    updates: Sorted,
    obligations: Sorted,
}

/// Positions by what they need.
#[derive(Default)]
struct Sorted {
    always: Vec<usize>,
    by_first_need: FxHashMap<Need, Vec<Needy>>,
}

/// A position, and what it needs besides the need that it is found by.
struct Needy {
    position: usize,
    others: Vec<Need>,
}

impl Sorted {
    fn of(needs: impl Iterator<Item = Needs>) -> Self {
        let mut sorted = Sorted::default();
        for (position, needs) in needs.enumerate() {
            match needs {
                Needs::Never => {}
                Needs::All(needs) => match needs.split_first() {
                    None => sorted.always.push(position),
                    Some((&first, others)) => {
                        let others = others.to_vec();
                        sorted.by_first_need.entry(first).or_default().push(Needy { position, others });
                    }
                },
            }
        }
        sorted
    }

    fn under<'a>(&'a self, inputs: impl Iterator<Item = Need> + Clone + 'a) -> impl Iterator<Item = usize> + 'a {
        let found = inputs.clone().filter_map(|need| self.by_first_need.get(&need)).flatten();
        let is_met = move |need: &Need| inputs.clone().any(|it| it == *need);
        let needed = found.filter(move |it| it.others.iter().all(&is_met)).map(|it| it.position);
        self.always.iter().copied().chain(needed)
    }
}

impl Touch {
    /// Reads it off an action; `ranges` are those of the state's variables, by variable of the arena.
    pub fn of(system: &System, action: &Action, ranges: &[Option<Range>]) -> Self {
        let arena = &system.arena;
        let known = FxHashMap::default();
        let mut reader = Reader { arena, inputs: &action.inputs, ranges, known, patience: PATIENCE };
        let updates = action.updates.iter().map(|&(index, term)| reader.changes(term, system.state[index].var));
        let updates = Sorted::of(updates);
        let obligations = Sorted::of(action.obligations.iter().map(|&term| reader.breaks(term)));
        Touch { updates, obligations }
    }

    /// Positions of the updates that may change something under these inputs.
    pub fn updates<'a>(&'a self, action: &'a Action, inputs: &'a [i64]) -> impl Iterator<Item = usize> + 'a {
        self.updates.under(action.inputs.iter().copied().zip(inputs.iter().copied()))
    }

    /// Positions of the obligations that may fail under these inputs.
    pub fn obligations<'a>(&'a self, action: &'a Action, inputs: &'a [i64]) -> impl Iterator<Item = usize> + 'a {
        self.obligations.under(action.inputs.iter().copied().zip(inputs.iter().copied()))
    }
}

/// When something can be so.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Needs {
    /// It cannot.
    Never,
    /// Only if inputs have all of these values (no repetitions).
    All(Vec<Need>),
}

impl Needs {
    fn anyway() -> Self {
        Needs::All(Vec::new())
    }

    /// What both of two need.
    fn and(self, other: Needs) -> Self {
        match (self, other) {
            (Needs::All(mut all), Needs::All(more)) => {
                all.extend(more.into_iter().filter(|need| !all.contains(need)).collect::<Vec<Need>>());
                Needs::All(all)
            }
            _ => Needs::Never,
        }
    }

    /// What either of two needs.
    fn or(self, other: Needs) -> Self {
        match (self, other) {
            (Needs::Never, it) | (it, Needs::Never) => it,
            (Needs::All(all), Needs::All(more)) => {
                Needs::All(all.into_iter().filter(|need| more.contains(need)).collect())
            }
        }
    }
}

struct Reader<'a> {
    arena: &'a Arena,
    inputs: &'a [VarId],
    ranges: &'a [Option<Range>],
    /// What conditions need.
    known: FxHashMap<TermId, Needs>,
    /// How many more terms are looked at before anything is taken to be possible; long sums are not worth it.
    patience: usize,
}

impl Reader<'_> {
    /// The range of a variable of the state.
    fn range(&self, var: VarId) -> Option<Range> {
        self.ranges.get(var.index()).copied().flatten()
    }

    fn is_patient(&mut self) -> bool {
        self.patience = self.patience.saturating_sub(1);
        self.patience > 0
    }

    /// What an update needs to change its variable.
    fn changes(&mut self, term: TermId, var: VarId) -> Needs {
        self.patience = PATIENCE;
        self.departs(term, var)
    }

    /// What an obligation needs to fail.
    fn breaks(&mut self, obligation: TermId) -> Needs {
        self.patience = PATIENCE;
        self.fails(obligation)
    }

    /// What a condition needs to hold.
    fn holds(&mut self, condition: TermId) -> Needs {
        if let Some(known) = self.known.get(&condition) {
            return known.clone();
        }
        if !self.is_patient() {
            return Needs::anyway();
        }
        let needs = match self.arena.node(condition) {
            Node::Bool(false) => Needs::Never,
            Node::And(a, b) => self.holds(a).and(self.holds(b)),
            Node::Or(a, b) => self.holds(a).or(self.holds(b)),
            Node::Eq(a, b) => self.is_input(a, b).or_else(|| self.is_input(b, a)).unwrap_or_else(Needs::anyway),
            _ => Needs::anyway(),
        };
        self.known.insert(condition, needs.clone());
        needs
    }

    fn is_input(&self, var: TermId, value: TermId) -> Option<Needs> {
        match (self.arena.node(var), self.arena.node(value)) {
            (Node::Var(var), Node::Int(value)) if self.inputs.contains(&var) => Some(Needs::All(vec![(var, value)])),
            _ => None,
        }
    }

    /// What a term needs to be something else than a variable, which is within its range.
    fn departs(&mut self, term: TermId, var: VarId) -> Needs {
        if !self.is_patient() {
            return Needs::anyway();
        }
        let Some(range) = self.range(var) else { return Needs::anyway() };
        let within = |bound: TermId, arena: &Arena, fits: &dyn Fn(i64) -> bool| matches!(arena.node(bound), Node::Int(bound) if fits(bound));
        match self.arena.node(term) {
            Node::Var(known) if known == var => Needs::Never,
            Node::Ite(condition, then, otherwise) => {
                let otherwise = self.departs(otherwise, var);
                let then = self.departs(then, var);
                let chosen = self.holds(condition).and(then);
                chosen.or(otherwise)
            }
            Node::Add(a, b) if self.mentions(a, var) => self.departs(a, var).or(self.differs_from_zero(b)),
            Node::Add(a, b) => self.departs(b, var).or(self.differs_from_zero(a)),
            Node::Sub(a, b) => self.departs(a, var).or(self.differs_from_zero(b)),
            Node::Min(a, bound) if within(bound, self.arena, &|it| it >= range.hi) => self.departs(a, var),
            Node::Min(bound, a) if within(bound, self.arena, &|it| it >= range.hi) => self.departs(a, var),
            Node::Max(a, bound) if within(bound, self.arena, &|it| it <= range.lo) => self.departs(a, var),
            Node::Max(bound, a) if within(bound, self.arena, &|it| it <= range.lo) => self.departs(a, var),
            _ => Needs::anyway(),
        }
    }

    /// Whether a variable is what a sum begins with.
    fn mentions(&self, term: TermId, var: VarId) -> bool {
        match self.arena.node(term) {
            Node::Var(known) => known == var,
            Node::Add(a, b) => self.mentions(a, var) || self.mentions(b, var),
            Node::Sub(a, _) => self.mentions(a, var),
            _ => false,
        }
    }

    fn differs_from_zero(&mut self, term: TermId) -> Needs {
        if !self.is_patient() {
            return Needs::anyway();
        }
        match self.arena.node(term) {
            Node::Int(0) => Needs::Never,
            Node::Ite(condition, then, otherwise) => {
                let then = self.differs_from_zero(then);
                let otherwise = self.differs_from_zero(otherwise);
                self.holds(condition).and(then).or(otherwise)
            }
            Node::Add(a, b) | Node::Sub(a, b) => self.differs_from_zero(a).or(self.differs_from_zero(b)),
            _ => Needs::anyway(),
        }
    }

    /// What an obligation needs to fail: one that bounds a variable with something added.
    fn fails(&mut self, obligation: TermId) -> Needs {
        if !self.is_patient() {
            return Needs::anyway();
        }
        match self.arena.node(obligation) {
            Node::Bool(true) => Needs::Never,
            Node::And(a, b) => self.fails(a).or(self.fails(b)),
            Node::Or(a, b) => self.fails(a).and(self.fails(b)),
            Node::Not(a) => self.holds(a),
            Node::Le(a, b) => match (self.arena.node(a), self.arena.node(b)) {
                (_, Node::Int(most)) => self.stays(a, &|range| range.hi <= most),
                (Node::Int(least), _) => self.stays(b, &|range| range.lo >= least),
                _ => Needs::anyway(),
            },
            _ => Needs::anyway(),
        }
    }

    /// What a term needs to be something else than its leading variable, if that is always allowed.
    fn stays(&mut self, term: TermId, allowed: &dyn Fn(Range) -> bool) -> Needs {
        match self.leading(term) {
            Some(var) if self.range(var).is_some_and(allowed) => self.departs(term, var),
            _ => Needs::anyway(),
        }
    }

    /// The variable that a sum or a choice begins with.
    fn leading(&self, term: TermId) -> Option<VarId> {
        match self.arena.node(term) {
            Node::Var(var) => Some(var),
            Node::Add(a, b) => self.leading(a).or_else(|| self.leading(b)),
            Node::Sub(a, _) => self.leading(a),
            Node::Ite(_, _, otherwise) => self.leading(otherwise),
            _ => None,
        }
    }
}
