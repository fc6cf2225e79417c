//! The cheapest choice among options under clauses: a weighted hitting set, which Z3 optimises.
//!
//! Options come in groups, of each of which one is taken at most. Where the choices are few, they are listed by cost once, and
//! looked through as clauses come: Z3 would begin anew with each of them.

use itertools::Itertools;
use z3::ast::Bool;
use z3::{Optimize, Params, SatResult};

use super::{UnknownReason, Watch};

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which group it is of.
    pub group: usize,
    /// What it costs, 1 or more.
    pub cost: u64,
}

/// What a clause is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// The option at this position is taken.
    Takes(usize),
    /// It is not.
    Leaves(usize),
    /// None of this group is.
    Spares(usize),
}

/// More choices than this are not listed.
const MOST_LISTED: usize = 100_000;

/// Choices of one number of options, the cheapest first, under clauses that become more.
pub struct Choosing<'a> {
    choices: &'a [Choice],
    count: usize,
    /// All of them by cost, from the one that is looked at next; `None` if they are too many.
    listed: Option<std::vec::IntoIter<Vec<usize>>>,
}

impl<'a> Choosing<'a> {
    /// Of `count` of these options.
    pub fn new(choices: &'a [Choice], count: usize) -> Self {
        let listed = is_few(choices.len(), count).then(|| by_cost(choices, count).into_iter());
        Choosing { choices, count, listed }
    }

    /// Positions of options whose costs are the smallest sum of all choices that satisfy every clause, and that no call before has
    /// given or passed over; `None` if there is none. Clauses are those of the last call, and others; one of them excludes
    /// what was given.
    ///
    /// # Errors
    ///
    /// If the time is used up, or somebody stops it, before that is known.
    pub fn next(&mut self, clauses: &[Vec<Literal>], watch: &Watch) -> Result<Option<Vec<usize>>, UnknownReason> {
        let Some(listed) = &mut self.listed else { return cheapest(self.choices, clauses, self.count, watch) };
        if let Some(why) = watch.exhausted() {
            return Err(why);
        }
        let clauses: Vec<Clause> = clauses.iter().map(|clause| Clause::of(clause, self.choices.len())).collect();
        Ok(listed.find(|set| clauses.iter().all(|clause| clause.admits(set, self.choices))))
    }
}

/// Whether there are few choices of `count` among so many.
fn is_few(options: usize, count: usize) -> bool {
    let combinations = (0..count).try_fold(1_usize, |all, taken| {
        Some(all.checked_mul(options.saturating_sub(taken))? / (taken + 1)).filter(|all| *all <= MOST_LISTED)
    });
    combinations.is_some()
}

fn by_cost(choices: &[Choice], count: usize) -> Vec<Vec<usize>> {
    let is_one_of_each = |set: &Vec<usize>| set.iter().map(|&at| choices[at].group).all_unique();
    let cost = |set: &Vec<usize>| set.iter().map(|&at| choices[at].cost).sum::<u64>();
    let mut all: Vec<Vec<usize>> = (0..choices.len()).combinations(count).filter(is_one_of_each).collect();
    all.sort_by_cached_key(cost);
    all
}

/// A clause, to be looked at often.
struct Clause {
    /// By option: whether to take it satisfies the clause.
    takes: Vec<bool>,
    leaves: Vec<usize>,
    spares: Vec<usize>,
}

impl Clause {
    fn of(literals: &[Literal], options: usize) -> Self {
        let mut clause = Clause { takes: vec![false; options], leaves: Vec::new(), spares: Vec::new() };
        for literal in literals {
            match *literal {
                Literal::Takes(at) => clause.takes[at] = true,
                Literal::Leaves(at) => clause.leaves.push(at),
                Literal::Spares(group) => clause.spares.push(group),
            }
        }
        clause
    }

    fn admits(&self, set: &[usize], choices: &[Choice]) -> bool {
        set.iter().any(|&at| self.takes[at])
            || self.leaves.iter().any(|at| !set.contains(at))
            || self.spares.iter().any(|group| set.iter().all(|&at| choices[at].group != *group))
    }
}

/// What [`Choosing`] gives first, found by Z3.
fn cheapest(
    choices: &[Choice],
    clauses: &[Vec<Literal>],
    count: usize,
    watch: &Watch,
) -> Result<Option<Vec<usize>>, UnknownReason> {
    if let Some(why) = watch.exhausted() {
        return Err(why);
    }
    let question = Question::new(choices, watch);
    question.limit(count);
    clauses.iter().for_each(|clause| question.require(clause));
    match question.optimize.check(&[]) {
        SatResult::Unsat => Ok(None),
        SatResult::Unknown => Err(watch.exhausted().unwrap_or(UnknownReason::Time)),
        SatResult::Sat => Ok(question.taken()),
    }
}

struct Question<'a> {
    choices: &'a [Choice],
    taken: Vec<Bool>,
    optimize: Optimize,
}

