//! Tables of verdicts: what is violated, what is unknown, and, folded away, what holds.

use maud::{Markup, html};

use super::story::Violation;
use crate::check::{Answer, CheckResult};
use crate::engine::Extent;
use crate::report::document::{Check, Checked};
use crate::report::render::layout::seconds;
use crate::report::render::{text, words};

/// More rows that hold are folded away even where nothing else is known.
const FEW: usize = 12;

/// A table for each kind of verdict.
pub fn section(check: &Check<'_>, violations: &[Violation<'_>]) -> Markup {
    let of = |word: &'static str| -> Vec<(&Checked<'_>, &CheckResult)> {
        let all = check.inputs.iter().flat_map(|input| input.results.iter().map(move |&result| (input, result)));
        all.filter(|(_, result)| result.answer.word() == word).collect()
    };
    let (unknown, holds) = (of("unknown"), of("holds"));
    let (violated, excused): (Vec<_>, Vec<_>) = of("violated").into_iter().partition(|(_, result)| result.counts());
    let is_all = violated.is_empty() && unknown.is_empty() && holds.len() <= FEW;
    html! {
        section aria-labelledby="verdicts" {
            h2 id="verdicts" { "Verdicts" }
            div id="violated" { (table("Violated", &violated, check.several, violations)) }
            div id="excused" { (table("Violated, and does not count", &excused, check.several, violations)) }
            div id="unknown" {
                (table("Unknown", &unknown, check.several, violations))
                (not_checked(check))
            }
            div id="holds" {
                @if !holds.is_empty() {
                    details class="folded" open[is_all] {
                        summary { (holds.len()) " " (if holds.len() == 1 { "result that holds" } else { "results that hold" }) }
                        (table("Holds", &holds, check.several, violations))
                    }
                }
            }
        }
    }
}

fn table(caption: &str, rows: &[(&Checked<'_>, &CheckResult)], several: bool, violations: &[Violation<'_>]) -> Markup {
    html! {
        @if !rows.is_empty() {
            div class="wide" role="region" aria-label=(caption) tabindex="0" {
                table class="verdicts" {
                    caption { (caption) }
                    thead {
                        tr {
                            th scope="col" { span class="hidden" { "mark" } }
                            @if several { th scope="col" { "input" } }
                            th scope="col" { "property" }
                            th scope="col" { "about" }
                            th scope="col" { "verdict" }
                            th scope="col" class="number" { "k" }
                            th scope="col" { "engine" }
                        }
                    }
                    tbody { @for (input, result) in rows { (row(input, result, several, violations)) } }
                }
            }
        }
    }
}

fn row(input: &Checked<'_>, result: &CheckResult, several: bool, violations: &[Violation<'_>]) -> Markup {
    let (kind, mark) = mark(result);
    let story = violations.iter().find(|violation| std::ptr::eq(violation.result, result));
    html! {
        tr class=(kind) {
            td class="mark" { span aria-hidden="true" { (mark) } span class="hidden" { (result.answer.word()) } }
            @if several { td { @if let Some(name) = input.name { (name.short()) } } }
            th scope="row" {
                @match story {
                    Some(it) => a href={ "#" (it.anchor.story()) } { (result.property) },
                    None => (result.property),
                }
            }
            td { (about(result)) }
            td {
                (words::verdict(result))
                @if let Some(reason) = words::reason(result) { ": " (reason) }
                (notes(result))
            }
            td class="number" { (k(&result.answer)) }
            td class="figures" { (result.engine) ", " (seconds(result.seconds)) }
        }
    }
}

/// The mark of a verdict, and the class that colours it.
fn mark(result: &CheckResult) -> (&'static str, &'static str) {
    match &result.answer {
        Answer::Violated(_) if !result.counts() => ("excused", "–"),
        Answer::Holds(_) => ("good", "✓"),
        Answer::Violated(_) => ("bad", "✗"),
        Answer::Unknown { .. } => ("open", "?"),
    }
}

fn k(answer: &Answer) -> String {
    match answer {
        Answer::Holds(Extent::Complete(_) | Extent::Inductive(_)) => "any".to_owned(),
        Answer::Holds(Extent::Bound(k)) => format!("≤ {k}"),
        Answer::Violated(found) if found.shortest => found.k.to_string(),
        Answer::Violated(found) => format!("≤ {}", found.k),
        Answer::Unknown { covered: 0, .. } => "–".to_owned(),
        Answer::Unknown { covered, .. } => format!("≤ {}", covered - 1),
    }
}

/// What a result is about; of many workloads all, folded away.
fn about(result: &CheckResult) -> Markup {
    let subjects: Vec<&str> = result.subjects().collect();
    let short = words::subjects(result);
    html! {
        @if subjects.is_empty() {
            span class="aside" { "the cluster" }
        } @else if subjects.join(", ") == short {
            (short)
        } @else {
            details { summary { (short) } (subjects.join(", ")) }
        }
    }
}

/// What else is known: sizes, company, proofs.
fn notes(result: &CheckResult) -> Markup {
    let notes = text::notes(result);
    html! { @if !notes.is_empty() { details { summary { "how" } ul { @for note in notes { li { (note) } } } } } }
}

fn not_checked(check: &Check<'_>) -> Markup {
    html! {
        @for input in check.inputs.iter().filter(|input| !input.skipped.is_empty()) {
            p class="aside" {
                @if let Some(name) = input.name.filter(|_| check.several) { (name.short()) ": " }
                (words::not_checked(input)) ": "
                (input.skipped.join(", "))
            }
        }
    }
}
