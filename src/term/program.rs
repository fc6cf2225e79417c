//! Straight-line programs: a set of terms compiled once and run on many concrete states.
//!
//! A [`Compiler`] lays terms out in one array of slots: variables first, then constants, then results. It emits
//! [`Segment`]s, each of which computes into consecutive slots what it adds to the segments before it. There are no
//! jumps (both branches of an `ite` are computed), no memo and no hashing; laziness is a matter of which segments run. Within
//! a segment instructions of one kind stand together (`batches.rs`).
//! [`Program`] (one segment) and [`StagedProgram`] (state first, then inputs) are the two usual arrangements.

use std::mem::discriminant;

use super::arena::{Arena, Node, TableId, TermId, VarId};
use super::batches::in_batches;
use super::reach::Reach;

const NOWHERE: u32 = u32::MAX;

/// Operands are slots.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    Constant(i64),
    Not(u32),
    And(u32, u32),
    Or(u32, u32),
    Eq(u32, u32),
    Le(u32, u32),
    Ite(u32, u32, u32),
    Add(u32, u32),
    Sub(u32, u32),
    Mul(u32, u32),
    Div(u32, u32),
    Min(u32, u32),
    Max(u32, u32),
    Lookup(TableId, u32),
}

/// Code that computes consecutive slots, starting at `first`.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    pub(super) first: usize,
    pub(super) code: Vec<Instruction>,
    /// Lengths of batches of one kind, which together are the code.
    batches: Vec<u32>,
}

impl Segment {
    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.code.len()
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// Runs the code on slots that earlier segments have filled.
    pub fn run(&self, arena: &Arena, slots: &mut [i64]) {
        let (mut first, mut code) = (self.first, self.code.as_slice());
        for &length in &self.batches {
            let (batch, rest) = code.split_at(length as usize);
            run_batch(arena, batch, first, slots);
            (first, code) = (first + batch.len(), rest);
        }
    }

    fn push(&mut self, instruction: Instruction) {
        let is_of_last = |last: &Instruction| discriminant(last) == discriminant(&instruction);
        match self.batches.last_mut() {
            Some(length) if self.code.last().is_some_and(is_of_last) => *length += 1,
            _ => self.batches.push(1),
        }
        self.code.push(instruction);
    }
}

/// Assigns slots to terms and emits segments.
pub struct Compiler<'a> {
    arena: &'a Arena,
    slot: Vec<u32>,
    slots: Vec<i64>,
    reach: Reach,
    aside: Option<Aside>,
}

/// Work that is taken back when it is done: segments that are alternatives to each other use the same slots for different
/// terms.
struct Aside {
    /// Only what stands in slots below is known from before.
    known: usize,
    /// The first slot of its own.
    first: usize,
    /// Terms with the slots that they had before.
    replaced: Vec<(TermId, u32)>,
}

impl<'a> Compiler<'a> {
    /// A layout that starts with `variables`, in order, and then holds all constants that `roots` mention.
    pub fn new(arena: &'a Arena, variables: &[VarId], roots: &[TermId]) -> Self {
        let slot = vec![NOWHERE; arena.len()];
        let mut compiler = Compiler { arena, slot, slots: Vec::new(), reach: Reach::default(), aside: None };
        for &var in variables {
            compiler.place(arena.variable(var).term, 0);
        }
        for term in compiler.made_of(roots) {
            if let Some(value) = arena.as_constant(term) {
                compiler.place(term, value);
            }
        }
        compiler
    }

    fn place(&mut self, term: TermId, value: i64) {
        let before = std::mem::replace(&mut self.slot[term.index()], self.slots.len() as u32);
        if let Some(aside) = &mut self.aside {
            aside.replaced.push((term, before));
        }
        self.slots.push(value);
    }

    /// Whether a term stands in a slot that the present segment may read.
    fn is_known(&self, term: TermId) -> bool {
        let slot = self.slot[term.index()];
        let readable = |aside: &Aside| (slot as usize) < aside.known || slot as usize >= aside.first;
        slot != NOWHERE && self.aside.as_ref().is_none_or(readable)
    }

    /// The slot of a term that some segment computes, or that is a variable or constant of the layout.
    pub fn slot(&self, term: TermId) -> usize {
        self.slot[term.index()] as usize
    }

    /// An array of slots to run segments on, with constants in place.
    pub fn slots(&self) -> Vec<i64> {
        self.slots.clone()
    }

    /// Number of slots.
    pub fn width(&self) -> usize {
        self.slots.len()
    }

