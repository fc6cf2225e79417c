//! What there is to say of the rules that decided what is shown: what `kubound explain` says, of all of them.

use maud::{Markup, html};

use super::anchor;
use super::story::Violation;
use crate::check::Narrative;
use crate::cluster::view::rule::{Component, Rule, distinct};

/// All rules that stories name, by component.
pub fn section(violations: &[Violation<'_>]) -> Markup {
    let used = distinct(violations.iter().flat_map(|violation| named(&violation.found.narrative)));
    html! {
        @if !used.is_empty() {
            section class="rulebook" aria-labelledby="rules" {
                h2 id="rules" { "Rules" }
                p class="aside" { "By these the steps above were decided. " code { "kubound rules" } " lists all." }
                @for component in Component::ALL {
                    @let own: Vec<&Rule> = used.iter().copied().filter(|rule| rule.component == component).collect();
                    @if !own.is_empty() {
                        h3 { (component.name()) }
                        dl { @for rule in own { (entry(rule)) } }
                    }
                }
            }
        }
    }
}

fn named(story: &Narrative) -> impl Iterator<Item = &'static Rule> {
    let steps = story.blocks.iter().flat_map(|block| &block.steps);
    let of_steps = steps.flat_map(|step| step.told.rules.iter().copied());
    of_steps.chain(story.diagnosis.iter().flat_map(|line| line.rules.iter().copied()))
}

fn entry(rule: &Rule) -> Markup {
    html! {
        dt id=(anchor::rule(rule)) { code { (rule.id) } }
        dd {
            p { (rule.decides) }
            details {
            summary { "how exactly" }
            @match rule.version() {
                Some((project, version)) => p class="aside" {
                    "Follows " (project) " " (version) ": "
                    @for (index, it) in rule.upstream.iter().enumerate() {
                        @if index > 0 { "; " }
                        code { (it.file) }
                        @if !it.functions.is_empty() { " (" (it.functions.join(", ")) ")" }
                    }
                },
                None => p class="aside" { "Follows nothing: it is ours." },
            }
            @if !rule.parts.is_empty() || !rule.omits.is_empty() {
                ul {
                    @for part in rule.parts { li { (part.what) ": " (part.stands) } }
                    @for it in rule.omits {
                        li { (it.what) ": left out" @if let Some(instead) = it.instead { ": " (instead) } }
                    }
                }
            }
            }
        }
    }
}
