//! Terms as Z3 expressions: bit-vectors of exactly the width that a term's range needs.
//!
//! A term that may be negative is in two's complement, any other is unsigned. Sums, differences and products are
//! computed modulo two to the width of their result, which is exact because the result fits; comparisons and
//! quotients at a width that holds both operands. Nothing can overflow.

use z3::ast::{BV, Bool};

use super::tables::Multiplexer;
use crate::engine::format::Format;
use crate::engine::translation::Translation;
use crate::term::{Arena, Node, Range, Sort, TableId, TermId, VarId};

/// A translated term.
#[derive(Clone)]
enum Value {
    Truth(Bool),
    Number(BV),
}

/// Translates the terms of one growing arena, each once.
#[derive(Default)]
pub struct Translator {
    values: Vec<Option<Value>>,
    /// Variables translated so far.
    variables: Vec<VarId>,
    /// Constraints of variables to their ranges, not yet taken.
    constraints: Vec<Bool>,
}

impl Translation for Translator {
    fn has(&self, term: TermId) -> bool {
        self.values[term.index()].is_some()
    }

    fn put(&mut self, arena: &Arena, term: TermId) {
        self.values[term.index()] = Some(self.build(arena, term));
    }
}

impl Translator {
    /// The expression of a Boolean term.
    pub fn condition(&mut self, arena: &Arena, term: TermId) -> Bool {
        self.values.resize(arena.len().max(self.values.len()), None);
        self.translate(arena, term);
        self.truth(term)
    }

    /// The expression of an integer term, in the format of its range.
    pub fn number(&mut self, arena: &Arena, term: TermId) -> BV {
        self.values.resize(arena.len().max(self.values.len()), None);
        self.translate(arena, term);
        self.bits(term)
    }

    /// The constraints of variables to their ranges that were made since the last call.
    pub fn take_constraints(&mut self) -> Vec<Bool> {
        std::mem::take(&mut self.constraints)
    }

    /// Values of translated variables in a model.
    pub fn read_model(&self, arena: &Arena, model: &z3::Model) -> Vec<(VarId, i64)> {
        let read = |&var: &VarId| Some((var, self.read(arena, model, var)?));
        self.variables.iter().filter_map(read).collect()
    }

    fn read(&self, arena: &Arena, model: &z3::Model, var: VarId) -> Option<i64> {
        let variable = arena.variable(var);
        match self.values.get(variable.term.index())?.as_ref()? {
            Value::Truth(truth) => Some(model.eval(truth, true)?.as_bool()? as i64),
            Value::Number(bits) => {
                let raw = model.eval(bits, true)?.as_u64()? as i64;
                let format = Format::of(variable.sort.range());
                let shift = 64 - format.width;
                Some(if format.signed { raw << shift >> shift } else { raw })
            }
        }
    }

    fn build(&mut self, arena: &Arena, term: TermId) -> Value {
        match arena.sort(term) {
            Sort::Bool => Value::Truth(self.build_truth(arena, term)),
            Sort::Int(range) => Value::Number(self.build_number(arena, term, range)),
        }
    }

    fn truth(&self, term: TermId) -> Bool {
        match self.values.get(term.index()) {
            Some(Some(Value::Truth(truth))) => truth.clone(),
            _ => Bool::from_bool(false),
        }
    }

    fn bits(&self, term: TermId) -> BV {
        match self.values.get(term.index()) {
            Some(Some(Value::Number(bits))) => bits.clone(),
            _ => BV::from_i64(0, 1),
        }
    }

    fn build_truth(&mut self, arena: &Arena, term: TermId) -> Bool {
        match arena.node(term) {
            Node::Bool(value) => Bool::from_bool(value),
            Node::Var(var) => {
                self.variables.push(var);
                Bool::new_const(format!("b{}", var.index()))
            }
            Node::Not(a) => self.truth(a).not(),
            Node::And(a, b) => Bool::and(&[self.truth(a), self.truth(b)]),
            Node::Or(a, b) => Bool::or(&[self.truth(a), self.truth(b)]),
            Node::Ite(c, t, e) => self.truth(c).ite(&self.truth(t), &self.truth(e)),
            Node::Eq(a, b) => {
                let (a, b, _) = self.operands(arena, a, b);
                a.eq(&b)
            }
            Node::Le(a, b) => self.at_most(arena, a, b),
            _ => Bool::from_bool(false),
        }
    }

