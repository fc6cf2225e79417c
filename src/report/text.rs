//! Verdicts and stories as text of at most 80 columns.
//!
//! Styles are always written; whoever prints decides whether the terminal gets them.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter};

use crate::engine::{Attempt, Certificate, Extent, Statistics};
use crate::input::scenario::dimension::show;

use super::{focus, reduction};
use crate::check::focus::FocusReport;
use crate::check::narrative::{Block, Narrative, Step};
use crate::check::summary::Summary;
use crate::check::{Answer, CheckResult, Finding, reason_text};

/// Columns of the text.
pub const WIDTH: usize = 80;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// Verdict lines only.
    Quiet,
    /// With stories.
    #[default]
    Normal,
    /// With the engine's figures.
    Verbose,
}

/// A verdict line and, for a violation, its story.
pub fn result(result: &CheckResult, detail: Detail) -> String {
    let mut out = verdict(result);
    if let Some(certificate) = &result.certificate
        && detail > Detail::Quiet
    {
        out.push_str(&dim(&certified(certificate, &result.statistics)));
    }
    if detail == Detail::Verbose {
        out.push_str(&figures(result));
    }
    if let Some(explanation) = &result.reduction {
        out.push_str(&reduction::text(explanation, accelerated(&result.statistics).as_deref()));
    }
    if let Some(family) = &result.family
        && detail > Detail::Quiet
    {
        family.lines().iter().for_each(|line| out.push_str(&(indented(line, "    ", "      ") + "\n")));
    }
    if let Some(focus) = &result.focus
        && detail > Detail::Quiet
    {
        let k = if let Answer::Violated(found) = &result.answer { Some(found.k) } else { None };
        out.push_str(&dimmed(&focus::text(focus, k)));
    }
    if let Answer::Violated(counterexample) = &result.answer
        && detail > Detail::Quiet
    {
        out.push_str(&narrative(&counterexample.narrative));
    }
    out
}

fn verdict(result: &CheckResult) -> String {
    let subject = match &result.answer {
        Answer::Violated(_) if result.focus.is_none() && !result.subject.is_empty() => format!(" ({})", result.subject),
        _ => result.focus.as_ref().map_or(String::new(), |focus| about(result, focus)),
    };
    let family = result.family.as_deref();
    let (style, mark, words) = match &result.answer {
        Answer::Holds(Extent::Complete(_)) if family.is_some() => {
            (GOOD, "✓", "holds at every size (proved)".to_owned())
        }
        Answer::Holds(Extent::Complete(_)) => (GOOD, "✓", "holds (proved: every reachable state was seen)".to_owned()),
        Answer::Holds(Extent::Bound(k)) if family.is_some() => {
            (GOOD, "✓", format!("holds at every size up to k = {k}"))
        }
        Answer::Holds(Extent::Bound(k)) => (GOOD, "✓", format!("holds up to k = {k}")),
        Answer::Violated(found) => {
            let how = match found.finding {
                Finding::State => "violated",
                Finding::Reversal => "violated by a reversal",
                Finding::Loop => "violated by a loop",
            };
            let size = family.and_then(|family| Some(show(&family.dimensions, family.coverage.violated()?)));
            let size = size.map_or(String::new(), |size| format!(" (smallest size: {size})"));
            (BAD, "✗", format!("{how} at k = {}{size}", found.k))
        }
        Answer::Unknown { reason, covered: 0 } => (OPEN, "?", format!("unknown: {reason}")),
        Answer::Unknown { reason, covered } => {
            (OPEN, "?", format!("unknown: {reason}; holds up to k = {}", covered - 1))
        }
    };
    let Finish { engine, time } = Finish::of(result);
    let plain = format!("{mark} {}{subject}: {words}", result.property);
    let head = format!("{style}{mark}{style:#} {BOLD}{}{BOLD:#}{subject}: {style}{words}{style:#}", result.property);
    let tail = format!("{engine}, {time}");
    if plain.chars().count() + tail.chars().count() + 4 <= WIDTH {
        return format!("{head}  {DIM}{tail}{DIM:#}\n");
    }
    format!("{}\n  {DIM}{tail}{DIM:#}\n", indented(&head, "", "  "))
}

/// Of several workloads how many, of one which.
fn about(result: &CheckResult, focus: &FocusReport) -> String {
    match focus.tallies.values().sum::<usize>() {
        1 => format!(" ({})", result.subject),
        several if matches!(result.answer, Answer::Violated(_)) => {
            let first = result.subject.split(", ").next().unwrap_or_default();
            format!(" ({first} and {} more)", several - 1)
        }
        several => format!(" ({several} workloads)"),
    }
}

struct Finish {
    engine: String,
    time: String,
}

impl Finish {
    fn of(result: &CheckResult) -> Self {
        Finish { engine: result.engine.clone(), time: seconds(result.seconds) }
    }
}

