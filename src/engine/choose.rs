//! The cheapest choice among options under clauses: a weighted hitting set, which Z3 optimises.
//!
//! Options come in groups, of each of which one is taken at most. Among single options there is nothing to optimise: they are
//! looked through.

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

/// Positions of `count` options whose costs are the smallest sum of all such choices that satisfy every clause; `None` if
/// none does.
///
/// # Errors
///
/// If the time is used up, or somebody stops it, before that is known.
pub fn cheapest(
    choices: &[Choice],
    clauses: &[Vec<Literal>],
    count: usize,
    watch: &Watch,
) -> Result<Option<Vec<usize>>, UnknownReason> {
    if let Some(why) = watch.exhausted() {
        return Err(why);
    }
    if count == 1 {
        return Ok(single(choices, clauses).map(|at| vec![at]));
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

/// The cheapest option that satisfies every clause alone; of several the first.
fn single(choices: &[Choice], clauses: &[Vec<Literal>]) -> Option<usize> {
    let holds = |at: usize, literal: &Literal| match *literal {
        Literal::Takes(other) => at == other,
        Literal::Leaves(other) => at != other,
        Literal::Spares(group) => choices[at].group != group,
    };
    let fits = |at: &usize| clauses.iter().all(|clause| clause.iter().any(|literal| holds(*at, literal)));
    (0..choices.len()).filter(fits).min_by_key(|&at| choices[at].cost)
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

    fn ask(costs: &[(usize, u64)], clauses: &[Vec<Literal>], count: usize) -> Option<Vec<usize>> {
        let choices: Vec<Choice> = costs.iter().map(|&(group, cost)| Choice { group, cost }).collect();
        cheapest(&choices, clauses, count, &Budget::bound(0).start()).expect("no limit")
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
