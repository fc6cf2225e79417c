//! Machines in the format AIGER 1.9: and-inverter graphs with latches, as text or binary.
//!
//! What must not be reached are bad-state properties; there are no constraints. The bits of an input or a register `x` are
//! `x[0]`, `x[1]`, … from the lowest on, those of a truth value `x` alone. Constants 1 at the start are resets, as the
//! format has them since version 1.9.

use crate::engine::Watch;
use crate::engine::format::Format;
use crate::engine::sat::aig::{Aig, Gate, Lit};
use crate::engine::sat::bits::{self, Bits};
use crate::engine::sat::circuit::Circuit;
use crate::term::{Arena, Sort, VarId};

use super::machine::{Machine, Register};
use super::names::{Names, comment};
use super::{ExportError, go_on};

/// How the gates are written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Coding {
    /// As text: `aag`.
    #[default]
    Text,
    /// As differences in a few bytes each: `aig`.
    Binary,
}

/// A bit of a latch: its output, its next value, and its value at the start.
struct Latch {
    output: Lit,
    next: Lit,
    initial: bool,
}

/// The file of a machine, with lines of comment.
///
/// # Errors
///
/// If the budget is exhausted.
pub fn write(machine: &Machine, comments: &[String], coding: Coding, watch: &Watch) -> Result<Vec<u8>, ExportError> {
    let arena = &machine.arena;
    let mut circuit = Circuit::default();
    let mut inputs = Vec::new();
    for &var in &machine.inputs {
        inputs.extend_from_slice(circuit.literals(arena, arena.variable(var).term));
    }
    let outputs: Vec<Bits> =
        machine.registers.iter().map(|it| circuit.literals(arena, arena.variable(it.var).term).to_vec()).collect();
    let mut latches = Vec::new();
    for (number, (register, outputs)) in machine.registers.iter().zip(&outputs).enumerate() {
        go_on(watch, number)?;
        latches.extend(latch(&mut circuit, arena, register, outputs));
    }
    let bad: Vec<Lit> = machine.bad.iter().map(|bad| circuit.condition(arena, bad.condition)).collect();
    let roots: Vec<Lit> = latches.iter().map(|latch| latch.next).chain(bad.iter().copied()).collect();
    let numbering = Numbering::of(&circuit.aig, &inputs, &latches, &roots);
    let mut file = File { aig: &circuit.aig, numbering, out: Vec::new() };
    file.body(coding, &latches, &bad, watch)?;
    file.symbols(machine);
    file.comments(comments);
    Ok(file.out)
}

/// The latches of a register, lowest bit first.
fn latch(circuit: &mut Circuit, arena: &Arena, register: &Register, outputs: &[Lit]) -> Vec<Latch> {
    let width = outputs.len() as u32;
    let signed = match arena.sort(register.next) {
        Sort::Bool => false,
        Sort::Int(range) => Format::of(range).signed,
    };
    let next = bits::resize(circuit.literals(arena, register.next), signed, width);
    let initial = bits::constant(register.initial, width);
    let bit = |((&output, next), initial): ((&Lit, Lit), Lit)| Latch { output, next, initial: initial == Lit::TRUE };
    outputs.iter().zip(next).zip(initial).map(bit).collect()
}

/// The numbers that AIGER has for nodes: inputs, latches, gates in their order.
struct Numbering {
    /// By node; 0 is the constant.
    number: Vec<u32>,
    /// Nodes of gates in the order of their numbers.
    gates: Vec<usize>,
    inputs: usize,
}

impl Numbering {
    fn of(aig: &Aig, inputs: &[Lit], latches: &[Latch], roots: &[Lit]) -> Self {
        let mut number = vec![0; aig.len()];
        let variables = inputs.iter().chain(latches.iter().map(|latch| &latch.output));
        let mut next = 0;
        for literal in variables {
            next += 1;
            number[literal.node()] = next;
        }
        let gates = reached(aig, roots);
        for &node in &gates {
            next += 1;
            number[node] = next;
        }
        Numbering { number, gates, inputs: inputs.len() }
    }

