//! Terms as words: bit-vectors of exactly the width that a term's range needs, in whatever language speaks of them.
//!
//! A term that may be negative is in two's complement, any other is unsigned. Sums, differences and products are
//! computed modulo two to the width of their result, which is exact because the result fits; comparisons and
//! quotients at a width that holds both operands. Nothing can overflow. Tables are trees of choices over the bits of
//! their index, with equal subtrees shared.
//!
//! Z3 ([`super::smt::translate`]) and the formats of [`super::export`] are such languages: what a term means is said here,
//! once for all of them.

use rustc_hash::FxHashMap;

use crate::engine::format::Format;
use crate::engine::translation::Translation;
use crate::term::{Arena, Node, Range, Sort, TableId, TermId, VarId};

/// Operators on two words of one width, whose result has that width, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Unsigned quotient; the divisor is never 0.
    Div,
}

/// A language of truth values and words.
pub trait Words {
    /// A truth value.
    type Truth: Clone;
    /// A word.
    type Number: Clone;

    /// Whether variables have to be kept within their ranges by constraints.
    const CONSTRAINS: bool = true;

    /// A constant.
    fn truth(&mut self, value: bool) -> Self::Truth;
    /// A constant in two's complement, of 1 to 65 bits.
    fn constant(&mut self, value: i64, width: u32) -> Self::Number;
    /// A Boolean variable, asked for once.
    fn boolean(&mut self, arena: &Arena, var: VarId) -> Self::Truth;
    /// A variable of that many bits, asked for once.
    fn word(&mut self, arena: &Arena, var: VarId, width: u32) -> Self::Number;
    /// Negation.
    fn not(&mut self, a: &Self::Truth) -> Self::Truth;
    /// Conjunction.
    fn and(&mut self, a: &Self::Truth, b: &Self::Truth) -> Self::Truth;
    /// Disjunction.
    fn or(&mut self, a: &Self::Truth, b: &Self::Truth) -> Self::Truth;
    /// Choice between truth values.
    fn choose(&mut self, c: &Self::Truth, t: &Self::Truth, e: &Self::Truth) -> Self::Truth;
    /// Choice between words of one width.
    fn select(&mut self, c: &Self::Truth, t: &Self::Number, e: &Self::Number) -> Self::Number;
    /// Equality of words of one width.
    fn equal(&mut self, a: &Self::Number, b: &Self::Number) -> Self::Truth;
    /// `a ≤ b` of words of one width.
    fn at_most(&mut self, a: &Self::Number, b: &Self::Number, signed: bool) -> Self::Truth;
    /// Arithmetic on words of one width.
    fn arithmetic(&mut self, operator: Arithmetic, a: &Self::Number, b: &Self::Number) -> Self::Number;
    /// The lowest bits, fewer than there are.
    fn cut(&mut self, a: &Self::Number, width: u32) -> Self::Number;
    /// One or more bits more: copies of the sign, or zeros.
    fn extend(&mut self, a: &Self::Number, more: u32, signed: bool) -> Self::Number;
    /// Whether a bit is set; 0 is the lowest.
    fn bit(&mut self, a: &Self::Number, bit: u32) -> Self::Truth;
}

/// A translated term.
#[derive(Clone)]
enum Value<T, N> {
    Truth(T),
    Number(N),
}

/// Translates the terms of one growing arena, each once.
pub struct Translator<W: Words> {
    /// The language.
    pub words: W,
    values: Vec<Option<Value<W::Truth, W::Number>>>,
    /// Variables translated so far.
    variables: Vec<VarId>,
    /// Constraints of variables to their ranges, not yet taken.
    constraints: Vec<W::Truth>,
}

impl<W: Words + Default> Default for Translator<W> {
    fn default() -> Self {
        Translator::new(W::default())
    }
}

impl<W: Words> Translation for Translator<W> {
    fn has(&self, term: TermId) -> bool {
        self.values[term.index()].is_some()
    }

    fn put(&mut self, arena: &Arena, term: TermId) {
        self.values[term.index()] = Some(self.build(arena, term));
    }
}

impl<W: Words> Translator<W> {
    /// Nothing translated yet.
    pub fn new(words: W) -> Self {
        Translator { words, values: Vec::new(), variables: Vec::new(), constraints: Vec::new() }
    }

    /// The expression of a Boolean term.
    pub fn condition(&mut self, arena: &Arena, term: TermId) -> W::Truth {
        self.prepare(arena, term);
        self.truth(term)
    }

