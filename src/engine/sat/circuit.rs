//! Terms as circuits: every term has the width that its range needs, every table is a tree of multiplexers.
//!
//! Reference: Kroening and Strichman, "Decision Procedures", Springer 2008, on flattening arithmetic of fixed width.

use super::aig::{Aig, Lit};
use super::bits::{self, Bits};
use super::tables::Multiplexer;
use crate::engine::format::Format;
use crate::engine::translation::Translation;
use crate::term::{Arena, Node, Range, Sort, TableId, TermId, VarId};

/// The circuits of the terms of one growing arena, each built once.
#[derive(Debug, Default)]
pub struct Circuit {
    /// The gates.
    pub aig: Aig,
    /// By term; truth values have one bit.
    values: Vec<Option<Bits>>,
    variables: Vec<(VarId, Bits)>,
    constraints: Vec<Lit>,
}

impl Translation for Circuit {
    fn has(&self, term: TermId) -> bool {
        self.values[term.index()].is_some()
    }

    fn put(&mut self, arena: &Arena, term: TermId) {
        self.values[term.index()] = Some(self.build(arena, term));
    }
}

impl Circuit {
    /// The literal of a Boolean term.
    pub fn condition(&mut self, arena: &Arena, term: TermId) -> Lit {
        self.values.resize(arena.len().max(self.values.len()), None);
        self.translate(arena, term);
        self.truth(term)
    }

    /// The literals of any term, least significant first.
    pub fn literals(&mut self, arena: &Arena, term: TermId) -> &[Lit] {
        self.values.resize(arena.len().max(self.values.len()), None);
        self.translate(arena, term);
        self.bits(term)
    }

    /// Conditions that keep variables within their ranges, made since the last call.
    pub fn take_constraints(&mut self) -> Vec<Lit> {
        std::mem::take(&mut self.constraints)
    }

    /// The variables that were translated, with their bits, lowest first.
    pub fn variables(&self) -> &[(VarId, Bits)] {
        &self.variables
    }

    /// The variables that were translated, with their values where `bit` tells those of inputs.
    pub fn read(&self, arena: &Arena, bit: &dyn Fn(Lit) -> bool) -> Vec<(VarId, i64)> {
        let read = |(var, bits): &(VarId, Bits)| {
            let raw = bits.iter().rev().fold(0i64, |sum, &literal| sum << 1 | bit(literal) as i64);
            let signed = match arena.variable(*var).sort {
                Sort::Bool => false,
                Sort::Int(range) => range.lo < 0,
            };
            let shift = 64u32.saturating_sub(bits.len() as u32);
            (*var, if signed { raw << shift >> shift } else { raw })
        };
        self.variables.iter().map(read).collect()
    }

    fn bits(&self, term: TermId) -> &[Lit] {
        self.values[term.index()].as_deref().unwrap_or_default()
    }

    fn truth(&self, term: TermId) -> Lit {
        self.bits(term).first().copied().unwrap_or(Lit::FALSE)
    }

    fn build(&mut self, arena: &Arena, term: TermId) -> Bits {
        match arena.sort(term) {
            Sort::Bool => vec![self.build_truth(arena, term)],
            Sort::Int(range) => self.build_number(arena, term, range),
        }
    }

    fn build_truth(&mut self, arena: &Arena, term: TermId) -> Lit {
        match arena.node(term) {
            Node::Bool(value) => Lit::constant(value),
            Node::Var(var) => {
                let input = self.aig.input();
                self.variables.push((var, vec![input]));
                input
            }
            Node::Not(a) => !self.truth(a),
            Node::And(a, b) => self.aig.and(self.truth(a), self.truth(b)),
            Node::Or(a, b) => self.aig.or(self.truth(a), self.truth(b)),
            Node::Ite(c, t, e) => self.aig.mux(self.truth(c), self.truth(t), self.truth(e)),
            Node::Eq(a, b) => {
                let (a, b, _) = self.operands(arena, a, b);
                bits::equal(&mut self.aig, &a, &b)
            }
            Node::Le(a, b) => self.at_most(arena, a, b),
            _ => Lit::FALSE,
        }
    }

