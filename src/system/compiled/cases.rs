//! Which values of a free variable a condition can allow, told by what is known before the variable has a value.
//!
//! Most choices are cells: "this one, where it is allowed, or that one, where it is". Such a condition is a disjunction
//! that compares the variable with one constant in every branch. A [`Case`] is such a branch: its constant, and those
//! other conjuncts of it that the variable and later ones do not influence. Values without a case whose gates hold are not
//! tried at all, so that a choice costs what is allowed, and not what there is.
//!
//! Cases are necessary conditions: what else a branch asks is left to the tests of the condition itself.

use crate::term::{Arena, Node, TermId};

/// A branch of a condition: it holds only if the variable has that value, and all gates hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// The constant.
    pub value: i64,
    /// Conditions that are known before.
    pub gates: Vec<TermId>,
}

/// More cases than that are looked at no faster than values, and branches that share branches may have any number of them.
const MOST: usize = 4096;

/// Finds the cases of a variable.
pub(super) struct Cases<'a> {
    pub arena: &'a Arena,
    /// The term of the variable.
    pub variable: TermId,
    /// Whether a term is known before the variable has a value.
    pub is_known: &'a dyn Fn(TermId) -> bool,
}

impl Cases<'_> {
    /// The cases of a condition, smallest values first; `None` if some branch does not tell the value, or there are too many.
    pub fn of(&self, condition: TermId) -> Option<Vec<Case>> {
        let mut cases = Vec::new();
        // Branches, each with the gates that stand before it.
        let mut waiting = vec![(condition, Vec::new())];
        while let Some((branch, gates)) = waiting.pop() {
            if cases.len() + waiting.len() >= MOST {
                return None;
            }
            if let Node::Or(a, b) = self.arena.node(branch) {
                waiting.extend([(a, gates.clone()), (b, gates)]);
                continue;
            }
            let (decisive, gates) = self.split(branch, gates)?;
            match self.constant(decisive) {
                Some(value) => cases.push(Case { value, gates }),
                None => waiting.push((decisive, gates)),
            }
        }
        cases.sort_by_key(|case| case.value);
        Some(cases)
    }

    /// The conjunct of a branch that tells the value, or is a disjunction of branches that may; and the gates.
    fn split(&self, branch: TermId, mut gates: Vec<TermId>) -> Option<(TermId, Vec<TermId>)> {
        let (mut comparison, mut disjunction) = (None, None);
        let mut waiting = vec![branch];
        while let Some(term) = waiting.pop() {
            match self.arena.node(term) {
                Node::And(a, b) => waiting.extend([a, b]),
                _ if (self.is_known)(term) => gates.push(term),
                _ if self.constant(term).is_some() => comparison = Some(term),
                Node::Or(..) => disjunction = Some(term),
                _ => {}
            }
        }
        Some((comparison.or(disjunction)?, gates))
    }

    /// What a term compares the variable with.
    fn constant(&self, term: TermId) -> Option<i64> {
        let Node::Eq(a, b) = self.arena.node(term) else { return None };
        let other = match self.variable {
            variable if variable == a => b,
            variable if variable == b => a,
            _ => return None,
        };
        self.arena.as_constant(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Ctx;

    #[test]
    fn branches_tell_values_and_what_is_known_before() {
        let ctx = Ctx::new();
        let (_, allowed) = ctx.bool_var("allowed");
        let ((_, x), (_, y)) = (ctx.int_var("x", 0, 9), ctx.int_var("y", 0, 9));
        let condition =
            ctx.any([x.eq(7) & y.gt(2) & allowed, allowed & ctx.any([x.eq(3), x.eq(1) & y.ge(x)]), !allowed & x.eq(3)]);
        let known = [allowed.id(), (!allowed).id()];
        let open = condition | y.eq(2);
        let case = |value, gate| Case { value, gates: vec![gate] };
        let mut wanted = [case(1, known[0]), case(3, known[0]), case(3, known[1]), case(7, known[0])];
        wanted.sort_by_key(|case| (case.value, case.gates.clone()));
        ctx.read(|arena| {
            let cases = Cases { arena, variable: x.id(), is_known: &|term| known.contains(&term) };
            let mut found = cases.of(condition.id()).expect("all branches compare");
            found.sort_by_key(|case| (case.value, case.gates.clone()));
            assert_eq!(found, wanted);
            assert_eq!(cases.of(open.id()), None);
        });
    }
}