    fn build_number(&mut self, arena: &Arena, term: TermId, range: Range) -> BV {
        let format = Format::of(range);
        let fit = |translator: &Self, a: TermId| translator.resized(arena, a, format);
        match arena.node(term) {
            Node::Int(value) => BV::from_i64(value, format.width),
            Node::Var(var) => self.variable(var, format, range),
            Node::Ite(c, t, e) => self.truth(c).ite(&fit(self, t), &fit(self, e)),
            Node::Add(a, b) => fit(self, a).bvadd(fit(self, b)),
            Node::Sub(a, b) => fit(self, a).bvsub(fit(self, b)),
            Node::Mul(a, b) => fit(self, a).bvmul(fit(self, b)),
            Node::Div(a, b) => {
                let (a, b, wide) = self.operands(arena, a, b);
                resize(&a.bvudiv(&b), wide, format.width)
            }
            Node::Min(a, b) => self.at_most(arena, a, b).ite(&fit(self, a), &fit(self, b)),
            Node::Max(a, b) => self.at_most(arena, a, b).ite(&fit(self, b), &fit(self, a)),
            Node::Lookup(table, index) => self.lookup(arena, table, index, format),
            _ => BV::from_i64(0, format.width),
        }
    }

    fn variable(&mut self, var: VarId, format: Format, range: Range) -> BV {
        let bits = BV::new_const(format!("v{}", var.index()), format.width);
        if !format.is_filled_by(range) {
            let (lo, hi) = (BV::from_i64(range.lo, format.width), BV::from_i64(range.hi, format.width));
            let inside = [compare(&lo, &bits, format.signed), compare(&bits, &hi, format.signed)];
            self.constraints.push(Bool::and(&inside));
        }
        self.variables.push(var);
        bits
    }

    /// Two terms in a format that holds both.
    fn operands(&self, arena: &Arena, a: TermId, b: TermId) -> (BV, BV, Format) {
        let joined = Format::of(arena.range(a)).join(Format::of(arena.range(b)));
        (self.resized(arena, a, joined), self.resized(arena, b, joined), joined)
    }

    fn at_most(&self, arena: &Arena, a: TermId, b: TermId) -> Bool {
        let (a, b, format) = self.operands(arena, a, b);
        compare(&a, &b, format.signed)
    }

    fn resized(&self, arena: &Arena, term: TermId, to: Format) -> BV {
        resize(&self.bits(term), Format::of(arena.range(term)), to.width)
    }

    fn lookup(&self, arena: &Arena, table: TableId, index: TermId, format: Format) -> BV {
        let domain = arena.range(index);
        let entries = |from: i64| -> Vec<i64> { (from..=domain.hi).map(|at| arena.table(table).get(at)).collect() };
        let bits = self.bits(index);
        // Shorter by a subtraction of the smallest index, unless the plain bits are as few.
        let own = Format::of(domain);
        let offset = Format::of(Range::new(0, domain.hi.saturating_sub(domain.lo)));
        let (bits, width, values) = if !own.signed && own.width == offset.width {
            (bits, own.width, entries(0))
        } else {
            let lo = BV::from_i64(domain.lo, own.width);
            (resize(&bits.bvsub(&lo), own, offset.width), offset.width, entries(domain.lo))
        };
        let one = BV::from_i64(1, 1);
        let bits: Vec<Bool> = (0..width).map(|bit| bits.extract(bit, bit).eq(&one)).collect();
        let leaf = |value: i64| BV::from_i64(value, format.width);
        Multiplexer::new(&bits, &leaf).select(&values)
    }
}

fn compare(a: &BV, b: &BV, signed: bool) -> Bool {
    if signed { a.bvsle(b) } else { a.bvule(b) }
}

/// Extends by the sign or by zeros, or cuts off high bits that are known not to matter.
fn resize(bits: &BV, from: Format, width: u32) -> BV {
    match width.checked_sub(from.width) {
        None => bits.extract(width - 1, 0),
        Some(0) => bits.clone(),
        Some(more) if from.signed => bits.sign_ext(more),
        Some(more) => bits.zero_ext(more),
    }
}
