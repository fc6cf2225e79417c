//! Keeps mostly concrete states concrete: a few possible values are told apart instead of carried as a term.

use crate::term::{Arena, TermId};

use super::vectors::light_limit;

/// Terms of more values are not split.
const VALUES: u64 = 16;
/// A state is split into at most about that many cases.
const CASES: usize = 32;

/// A condition and the state under it.
type Case = (TermId, Vec<TermId>);

/// The cases of a state in which updated terms of small ranges are constants. Together they cover `when`.
pub(super) fn by_values(
    arena: &mut Arena,
    when: TermId,
    state: Vec<TermId>,
    updates: &[(usize, TermId)],
) -> Vec<Case> {
    let is_symbolic = |arena: &Arena, term: TermId| arena.as_constant(term).is_none();
    let is_small = |arena: &Arena, term: TermId| is_symbolic(arena, term) && arena.range(term).size() <= VALUES;
    let mut small: Vec<TermId> = updates.iter().map(|&(_, term)| term).filter(|&term| is_small(arena, term)).collect();
    small.sort_unstable();
    small.dedup();
    let others = state.iter().filter(|&&term| is_symbolic(arena, term) && !small.contains(&term)).count();
    let mut cases = vec![(when, state)];
    if others > light_limit(cases[0].1.len()) {
        return cases;
    }
    for term in small {
        if cases.len() < CASES {
            cases = cases.into_iter().flat_map(|case| split(arena, case, term)).collect();
        }
    }
    cases
}

/// One case for every value of `term`.
fn split(arena: &mut Arena, (when, state): Case, term: TermId) -> Vec<Case> {
    let (sort, range) = (arena.sort(term), arena.range(term));
    let mut cases = Vec::new();
    for value in range.lo..=range.hi {
        let constant = arena.constant(sort, value);
        let is_value = arena.same(term, constant);
        let when = arena.and(when, is_value);
        if arena.as_bool(when) != Some(false) {
            let replaced = state.iter().map(|&other| if other == term { constant } else { other }).collect();
            cases.push((when, replaced));
        }
    }
    cases
}