    fn of_literal(&self, literal: Lit) -> u32 {
        self.number[literal.node()] * 2 + u32::from(literal.is_negated())
    }
}

/// The gates below some literals, in the order of the graph.
fn reached(aig: &Aig, roots: &[Lit]) -> Vec<usize> {
    let mut marked = vec![false; aig.len()];
    roots.iter().for_each(|root| marked[root.node()] = true);
    for node in (0..aig.len()).rev() {
        if let (true, Gate::And(a, b)) = (marked[node], aig.gate(node)) {
            marked[a.node()] = true;
            marked[b.node()] = true;
        }
    }
    (0..aig.len()).filter(|&node| marked[node] && matches!(aig.gate(node), Gate::And(..))).collect()
}

/// A file in the making. Writing to memory cannot fail.
struct File<'a> {
    aig: &'a Aig,
    numbering: Numbering,
    out: Vec<u8>,
}

impl File<'_> {
    fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
    }

    fn body(&mut self, coding: Coding, latches: &[Latch], bad: &[Lit], watch: &Watch) -> Result<(), ExportError> {
        let (inputs, gates) = (self.numbering.inputs, self.numbering.gates.len());
        let format = if coding == Coding::Text { "aag" } else { "aig" };
        let most = inputs + latches.len() + gates;
        self.line(&format!("{format} {most} {inputs} {} 0 {gates} {}", latches.len(), bad.len()));
        if coding == Coding::Text {
            (1..=inputs).for_each(|number| self.line(&(2 * number).to_string()));
        }
        for latch in latches {
            let (own, next) = (self.numbering.of_literal(latch.output), self.numbering.of_literal(latch.next));
            let own = if coding == Coding::Text { format!("{own} ") } else { String::new() };
            self.line(&format!("{own}{next}{}", if latch.initial { " 1" } else { "" }));
        }
        bad.iter().for_each(|&bad| self.line(&self.numbering.of_literal(bad).to_string()));
        for index in 0..gates {
            go_on(watch, index)?;
            self.gate(coding, self.numbering.gates[index]);
        }
        Ok(())
    }

    fn gate(&mut self, coding: Coding, node: usize) {
        let Gate::And(a, b) = self.aig.gate(node) else { return };
        let own = self.numbering.number[node] * 2;
        let (a, b) = (self.numbering.of_literal(a), self.numbering.of_literal(b));
        let (high, low) = (a.max(b), a.min(b));
        match coding {
            Coding::Text => self.line(&format!("{own} {high} {low}")),
            Coding::Binary => [own - high, high - low].into_iter().for_each(|difference| self.coded(difference)),
        }
    }

    /// Seven bits a byte, lowest first; the highest bit says that more follow.
    fn coded(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    fn symbols(&mut self, machine: &Machine) {
        let mut names = Names::default();
        let registers: Vec<VarId> = machine.registers.iter().map(|it| it.var).collect();
        for (kind, variables) in [('i', &machine.inputs), ('l', &registers)] {
            let mut position = 0;
            for &var in variables {
                for symbol in symbols(&machine.arena, var, &mut names) {
                    self.line(&format!("{kind}{position} {symbol}"));
                    position += 1;
                }
            }
        }
        for (position, bad) in machine.bad.iter().enumerate() {
            self.line(&format!("b{position} {}", names.unique(&bad.name)));
        }
    }

    fn comments(&mut self, lines: &[String]) {
        self.line("c");
        lines.iter().for_each(|line| self.line(&comment(line)));
    }
}

/// The names of a variable's bits, lowest first.
fn symbols(arena: &Arena, var: VarId, names: &mut Names) -> Vec<String> {
    let name = names.unique(&arena.variable(var).name);
    match arena.variable(var).sort {
        Sort::Bool => vec![name],
        Sort::Int(range) => (0..Format::of(range).width).map(|bit| format!("{name}[{bit}]")).collect(),
    }
}
