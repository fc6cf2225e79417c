//! Lanes as SVG. Looks are classes of the style sheet: every stage has a colour and a pattern of its own.

use maud::{Markup, html};

use super::lanes::{Bar, Content, Lane, Lanes, Mark, What};
use super::scale::{COLUMN, HEAD, MARGIN, NAMES, ROW, Scale, fitting, height};
use crate::check::Narrative;
use crate::check::timeline::Stage;
use crate::check::timeline::lives::Life;

/// At most so many nodes of a lane are named in its tooltip.
const MOST_NAMED: usize = 50;

/// The class of a stage.
pub fn class(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "pending",
        Stage::Starting => "starting",
        Stage::Ready => "ready",
        Stage::Unready => "unready",
        Stage::Terminating => "terminating",
    }
}

/// Each lane with its upper edge.
fn placed(lanes: &Lanes) -> impl Iterator<Item = (usize, &Lane)> {
    lanes.lanes.iter().scan(0, |below, lane| {
        let top = *below;
        *below += height(lane);
        Some((top, lane))
    })
}

fn total(lanes: &Lanes) -> usize {
    lanes.lanes.iter().map(height).sum()
}

/// Names of lanes.
pub fn names(lanes: &Lanes) -> Markup {
    let height = total(lanes);
    html! {
        svg role="presentation" width=(NAMES) height=(height) viewBox={ "0 0 " (NAMES) " " (height) } {
            @for (index, (top, lane)) in placed(lanes).enumerate() {
                (stripe(index, top, lane, NAMES))
                g class="name" {
                    title { (members(lane)) }
                    text x="10" y=(top + MARGIN + 11) { (fitting(&lane.name, NAMES - 6)) }
                }
            }
        }
    }
}

fn members(lane: &Lane) -> String {
    let named = lane.members.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = lane.members.len().saturating_sub(MOST_NAMED);
    if more > 0 { format!("{named} and {more} more") } else { named }
}

fn stripe(index: usize, top: usize, lane: &Lane, width: usize) -> Markup {
    let kind = if matches!(lane.content, Content::Marks(_)) { "acts" } else { "holds" };
    let parity = if index.is_multiple_of(2) { "even" } else { "odd" };
    html! { rect class={ "stripe " (kind) " " (parity) } x="0" y=(top) width=(width) height=(height(lane)) {} }
}

/// Titles of blocks, with a line where each begins.
pub fn blocks(story: &Narrative, scale: &Scale) -> Markup {
    let with_steps = story.blocks.iter().filter(|block| !block.steps.is_empty());
    html! {
        @for block in with_steps {
            @let (first, width) = (block.steps[0].number, block.steps.len() * COLUMN);
            g class="block" {
                title { (block.title) }
                line x1=(scale.left(first)) x2=(scale.left(first)) y1="2" y2=(HEAD) {}
                text x=(scale.left(first) + 5) y="14" { (heading(&block.title, width)) }
            }
        }
    }
}

/// As much of a title as fits: of a numbered block at least the number.
fn heading(title: &str, width: usize) -> String {
    let shown = fitting(title, width);
    let number = title.strip_prefix("block ").filter(|_| shown != title);
    number.map_or(shown, str::to_owned)
}

/// A bracket above the steps that repeat.
pub fn circle(scale: &Scale, first: usize, last: usize) -> Markup {
    let (left, right) = (scale.left(first) + 3, scale.left(last) + COLUMN - 3);
    let label = if last - first > 2 { "↺ repeats for ever" } else { "↺" };
    html! {
        g class="circle" {
            title { "Steps " (first) " to " (last) " repeat for ever" }
            path d={ "M" (left) " 43 v-7 H" (right) " v7" } {}
            text x=(left) y="31" { (label) }
        }
    }
}

/// All lanes.
pub fn body(story: &Narrative, lanes: &Lanes, scale: &Scale, steps: usize) -> Markup {
    let (width, height) = (scale.width(), total(lanes));
    html! {
        svg role="img" aria-label="What happens in each lane; the list of steps says it in words" width=(width)
            height=(height) viewBox={ "0 0 " (width) " " (height) } {
            @for (index, (top, lane)) in placed(lanes).enumerate() { (stripe(index, top, lane, width)) }
            @if let Some(first) = story.repeats_from {
                @let left = scale.left(first);
                rect class="again" x=(left) y="0" width=(scale.left(steps) + COLUMN - left) height=(height) {}
            }
            rect class="cursor" x=(scale.left(1)) y="0" width=(COLUMN) height=(height) {}
            @for block in story.blocks.iter().filter_map(|block| block.steps.first()) {
                line class="begins" x1=(scale.left(block.number)) x2=(scale.left(block.number)) y1="0" y2=(height) {}
            }
            @for (top, lane) in placed(lanes) { g class="lane" data-lane=(lane.name) { (content(lane, top, scale)) } }
        }
    }
}

