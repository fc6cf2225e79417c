//! Stories, block by block.

use std::fmt::Write;

use super::style::{BOLD, DIM, OPEN};
use crate::check::Narrative;
use crate::check::clock::shown;
use crate::check::narrative::{Block, Step};
use crate::check::summary::Summary;
use crate::cluster::view::rule::Rule;
use crate::report::render::Detail;
use crate::report::render::layout::{WIDTH, indented};

/// A whole story; with the rules that decided it, if much is to be told.
pub fn text(story: &Narrative, detail: Detail) -> String {
    let mut out = String::new();
    let (mut before, mut now) = (None, None);
    for it in &story.blocks {
        out.push_str(&block(it, before, &mut now, detail));
        before = Some(&it.summary);
    }
    if let Some(first) = story.repeats_from {
        let line = format!("from here the run repeats from step {first}");
        let _ = writeln!(out, "\n  {OPEN}↺ {line}{OPEN:#}");
    }
    if !story.diagnosis.is_empty() {
        let _ = writeln!(out, "\n  {BOLD}Why:{BOLD:#}");
        for line in &story.diagnosis {
            let _ = writeln!(out, "{}", indented(&line.text, "    ", "      "));
            out.push_str(&rules(&line.rules, detail));
        }
    }
    out
}

/// A block; `now` is the moment of the step before, and becomes that of its last one.
fn block(block: &Block, before: Option<&Summary>, now: &mut Option<i64>, detail: Detail) -> String {
    let mut out = format!("\n  {BOLD}{}{BOLD:#}\n", block.title);
    for it in &block.steps {
        let is_news = it.told.at != *now;
        *now = it.told.at;
        out.push_str(&step(it, is_news, detail));
    }
    if block.steps.is_empty() && before.is_some() {
        let _ = writeln!(out, "    {DIM}nothing to be seen happens{DIM:#}");
    }
    out + &summary(&block.summary, before)
}

fn step(step: &Step, is_news: bool, detail: Detail) -> String {
    let mut out = String::new();
    let told = &step.told;
    if told.begins_loop {
        let _ = writeln!(out, "  {OPEN}↺ here the loop begins{OPEN:#}");
    }
    let times = if told.times > 1 { format!(" ({} times)", told.times) } else { String::new() };
    let label = format!("{:>5}. ", step.number);
    let moment = told.at.filter(|_| is_news).map_or_else(String::new, |at| format!("{DIM}t+{}{DIM:#} ", shown(at)));
    let text = format!("{moment}{BOLD}{}:{BOLD:#} {}{times}", told.actor, told.text);
    let _ = writeln!(out, "{}", indented(&text, &label, "       "));
    for line in &told.why {
        let _ = writeln!(out, "{DIM}{}{DIM:#}", indented(line, "         ", "           "));
    }
    out.push_str(&rules(&told.rules, detail));
    out
}

/// The ids of the rules that decided something, in the background.
fn rules(rules: &[&Rule], detail: Detail) -> String {
    if rules.is_empty() || detail < Detail::Verbose {
        return String::new();
    }
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
    let line = format!("[{}]", ids.join(", "));
    format!("{DIM}{}{DIM:#}\n", indented(&line, "         ", "          "))
}

/// Where things stand, as far as that is news.
fn summary(summary: &Summary, before: Option<&Summary>) -> String {
    let known = |line: &&String| !before.is_some_and(|before| before.workloads.contains(line));
    let mut lines: Vec<String> = summary.workloads.iter().filter(known).cloned().collect();
    if before.is_none_or(|before| before.nodes != summary.nodes) {
        lines.extend(packed(&summary.nodes));
    }
    lines.iter().map(|line| indented(line, "    │ ", "    │   ") + "\n").collect()
}

/// Packs entries into lines, two spaces between them, at most eight lines.
fn packed(entries: &[String]) -> Vec<String> {
    const MOST_LINES: usize = 8;
    let width = WIDTH - 6;
    let mut lines: Vec<String> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let full = lines.len() == MOST_LINES;
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + entry.chars().count() <= width => {
                line.push_str("  ");
                line.push_str(entry);
            }
            _ if full => {
                lines.push(format!("… and {} more", entries.len() - index));
                break;
            }
            _ => lines.push(entry.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_share_lines_and_are_limited() {
        let entry = |number: usize| format!("node-{number}: 2 web, 1 api, cordoned");
        let lines = packed(&(1..=40).map(entry).collect::<Vec<_>>());
        assert!(lines.iter().all(|line| line.chars().count() <= 74));
        assert_eq!((lines.len(), lines[8].as_str()), (9, "… and 24 more"));
    }
}
