//! A story as a chart: lanes from top to bottom, steps from left to right.
//!
//! It is four parts in a frame that scrolls: numbers of steps stay above, names of lanes at the left. Positions are attributes
//! of SVG, because the page's policy allows no styles but its own. A step is a link to its place in the list of steps, which
//! says the same in words; so the chart needs no script, and nothing is only in it.

mod draw;
mod lanes;
mod scale;

use maud::{Markup, html};

use super::anchor::Anchor;
use crate::check::Narrative;
use crate::check::narrative::Step;
pub use draw::class;
use draw::{blocks, body, names};
use lanes::Lanes;
use scale::{HEAD, NUMBERS, Scale};

/// Charts of so many steps fit onto a page of paper as they are.
const SHORT: usize = 10;
/// Charts of so many steps fit onto one if they are made smaller; others are not printed.
const MIDDLING: usize = 24;

/// The chart of a story; nothing of one without steps.
pub fn chart(story: &Narrative, anchor: &Anchor) -> Markup {
    let steps: Vec<&Step> = story.blocks.iter().flat_map(|block| &block.steps).collect();
    if steps.is_empty() {
        return html! {};
    }
    let (scale, lanes) = (Scale::of(steps.len()), Lanes::of(story));
    let paper = match steps.len() {
        few if few <= SHORT => " short",
        some if some <= MIDDLING => " middling",
        _ => "",
    };
    html! {
        figure class={ "chart" (paper) } data-first=(scale.x(1)) data-column=(scale::COLUMN) {
            div class="frame" {
                div class="corner" { "steps" }
                div class="head" { (head(story, &steps, &scale, anchor)) }
                div class="names" { (names(&lanes)) }
                div class="body" { (body(story, &lanes, &scale, steps.len())) }
            }
            @if lanes.left_out > 0 {
                p class="aside" { (lanes.left_out) " more nodes are in the list of steps only." }
            }
        }
        div class="panel" aria-live="polite" hidden {}
    }
}

/// Numbers of steps below the titles of their blocks, and where the loop is.
fn head(story: &Narrative, steps: &[&Step], scale: &Scale, anchor: &Anchor) -> Markup {
    html! {
        svg role="group" aria-label="Steps, in their order" width=(scale.width()) height=(HEAD)
            viewBox={ "0 0 " (scale.width()) " " (HEAD) } {
            (blocks(story, scale))
            @if let Some(first) = story.repeats_from {
                (draw::circle(scale, first, steps.len()))
            }
            @for step in steps { (link(step, scale, anchor)) }
        }
    }
}

fn link(step: &Step, scale: &Scale, anchor: &Anchor) -> Markup {
    let (number, told) = (step.number, &step.told);
    let label = format!("Step {number}: {}: {}", told.actor, told.text);
    html! {
        a class="step" href={ "#" (anchor.step(number)) } data-step=(number) aria-label=(label) {
            rect x=(scale.left(number)) y=(HEAD - NUMBERS) width=(scale::COLUMN) height=(NUMBERS) rx="4" {}
            text x=(scale.x(number)) y=(HEAD - 9) { (number) }
            title { (label) }
        }
    }
}