    /// Compiles something that knows only what stands in the first `known` slots; afterwards everything is as before.
    pub fn aside<R>(&mut self, known: usize, work: impl FnOnce(&mut Self) -> R) -> R {
        let first = self.slots.len();
        let before = self.aside.replace(Aside { known, first, replaced: Vec::new() });
        let result = work(self);
        let replaced = std::mem::replace(&mut self.aside, before).map(|aside| aside.replaced).unwrap_or_default();
        for (term, slot) in replaced.into_iter().rev() {
            self.slot[term.index()] = slot;
        }
        self.slots.truncate(first);
        result
    }

    /// All terms that `roots` are made of, known or not, in the order of the arena.
    pub fn made_of(&mut self, roots: &[TermId]) -> Vec<TermId> {
        self.reach.terms(self.arena, roots, |_| true)
    }

    /// Code for everything that `roots` need, that `include` admits and that no earlier segment computes. What `include`
    /// does not admit must not be needed by what it admits. Variables outside the layout read as 0.
    pub fn segment(&mut self, roots: &[TermId], include: &dyn Fn(TermId) -> bool) -> Segment {
        let mut reach = std::mem::take(&mut self.reach);
        let needed = reach.terms(self.arena, roots, |term| !self.is_known(term));
        self.reach = reach;
        let mut segment = Segment { first: self.slots.len(), ..Segment::default() };
        let included: Vec<TermId> = needed.into_iter().filter(|&term| include(term)).collect();
        for term in in_batches(self.arena, &included) {
            segment.push(translate(self.arena.node(term), &self.slot));
            self.place(term, 0);
        }
        segment
    }
}

/// How programs read variables from the caller's array of values.
#[derive(Clone, Debug)]
struct Frame {
    slots: Vec<i64>,
    /// For each of the first slots: the cell of the value array.
    loads: Vec<usize>,
}

impl Frame {
    fn load(&self, values: &[i64], slots: &mut [i64], wanted: std::ops::Range<usize>) {
        for index in wanted {
            slots[index] = values[self.loads[index]];
        }
    }

    fn reset(&self, slots: &mut Vec<i64>) {
        slots.clear();
        slots.extend_from_slice(&self.slots);
    }
}

/// Terms compiled into one segment.
#[derive(Clone, Debug)]
pub struct Program(StagedProgram);

/// A program in two stages: state first, then inputs.
#[derive(Clone, Debug)]
pub struct StagedProgram {
    frame: Frame,
    /// Number of variables that are not inputs; they come first.
    early: usize,
    first: Segment,
    second: Segment,
    outputs: Vec<usize>,
    known: Vec<bool>,
}

impl Program {
    /// Compiles `roots`. `position` tells in which cell of the value array each variable stands.
    pub fn compile(arena: &Arena, roots: &[TermId], position: &dyn Fn(VarId) -> usize) -> Program {
        Program(StagedProgram::compile(arena, roots, position, &|_| false))
    }

    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.0.first.len()
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs on an array of values; `slots` is scratch space, reused between runs.
    pub fn run(&self, arena: &Arena, values: &[i64], slots: &mut Vec<i64>) {
        self.0.run_state(arena, values, slots);
    }

    /// The value of root `index` after a run.
    pub fn output(&self, slots: &[i64], index: usize) -> i64 {
        self.0.output(slots, index)
    }
}

impl StagedProgram {
    /// Compiles `roots`; variables for which `is_input` says so belong to the second stage.
    pub fn compile(
        arena: &Arena,
        roots: &[TermId],
        position: &dyn Fn(VarId) -> usize,
        is_input: &dyn Fn(VarId) -> bool,
    ) -> StagedProgram {
        let mut late = vec![false; arena.len()];
        let mut variables = Vec::new();
        for term in Reach::default().terms(arena, roots, |_| true) {
            let node = arena.node(term);
            if let Node::Var(var) = node {
                variables.push(var);
            }
            let own = matches!(node, Node::Var(var) if is_input(var));
            late[term.index()] = own || node.children().any(|child| late[child.index()]);
        }
        variables.sort_by_key(|&var| is_input(var));
        let mut compiler = Compiler::new(arena, &variables, roots);
        let first = compiler.segment(roots, &|term| !late[term.index()]);
        let second = compiler.segment(roots, &|_| true);
        StagedProgram {
            early: variables.iter().filter(|&&var| !is_input(var)).count(),
            first,
            second,
            outputs: roots.iter().map(|&root| compiler.slot(root)).collect(),
            known: roots.iter().map(|root| !late[root.index()]).collect(),
            frame: Frame { slots: compiler.slots(), loads: variables.into_iter().map(position).collect() },
        }
    }

