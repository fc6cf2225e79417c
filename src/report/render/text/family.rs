//! Which sizes a verdict covers, and what became of the counterexample elsewhere.

use crate::check::Answer;
use crate::check::family::{FamilyReport, How, Lift, OneQuery, Run, Standing};
use crate::engine::Extent;
use crate::input::Dimension;
use crate::input::scenario::dimension::show;
use crate::report::render::layout::indented;
use crate::report::render::words;
use crate::system::Interleaving;

/// What is known of which sizes.
pub fn text(family: &FamilyReport, interleaving: Interleaving) -> String {
    lines(family, words::holds_in(interleaving)).iter().map(|line| indented(line, "    ", "      ") + "\n").collect()
}

/// The same, line by line; `holds` is what is said of what holds.
pub fn lines(family: &FamilyReport, holds: &str) -> Vec<String> {
    let FamilyReport { dimensions, coverage, omitted, query, lift } = family;
    let ranges: Vec<String> = dimensions.iter().map(ToString::to_string).collect();
    let mut lines =
        vec![format!("{}: {} of {} sizes decided", ranges.join(", "), coverage.decided(), coverage.sizes())];
    lines.extend(omitted.clone());
    lines.extend(coverage.runs().iter().map(|it| run(dimensions, it, holds)));
    lines.extend(query.as_ref().map(|query| asked(dimensions, query)));
    lines.extend(lift.as_ref().map(|lift| lifted(dimensions, lift)));
    lines
}

fn asked(dimensions: &[Dimension], query: &OneQuery) -> String {
    match query {
        OneQuery::Covers { first, last, count } => {
            let (first, last) = (show(dimensions, first), show(dimensions, last));
            format!("one query for {count} sizes, from {first} to {last}")
        }
        OneQuery::Impossible(why) => format!("size by size: {why}"),
    }
}

fn run(dimensions: &[Dimension], run: &Run, holds: &str) -> String {
    let words = match &run.standing {
        Standing::Proved => format!("{holds} (proved)"),
        Standing::Bounded(k) => format!("{holds} up to k = {k}"),
        Standing::Violated => "violated".to_owned(),
        Standing::Open(reason) => format!("not covered: {reason}"),
    };
    format!("{}: {words}", sizes(dimensions, run))
}

/// The sizes of a run: a range where there is one dimension, else in the order of the search.
fn sizes(dimensions: &[Dimension], run: &Run) -> String {
    let (first, last) = (show(dimensions, &run.first), show(dimensions, &run.last));
    match (dimensions, run.count) {
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

fn lifted(dimensions: &[Dimension], lift: &Lift) -> String {
    let size = show(dimensions, &lift.size);
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
                Extent::Complete(_) | Extent::Inductive(_) => "holds there (proved)".to_owned(),
                Extent::Bound(k) => format!("holds there up to k = {k}"),
            };
            format!("at {size}: the choices do not lead to a failure, and a check of its own says that it {how}")
        }
        (Answer::Unknown { reason, .. }, _) => format!("at {size}: not decided ({reason})"),
    }
}
