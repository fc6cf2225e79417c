//! A violation: what is wrong, the timeline, and all steps in words.

use maud::{Markup, html};

use super::anchor::Anchor;
use super::{chart, steps};
use crate::check::{CheckResult, Counterexample, InputName};
use crate::cluster::object::spec::Origin;
use crate::input::visible::visible;
use crate::repair::Hint;
use crate::report::render::words;

/// A counterexample, and what is said with it.
pub struct Violation<'a> {
    /// Where it is on the page.
    pub anchor: Anchor,
    /// The input, where there are several.
    pub input: Option<&'a InputName>,
    /// The result.
    pub result: &'a CheckResult,
    /// The counterexample.
    pub found: &'a Counterexample,
    /// Where it is in the files of the input.
    pub place: Option<&'a Origin>,
    /// The field to look at.
    pub hint: Option<&'a Hint>,
}

/// A section, which is folded away unless it is the first one.
pub fn section(violation: &Violation<'_>, is_open: bool) -> Markup {
    let Violation { anchor, result, found, .. } = violation;
    html! {
        details class="story" id=(anchor.story()) open[is_open] {
            summary {
                h3 {
                    span class="mark bad" aria-hidden="true" { "✗" } " " (result.property)
                    @let about = words::subjects(result);
                    @if !about.is_empty() { span class="about" { " " (about) } }
                }
                span class="verdict" { (words::verdict(result)) }
            }
            (place(violation))
            (why(violation))
            (chart::chart(&found.narrative, anchor))
            (steps::list(&found.narrative, anchor))
        }
    }
}

fn place(violation: &Violation<'_>) -> Markup {
    html! {
        @if violation.input.is_some() || violation.place.is_some() {
            p class="aside" {
                @if let Some(input) = violation.input { (input.short()) " " }
                @if let Some(place) = violation.place {
                    code { (visible(&place.file)) ":" (place.line) ":" (place.column) }
                }
            }
        }
    }
}

/// What is wrong at the end, and what has a part in it.
fn why(violation: &Violation<'_>) -> Markup {
    let diagnosis = &violation.found.narrative.diagnosis;
    html! {
        @if !diagnosis.is_empty() {
            ul class="why" { @for line in diagnosis { li { (line.text) " " (steps::rules(&line.rules)) } } }
        }
        @if let Some(Hint { object, field, place: (file, line), command }) = violation.hint {
            p class="hint" {
                (visible(object)) ": " code { (visible(field)) } " has a part in this (" (visible(file)) ":" (line) "). " code { (visible(command)) }
                " looks for the smallest change."
            }
        }
    }
}
