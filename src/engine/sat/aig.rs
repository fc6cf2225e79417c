//! And-inverter graphs: circuits of two-input gates and negations, each built once.
//!
//! Negation is a bit of the literal. A gate is looked up by its two inputs before it is made (structural hashing), and
//! rules that look at most two levels down keep trivial gates from being made at all:
//!
//! * match: `a & 0`, `a & 1`, `a & a`, `a & !a`
//! * match: `a & (a & b)` / result: `a & b`; match: `a & (!a & b)` / result: `0`
//! * match: `a & !(a & b)` / result: `a & !b`; match: `a & !(!a & b)` / result: `a`
//! * match: `(a & b) & (!a & c)` / result: `0`
//!
//! Reference: Brummayer and Biere, "Local two-level and-inverter graph minimization without blowup", MEMICS 2006.

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
        one_sided.unwrap_or_else(|| self.contradicted(a, b))
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

    fn contradicted(&self, a: Lit, b: Lit) -> Simplified {
        if a.is_negated() || b.is_negated() {
            return Simplified::Nothing;
        }
        match (self.inputs(a), self.inputs(b)) {
            (Some((w, x)), Some((y, z))) if w == !y || w == !z || x == !y || x == !z => {
                Simplified::Literal(Lit::FALSE)
            }
            _ => Simplified::Nothing,
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
        assert_eq!(aig.len(), 5);
    }
}
