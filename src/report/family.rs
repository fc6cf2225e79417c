//! What a check of a family says beyond the verdict, for people and for programs.

use serde_json::{Value, json};

use crate::check::family::{FamilyReport, How, Lift, OneQuery, Run, Standing};
use crate::check::{Answer, SavedTrace};
use crate::input::scenario::dimension::show;

impl FamilyReport {
    /// Lines for people.
    pub fn lines(&self) -> Vec<String> {
        let ranges: Vec<String> = self.dimensions.iter().map(ToString::to_string).collect();
        let mut lines = vec![format!(
            "{}: {} of {} sizes decided",
            ranges.join(", "),
            self.coverage.decided(),
            self.coverage.sizes()
        )];
        lines.extend(self.omitted.clone());
        lines.extend(self.coverage.runs().iter().map(|run| self.run(run)));
        lines.extend(self.query.as_ref().map(|query| self.asked(query)));
        lines.extend(self.lift.as_ref().map(|lift| self.lifted(lift)));
        lines
    }

    fn asked(&self, query: &OneQuery) -> String {
        match query {
            OneQuery::Covers { first, last, count } => {
                let (first, last) = (show(&self.dimensions, first), show(&self.dimensions, last));
                format!("one query for {count} sizes, from {first} to {last}")
            }
            OneQuery::Impossible(why) => format!("size by size: {why}"),
        }
    }

    fn run(&self, run: &Run) -> String {
        let words = match &run.standing {
            Standing::Proved => "holds (proved)".to_owned(),
            Standing::Bounded(k) => format!("holds up to k = {k}"),
            Standing::Violated => "violated".to_owned(),
            Standing::Open(reason) => format!("not covered: {reason}"),
        };
        format!("{}: {words}", self.sizes(run))
    }

    /// The sizes of a run: a range where there is one dimension, else in the order of the search.
    fn sizes(&self, run: &Run) -> String {
        let (first, last) = (show(&self.dimensions, &run.first), show(&self.dimensions, &run.last));
        match (self.dimensions.as_slice(), run.count) {
            (_, 1) => first,
            ([only], count) => {
                let (low, high) = (run.first[0], run.last[0]);
                let all = high - low + 1 == count as i64;
                let some = if all { String::new() } else { format!(" ({count} sizes)") };
                format!("{} {low}..{high}{some}", only.name)
            }
            (_, count) => format!("{count} sizes upward from {first} to {last}"),
        }
    }

    fn lifted(&self, lift: &Lift) -> String {
        let size = show(&self.dimensions, &lift.size);
        match (&lift.answer, lift.how) {
            (_, How::Itself) => format!("at {size}: this is the counterexample shown"),
            (Answer::Violated(found), How::Followed) => {
                format!("at {size}: fails too, by the same choices, at k = {}", found.k)
            }
            (Answer::Violated(found), How::Searched) => {
                format!("at {size}: fails too, as a check of its own says, at k = {}", found.k)
            }
            (Answer::Holds(extent), _) => {
                let how = match extent {
                    crate::engine::Extent::Complete(_) => "holds there (proved)".to_owned(),
                    crate::engine::Extent::Bound(k) => format!("holds there up to k = {k}"),
                };
                format!("at {size}: the choices do not lead to a failure, and a check of its own says that it {how}")
            }
            (Answer::Unknown { reason, .. }, _) => format!("at {size}: not decided ({reason})"),
        }
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let named = |size: &[i64]| -> Value {
            let pairs = self.dimensions.iter().zip(size).map(|(it, value)| (it.name.clone(), json!(value)));
            Value::Object(pairs.collect())
        };
        let run = |run: &Run| {
            let (standing, k, reason) = match &run.standing {
                Standing::Proved => ("proved", None, None),
                Standing::Bounded(k) => ("bounded", Some(*k), None),
                Standing::Violated => ("violated", None, None),
                Standing::Open(reason) => ("open", None, Some(reason.as_str())),
            };
            json!({"from": named(&run.first), "to": named(&run.last), "count": run.count,
                   "standing": standing, "k": k, "reason": reason})
        };
        let lift = |lift: &Lift| {
            json!({
                "size": named(&lift.size),
                "how": lift.how.name(),
                "verdict": lift.answer.word(),
                "k": if let Answer::Violated(found) = &lift.answer { Some(found.k) } else { None },
                "reason": if let Answer::Unknown { reason, .. } = &lift.answer { Some(reason) } else { None },
                "seconds": lift.seconds,
                "trace": trace(&lift.answer),
            })
        };
        let query = match &self.query {
            Some(OneQuery::Covers { first, last, count }) => {
                json!({"from": named(first), "to": named(last), "count": count, "reason": null})
            }
            Some(OneQuery::Impossible(why)) => json!({"from": null, "to": null, "count": 0, "reason": why}),
            None => Value::Null,
        };
        json!({
            "dimensions": self.dimensions,
            "sizes": self.coverage.sizes(),
            "decided": self.coverage.decided(),
            "omitted": self.omitted,
            "coverage": self.coverage.runs().iter().map(run).collect::<Vec<Value>>(),
            "one_query": query,
            "smallest_violating": self.coverage.violated().map(|size| named(size)),
            "lift": self.lift.as_ref().map(lift),
        })
    }
}

fn trace(answer: &Answer) -> Option<&SavedTrace> {
    if let Answer::Violated(found) = answer { Some(&found.trace) } else { None }
}
