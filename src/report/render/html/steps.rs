//! The steps of a story in words: who does what, why, what changes, and by which rules. It is what the chart links to, what
//! is printed, and what remains without script.

use maud::{Markup, html};

use super::anchor::{self, Anchor};
use crate::check::Narrative;
use crate::check::clock::shown;
use crate::check::narrative::{Block, Step};
use crate::check::summary::Summary;
use crate::check::timeline::{Change, Place, Quantity, Timeline};
use crate::cluster::view::rule::Rule;

/// At most so many changes of a step are told.
const MOST_CHANGES: usize = 24;

/// All steps, block by block.
pub fn list(story: &Narrative, anchor: &Anchor) -> Markup {
    let count: usize = story.blocks.iter().map(|block| block.steps.len()).sum();
    html! {
        details class="steps" open {
            summary { "All " (count) " steps in words" }
            @for (index, it) in story.blocks.iter().enumerate() {
                @let before = index.checked_sub(1).map(|before| &story.blocks[before].summary);
                (block(it, before, story, anchor))
            }
            @if let Some(first) = story.repeats_from {
                p class="circle" { "↺ From here the run repeats from " a href={ "#" (anchor.step(first)) } { "step " (first) } "." }
            }
        }
    }
}

fn block(block: &Block, before: Option<&Summary>, story: &Narrative, anchor: &Anchor) -> Markup {
    html! {
        div class="block" {
            h4 { (block.title) }
            @if !block.steps.is_empty() {
                ol start=(block.steps[0].number) { @for it in &block.steps { (step(it, &story.timeline, anchor)) } }
            } @else if before.is_some() {
                p class="aside" { "Nothing to be seen happens." }
            }
            (summary(&block.summary, before))
        }
    }
}

fn step(step: &Step, timeline: &Timeline, anchor: &Anchor) -> Markup {
    let told = &step.told;
    let moment = step.number.checked_sub(1).and_then(|at| timeline.moments.get(at));
    let from_outside = moment.is_some_and(|moment| moment.from_outside);
    html! {
        li id=(anchor.step(step.number)) class="step" value=(step.number) {
            @if told.begins_loop { p class="circle" { "↺ Here the loop begins." } }
            p class="does" {
                @if let Some(at) = told.at { span class="times" { "t+" (shown(at)) } " " }
                b class=[from_outside.then_some("outside")] { (told.actor) } ": " (told.text)
                @if told.times > 1 { " " span class="times" { "(" (told.times) " times)" } }
            }
            @if !told.why.is_empty() { ul class="reasons" { @for line in &told.why { li { (line) } } } }
            @if let Some(moment) = moment { (changes(&moment.changes, timeline)) }
            (rules(&told.rules))
        }
    }
}

/// What is different afterwards.
fn changes(changes: &[Change], timeline: &Timeline) -> Markup {
    html! {
        @if !changes.is_empty() {
            ul class="changes" aria-label="What changes" {
                @for change in changes.iter().take(MOST_CHANGES) { li { (told(change, timeline)) } }
                @if changes.len() > MOST_CHANGES { li { "and " (changes.len() - MOST_CHANGES) " more" } }
            }
        }
    }
}

fn told(change: &Change, timeline: &Timeline) -> String {
    let Change { of, before, after } = *change;
    match of {
        Quantity::Replicas(workload) => {
            format!("spec.replicas of {}: {before} → {after}", timeline.workloads[workload])
        }
        Quantity::Pods(Place::Unscheduled, pods, stage) => {
            format!("{} {}: {before} → {after}", timeline.pods[pods], stage.words())
        }
        Quantity::Pods(Place::Node(node), pods, stage) => {
            format!("{}: {} {}: {before} → {after}", timeline.nodes[node], timeline.pods[pods], stage.words())
        }
        Quantity::Condition(node, condition) => {
            let not = if after == 0 { "no longer " } else { "" };
            format!("{}: {not}{}", timeline.nodes[node], condition.words())
        }
    }
}

/// Links to what is said of rules at the end of the page.
pub fn rules(rules: &[&Rule]) -> Markup {
    html! {
        @if !rules.is_empty() {
            span class="rules" {
                @for (index, rule) in rules.iter().enumerate() {
                    @if index > 0 { " " }
                    a href={ "#" (anchor::rule(rule)) } title=(rule.gist()) { (rule.id) }
                }
            }
        }
    }
}

/// Where things stand after a block, as far as that is news.
fn summary(summary: &Summary, before: Option<&Summary>) -> Markup {
    let is_known = |line: &&String| before.is_some_and(|before| before.workloads.contains(line));
    let workloads: Vec<&String> = summary.workloads.iter().filter(|line| !is_known(line)).collect();
    let nodes: &[String] = if before.is_some_and(|it| it.nodes == summary.nodes) { &[] } else { &summary.nodes };
    html! {
        @if !workloads.is_empty() || !nodes.is_empty() {
            ul class="standing" aria-label="Where things stand" {
                @for line in workloads.iter().copied().chain(nodes) { li { (line) } }
            }
        }
    }
}
