//! One suite for every SAT solver that is built in: what the trait promises, against a search through all assignments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use itertools::Itertools;
use kubound::engine::sat::solver::{Literal, SatSolver, Solved};
use kubound::engine::sat::varisat::Varisat;
use kubound::engine::{Budget, Watch};
use proptest::prelude::*;

/// Makes a solver that stops when the watch says so.
type Make = fn(Watch) -> Box<dyn SatSolver>;

fn all() -> Vec<(&'static str, Make)> {
    let mut solvers: Vec<(&'static str, Make)> = vec![("varisat", |watch| Box::new(Varisat::new(watch, false)))];
    solvers.push(("varisat with proofs", |watch| Box::new(Varisat::new(watch, true))));
    #[cfg(feature = "cadical")]
    solvers.push(("cadical", |watch| Box::new(kubound::engine::sat::cadical::Cadical::new(watch))));
    solvers
}

fn unlimited() -> Watch {
    Budget::bound(0).start()
}

fn variables(solver: &mut dyn SatSolver, count: usize) -> Vec<Literal> {
    (0..count).map(|_| solver.new_variable()).collect()
}

/// What is said to a solver: clauses, and questions with their assumptions.
#[derive(Clone, Debug)]
enum Said {
    Clause(Vec<i32>),
    Question(Vec<i32>),
}

const VARIABLES: i32 = 7;

fn literals(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<i32>> {
    let literal = (1..=VARIABLES, any::<bool>()).prop_map(|(it, negated)| if negated { -it } else { it });
    prop::collection::vec(literal, sizes)
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        3 => literals(1..4).prop_map(Said::Clause),
        1 => literals(0..4).prop_map(Said::Question),
    ]
}

fn satisfies(assignment: u32, literal: i32) -> bool {
    (assignment >> (literal.abs() - 1) & 1 == 1) == (literal > 0)
}

fn is_satisfiable(clauses: &[Vec<i32>], assumptions: &[i32]) -> bool {
    (0..1u32 << VARIABLES).any(|assignment| {
        let holds = |literal: &i32| satisfies(assignment, *literal);
        assumptions.iter().all(holds) && clauses.iter().all(|clause| clause.iter().any(holds))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Clauses stay, assumptions do not, and what is satisfiable comes with an assignment that satisfies it.
    #[test]
    fn conversations_are_answered_rightly(conversation in prop::collection::vec(said(), 1..40)) {
        for (name, make) in all() {
            let mut solver = make(unlimited());
            let known = variables(solver.as_mut(), VARIABLES as usize);
            let literal = |number: &i32| {
                let variable = known[number.unsigned_abs() as usize - 1];
                if *number < 0 { variable.negated() } else { variable }
            };
            let mut clauses: Vec<Vec<i32>> = Vec::new();
            for said in &conversation {
                match said {
                    Said::Clause(clause) => {
                        solver.add_clause(&clause.iter().map(literal).collect::<Vec<_>>());
                        clauses.push(clause.clone());
                    }
                    Said::Question(assumptions) => {
                        let answer = solver.solve(&assumptions.iter().map(literal).collect::<Vec<_>>());
                        let expected = if is_satisfiable(&clauses, assumptions) { Solved::Satisfiable } else { Solved::Unsatisfiable };
                        prop_assert_eq!(answer, expected, "{}: {:?}", name, conversation);
                        if answer == Solved::Satisfiable {
                            let holds = |number: &i32| solver.value(literal(number));
                            prop_assert!(assumptions.iter().all(holds), "{}: {:?}", name, conversation);
                            prop_assert!(clauses.iter().all(|clause| clause.iter().any(holds)), "{}", name);
                        }
                    }
                }
            }
        }
    }
}

/// More pigeons than holes, which no solver without cardinalities refutes before long.
fn pigeons(solver: &mut dyn SatSolver, holes: usize) {
    let sits: Vec<Vec<Literal>> = (0..=holes).map(|_| variables(solver, holes)).collect();
    sits.iter().for_each(|pigeon| solver.add_clause(pigeon));
    for (one, other) in sits.iter().tuple_combinations() {
        one.iter().zip(other).for_each(|(a, b)| solver.add_clause(&[a.negated(), b.negated()]));
    }
}

#[test]
fn a_search_ends_with_the_budget() {
    for (name, make) in all() {
        let budget = Budget { time: Some(Duration::from_millis(50)), ..Budget::bound(0) };
        let mut solver = make(budget.start());
        pigeons(solver.as_mut(), 30);
        assert_eq!(solver.solve(&[]), Solved::Unknown, "{name}");
    }
}

#[test]
fn a_search_ends_when_somebody_stops_it() {
    for (name, make) in all() {
        let stop = Arc::new(AtomicBool::new(true));
        let mut solver = make(Budget { stop: Arc::clone(&stop), ..Budget::bound(0) }.start());
        pigeons(solver.as_mut(), 30);
        assert_eq!(solver.solve(&[]), Solved::Unknown, "{name}");
        assert!(stop.load(Ordering::Relaxed));
    }
}

#[test]
fn what_is_contradictory_stays_so() {
    for (name, make) in all() {
        let mut solver = make(unlimited());
        let [a, b] = [solver.new_variable(), solver.new_variable()];
        solver.add_clause(&[a]);
        solver.add_clause(&[a.negated()]);
        for assumptions in [&[][..], &[b], &[b.negated()]] {
            assert_eq!(solver.solve(assumptions), Solved::Unsatisfiable, "{name}");
        }
    }
}
