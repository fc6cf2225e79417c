//! And-inverter graphs: circuits of two-input gates and negations, each built once.
//!
//! Negation is a bit of the literal. A gate is looked up by its two inputs before it is made (structural hashing), and
//! rules that look at most two levels down keep trivial gates from being made at all:
//!
//! | rule | gate | becomes |
//! | --- | --- | --- |
//! | constants | `a & 0`, `a & 1`, `a & a`, `a & !a` | `0`, `a`, `a`, `0` |
//! | contradiction | `a & (!a & b)`, `(a & b) & (!a & c)` | `0` |
//! | idempotence | `a & (a & b)` | `a & b` |
//! | subsumption | `a & !(!a & b)`, `(a & b) & !(!a & c)` | `a`, `a & b` |
//! | substitution | `a & !(a & b)`, `(a & b) & !(a & c)` | `a & !b`, `(a & b) & !c` |
//! | resolution | `!(a & b) & !(a & !b)` | `!a` |
//!
//! None of them needs more gates than it was asked for.
//!
//! References: Kuehlmann, Paruthi, Krohm and Ganai, "Robust Boolean reasoning for equivalence checking and functional
//! property verification", IEEE TCAD 21(12), 2002; Brummayer and Biere, "Local two-level and-inverter graph
//! minimization without blowup", MEMICS 2006.

use rustc_hash::FxHashMap;

/// A node or its negation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lit(u32);

impl Lit {
    /// The constant 0.
    pub const FALSE: Lit = Lit(0);
    /// The constant 1.
    pub const TRUE: Lit = Lit(1);

    /// A constant.
    pub fn constant(value: bool) -> Lit {
        Lit(value as u32)
    }

    /// Position of the node.
    pub fn node(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether it is the negation of the node.
    pub fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }

    /// The value, if it is a constant.
    pub fn as_constant(self) -> Option<bool> {
        (self.0 < 2).then_some(self.0 == 1)
    }

    fn positive(node: usize) -> Lit {
        Lit((node as u32) << 1)
    }
}

impl std::ops::Not for Lit {
    type Output = Lit;

    fn not(self) -> Lit {
        Lit(self.0 ^ 1)
    }
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// The constant 0: node 0.
    Zero,
    /// A free input.
    Input,
    /// A conjunction.
    And(Lit, Lit),
}

/// A circuit.
#[derive(Debug)]
pub struct Aig {
    gates: Vec<Gate>,
    known: FxHashMap<(Lit, Lit), u32>,
}

impl Default for Aig {
    fn default() -> Self {
        Aig { gates: vec![Gate::Zero], known: FxHashMap::default() }
    }
}

impl Aig {
    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.gates.len()
    }

    /// Number of conjunctions.
    pub fn gates(&self) -> u64 {
        self.known.len() as u64
    }

    /// Whether there is nothing but the constant.
    pub fn is_empty(&self) -> bool {
        self.gates.len() == 1
    }

    /// The gate of a node.
    pub fn gate(&self, node: usize) -> Gate {
        self.gates[node]
    }

    /// A new input.
    pub fn input(&mut self) -> Lit {
        self.gates.push(Gate::Input);
        Lit::positive(self.gates.len() - 1)
    }

    /// Conjunction.
    pub fn and(&mut self, a: Lit, b: Lit) -> Lit {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        match self.simplified(a, b) {
            Simplified::Literal(literal) => literal,
            Simplified::And(a, b) => self.and(a, b),
            Simplified::Nothing => self.gate_of(a, b),
        }
    }

    fn gate_of(&mut self, a: Lit, b: Lit) -> Lit {
        if let Some(&node) = self.known.get(&(a, b)) {
            return Lit::positive(node as usize);
        }
        let node = self.gates.len();
        self.gates.push(Gate::And(a, b));
        self.known.insert((a, b), node as u32);
        Lit::positive(node)
    }

    /// The inputs of a conjunction.
    fn inputs(&self, literal: Lit) -> Option<(Lit, Lit)> {
        match self.gates[literal.node()] {
            Gate::And(a, b) => Some((a, b)),
            _ => None,
        }
    }

    fn simplified(&self, a: Lit, b: Lit) -> Simplified {
        if a == Lit::FALSE || a == !b {
            return Simplified::Literal(Lit::FALSE);
        }
        if a == Lit::TRUE || a == b {
            return Simplified::Literal(b);
        }
        let one_sided = self.absorbed(a, b).or_else(|| self.absorbed(b, a));
        one_sided.or_else(|| self.combined(a, b)).unwrap_or(Simplified::Nothing)
    }

    /// `gate` against the other literal.
    fn absorbed(&self, other: Lit, gate: Lit) -> Option<Simplified> {
        let (x, y) = self.inputs(gate)?;
        let (same, opposite) = (other == x || other == y, other == !x || other == !y);
        match gate.is_negated() {
            false if same => Some(Simplified::Literal(gate)),
            false if opposite => Some(Simplified::Literal(Lit::FALSE)),
            true if opposite => Some(Simplified::Literal(other)),
            true if same => Some(Simplified::And(other, !(if other == x { y } else { x }))),
            _ => None,
        }
    }

    /// Two gates against each other.
    fn combined(&self, a: Lit, b: Lit) -> Option<Simplified> {
        let ((w, x), (y, z)) = (self.inputs(a)?, self.inputs(b)?);
        match (a.is_negated(), b.is_negated()) {
            (false, false) if w == !y || w == !z || x == !y || x == !z => Some(Simplified::Literal(Lit::FALSE)),
            (false, false) => None,
            (false, true) => restricted(a, (w, x), (y, z)),
            (true, false) => restricted(b, (y, z), (w, x)),
            (true, true) if (w == y && x == !z) || (w == z && x == !y) => Some(Simplified::Literal(!w)),
            (true, true) if (x == y && w == !z) || (x == z && w == !y) => Some(Simplified::Literal(!x)),
            (true, true) => None,
        }
    }

    /// Disjunction.
    pub fn or(&mut self, a: Lit, b: Lit) -> Lit {
        !self.and(!a, !b)
    }

    /// Exclusive or.
    pub fn xor(&mut self, a: Lit, b: Lit) -> Lit {
        self.mux(a, !b, b)
    }

    /// `then` where `condition` holds, else `otherwise`.
    pub fn mux(&mut self, condition: Lit, then: Lit, otherwise: Lit) -> Lit {
        if then == otherwise {
            return then;
        }
        let left = self.and(condition, then);
        let right = self.and(!condition, otherwise);
        self.or(left, right)
    }

    /// Conjunction of many, as a balanced tree.
    pub fn all(&mut self, literals: &[Lit]) -> Lit {
        match literals {
            [] => Lit::TRUE,
            [only] => *only,
            several => {
                let (left, right) = several.split_at(several.len() / 2);
                let (left, right) = (self.all(left), self.all(right));
                self.and(left, right)
            }
        }
    }
}

