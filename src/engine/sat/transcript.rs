//! What a solver was told and what it answered, written down by us and not by the solver: that is what its proof has to
//! be a proof of.

use std::io::{self, Write};

use super::solver::{Literal, SatSolver, Solved};

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A clause was added.
    Clause,
    /// The clauses so far were said to be unsatisfiable together with some assumptions.
    Refuted,
}

/// Clauses and refuted questions in their order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Each event and where its literals end.
    events: Vec<(Event, usize)>,
    literals: Vec<Literal>,
}

impl Transcript {
    /// Adds an event.
    pub fn push(&mut self, event: Event, literals: &[Literal]) {
        self.literals.extend_from_slice(literals);
        self.events.push((event, self.literals.len()));
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// One event with its literals; `None` behind the last.
    pub fn get(&self, index: usize) -> Option<(Event, &[Literal])> {
        let &(event, end) = self.events.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.events[before].1);
        Some((event, &self.literals[start..end]))
    }

    /// All events in order.
    pub fn iter(&self) -> impl Iterator<Item = (Event, &[Literal])> {
        (0..self.events.len()).filter_map(|index| self.get(index))
    }

    /// Number of refuted questions.
    pub fn refuted(&self) -> u64 {
        self.events.iter().filter(|(event, _)| *event == Event::Refuted).count() as u64
    }

    /// Writes it in the format iCNF: clauses as in DIMACS files, and a line `a …` for each refuted question.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "p inccnf")?;
        for (event, literals) in self.iter() {
            if event == Event::Refuted {
                write!(out, "a ")?;
            }
            for literal in literals {
                write!(out, "{} ", literal.number())?;
            }
            writeln!(out, "0")?;
        }
        Ok(())
    }
}

/// A solver of whose conversation a transcript is kept.
pub struct Recorder<S> {
    solver: S,
    transcript: Transcript,
}

impl<S: SatSolver> Recorder<S> {
    /// Nothing said yet.
    pub fn new(solver: S) -> Self {
        Recorder { solver, transcript: Transcript::default() }
    }

    /// The solver and the transcript, at the end.
    pub fn into_parts(self) -> (S, Transcript) {
        (self.solver, self.transcript)
    }
}

impl<S: SatSolver> SatSolver for Recorder<S> {
    fn new_variable(&mut self) -> Literal {
        self.solver.new_variable()
    }

    fn add_clause(&mut self, clause: &[Literal]) {
        self.transcript.push(Event::Clause, clause);
        self.solver.add_clause(clause);
    }

    fn solve(&mut self, assumptions: &[Literal]) -> Solved {
        let solved = self.solver.solve(assumptions);
        if solved == Solved::Unsatisfiable {
            self.transcript.push(Event::Refuted, assumptions);
        }
        solved
    }

    fn value(&self, literal: Literal) -> bool {
        self.solver.value(literal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_keep_their_order_and_their_literals() {
        let literals = |numbers: &[i32]| numbers.iter().map(|&number| Literal::new(number)).collect::<Vec<_>>();
        let mut transcript = Transcript::default();
        transcript.push(Event::Clause, &literals(&[1, -2]));
        transcript.push(Event::Clause, &[]);
        transcript.push(Event::Refuted, &literals(&[2]));
        assert_eq!(transcript.get(1), Some((Event::Clause, [].as_slice())));
        assert_eq!((transcript.refuted(), transcript.get(3)), (1, None));
        let mut text = Vec::new();
        transcript.write(&mut text).expect("written to memory");
        assert_eq!(String::from_utf8_lossy(&text), "p inccnf\n1 -2 0\n0\na 2 0\n");
    }
}
