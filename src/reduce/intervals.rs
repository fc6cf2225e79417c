//! Intervals of terms, given intervals of variables: what no valuation within them can leave.

use crate::term::{Arena, Guarded, Node, Range, TermId, VarId};

/// Terms between two looks at a limit.
const LOOK_EVERY: usize = 1 << 14;

/// Intervals of terms, by position in the arena.
pub struct Intervals(Vec<Range>);

impl Intervals {
    /// Computes the intervals of all `reachable` terms; `None` if the limit comes first.
    pub fn of(arena: &Arena, reachable: &[bool], variable: &dyn Fn(VarId) -> Range, limit: &Guarded) -> Option<Self> {
        let mut intervals = Intervals(vec![Range::new(0, 0); reachable.len()]);
        for (count, index) in (0..reachable.len()).filter(|&index| reachable[index]).enumerate() {
            limit.go_on(count, LOOK_EVERY)?;
            let term = TermId::from_index(index);
            let found = intervals.apply(arena, arena.node(term), variable);
            intervals.0[index] = meet(found, arena.range(term));
        }
        Some(intervals)
    }

    /// The interval of a term; of a Boolean one within 0..=1.
    pub fn get(&self, term: TermId) -> Range {
        self.0[term.index()]
    }

    /// Whether a Boolean term can be true.
    pub fn may_hold(&self, term: TermId) -> bool {
        self.get(term).hi > 0
    }

    fn apply(&self, arena: &Arena, node: Node, variable: &dyn Fn(VarId) -> Range) -> Range {
        let get = |term: TermId| self.get(term);
        let pair = |a: TermId, b: TermId| (get(a), get(b));
        let truth = |never: bool, always: bool| Range { lo: i64::from(always), hi: i64::from(!never) };
        match node {
            Node::Bool(value) => Range::new(i64::from(value), i64::from(value)),
            Node::Int(value) => Range::new(value, value),
            Node::Var(var) => variable(var),
            Node::Not(a) => Range { lo: 1 - get(a).hi, hi: 1 - get(a).lo },
            Node::And(a, b) | Node::Min(a, b) => {
                let (a, b) = pair(a, b);
                Range { lo: a.lo.min(b.lo), hi: a.hi.min(b.hi) }
            }
            Node::Or(a, b) | Node::Max(a, b) => {
                let (a, b) = pair(a, b);
                Range { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi) }
            }
            Node::Eq(a, b) => {
                let (a, b) = pair(a, b);
                truth(a.hi < b.lo || b.hi < a.lo, a.size() == 1 && a == b)
            }
            Node::Le(a, b) => {
                let (a, b) = pair(a, b);
                truth(a.lo > b.hi, a.hi <= b.lo)
            }
            Node::Ite(c, t, e) => match (get(c).lo, get(c).hi) {
                (1, _) => get(t),
                (_, 0) => get(e),
                _ => get(t).hull(get(e)),
            },
            Node::Add(a, b) => {
                let (a, b) = pair(a, b);
                Range { lo: a.lo.saturating_add(b.lo), hi: a.hi.saturating_add(b.hi) }
            }
            Node::Sub(a, b) => {
                let (a, b) = pair(a, b);
                Range { lo: a.lo.saturating_sub(b.hi), hi: a.hi.saturating_sub(b.lo) }
            }
            Node::Mul(a, b) => product(get(a), get(b)),
            Node::Div(a, b) => {
                let (a, b) = pair(a, b);
                Range { lo: a.lo.max(0) / b.hi.max(1), hi: a.hi.max(0) / b.lo.max(1) }
            }
            // Over all that the index may be, the image is the term's own range: large tables are not looked through again.
            Node::Lookup(_, index) if get(index).covers(arena.range(index)) => Range { lo: i64::MIN, hi: i64::MAX },
            Node::Lookup(table, index) => arena.table(table).image(get(index)),
        }
    }
}

fn product(a: Range, b: Range) -> Range {
    let corners = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)].map(|(a, b)| a.saturating_mul(b));
    Range { lo: corners.into_iter().fold(i64::MAX, i64::min), hi: corners.into_iter().fold(i64::MIN, i64::max) }
}

/// What both intervals contain. Both contain every value, so there is something, unless nothing reaches the term.
fn meet(a: Range, b: Range) -> Range {
    let (lo, hi) = (a.lo.max(b.lo), a.hi.min(b.hi));
    if lo <= hi { Range { lo, hi } } else { a }
}