/// `gate`, a conjunction of `own`, and the negation of a conjunction of `other`.
fn restricted(gate: Lit, own: (Lit, Lit), other: (Lit, Lit)) -> Option<Simplified> {
    let is_own = |literal: Lit| literal == own.0 || literal == own.1;
    if is_own(!other.0) || is_own(!other.1) {
        return Some(Simplified::Literal(gate));
    }
    let rest = if is_own(other.0) { other.1 } else { other.0 };
    (is_own(other.0) || is_own(other.1)).then_some(Simplified::And(gate, !rest))
}

/// What a conjunction comes down to.
enum Simplified {
    Literal(Lit),
    And(Lit, Lit),
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_gates_are_one_and_trivial_ones_none() {
        let mut aig = Aig::default();
        let (a, b) = (aig.input(), aig.input());
        let both = aig.and(a, b);
        assert_eq!(aig.and(b, a), both);
        assert_eq!(aig.and(a, both), both);
        assert_eq!(aig.and(!a, both), Lit::FALSE);
        assert_eq!(aig.and(!a, !both), !a);
        let a_without_b = aig.and(a, !b);
        assert_eq!(aig.and(a, !both), a_without_b);
        assert_eq!(aig.and(both, a_without_b), Lit::FALSE);
        assert_eq!(aig.mux(a, b, b), b);
        assert_eq!(aig.and(!both, !a_without_b), !a);
        assert_eq!(aig.len(), 5);
    }

    #[test]
    fn two_gates_simplify_each_other() {
        let mut aig = Aig::default();
        let (a, b, c) = (aig.input(), aig.input(), aig.input());
        let (both, opposite, common) = (aig.and(a, b), aig.and(!a, c), aig.and(a, c));
        assert_eq!(aig.and(both, opposite), Lit::FALSE);
        assert_eq!(aig.and(both, !opposite), both);
        let without_c = aig.and(both, !c);
        assert_eq!((aig.and(both, !common), aig.gates()), (without_c, 4));
    }

    /// Whatever gate comes out, it has the truth table of the conjunction asked for.
    #[test]
    fn rules_keep_the_meaning() {
        let mut aig = Aig::default();
        let inputs = [aig.input(), aig.input(), aig.input()];
        let mut known: Vec<(Lit, u8)> = inputs.into_iter().zip([0b1010_1010, 0b1100_1100, 0b1111_0000]).collect();
        known.push((Lit::FALSE, 0));
        for _ in 0..2 {
            let signed: Vec<(Lit, u8)> =
                known.iter().flat_map(|&(lit, table)| [(lit, table), (!lit, !table)]).collect();
            for &(a, x) in &signed {
                for &(b, y) in &signed {
                    let (gate, table) = (aig.and(a, b), x & y);
                    let positive = if gate.is_negated() { (!gate, !table) } else { (gate, table) };
                    match known.iter().find(|(lit, _)| *lit == positive.0) {
                        Some(&(_, table)) => assert_eq!(positive.1, table, "{a:?} & {b:?}"),
                        None => known.push(positive),
                    }
                }
            }
        }
        assert!(known.len() > 100);
    }
}
