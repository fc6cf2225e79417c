//! The page around everything: its policy, its head, what is known at a glance, and in which order the rest follows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::anchor::Anchor;
use super::story::Violation;
use super::{legend, problems, rules, story, verdicts};
use crate::check::{Answer, CheckResult};
use crate::report::document::Check;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
pub fn page(check: &Check<'_>) -> Markup {
    let violations = violations(check);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "kubound " (env!("CARGO_PKG_VERSION")) };
                title { "Kubound: " (at_a_glance(check)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#content" { "Skip to the results" }
                (legend::patterns())
                header { (head(check)) }
                main id="content" tabindex="-1" {
                    (problems::serious(check))
                    (verdicts::section(check, &violations))
                    @if !violations.is_empty() { (stories(&violations)) }
                    (problems::notes(check))
                    (rules::section(&violations))
                }
                footer { "Made by kubound " (env!("CARGO_PKG_VERSION")) ". This page needs no network." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// What browsers are to allow: what the page brings along.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// All counterexamples, in the order of checking.
fn violations<'a>(check: &Check<'a>) -> Vec<Violation<'a>> {
    let results = check.inputs.iter().flat_map(|input| input.results.iter().map(move |&result| (input, result)));
    let found = results.filter_map(|(input, result)| match &result.answer {
        Answer::Violated(found) => Some((input, result, &**found)),
        Answer::Holds(_) | Answer::Unknown { .. } => None,
    });
    let mut hinted: Vec<usize> = Vec::new();
    let all = found.enumerate().map(|(index, (input, result, found))| {
        let place = input.sites_of(result).first().and_then(|site| site.origin.as_ref());
        let which = std::ptr::from_ref(input).addr();
        // A hint is about the first violation of its input.
        let is_first = !hinted.contains(&which);
        hinted.push(which);
        Violation {
            anchor: Anchor::of(index + 1),
            input: input.name.filter(|_| check.several),
            result,
            found,
            place,
            hint: input.hint.filter(|_| is_first),
        }
    });
    all.collect()
}

fn head(check: &Check<'_>) -> Markup {
    let inputs: Vec<String> = check.inputs.iter().filter_map(|input| input.name).map(|name| name.short()).collect();
    html! {
        h1 { "Kubound" }
        @if let [only] = inputs.as_slice() { p class="input" { (only) } }
        @if inputs.len() > 1 { p class="input" { (inputs.len()) " inputs" } }
        ul class="tiles" aria-label="Verdicts" {
            @for (word, kind, mark) in [("violated", "bad", "✗"), ("unknown", "open", "?"), ("holds", "good", "✓")] {
                @let count = count(check, word);
                li class={ "tile " (if count > 0 { kind } else { "none" }) } {
                    a href={ "#" (word) } { span class="mark" aria-hidden="true" { (mark) } b { (count) } " " (word) }
                }
            }
        }
    }
}

fn at_a_glance(check: &Check<'_>) -> String {
    let words = ["violated", "unknown", "holds"].map(|word| (count(check, word), word));
    let said: Vec<String> =
        words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if said.is_empty() { "no verdict".to_owned() } else { said.join(", ") }
}

fn count(check: &Check<'_>, word: &str) -> usize {
    check.results().filter(|result: &&CheckResult| result.answer.word() == word).count()
}

fn stories(violations: &[Violation<'_>]) -> Markup {
    html! {
        section class="stories" aria-labelledby="stories" {
            h2 id="stories" { "What happens" }
            (legend::legend())
            @for (index, violation) in violations.iter().enumerate() { (story::section(violation, index == 0)) }
        }
    }
}