    /// The expression of an integer term, in the format of its range.
    pub fn number(&mut self, arena: &Arena, term: TermId) -> W::Number {
        self.prepare(arena, term);
        self.bits(term)
    }

    /// The expression of an integer term in the format of a range that its values are in, even if its own range is another.
    pub fn number_within(&mut self, arena: &Arena, term: TermId, range: Range) -> W::Number {
        self.prepare(arena, term);
        self.resized(arena, term, Format::of(range))
    }

    /// The constraints of variables to their ranges that were made since the last call.
    pub fn take_constraints(&mut self) -> Vec<W::Truth> {
        std::mem::take(&mut self.constraints)
    }

    /// The variables translated so far, in the order in which they were met.
    pub fn variables(&self) -> &[VarId] {
        &self.variables
    }

    fn prepare(&mut self, arena: &Arena, term: TermId) {
        self.values.resize_with(arena.len().max(self.values.len()), || None);
        self.translate(arena, term);
    }

    fn build(&mut self, arena: &Arena, term: TermId) -> Value<W::Truth, W::Number> {
        match arena.sort(term) {
            Sort::Bool => Value::Truth(self.build_truth(arena, term)),
            Sort::Int(range) => Value::Number(self.build_number(arena, term, range)),
        }
    }

    fn truth(&mut self, term: TermId) -> W::Truth {
        match self.values.get(term.index()) {
            Some(Some(Value::Truth(truth))) => truth.clone(),
            _ => self.words.truth(false),
        }
    }

    fn bits(&mut self, term: TermId) -> W::Number {
        match self.values.get(term.index()) {
            Some(Some(Value::Number(bits))) => bits.clone(),
            _ => self.words.constant(0, 1),
        }
    }

    fn build_truth(&mut self, arena: &Arena, term: TermId) -> W::Truth {
        match arena.node(term) {
            Node::Bool(value) => self.words.truth(value),
            Node::Var(var) => {
                self.variables.push(var);
                self.words.boolean(arena, var)
            }
            Node::Not(a) => {
                let a = self.truth(a);
                self.words.not(&a)
            }
            Node::And(a, b) => {
                let (a, b) = (self.truth(a), self.truth(b));
                self.words.and(&a, &b)
            }
            Node::Or(a, b) => {
                let (a, b) = (self.truth(a), self.truth(b));
                self.words.or(&a, &b)
            }
            Node::Ite(c, t, e) => {
                let (c, t, e) = (self.truth(c), self.truth(t), self.truth(e));
                self.words.choose(&c, &t, &e)
            }
            Node::Eq(a, b) => {
                let (a, b, _) = self.operands(arena, a, b);
                self.words.equal(&a, &b)
            }
            Node::Le(a, b) => self.at_most(arena, a, b),
            _ => self.words.truth(false),
        }
    }

    fn build_number(&mut self, arena: &Arena, term: TermId, range: Range) -> W::Number {
        let format = Format::of(range);
        match arena.node(term) {
            Node::Int(value) => self.words.constant(value, format.width),
            Node::Var(var) => self.variable(arena, var, format, range),
            Node::Ite(c, t, e) => {
                let (c, t, e) = (self.truth(c), self.resized(arena, t, format), self.resized(arena, e, format));
                self.words.select(&c, &t, &e)
            }
            Node::Add(a, b) => self.computed(arena, Arithmetic::Add, (a, b), format),
            Node::Sub(a, b) => self.computed(arena, Arithmetic::Sub, (a, b), format),
            Node::Mul(a, b) => self.computed(arena, Arithmetic::Mul, (a, b), format),
            Node::Div(a, b) => {
                let (a, b, wide) = self.operands(arena, a, b);
                let quotient = self.words.arithmetic(Arithmetic::Div, &a, &b);
                self.resize(&quotient, wide, format.width)
            }
            Node::Min(a, b) => self.chosen(arena, (a, b), (a, b), format),
            Node::Max(a, b) => self.chosen(arena, (a, b), (b, a), format),
            Node::Lookup(table, index) => self.lookup(arena, table, index, format),
            _ => self.words.constant(0, format.width),
        }
    }

    fn computed(&mut self, arena: &Arena, operator: Arithmetic, (a, b): (TermId, TermId), to: Format) -> W::Number {
        let (a, b) = (self.resized(arena, a, to), self.resized(arena, b, to));
        self.words.arithmetic(operator, &a, &b)
    }