impl<'a> Question<'a> {
    fn new(choices: &'a [Choice], watch: &Watch) -> Self {
        let optimize = Optimize::new();
        let mut params = Params::new();
        params.set_bool("ctrl_c", false);
        if let Some(left) = watch.time_left() {
            params.set_u32("timeout", u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1));
        }
        optimize.set_params(&params);
        let taken: Vec<Bool> = (0..choices.len()).map(|at| Bool::new_const(format!("take-{at}"))).collect();
        for (option, choice) in taken.iter().zip(choices) {
            optimize.assert_soft(&option.not(), choice.cost, None);
        }
        Question { choices, taken, optimize }
    }

    /// So many are taken, and of each group one at most.
    fn limit(&self, count: usize) {
        let all: Vec<(&Bool, i32)> = self.taken.iter().map(|option| (option, 1)).collect();
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        self.optimize.assert(Bool::pb_le(&all, count));
        self.optimize.assert(Bool::pb_ge(&all, count));
        let groups = self.choices.iter().map(|choice| choice.group).max().map_or(0, |last| last + 1);
        let mut members: Vec<Vec<(&Bool, i32)>> = vec![Vec::new(); groups];
        self.choices.iter().zip(&self.taken).for_each(|(choice, option)| members[choice.group].push((option, 1)));
        for group in members.iter().filter(|group| group.len() > 1) {
            self.optimize.assert(Bool::pb_le(group, 1));
        }
    }

    fn require(&self, clause: &[Literal]) {
        let literals: Vec<Bool> = clause.iter().map(|literal| self.literal(*literal)).collect();
        self.optimize.assert(Bool::or(&literals));
    }

    fn literal(&self, literal: Literal) -> Bool {
        match literal {
            Literal::Takes(at) => self.taken[at].clone(),
            Literal::Leaves(at) => self.taken[at].not(),
            Literal::Spares(group) => {
                let members = self.choices.iter().zip(&self.taken).filter(|(choice, _)| choice.group == group);
                Bool::or(&members.map(|(_, option)| option.clone()).collect::<Vec<Bool>>()).not()
            }
        }
    }

    fn taken(&self) -> Option<Vec<usize>> {
        let model = self.optimize.get_model()?;
        let is_taken = |option: &Bool| model.eval(option, true).and_then(|value| value.as_bool()).unwrap_or(false);
        Some((0..self.taken.len()).filter(|&at| is_taken(&self.taken[at])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Budget;

    /// The answer of both ways, which has to be one of the same cost.
    fn ask(costs: &[(usize, u64)], clauses: &[Vec<Literal>], count: usize) -> Option<Vec<usize>> {
        let choices: Vec<Choice> = costs.iter().map(|&(group, cost)| Choice { group, cost }).collect();
        let watch = Budget::bound(0).start();
        let listed = Choosing::new(&choices, count).next(clauses, &watch).expect("no limit");
        let solved = cheapest(&choices, clauses, count, &watch).expect("no limit");
        let cost = |set: &Option<Vec<usize>>| set.as_ref().map(|set| set.iter().map(|&at| costs[at].1).sum::<u64>());
        assert_eq!(cost(&listed), cost(&solved));
        listed
    }

    #[test]
    fn what_was_passed_over_does_not_come_again() {
        let choices: Vec<Choice> = [3, 1, 2].map(|cost| Choice { group: cost as usize, cost }).into();
        let (watch, mut choosing) = (Budget::bound(0).start(), Choosing::new(&choices, 2));
        let first = choosing.next(&[vec![Literal::Takes(0)]], &watch);
        assert_eq!(first, Ok(Some(vec![0, 1])));
        assert_eq!(choosing.next(&[vec![Literal::Takes(0)]], &watch), Ok(Some(vec![0, 2])));
        assert_eq!(choosing.next(&[], &watch), Ok(None));
    }

    #[test]
    fn many_choices_are_not_listed() {
        assert!(is_few(400, 2) && is_few(80, 3) && !is_few(500, 2) && !is_few(100, 3) && !is_few(usize::MAX, 3));
    }

    #[test]
    fn the_cheapest_options_that_hit_every_clause_are_taken() {
        use Literal::{Leaves, Spares, Takes};
        let costs = [(0, 5), (0, 6), (1, 9), (2, 3)];
        assert_eq!(ask(&costs, &[], 1), Some(vec![3]));
        assert_eq!(ask(&[(0, 3), (1, 3)], &[], 1), Some(vec![0]), "the first of several");
        assert_eq!(ask(&costs, &[vec![Spares(2)]], 1), Some(vec![0]));
        assert_eq!(ask(&costs, &[], 2), Some(vec![0, 3]));
        assert_eq!(ask(&costs, &[vec![Takes(0), Takes(2)]], 1), Some(vec![0]));
        assert_eq!(ask(&costs, &[vec![Takes(0), Takes(2)], vec![Takes(1), Takes(2)]], 1), Some(vec![2]));
        assert_eq!(ask(&costs, &[vec![Takes(0)], vec![Leaves(0)]], 1), None);
        assert_eq!(ask(&costs, &[vec![Takes(0), Takes(1)], vec![Spares(0)]], 2), None);
        assert_eq!(ask(&costs, &[vec![Takes(0)], vec![Takes(3)]], 1), None);
        assert_eq!(ask(&costs, &[vec![Takes(0)], vec![Takes(1)]], 2), None, "they are of one group");
        assert_eq!(ask(&[], &[], 1), None);
    }
}
