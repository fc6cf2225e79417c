//! What there is to say about the input: errors and warnings before everything else, notes after it.

use maud::{Markup, html};

use crate::input::visible::visible;
use crate::input::{Diagnostic, Severity};
use crate::report::document::Check;

/// Errors and warnings.
pub fn serious(check: &Check<'_>) -> Markup {
    let told = of(check, |severity| severity != Severity::Note);
    html! {
        @if !told.is_empty() {
            section class="problems" aria-labelledby="problems" {
                h2 id="problems" { "About the input" }
                (list(&told))
            }
        }
    }
}

/// How the input was understood.
pub fn notes(check: &Check<'_>) -> Markup {
    let told = of(check, |severity| severity == Severity::Note);
    html! {
        @if !told.is_empty() {
            section class="problems" aria-labelledby="notes" {
                h2 id="notes" { "How the input was understood" }
                details class="folded" { summary { (told.len()) " notes" } (list(&told)) }
            }
        }
    }
}

fn of<'a>(check: &Check<'a>, wanted: impl Fn(Severity) -> bool) -> Vec<&'a Diagnostic> {
    check.diagnostics.iter().flatten().copied().filter(|it| wanted(it.severity)).collect()
}

fn list(told: &[&Diagnostic]) -> Markup {
    html! {
        ul {
            @for it in told {
                li class=(it.severity) {
                    b { (it.severity) } ": " (it.message)
                    @if let Some(place) = place(it) { " " code { (place) } }
                    @if let Some(help) = &it.help { p class="aside" { (help) } }
                }
            }
        }
    }
}

fn place(it: &Diagnostic) -> Option<String> {
    let file = visible(&it.origin.file);
    match (file.as_ref(), it.origin.line) {
        ("", _) => None,
        (file, 0) => Some(file.to_owned()),
        (file, line) => Some(format!("{file}:{line}")),
    }
}