fn content(lane: &Lane, top: usize, scale: &Scale) -> Markup {
    html! {
        @match &lane.content {
            Content::Marks(marks) => @for it in marks { (mark(it, top, scale)) },
            Content::Bars(rows) => @for (index, row) in rows.iter().enumerate() {
                @for it in row { (bar(it, top + MARGIN + index * ROW, lane, scale)) }
            },
        }
    }
}

/// A diamond for what comes from outside, a disc for what the cluster does.
fn mark(mark: &Mark, top: usize, scale: &Scale) -> Markup {
    let (x, y) = (scale.x(mark.step), top + 13);
    html! {
        g class={ "mark" @if mark.from_outside { " outside" } } data-step=(mark.step) {
            title { (mark.step) ". " (mark.text) }
            @if mark.from_outside {
                path d={ "M" (x) " " (y - 8) " l8 8 l-8 8 l-8 -8 z" } {}
            } @else {
                circle cx=(x) cy=(y) r="6" {}
            }
        }
    }
}

fn bar(bar: &Bar, y: usize, lane: &Lane, scale: &Scale) -> Markup {
    let (left, right) = (scale.x(bar.since), scale.end(bar.until));
    match &bar.what {
        What::Condition(condition) => html! {
            g class="condition" data-since=(bar.since) data-until=[bar.until] {
                title { (lane.name) ": " (condition.words()) }
                rect x=(left) y=(y) width=(right - left) height=(ROW - 3) {}
                (label(condition.words(), left, right, y))
            }
        },
        What::Others(count) => {
            let text = format!("{count} other pods");
            html! {
                g class="others" data-count=(count) {
                    title { (lane.name) ": " (text) ", that nothing happens to" }
                    rect x=(left) y=(y) width=(right - left) height=(ROW - 3) rx="2" {}
                    (label(&text, left, right, y))
                }
            }
        }
        What::Pods(life, name) => pods(life, name, y, lane, scale),
    }
}

fn pods(life: &Life, name: &str, y: usize, lane: &Lane, scale: &Scale) -> Markup {
    let ends = life.stages.iter().skip(1).map(|&(since, _)| Some(since)).chain([life.until]);
    let count = if life.count > 1 { format!("{} × ", life.count) } else { String::new() };
    html! {
        g class="pods" data-pods=(name) data-count=(life.count) data-each=(lane.members.len()) {
            title { (told(life, name)) }
            @for (&(since, stage), until) in life.stages.iter().zip(ends) {
                @let (left, right) = (scale.x(since), scale.end(until));
                rect class=(class(stage)) data-stage=(class(stage)) data-since=(since) data-until=[until]
                    x=(left) y=(y) width=(right - left) height=(ROW - 3) rx="2" {}
            }
            (named(life, &format!("{count}{name}"), y, scale))
        }
    }
}

/// The name of pods, in the stage that lasts for the longest time: there is most room.
fn named(life: &Life, name: &str, y: usize, scale: &Scale) -> Markup {
    let ends = life.stages.iter().skip(1).map(|&(since, _)| Some(since)).chain([life.until]);
    let parts = life.stages.iter().zip(ends).map(|(&(since, stage), until)| (scale.x(since), scale.end(until), stage));
    let widest = parts.max_by_key(|(left, right, _)| right - left);
    html! { @if let Some((left, right, stage)) = widest { g class={ "on-" (class(stage)) } { (label(name, left, right, y)) } } }
}

/// Text in a bar, as far as it has room.
fn label(text: &str, left: usize, right: usize, y: usize) -> Markup {
    let shown = fitting(text, (right - left).saturating_sub(4));
    html! { @if !shown.is_empty() { text x=(left + 5) y=(y + 10) { (shown) } } }
}

/// A life in words.
fn told(life: &Life, name: &str) -> String {
    let pods = if life.count > 1 { format!("{} pods of {name}", life.count) } else { format!("a pod of {name}") };
    let stages = life.stages.iter().map(|&(since, stage)| match since {
        0 => format!("{} at the start", stage.words()),
        step => format!("{} from step {step}", stage.words()),
    });
    let gone = life.until.map(|step| match life.stages.last() {
        Some((_, Stage::Pending)) => format!("until step {step}"),
        _ => format!("gone with step {step}"),
    });
    format!("{pods}: {}", stages.chain(gone).collect::<Vec<_>>().join(", "))
}