/// A duration for people.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.1} s") }
}

/// A number of bytes in MiB, rounded up.
pub fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

fn figures(result: &CheckResult) -> String {
    let it = &result.statistics;
    let mut figures = vec![format!("{} states, {} transitions, {} terms", it.states, it.transitions, it.terms)];
    figures.extend(accelerated(it));
    if it.queries + it.folded > 0 {
        figures.push(format!("{} solver calls, {} questions folded", it.queries, it.folded));
    }
    if it.clauses > 0 {
        figures.push(format!("{} gates, {} variables, {} clauses", it.gates, it.variables, it.clauses));
    }
    figures.extend(result.peak_memory_bytes.map(|peak| format!("at most {} MiB", mebibytes(peak))));
    dim(&figures.join(", ")) + &result.beside.iter().map(|attempt| dim(&beside(attempt))).collect::<String>()
}

/// How much of the work was done at once, if any was.
fn accelerated(statistics: &Statistics) -> Option<String> {
    let Statistics { accelerated, leaps, .. } = statistics;
    (*leaps > 0).then(|| format!("{accelerated} transitions in {leaps} leaps"))
}

/// How far an engine came that did not decide.
fn beside(attempt: &Attempt) -> String {
    let Attempt { engine, k, statistics, reason } = attempt;
    let end = reason.as_ref().map_or("overtaken".to_owned(), reason_text);
    let queries = statistics.queries;
    let queries = if queries > 0 { format!(", {queries} solver calls") } else { String::new() };
    format!(
        "beside it {engine}: {end} at k = {k}, {} states, {} transitions{queries}",
        statistics.states, statistics.transitions
    )
}

/// What a checked proof says, and what needed none.
fn certified(certificate: &Certificate, statistics: &Statistics) -> String {
    let folded = format!("{} questions folded to a constant", statistics.folded);
    let Certificate { refuted, clauses, proof_bytes, checker, time } = certificate;
    if *refuted == 0 {
        return format!("certified: no question needed the solver; {folded}");
    }
    let time = seconds(time.as_secs_f64());
    format!(
        "certified: {refuted} questions refuted, {clauses} clauses, proof of {proof_bytes} bytes checked by {checker} in \
         {time}; {folded}"
    )
}

/// Lines in the background.
fn dimmed(lines: &str) -> String {
    lines.lines().map(|line| format!("{DIM}{line}{DIM:#}\n")).collect()
}

/// A paragraph in the background.
fn dim(text: &str) -> String {
    format!("{DIM}{}{DIM:#}\n", indented(text, "    ", "    "))
}

/// Wraps text, breaking it at spaces only.
pub fn indented(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(WIDTH).initial_indent(first).subsequent_indent(rest);
    let options = options.word_separator(WordSeparator::AsciiSpace).word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

/// A whole story.
pub fn narrative(story: &Narrative) -> String {
    let mut out = String::new();
    let mut before = None;
    for it in &story.blocks {
        out.push_str(&block(it, before));
        before = Some(&it.summary);
    }
    if let Some(first) = story.repeats_from {
        let line = format!("from here the run repeats from step {first}");
        let _ = writeln!(out, "\n  {OPEN}↺ {line}{OPEN:#}");
    }
    if !story.diagnosis.is_empty() {
        let _ = writeln!(out, "\n  {BOLD}Why:{BOLD:#}");
        for line in &story.diagnosis {
            let _ = writeln!(out, "{}", indented(line, "    ", "      "));
        }
    }
    out
}

fn block(block: &Block, before: Option<&Summary>) -> String {
    let mut out = format!("\n  {BOLD}{}{BOLD:#}\n", block.title);
    for it in &block.steps {
        out.push_str(&step(it));
    }
    if block.steps.is_empty() && before.is_some() {
        let _ = writeln!(out, "    {DIM}nothing to be seen happens{DIM:#}");
    }
    out + &summary(&block.summary, before)
}

fn step(step: &Step) -> String {
    let mut out = String::new();
    let told = &step.told;
    if told.begins_loop {
        let _ = writeln!(out, "  {OPEN}↺ here the loop begins{OPEN:#}");
    }
    let times = if told.times > 1 { format!(" ({} times)", told.times) } else { String::new() };
    let label = format!("{:>5}. ", step.number);
    let text = format!("{BOLD}{}:{BOLD:#} {}{times}", told.actor, told.text);
    let _ = writeln!(out, "{}", indented(&text, &label, "       "));
    for line in &told.why {
        let _ = writeln!(out, "{DIM}{}{DIM:#}", indented(line, "         ", "           "));
    }
    out
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

    #[test]
    fn figures_for_people() {
        assert_eq!((seconds(0.0123), seconds(12.34)), ("12 ms".to_owned(), "12.3 s".to_owned()));
        assert_eq!(mebibytes(1), 1);
    }
}
