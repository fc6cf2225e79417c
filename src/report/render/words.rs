//! A verdict in words, alike in every format.

use crate::check::family::FamilyReport;
use crate::check::{Answer, CheckResult, Counterexample, Finding, Fingerprint, Novelties, Novelty};
use crate::engine::{Extent, Induction};
use crate::input::scenario::dimension::show;
use crate::input::visible::visible;
use crate::report::document::Checked;
use crate::system::Interleaving;

/// At most so many kinds that a verdict is without, or workloads that it is about, are named.
const NAMED: usize = 3;

/// What is known, and whether it counts. Where it is known of runs in one order only, `holds` says so.
pub fn verdict(result: &CheckResult) -> String {
    regarded(result, &plain(result))
}

/// A verdict with what is to be made of it.
pub fn regarded(result: &CheckResult, verdict: &str) -> String {
    match (&result.regard.ignored, result.regard.novelty, &result.answer) {
        (Some(_), _, Answer::Holds(_)) => format!("ignored, though it {verdict}"),
        (Some(_), _, Answer::Unknown { .. }) => format!("ignored, and {verdict}"),
        (Some(_), _, Answer::Violated(_)) => format!("ignored: {verdict}"),
        (None, Some(Novelty::Known), _) => format!("known: {verdict}"),
        (None, Some(Novelty::New), _) => format!("new: {verdict}"),
        (None, None, _) => verdict.to_owned(),
    }
}

/// Why a property is ignored, and where that is written; nothing where it is not ignored.
pub fn reason(result: &CheckResult) -> Option<String> {
    let ignored = result.regard.ignored.as_ref()?;
    let place = match ignored.origin.file.as_str() {
        "" => String::new(),
        file => format!(" ({}:{})", visible(file), ignored.origin.line),
    };
    let is_idle = ignored.in_source && matches!(result.answer, Answer::Holds(_));
    let advice = if is_idle { "; the annotation can go" } else { "" };
    Some(format!("{}{place}{advice}", ignored.reason))
}

/// What became of a baseline, a sentence each.
pub fn compared(novelties: &Novelties) -> Vec<String> {
    let Novelties { file, known, new, gone, open } = novelties;
    let some = |of: &[Fingerprint], what: [&str; 2]| {
        let titles: Vec<String> = of.iter().map(Fingerprint::title).collect();
        let what = what[usize::from(of.len() > 1)];
        (!of.is_empty()).then(|| format!("{} of the baseline {what}: {}", of.len(), titles.join(", ")))
    };
    let mut sentences = vec![format!("compared with {}: {} known, {} new", visible(file), known.len(), new.len())];
    sentences.extend(some(gone, ["is gone", "are gone"]));
    sentences.extend(some(open, ["is not decided", "are not decided"]));
    sentences
}

fn plain(result: &CheckResult) -> String {
    let holds = holds(result);
    match (&result.answer, result.family.as_deref()) {
        (Answer::Holds(Extent::Complete(_) | Extent::Inductive(_)), Some(_)) => {
            format!("{holds} at every size (proved)")
        }
        (Answer::Holds(Extent::Complete(_)), None) => format!("{holds} (proved: every reachable state was seen)"),
        (Answer::Holds(Extent::Inductive(proof)), None) => format!("{holds} (proved: {})", induction(*proof)),
        (Answer::Holds(Extent::Bound(k)), Some(_)) => format!("{holds} at every size up to k = {k}"),
        (Answer::Holds(Extent::Bound(k)), None) => format!("{holds} up to k = {k}"),
        (Answer::Violated(found), family) => {
            let relation = if found.shortest { "=" } else { "≤" };
            let size = family.and_then(smallest).unwrap_or_default();
            format!("{} at k {relation} {}{size}", violated(found.finding), found.k)
        }
        (Answer::Unknown { reason, covered: 0 }, _) => format!("unknown: {reason}"),
        (Answer::Unknown { reason, covered }, _) => format!("unknown: {reason}; {holds} up to k = {}", covered - 1),
    }
}

/// How an induction was made.
fn induction(Induction { depth, invariants }: Induction) -> String {
    let noun = if invariants == 1 { "invariant" } else { "invariants" };
    format!("by induction of depth {depth} with {invariants} {noun}")
}

/// What a result is about, in brackets; of many workloads the first ones. Nothing if that is the cluster.
pub fn about(result: &CheckResult) -> String {
    let subjects = subjects(result);
    if subjects.is_empty() { subjects } else { format!(" ({subjects})") }
}

/// The same without brackets.
pub fn subjects(result: &CheckResult) -> String {
    some(&result.subjects().collect::<Vec<&str>>())
}

/// Names; of many the first ones.
pub fn some(names: &[&str]) -> String {
    match names {
        few if few.len() <= NAMED => few.join(", "),
        many => format!("{} and {} more", many[..NAMED].join(", "), many.len() - NAMED),
    }
}

/// Why a property is violated, in a paragraph; empty if the story says it all.
pub fn why(found: &Counterexample) -> String {
    let lines: Vec<&str> = found.narrative.diagnosis.iter().map(|line| line.text.as_str()).collect();
    lines.join("; ")
}

/// What is said of properties of an input that were not looked at.
pub fn not_checked(checked: &Checked<'_>) -> &'static str {
    match checked.ended_by_violation() {
        true => "not checked, because another property is violated (--all goes on)",
        false => "not checked",
    }
}

/// `holds`, and of which runs if that is not all orders of event-driven actions.
pub fn holds_in(interleaving: Interleaving) -> &'static str {
    match interleaving {
        Interleaving::Settled => "holds in settled runs",
        Interleaving::Racing | Interleaving::Overlapping | Interleaving::Async => "holds",
    }
}

/// [`holds_in`], and without what.
pub fn holds(result: &CheckResult) -> String {
    let holds = holds_in(result.interleaving);
    match result.without.as_slice() {
        [] => holds.to_owned(),
        kinds if kinds.len() <= NAMED => format!("{holds} without {}", kinds.join(", ")),
        kinds => {
            let (named, others) = kinds.split_at(NAMED);
            format!("{holds} without {} and {} other kinds", named.join(", "), others.len())
        }
    }
}

fn violated(finding: Finding) -> &'static str {
    match finding {
        Finding::State => "violated",
        Finding::Reversal => "violated by a reversal",
        Finding::Loop => "violated by a loop",
    }
}

fn smallest(family: &FamilyReport) -> Option<String> {
    Some(format!(" (smallest size: {})", show(&family.dimensions, family.coverage.violated()?)))
}