    /// Runs the first stage; starts afresh.
    pub fn run_state(&self, arena: &Arena, values: &[i64], slots: &mut Vec<i64>) {
        self.frame.reset(slots);
        self.frame.load(values, slots, 0..self.early);
        self.first.run(arena, slots);
    }

    /// Runs the second stage on the results of the first; may be called again with other inputs.
    pub fn run_inputs(&self, arena: &Arena, values: &[i64], slots: &mut [i64]) {
        self.frame.load(values, slots, self.early..self.frame.loads.len());
        self.second.run(arena, slots);
    }

    /// Whether root `index` is known after the first stage.
    pub fn is_early(&self, index: usize) -> bool {
        self.known[index]
    }

    /// The value of root `index`.
    pub fn output(&self, slots: &[i64], index: usize) -> i64 {
        slots[self.outputs[index]]
    }
}

fn translate(node: Node, slot: &[u32]) -> Instruction {
    let at = |term: TermId| slot[term.index()];
    match node {
        Node::Bool(value) => Instruction::Constant(value as i64),
        Node::Int(value) => Instruction::Constant(value),
        Node::Var(_) => Instruction::Constant(0),
        Node::Not(a) => Instruction::Not(at(a)),
        Node::And(a, b) => Instruction::And(at(a), at(b)),
        Node::Or(a, b) => Instruction::Or(at(a), at(b)),
        Node::Eq(a, b) => Instruction::Eq(at(a), at(b)),
        Node::Le(a, b) => Instruction::Le(at(a), at(b)),
        Node::Ite(c, t, e) => Instruction::Ite(at(c), at(t), at(e)),
        Node::Add(a, b) => Instruction::Add(at(a), at(b)),
        Node::Sub(a, b) => Instruction::Sub(at(a), at(b)),
        Node::Mul(a, b) => Instruction::Mul(at(a), at(b)),
        Node::Div(a, b) => Instruction::Div(at(a), at(b)),
        Node::Min(a, b) => Instruction::Min(at(a), at(b)),
        Node::Max(a, b) => Instruction::Max(at(a), at(b)),
        Node::Lookup(table, a) => Instruction::Lookup(table, at(a)),
    }
}

/// Runs instructions of one kind into consecutive slots. The kind is asked once, so that each is a loop of its own.
fn run_batch(arena: &Arena, batch: &[Instruction], first: usize, slots: &mut [i64]) {
    macro_rules! each {
        ($kind:ident($($operand:ident),+) => $value:expr) => {
            for (target, instruction) in (first..).zip(batch) {
                let Instruction::$kind($($operand),+) = *instruction else { break };
                $(let $operand = slots[$operand as usize];)+
                slots[target] = $value;
            }
        };
    }
    let Some(&kind) = batch.first() else { return };
    match kind {
        Instruction::Constant(_) => constants(batch, first, slots),
        Instruction::Not(..) => each!(Not(a) => 1 - a),
        Instruction::And(..) => each!(And(a, b) => a & b),
        Instruction::Or(..) => each!(Or(a, b) => a | b),
        Instruction::Eq(..) => each!(Eq(a, b) => (a == b) as i64),
        Instruction::Le(..) => each!(Le(a, b) => (a <= b) as i64),
        Instruction::Ite(..) => each!(Ite(c, t, e) => if c != 0 { t } else { e }),
        Instruction::Add(..) => each!(Add(a, b) => a.saturating_add(b)),
        Instruction::Sub(..) => each!(Sub(a, b) => a.saturating_sub(b)),
        Instruction::Mul(..) => each!(Mul(a, b) => a.saturating_mul(b)),
        Instruction::Div(..) => each!(Div(a, b) => a / b.max(1)),
        Instruction::Min(..) => each!(Min(a, b) => a.min(b)),
        Instruction::Max(..) => each!(Max(a, b) => a.max(b)),
        Instruction::Lookup(..) => lookups(arena, batch, first, slots),
    }
}

fn constants(batch: &[Instruction], first: usize, slots: &mut [i64]) {
    for (target, instruction) in (first..).zip(batch) {
        let Instruction::Constant(value) = *instruction else { break };
        slots[target] = value;
    }
}

fn lookups(arena: &Arena, batch: &[Instruction], first: usize, slots: &mut [i64]) {
    for (target, instruction) in (first..).zip(batch) {
        let Instruction::Lookup(table, a) = *instruction else { break };
        slots[target] = arena.table(table).get(slots[a as usize]);
    }
}
