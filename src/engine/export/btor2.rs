//! Machines in the format BTOR2: the transition system on words.
//!
//! Truth values are words of one bit. Every register has its value at the start and its next value, and there are no
//! constraints.

use std::fmt::Write;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::Watch;
use crate::engine::format::Format;
use crate::engine::words::{Arithmetic, Translator, Words};
use crate::term::{Arena, Sort, TermId, VarId};

use super::machine::{Machine, Register};
use super::names::{Names, comment};
use super::{ExportError, go_on};

/// The file of a machine, with lines of comment before it.
///
/// # Errors
///
/// If the budget is exhausted.
pub fn write(machine: &Machine, comments: &[String], watch: &Watch) -> Result<String, ExportError> {
    let arena = &machine.arena;
    let mut translator = Translator::new(Lines::new(&machine.registers));
    comments.iter().for_each(|line| translator.words.text += &format!("; {}\n", comment(line)));
    for &var in &machine.inputs {
        node(&mut translator, arena, arena.variable(var).term);
    }
    // A value at the start comes before its register.
    for register in &machine.registers {
        translator.words.constant(register.initial, width(arena, register.var));
    }
    for register in &machine.registers {
        let state = node(&mut translator, arena, arena.variable(register.var).term);
        translator.words.begins(state, register.initial, width(arena, register.var));
    }
    for (number, register) in machine.registers.iter().enumerate() {
        go_on(watch, number)?;
        let next = next(&mut translator, arena, register);
        let state = node(&mut translator, arena, arena.variable(register.var).term);
        translator.words.continues(state, next, width(arena, register.var));
    }
    for bad in &machine.bad {
        let condition = translator.condition(arena, bad.condition);
        let name = translator.words.names.unique(&bad.name);
        translator.words.line(&format!("bad {condition} {name}"));
    }
    Ok(translator.words.text)
}

/// The node of a term.
fn node(translator: &mut Translator<Lines>, arena: &Arena, term: TermId) -> u64 {
    match arena.sort(term) {
        Sort::Bool => translator.condition(arena, term),
        Sort::Int(_) => translator.number(arena, term).0,
    }
}

/// The node of a register's next value, as wide as the register.
fn next(translator: &mut Translator<Lines>, arena: &Arena, register: &Register) -> u64 {
    match arena.variable(register.var).sort {
        Sort::Bool => translator.condition(arena, register.next),
        Sort::Int(range) => translator.number_within(arena, register.next, range).0,
    }
}

fn width(arena: &Arena, var: VarId) -> u32 {
    match arena.variable(var).sort {
        Sort::Bool => 1,
        Sort::Int(range) => Format::of(range).width,
    }
}

/// The lines of a file: truth values are nodes, words nodes with their width.
struct Lines {
    text: String,
    last: u64,
    names: Names,
    registers: FxHashSet<VarId>,
    sorts: FxHashMap<u32, u64>,
    constants: FxHashMap<(i64, u32), u64>,
}

impl Lines {
    fn new(registers: &[Register]) -> Self {
        Lines {
            text: String::new(),
            last: 0,
            names: Names::default(),
            registers: registers.iter().map(|it| it.var).collect(),
            sorts: FxHashMap::default(),
            constants: FxHashMap::default(),
        }
    }

    fn line(&mut self, rest: &str) -> u64 {
        self.last += 1;
        let _ = writeln!(self.text, "{} {rest}", self.last);
        self.last
    }

    fn sort(&mut self, width: u32) -> u64 {
        if let Some(&known) = self.sorts.get(&width) {
            return known;
        }
        let sort = self.line(&format!("sort bitvec {width}"));
        self.sorts.insert(width, sort);
        sort
    }

    /// A node of an operator on nodes, and perhaps numbers.
    fn node(&mut self, operator: &str, width: u32, operands: &[u64]) -> u64 {
        let sort = self.sort(width);
        let operands: Vec<String> = operands.iter().map(u64::to_string).collect();
        self.line(&format!("{operator} {sort} {}", operands.join(" ")))
    }

