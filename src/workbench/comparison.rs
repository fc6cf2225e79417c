//! What several engines say of one input, side by side.

use itertools::Itertools;

use super::claim::Standing;
use super::found::Found;
use super::measurement::numbered;

/// What engines say of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The input in a few words.
    pub input: String,
    /// One for each engine, in the order in which they were asked.
    pub engines: Vec<Side>,
    /// Who contradicts whom, in words.
    pub contradictions: Vec<String>,
}

/// What one engine says.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The engine.
    pub engine: String,
    /// One for each property.
    pub answers: Vec<Answered>,
    /// Wall-clock time of its process in seconds, from reading to verdicts.
    pub seconds: f64,
    /// The peak of its resident memory in bytes, where the system tells.
    pub bytes: Option<u64>,
    /// Why it said nothing, if it did not.
    pub failure: Option<String>,
}

/// An answer to a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The answer.
    pub found: Found,
    /// Of a violation: whether another process replayed the counterexample.
    pub replayed: Option<bool>,
}

impl Side {
    /// What it found.
    pub fn found(&self) -> Vec<Found> {
        self.answers.iter().map(|it| it.found.clone()).collect()
    }
}

impl Comparison {
    /// Compares what engines say.
    pub fn of(input: String, engines: Vec<Side>) -> Self {
        let mut contradictions: Vec<String> =
            engines.iter().tuple_combinations().flat_map(|(one, two)| clashes(one, two)).collect();
        for side in &engines {
            let lost = side.answers.iter().filter(|answer| answer.replayed == Some(false));
            let why = |answer: &Answered| {
                format!("{}: the counterexample of {} cannot be replayed", answer.found.property, side.engine)
            };
            contradictions.extend(lost.map(why));
        }
        Comparison { input, engines, contradictions }
    }

    /// Whether an engine found a violation.
    pub fn is_violated(&self) -> bool {
        self.answers().any(|answer| matches!(answer.found.claim.standing, Standing::Violated { .. }))
    }

    /// Whether there is a property that no engine decides.
    pub fn is_open(&self) -> bool {
        let sides: Vec<Vec<Found>> = self.engines.iter().map(Side::found).collect();
        let maps: Vec<_> = sides.iter().map(|found| numbered(found)).collect();
        let mut keys = maps.iter().flat_map(|map| map.keys()).unique().peekable();
        let decided = |key| maps.iter().filter_map(|map| map.get(key)).any(|found| found.claim.is_decided());
        keys.peek().is_none() || !keys.all(decided)
    }

    fn answers(&self) -> impl Iterator<Item = &Answered> {
        self.engines.iter().flat_map(|side| &side.answers)
    }
}

fn clashes(one: &Side, two: &Side) -> Vec<String> {
    let (first, second) = (one.found(), two.found());
    let (first, second) = (numbered(&first), numbered(&second));
    let both = first.iter().filter_map(|(key, found)| Some((found, second.get(key)?)));
    let why = |(a, b): (&&Found, &&Found)| {
        let why = a.claim.contradicts(&b.claim)?;
        Some(format!("{}: {} and {} contradict each other: {why}", a.property, one.engine, two.engine))
    };
    both.filter_map(why).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn side(engine: &str, verdict: &str, k: u64) -> Side {
        let found = Found::read(&json!({"property": "settles", "verdict": verdict, "k": k})).expect("a result");
        let replayed = (verdict == "violated").then_some(true);
        let answers = vec![Answered { found, replayed }];
        Side { engine: engine.to_owned(), answers, seconds: 0.1, bytes: None, failure: None }
    }

    #[test]
    fn engines_are_held_to_each_other_and_to_their_replays() {
        let of = |sides: Vec<Side>| Comparison::of("x".to_owned(), sides);
        assert!(of(vec![side("a", "violated", 2), side("b", "holds", 1)]).contradictions.is_empty());
        let wrong = of(vec![side("a", "violated", 2), side("b", "holds", 2), side("c", "violated", 2)]);
        assert_eq!(wrong.contradictions.len(), 2);
        let mut lost = side("a", "violated", 2);
        lost.answers[0].replayed = Some(false);
        assert_eq!(of(vec![lost]).contradictions, ["settles: the counterexample of a cannot be replayed"]);
    }

    #[test]
    fn one_engine_that_decides_is_enough() {
        let of = |sides: Vec<Side>| Comparison::of("x".to_owned(), sides);
        assert!(!of(vec![side("a", "unknown", 2), side("b", "holds", 2)]).is_open());
        assert!(of(vec![side("a", "unknown", 2)]).is_open());
        assert!(of(Vec::new()).is_open());
    }
}
