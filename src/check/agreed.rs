//! What two questions say together: the first one is about runs whose blocks do not overlap, the second one about all of them.

use std::collections::HashSet;

use super::sameness::workload_of;
use super::{Answer, CheckResult, Finding};
use crate::engine::Extent;
use crate::system::Interleaving;

/// What a verdict is without that says nothing of blocks that overlap.
pub const OVERLAPS: &str = "overlapping actions";

/// Results of a property, first without blocks that overlap, then with them.
pub fn agreed(first: Vec<CheckResult>, again: &[CheckResult]) -> Vec<CheckResult> {
    let broken: Vec<&CheckResult> = again.iter().filter(|it| is_told(it)).collect();
    let mut told = false;
    let merge = |result: CheckResult| match result.answer {
        Answer::Holds(extent) => {
            let mut all = of_held(result, extent, again, &broken);
            // Each violation is told once, with the first that it contradicts.
            if !std::mem::replace(&mut told, true) {
                all.extend(broken.iter().map(|&it| it.clone()));
            }
            all
        }
        _ => vec![result],
    };
    first.into_iter().flat_map(merge).collect()
}

/// Whether a result is a violation that is told; see [`super::overlap`].
fn is_told(again: &CheckResult) -> bool {
    matches!(&again.answer, Answer::Violated(found) if found.finding != Finding::Loop)
}

/// What is left of a result that holds without overlaps: what holds with them, and what is not known to.
fn of_held(result: CheckResult, extent: Extent, again: &[CheckResult], broken: &[&CheckResult]) -> Vec<CheckResult> {
    let alone = result.focus.is_none();
    if alone && !broken.is_empty() {
        return Vec::new();
    }
    let holds = |it: &&CheckResult| goes_as_far(&it.answer, extent);
    let held: HashSet<&str> = again.iter().filter(holds).flat_map(CheckResult::subjects).collect();
    // Whoever asks the cluster as a whole asks about everybody.
    let is_certain = again.iter().any(|it| it.focus.is_none()) && again.iter().all(|it| holds(&it));
    let falls: HashSet<&str> = broken.iter().flat_map(|it| it.subjects()).map(workload_of).collect();
    let (with, others): (Vec<String>, Vec<String>) =
        result.subjects().map(str::to_owned).partition(|it| is_certain || held.contains(it.as_str()));
    let others: Vec<String> = others.into_iter().filter(|it| !falls.contains(workload_of(it))).collect();
    if result.subject.is_empty() || (alone && !others.is_empty()) {
        return vec![if is_certain { widely(result) } else { without(result) }];
    }
    let parts = [(with, widely as fn(CheckResult) -> CheckResult), (others, without)];
    let parts = parts.into_iter().filter(|(subjects, _)| !subjects.is_empty());
    let mut parts: Vec<CheckResult> = parts.map(|(subjects, say)| say(about(&result, &subjects))).collect();
    // What it took is told once.
    for part in parts.iter_mut().skip(1) {
        (part.seconds, part.statistics) = (0.0, Default::default());
    }
    parts
}

/// Whether an answer says of all runs what is known of those whose blocks do not overlap.
fn goes_as_far(again: &Answer, extent: Extent) -> bool {
    match (again, extent) {
        (Answer::Holds(other), _) => other.is_proved() || !extent.is_proved(),
        (Answer::Unknown { covered, .. }, Extent::Bound(k)) => *covered > k,
        _ => false,
    }
}

/// The same of some of its subjects.
fn about(result: &CheckResult, subjects: &[String]) -> CheckResult {
    let focus = result.focus.as_ref().and_then(|focus| focus.about(subjects, focus.smallest, focus.tells_each));
    CheckResult { subject: subjects.join(", "), focus, ..result.clone() }
}

fn widely(result: CheckResult) -> CheckResult {
    CheckResult { interleaving: Interleaving::Overlapping, ..result }
}

/// A result that says nothing of blocks that overlap.
fn without(result: CheckResult) -> CheckResult {
    let without = result.without.iter().cloned().chain([OVERLAPS.to_owned()]).collect();
    CheckResult { without, ..result }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::InputName;
    use crate::check::focus::FocusReport;

    fn result(subjects: &[&str], answer: Answer) -> CheckResult {
        let mut focus = FocusReport::default();
        subjects.iter().for_each(|it| focus.add(it, crate::check::focus::Tally::Alone, Vec::new()));
        let input = InputName::Paths { paths: Vec::new(), sizes: Default::default(), config: None };
        let unknown = CheckResult::unknown(input, "settles", Interleaving::Racing, String::new());
        CheckResult { subject: subjects.join(", "), answer, focus: Some(Box::new(focus)), ..unknown }
    }

    fn proved(subjects: &[&str]) -> CheckResult {
        result(subjects, Answer::Holds(Extent::Complete(1)))
    }

    /// Subjects, the interleaving that is said, how many workloads the report counts, and whether overlaps are left out.
    fn told(results: &[CheckResult]) -> Vec<(&str, Interleaving, usize, bool)> {
        let count = |it: &CheckResult| it.focus.iter().flat_map(|focus| focus.tallies.values()).sum();
        let is_partial = |it: &CheckResult| it.without.iter().any(|what| what == OVERLAPS);
        results.iter().map(|it| (it.subject.as_str(), it.interleaving, count(it), is_partial(it))).collect()
    }

    #[test]
    fn each_workload_is_told_as_far_as_it_is_known() {
        use Interleaving::{Overlapping, Racing};
        let again = [proved(&["a", "c"]), result(&["b"], Answer::Unknown { reason: String::new(), covered: 4 })];
        let results = agreed(vec![proved(&["a", "b", "c"])], &again);
        assert_eq!(told(&results), [("a, c", Overlapping, 2, false), ("b", Racing, 1, true)]);
        assert_eq!(told(&agreed(vec![proved(&["a"])], &[])), [("a", Racing, 1, true)]);
        assert_eq!(told(&agreed(vec![proved(&["a", "c"])], &again)), [("a, c", Overlapping, 2, false)]);
    }

    #[test]
    fn a_bound_needs_no_more_than_what_it_says() {
        let bounded = |k| result(&["b"], Answer::Holds(Extent::Bound(k)));
        let again = [result(&["b"], Answer::Unknown { reason: String::new(), covered: 4 })];
        let is_partial = |k| told(&agreed(vec![bounded(k)], &again))[0].3;
        assert_eq!([2, 3, 4].map(is_partial), [false, false, true]);
        assert!(told(&agreed(vec![proved(&["b"])], &[bounded(9)]))[0].3, "proved is more than up to any k");
        assert!(!told(&agreed(vec![bounded(3)], &[proved(&["b"])]))[0].3);
    }

    #[test]
    fn what_the_cluster_as_a_whole_says_is_all_or_nothing() {
        let whole = |subjects: &[&str]| CheckResult { focus: None, ..proved(subjects) };
        assert_eq!(
            told(&agreed(vec![whole(&["a", "b"])], &[proved(&["a"])])),
            [("a, b", Interleaving::Racing, 0, true)]
        );
        assert_eq!(told(&agreed(vec![whole(&[])], &[whole(&[])])), [("", Interleaving::Overlapping, 0, false)]);
    }
}