    fn build_number(&mut self, arena: &Arena, term: TermId, range: Range) -> Bits {
        let format = Format::of(range);
        let fit = |circuit: &Self, a: TermId| circuit.resized(arena, a, format.width);
        match arena.node(term) {
            Node::Int(value) => bits::constant(value, format.width),
            Node::Var(var) => self.variable(var, format, range),
            Node::Ite(c, t, e) => {
                let (condition, t, e) = (self.truth(c), fit(self, t), fit(self, e));
                bits::select(&mut self.aig, condition, &t, &e)
            }
            Node::Add(a, b) => {
                let (a, b) = (fit(self, a), fit(self, b));
                bits::add(&mut self.aig, &a, &b, Lit::FALSE).0
            }
            Node::Sub(a, b) => {
                let (a, b) = (fit(self, a), fit(self, b));
                bits::subtract(&mut self.aig, &a, &b).0
            }
            Node::Mul(a, b) => {
                let (a, b) = (fit(self, a), fit(self, b));
                bits::multiply(&mut self.aig, &a, &b)
            }
            Node::Div(a, b) => {
                let (a, b, wide) = self.operands(arena, a, b);
                let quotient = bits::divide(&mut self.aig, &a, &b);
                bits::resize(&quotient, wide.signed, format.width)
            }
            Node::Min(a, b) => self.chosen(arena, (a, b), (a, b), format),
            Node::Max(a, b) => self.chosen(arena, (a, b), (b, a), format),
            Node::Lookup(table, index) => self.lookup(arena, table, index, format),
            _ => bits::constant(0, format.width),
        }
    }

    /// Where `a <= b` the first of two terms, else the second.
    fn chosen(&mut self, arena: &Arena, (a, b): (TermId, TermId), (t, e): (TermId, TermId), format: Format) -> Bits {
        let condition = self.at_most(arena, a, b);
        let (t, e) = (self.resized(arena, t, format.width), self.resized(arena, e, format.width));
        bits::select(&mut self.aig, condition, &t, &e)
    }

    fn variable(&mut self, var: VarId, format: Format, range: Range) -> Bits {
        let own: Bits = (0..format.width).map(|_| self.aig.input()).collect();
        if !format.is_filled_by(range) {
            let (lo, hi) = (bits::constant(range.lo, format.width), bits::constant(range.hi, format.width));
            let above = bits::at_most(&mut self.aig, &lo, &own, format.signed);
            let below = bits::at_most(&mut self.aig, &own, &hi, format.signed);
            self.constraints.extend([above, below]);
        }
        self.variables.push((var, own.clone()));
        own
    }

    /// Two terms in a format that holds both.
    fn operands(&self, arena: &Arena, a: TermId, b: TermId) -> (Bits, Bits, Format) {
        let joined = Format::of(arena.range(a)).join(Format::of(arena.range(b)));
        (self.resized(arena, a, joined.width), self.resized(arena, b, joined.width), joined)
    }

    fn at_most(&mut self, arena: &Arena, a: TermId, b: TermId) -> Lit {
        let (a, b, format) = self.operands(arena, a, b);
        bits::at_most(&mut self.aig, &a, &b, format.signed)
    }

    fn resized(&self, arena: &Arena, term: TermId, width: u32) -> Bits {
        bits::resize(self.bits(term), Format::of(arena.range(term)).signed, width)
    }

    fn lookup(&mut self, arena: &Arena, table: TableId, index: TermId, format: Format) -> Bits {
        let domain = arena.range(index);
        let own = Format::of(domain);
        let offset = Format::of(Range::new(0, domain.hi.saturating_sub(domain.lo)));
        // Shorter by a subtraction of the smallest index, unless the plain bits are as few.
        let (from, selectors) = if !own.signed && own.width == offset.width {
            (0, self.bits(index).to_vec())
        } else {
            let lowest = bits::constant(domain.lo, own.width);
            let index_bits = self.bits(index).to_vec();
            let (shifted, _) = bits::subtract(&mut self.aig, &index_bits, &lowest);
            (domain.lo, shifted[..offset.width as usize].to_vec())
        };
        let entries: Vec<i64> = (from..=domain.hi).map(|at| arena.table(table).get(at)).collect();
        Multiplexer::new(&mut self.aig, &selectors, format.width).select(&entries)
    }
}
