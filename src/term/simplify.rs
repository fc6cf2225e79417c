//! Construction with local simplification: every term enters the arena through one of these functions.
//!
//! A rewrite looks at a node and its children only, never deeper than one more level, so that construction stays
//! linear. Each is commented with what it matches and what it results in; all preserve the value under every
//! valuation (checked by property tests against the evaluator on the unsimplified reading).

use super::arena::{Arena, Node, Range, Sort, Table, TableId, TermId};

/// Range arithmetic saturates at these bounds, far outside anything a cluster counts.
const LIMIT: i64 = 1 << 60;

fn bounded(value: i128) -> i64 {
    value.clamp(-(LIMIT as i128), LIMIT as i128) as i64
}

fn corners(a: Range, b: Range, op: impl Fn(i128, i128) -> i128) -> Range {
    let values = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)].map(|(x, y)| op(x as i128, y as i128));
    let lo = values.iter().copied().min().unwrap_or(0);
    let hi = values.iter().copied().max().unwrap_or(0);
    Range { lo: bounded(lo), hi: bounded(hi) }
}

impl Arena {
    /// The integer a term is, if it is a constant.
    pub fn as_int(&self, term: TermId) -> Option<i64> {
        match self.node(term) {
            Node::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The truth value a term is, if it is a constant.
    pub fn as_bool(&self, term: TermId) -> Option<bool> {
        match self.node(term) {
            Node::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The constant a term is, with truth values as 0 and 1.
    pub fn as_constant(&self, term: TermId) -> Option<i64> {
        match self.node(term) {
            Node::Int(value) => Some(value),
            Node::Bool(value) => Some(value as i64),
            _ => None,
        }
    }

    /// A truth constant.
    pub fn bool(&mut self, value: bool) -> TermId {
        self.intern(Node::Bool(value), Sort::Bool)
    }

    /// An integer constant.
    pub fn int(&mut self, value: i64) -> TermId {
        self.intern(Node::Int(value), Sort::Int(Range { lo: value, hi: value }))
    }

    /// A constant of the given sort.
    pub fn constant(&mut self, sort: Sort, value: i64) -> TermId {
        match sort {
            Sort::Bool => self.bool(value != 0),
            Sort::Int(_) => self.int(value),
        }
    }

    /// Interns an integer node; a range of one value is that constant.
    fn int_node(&mut self, node: Node, range: Range) -> TermId {
        if range.lo == range.hi { self.int(range.lo) } else { self.intern(node, Sort::Int(range)) }
    }

    /// Negation.
    pub fn not(&mut self, a: TermId) -> TermId {
        match self.node(a) {
            // match: !constant            result: the other constant
            Node::Bool(value) => self.bool(!value),
            // match: !!x                  result: x
            Node::Not(inner) => inner,
            _ => self.intern(Node::Not(a), Sort::Bool),
        }
    }

    fn complementary(&self, a: TermId, b: TermId) -> bool {
        self.node(a) == Node::Not(b) || self.node(b) == Node::Not(a)
    }

    /// Conjunction.
    pub fn and(&mut self, a: TermId, b: TermId) -> TermId {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        match (self.as_bool(a), self.as_bool(b)) {
            // match: false & x            result: false
            (Some(false), _) | (_, Some(false)) => return self.bool(false),
            // match: true & x             result: x
            (Some(true), _) => return b,
            (_, Some(true)) => return a,
            _ => {}
        }
        // match: x & x                    result: x
        if a == b {
            return a;
        }
        // match: x & !x                   result: false
        if self.complementary(a, b) {
            return self.bool(false);
        }
        for (outer, inner) in [(a, b), (b, a)] {
            match self.node(inner) {
                // match: x & (x & y)      result: x & y
                Node::And(p, q) if p == outer || q == outer => return inner,
                // match: !x & (x & y)     result: false
                Node::And(p, q) if self.complementary(p, outer) || self.complementary(q, outer) => {
                    return self.bool(false);
                }
                // match: x & (x | y)      result: x
                Node::Or(p, q) if p == outer || q == outer => return outer,
                _ => {}
            }
        }
        self.intern(Node::And(a, b), Sort::Bool)
    }

    /// Disjunction.
    pub fn or(&mut self, a: TermId, b: TermId) -> TermId {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        match (self.as_bool(a), self.as_bool(b)) {
            // match: true | x             result: true
            (Some(true), _) | (_, Some(true)) => return self.bool(true),
            // match: false | x            result: x
            (Some(false), _) => return b,
            (_, Some(false)) => return a,
            _ => {}
        }
        // match: x | x                    result: x
        if a == b {
            return a;
        }
        // match: x | !x                   result: true
        if self.complementary(a, b) {
            return self.bool(true);
        }
        for (outer, inner) in [(a, b), (b, a)] {
            match self.node(inner) {
                // match: x | (x | y)      result: x | y
                Node::Or(p, q) if p == outer || q == outer => return inner,
                // match: !x | (x | y)     result: true
                Node::Or(p, q) if self.complementary(p, outer) || self.complementary(q, outer) => {
                    return self.bool(true);
                }
                // match: x | (x & y)      result: x
                Node::And(p, q) if p == outer || q == outer => return outer,
                _ => {}
            }
        }
        self.intern(Node::Or(a, b), Sort::Bool)
    }

    /// Choice between two terms of one kind of sort.
    pub fn ite(&mut self, c: TermId, t: TermId, e: TermId) -> TermId {
        match self.node(c) {
            // match: ite(true, t, e)      result: t
            Node::Bool(true) => return t,
            // match: ite(false, t, e)     result: e
            Node::Bool(false) => return e,
            // match: ite(!c, t, e)        result: ite(c, e, t)
            Node::Not(inner) => return self.ite(inner, e, t),
            _ => {}
        }
        // match: ite(c, x, x)             result: x
        if t == e {
            return t;
        }
        // match: ite(c, ite(c, x, y), e)  result: ite(c, x, e)
        if let Node::Ite(c2, x, _) = self.node(t)
            && c2 == c
        {
            return self.ite(c, x, e);
        }
        // match: ite(c, t, ite(c, x, y))  result: ite(c, t, y)
        if let Node::Ite(c2, _, y) = self.node(e)
            && c2 == c
        {
            return self.ite(c, t, y);
        }
        if self.sort(t) == Sort::Bool { self.ite_bool(c, t, e) } else { self.ite_int(c, t, e) }
    }

    fn ite_bool(&mut self, c: TermId, t: TermId, e: TermId) -> TermId {
        match (self.as_bool(t), self.as_bool(e)) {
            // match: ite(c, true, e)      result: c | e
            (Some(true), _) => return self.or(c, e),
            // match: ite(c, false, e)     result: !c & e
            (Some(false), _) => {
                let not_c = self.not(c);
                return self.and(not_c, e);
            }
            // match: ite(c, t, true)      result: !c | t
            (_, Some(true)) => {
                let not_c = self.not(c);
                return self.or(not_c, t);
            }
            // match: ite(c, t, false)     result: c & t
            (_, Some(false)) => return self.and(c, t),
            _ => {}
        }
        self.intern(Node::Ite(c, t, e), Sort::Bool)
    }

    fn ite_int(&mut self, c: TermId, t: TermId, e: TermId) -> TermId {
        let range = self.range(t).hull(self.range(e));
        self.int_node(Node::Ite(c, t, e), range)
    }

    /// Equality of integers.
    pub fn eq(&mut self, a: TermId, b: TermId) -> TermId {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        // match: x = x                    result: true
        if a == b {
            return self.bool(true);
        }
        let (ra, rb) = (self.range(a), self.range(b));
        // match: disjoint ranges          result: false
        if ra.hi < rb.lo || rb.hi < ra.lo {
            return self.bool(false);
        }
        if let Some(decided) = self.compare_through(a, b, Arena::eq) {
            return decided;
        }
        self.intern(Node::Eq(a, b), Sort::Bool)
    }

    /// Equality of two terms of one kind of sort.
    pub fn same(&mut self, a: TermId, b: TermId) -> TermId {
        if self.sort(a) != Sort::Bool {
            return self.eq(a, b);
        }
        // match: x ↔ x                    result: true
        if a == b {
            return self.bool(true);
        }
        let not_b = self.not(b);
        self.ite(a, b, not_b)
    }

    /// `a ≤ b`.
    pub fn le(&mut self, a: TermId, b: TermId) -> TermId {
        let (ra, rb) = (self.range(a), self.range(b));
        // match: x ≤ x, or every a ≤ every b       result: true
        if a == b || ra.hi <= rb.lo {
            return self.bool(true);
        }
        // match: every a > every b                 result: false
        if ra.lo > rb.hi {
            return self.bool(false);
        }
        if let Some(decided) = self.compare_through(a, b, Arena::le) {
            return decided;
        }
        self.intern(Node::Le(a, b), Sort::Bool)
    }

    /// match: ite(c, t, e) ∘ k, k constant, where at least one branch decides ∘      result: ite(c, t ∘ k, e ∘ k)
    ///
    /// Keeps comparisons with constants shallow: the branch that decides disappears.
    fn compare_through(
        &mut self,
        a: TermId,
        b: TermId,
        compare: fn(&mut Arena, TermId, TermId) -> TermId,
    ) -> Option<TermId> {
        let split = |arena: &Arena, x: TermId, k: TermId| match (arena.node(x), arena.as_int(k)) {
            (Node::Ite(c, t, e), Some(_)) if arena.as_int(t).is_some() || arena.as_int(e).is_some() => Some((c, t, e)),
            _ => None,
        };
        if let Some((c, t, e)) = split(self, a, b) {
            let (t, e) = (compare(self, t, b), compare(self, e, b));
            return Some(self.ite(c, t, e));
        }
        if let Some((c, t, e)) = split(self, b, a) {
            let (t, e) = (compare(self, a, t), compare(self, a, e));
            return Some(self.ite(c, t, e));
        }
        None
    }

    /// Sum.
    pub fn add(&mut self, a: TermId, b: TermId) -> TermId {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        // match: 0 + x                    result: x
        if self.as_int(a) == Some(0) {
            return b;
        }
        if self.as_int(b) == Some(0) {
            return a;
        }
        // match: (x + k1) + k2            result: x + (k1 + k2)
        for (sum, constant) in [(a, b), (b, a)] {
            if let (Node::Add(x, y), Some(k2)) = (self.node(sum), self.as_int(constant)) {
                for (rest, inner) in [(x, y), (y, x)] {
                    if let Some(k1) = self.as_int(inner) {
                        let k = self.int(bounded(k1 as i128 + k2 as i128));
                        return self.add(rest, k);
                    }
                }
            }
            // match: (x - y) + y          result: x
            if let Node::Sub(x, y) = self.node(sum)
                && y == constant
            {
                return x;
            }
        }
        let range = corners(self.range(a), self.range(b), |x, y| x + y);
        self.int_node(Node::Add(a, b), range)
    }

    /// Difference.
    pub fn sub(&mut self, a: TermId, b: TermId) -> TermId {
        // match: x - x                    result: 0
        if a == b {
            return self.int(0);
        }
        // match: x - k                    result: x + (-k)
        if let Some(k) = self.as_int(b) {
            let negated = self.int(-k);
            return self.add(a, negated);
        }
        // match: (x + y) - y              result: x
        if let Node::Add(x, y) = self.node(a) {
            if y == b {
                return x;
            }
            if x == b {
                return y;
            }
        }
        let range = corners(self.range(a), self.range(b), |x, y| x - y);
        self.int_node(Node::Sub(a, b), range)
    }

    /// Product.
    pub fn mul(&mut self, a: TermId, b: TermId) -> TermId {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        match (self.as_int(a), self.as_int(b)) {
            // match: 1 * x                result: x      (0 * x is caught by its range)
            (Some(1), _) => return b,
            (_, Some(1)) => return a,
            _ => {}
        }
        let range = corners(self.range(a), self.range(b), |x, y| x * y);
        self.int_node(Node::Mul(a, b), range)
    }

    /// Quotient rounded towards zero. The dividend must not be negative and the divisor must be positive.
    pub fn div(&mut self, a: TermId, b: TermId) -> TermId {
        let (ra, rb) = (self.range(a), self.range(b));
        assert!(ra.lo >= 0 && rb.lo >= 1, "division needs a dividend of at least 0 and a divisor of at least 1");
        // match: x / 1                    result: x
        if self.as_int(b) == Some(1) {
            return a;
        }
        let range = Range { lo: ra.lo / rb.hi, hi: ra.hi / rb.lo };
        self.int_node(Node::Div(a, b), range)
    }

    /// Smaller of two.
    pub fn min(&mut self, a: TermId, b: TermId) -> TermId {
        let (ra, rb) = (self.range(a), self.range(b));
        // match: min of ordered ranges    result: the lower one
        if a == b || ra.hi <= rb.lo {
            return a;
        }
        if rb.hi <= ra.lo {
            return b;
        }
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        self.int_node(Node::Min(a, b), Range { lo: ra.lo.min(rb.lo), hi: ra.hi.min(rb.hi) })
    }

    /// Larger of two.
    pub fn max(&mut self, a: TermId, b: TermId) -> TermId {
        let (ra, rb) = (self.range(a), self.range(b));
        // match: max of ordered ranges    result: the upper one
        if a == b || ra.lo >= rb.hi {
            return a;
        }
        if rb.lo >= ra.hi {
            return b;
        }
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        self.int_node(Node::Max(a, b), Range { lo: ra.lo.max(rb.lo), hi: ra.hi.max(rb.hi) })
    }

    /// Entry of a table. The index's range must lie within the table's domain.
    pub fn lookup(&mut self, table: TableId, index: TermId) -> TermId {
        let domain = self.range(index);
        let stored = self.table(table);
        let bounds = Range { lo: stored.first, hi: stored.first + stored.values.len() as i64 - 1 };
        assert!(self.closed || bounds.covers(domain), "index range {domain:?} outside the table's domain {bounds:?}");
        // match: table[constant], or a table constant over the index range      result: the entry
        let image = self.image(table, domain);
        // match: table[ite(c, k1, k2)]    result: ite(c, table[k1], table[k2])
        if image.lo != image.hi
            && let Node::Ite(c, t, e) = self.node(index)
            && self.as_int(t).is_some()
            && self.as_int(e).is_some()
        {
            let (t, e) = (self.lookup(table, t), self.lookup(table, e));
            return self.ite(c, t, e);
        }
        self.int_node(Node::Lookup(table, index), image)
    }

    /// A table over the whole range of `index`, filled by `entry`.
    pub fn tabulate(&mut self, index: TermId, mut entry: impl FnMut(i64) -> i64) -> TermId {
        let domain = self.range(index);
        if let Some(value) = self.as_int(index) {
            return self.int(entry(value));
        }
        let values = (domain.lo..=domain.hi).map(&mut entry).collect();
        let table = self.intern_table(Table { first: domain.lo, values });
        self.lookup(table, index)
    }
}