    /// Where `a <= b` the first of two terms, else the second.
    fn chosen(&mut self, arena: &Arena, (a, b): (TermId, TermId), (t, e): (TermId, TermId), to: Format) -> W::Number {
        let condition = self.at_most(arena, a, b);
        let (t, e) = (self.resized(arena, t, to), self.resized(arena, e, to));
        self.words.select(&condition, &t, &e)
    }

    fn variable(&mut self, arena: &Arena, var: VarId, format: Format, range: Range) -> W::Number {
        let bits = self.words.word(arena, var, format.width);
        if W::CONSTRAINS && !format.is_filled_by(range) {
            let (lo, hi) = (self.words.constant(range.lo, format.width), self.words.constant(range.hi, format.width));
            let above = self.words.at_most(&lo, &bits, format.signed);
            let below = self.words.at_most(&bits, &hi, format.signed);
            let inside = self.words.and(&above, &below);
            self.constraints.push(inside);
        }
        self.variables.push(var);
        bits
    }

    /// Two terms in a format that holds both.
    fn operands(&mut self, arena: &Arena, a: TermId, b: TermId) -> (W::Number, W::Number, Format) {
        let joined = Format::of(arena.range(a)).join(Format::of(arena.range(b)));
        (self.resized(arena, a, joined), self.resized(arena, b, joined), joined)
    }

    fn at_most(&mut self, arena: &Arena, a: TermId, b: TermId) -> W::Truth {
        let (a, b, format) = self.operands(arena, a, b);
        self.words.at_most(&a, &b, format.signed)
    }

    fn resized(&mut self, arena: &Arena, term: TermId, to: Format) -> W::Number {
        let bits = self.bits(term);
        self.resize(&bits, Format::of(arena.range(term)), to.width)
    }

    /// Extends by the sign or by zeros, or cuts off high bits that are known not to matter.
    fn resize(&mut self, bits: &W::Number, from: Format, width: u32) -> W::Number {
        match width.checked_sub(from.width) {
            None => self.words.cut(bits, width),
            Some(0) => bits.clone(),
            Some(more) => self.words.extend(bits, more, from.signed),
        }
    }

    fn lookup(&mut self, arena: &Arena, table: TableId, index: TermId, format: Format) -> W::Number {
        let domain = arena.range(index);
        let entries = |from: i64| -> Vec<i64> { (from..=domain.hi).map(|at| arena.table(table).get(at)).collect() };
        let bits = self.bits(index);
        // Shorter by a subtraction of the smallest index, unless the plain bits are as few.
        let own = Format::of(domain);
        let offset = Format::of(Range::new(0, domain.hi.saturating_sub(domain.lo)));
        let (bits, width, values) = if !own.signed && own.width == offset.width {
            (bits, own.width, entries(0))
        } else {
            let lowest = self.words.constant(domain.lo, own.width);
            let shifted = self.words.arithmetic(Arithmetic::Sub, &bits, &lowest);
            (self.resize(&shifted, own, offset.width), offset.width, entries(domain.lo))
        };
        let selectors: Vec<W::Truth> = (0..width).map(|bit| self.words.bit(&bits, bit)).collect();
        let mut tree =
            Tree { words: &mut self.words, selectors: &selectors, width: format.width, known: FxHashMap::default() };
        tree.select(&values)
    }
}

/// The choices of one table.
struct Tree<'a, W: Words> {
    words: &'a mut W,
    /// Bits of the index, lowest first.
    selectors: &'a [W::Truth],
    width: u32,
    known: FxHashMap<Vec<i64>, W::Number>,
}

impl<W: Words> Tree<'_, W> {
    /// The entry that the bits select. What lies beyond the last entry is never selected; it reads as the last one.
    fn select(&mut self, values: &[i64]) -> W::Number {
        let mut padded = values.to_vec();
        let last = values.last().copied().unwrap_or(0);
        padded.resize(1 << self.selectors.len(), last);
        self.tree(&padded, self.selectors.len())
    }

    /// `values` are the entries for all settings of the lowest `level` bits.
    fn tree(&mut self, values: &[i64], level: usize) -> W::Number {
        if values.iter().all(|&value| value == values[0]) {
            return self.words.constant(values[0], self.width);
        }
        if let Some(known) = self.known.get(values) {
            return known.clone();
        }
        let (low, high) = values.split_at(values.len() / 2);
        let (low, high) = (self.tree(low, level - 1), self.tree(high, level - 1));
        let tree = self.words.select(&self.selectors[level - 1], &high, &low);
        self.known.insert(values.to_vec(), tree.clone());
        tree
    }
}