    fn variable(&mut self, arena: &Arena, var: VarId, width: u32) -> u64 {
        let sort = self.sort(width);
        let name = self.names.unique(&arena.variable(var).name);
        let kind = if self.registers.contains(&var) { "state" } else { "input" };
        self.line(&format!("{kind} {sort} {name}"))
    }

    fn begins(&mut self, state: u64, initial: i64, width: u32) {
        let (sort, value) = (self.sort(width), self.constant(initial, width).0);
        self.line(&format!("init {sort} {state} {value}"));
    }

    fn continues(&mut self, state: u64, next: u64, width: u32) {
        let sort = self.sort(width);
        self.line(&format!("next {sort} {state} {next}"));
    }
}

impl Words for Lines {
    type Truth = u64;
    type Number = (u64, u32);

    const CONSTRAINS: bool = false;

    fn truth(&mut self, value: bool) -> u64 {
        self.constant(i64::from(value), 1).0
    }

    fn constant(&mut self, value: i64, width: u32) -> (u64, u32) {
        if let Some(&known) = self.constants.get(&(value, width)) {
            return (known, width);
        }
        let sort = self.sort(width);
        let bits: String = (0..width).rev().map(|bit| if value >> bit.min(63) & 1 == 1 { '1' } else { '0' }).collect();
        let node = self.line(&format!("const {sort} {bits}"));
        self.constants.insert((value, width), node);
        (node, width)
    }

    fn boolean(&mut self, arena: &Arena, var: VarId) -> u64 {
        self.variable(arena, var, 1)
    }

    fn word(&mut self, arena: &Arena, var: VarId, width: u32) -> (u64, u32) {
        (self.variable(arena, var, width), width)
    }

    fn not(&mut self, &a: &u64) -> u64 {
        self.node("not", 1, &[a])
    }

    fn and(&mut self, &a: &u64, &b: &u64) -> u64 {
        self.node("and", 1, &[a, b])
    }

    fn or(&mut self, &a: &u64, &b: &u64) -> u64 {
        self.node("or", 1, &[a, b])
    }

    fn choose(&mut self, &c: &u64, &t: &u64, &e: &u64) -> u64 {
        self.node("ite", 1, &[c, t, e])
    }

    fn select(&mut self, &c: &u64, &(t, width): &(u64, u32), &(e, _): &(u64, u32)) -> (u64, u32) {
        (self.node("ite", width, &[c, t, e]), width)
    }

    fn equal(&mut self, a: &(u64, u32), b: &(u64, u32)) -> u64 {
        self.node("eq", 1, &[a.0, b.0])
    }

    fn at_most(&mut self, a: &(u64, u32), b: &(u64, u32), signed: bool) -> u64 {
        self.node(if signed { "slte" } else { "ulte" }, 1, &[a.0, b.0])
    }

    fn arithmetic(&mut self, operator: Arithmetic, a: &(u64, u32), b: &(u64, u32)) -> (u64, u32) {
        let name = match operator {
            Arithmetic::Add => "add",
            Arithmetic::Sub => "sub",
            Arithmetic::Mul => "mul",
            Arithmetic::Div => "udiv",
        };
        (self.node(name, a.1, &[a.0, b.0]), a.1)
    }

    fn cut(&mut self, a: &(u64, u32), width: u32) -> (u64, u32) {
        (self.node("slice", width, &[a.0, u64::from(width) - 1, 0]), width)
    }

    fn extend(&mut self, &(a, width): &(u64, u32), more: u32, signed: bool) -> (u64, u32) {
        let name = if signed { "sext" } else { "uext" };
        (self.node(name, width + more, &[a, u64::from(more)]), width + more)
    }

    fn bit(&mut self, a: &(u64, u32), bit: u32) -> u64 {
        self.node("slice", 1, &[a.0, u64::from(bit), u64::from(bit)])
    }
}
