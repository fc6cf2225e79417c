//! Straight-line programs: a set of terms compiled once and run on many concrete states.
//!
//! A program computes its terms in index order into consecutive slots; there are no jumps (both branches of an `ite`
//! are computed), no memo and no hashing. [`StagedProgram`] splits a program in two: what depends on state alone runs
//! once per state, what depends on inputs runs once per choice of inputs.

use super::arena::{Arena, Node, TableId, TermId, VarId};

#[derive(Clone, Copy, Debug)]
enum Instruction {
    Constant(i64),
    /// A cell of the caller's value array.
    Load(u32),
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

/// Terms compiled into straight-line code.
#[derive(Clone, Debug)]
pub struct Program {
    code: Vec<Instruction>,
    outputs: Vec<u32>,
}

/// A program in two stages: state first, then inputs.
#[derive(Clone, Debug)]
pub struct StagedProgram {
    code: Vec<Instruction>,
    /// Instructions before this position depend on no input.
    split: usize,
    outputs: Vec<u32>,
}

impl Program {
    /// Compiles `roots`. `position` tells in which cell of the value array each variable stands.
    pub fn compile(arena: &Arena, roots: &[TermId], position: &dyn Fn(VarId) -> usize) -> Program {
        let staged = StagedProgram::compile(arena, roots, position, &|_| false);
        Program { code: staged.code, outputs: staged.outputs }
    }

    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.code.len()
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// Runs on an array of values; `slots` is scratch space, reused between runs.
    pub fn run(&self, arena: &Arena, values: &[i64], slots: &mut Vec<i64>) {
        slots.clear();
        execute(arena, &self.code, values, slots);
    }

    /// The value of root `index` after a run.
    pub fn output(&self, slots: &[i64], index: usize) -> i64 {
        slots[self.outputs[index] as usize]
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
        let needed = arena.reachable(roots.iter().copied());
        let terms = (0..needed.len()).filter(|&index| needed[index]).map(|index| TermId(index as u32));
        let mut late = vec![false; needed.len()];
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for term in terms {
            let node = arena.node(term);
            let own = matches!(node, Node::Var(var) if is_input(var));
            late[term.index()] = own || node.children().any(|child| late[child.index()]);
            if late[term.index()] { second.push(term) } else { first.push(term) }
        }
        let split = first.len();
        let mut slot = vec![u32::MAX; needed.len()];
        let mut code = Vec::with_capacity(split + second.len());
        for term in first.into_iter().chain(second) {
            slot[term.index()] = code.len() as u32;
            code.push(translate(arena.node(term), &slot, position));
        }
        StagedProgram { code, split, outputs: roots.iter().map(|root| slot[root.index()]).collect() }
    }

    /// Runs the first stage; starts afresh.
    pub fn run_state(&self, arena: &Arena, values: &[i64], slots: &mut Vec<i64>) {
        slots.clear();
        execute(arena, &self.code[..self.split], values, slots);
    }

    /// Runs the second stage on the results of the first; may be called again with other inputs.
    pub fn run_inputs(&self, arena: &Arena, values: &[i64], slots: &mut Vec<i64>) {
        slots.truncate(self.split);
        execute(arena, &self.code[self.split..], values, slots);
    }

    /// Whether root `index` is known after the first stage.
    pub fn is_early(&self, index: usize) -> bool {
        (self.outputs[index] as usize) < self.split
    }

    /// The value of root `index`.
    pub fn output(&self, slots: &[i64], index: usize) -> i64 {
        slots[self.outputs[index] as usize]
    }
}

fn translate(node: Node, slot: &[u32], position: &dyn Fn(VarId) -> usize) -> Instruction {
    let at = |term: TermId| slot[term.index()];
    match node {
        Node::Bool(value) => Instruction::Constant(value as i64),
        Node::Int(value) => Instruction::Constant(value),
        Node::Var(var) => Instruction::Load(position(var) as u32),
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

fn execute(arena: &Arena, code: &[Instruction], values: &[i64], slots: &mut Vec<i64>) {
    for instruction in code {
        let at = |slot: u32| slots[slot as usize];
        let value = match *instruction {
            Instruction::Constant(value) => value,
            Instruction::Load(position) => values[position as usize],
            Instruction::Not(a) => 1 - at(a),
            Instruction::And(a, b) => at(a) & at(b),
            Instruction::Or(a, b) => at(a) | at(b),
            Instruction::Eq(a, b) => (at(a) == at(b)) as i64,
            Instruction::Le(a, b) => (at(a) <= at(b)) as i64,
            Instruction::Ite(c, t, e) => {
                if at(c) != 0 {
                    at(t)
                } else {
                    at(e)
                }
            }
            Instruction::Add(a, b) => at(a) + at(b),
            Instruction::Sub(a, b) => at(a) - at(b),
            Instruction::Mul(a, b) => at(a) * at(b),
            Instruction::Div(a, b) => at(a) / at(b).max(1),
            Instruction::Min(a, b) => at(a).min(at(b)),
            Instruction::Max(a, b) => at(a).max(at(b)),
            Instruction::Lookup(table, a) => arena.table(table).get(at(a)),
        };
        slots.push(value);
    }
}
