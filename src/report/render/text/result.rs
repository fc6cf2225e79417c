//! A verdict line, the figures behind it and, for a violation, its story.

use crate::check::focus::FocusReport;
use crate::check::{Answer, CheckResult, reason_text};
use crate::engine::{Attempt, Certificate, Statistics};

use super::style::{BAD, BOLD, DIM, GOOD, OPEN, dim, dimmed};
use super::{family, focus, reduction, story};
use crate::report::render::Detail;
use crate::report::render::layout::{WIDTH, indented, mebibytes, seconds};
use crate::report::render::words;

/// A verdict line and, for a violation, its story.
pub fn text(result: &CheckResult, detail: Detail) -> String {
    let mut out = verdict(result);
    if let Some(certificate) = &result.certificate
        && detail > Detail::Quiet
    {
        out.push_str(&dim(&certified(certificate, &result.statistics)));
    }
    if let Some(timing) = timing(result)
        && detail > Detail::Quiet
    {
        out.push_str(&dim(&timing));
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
        out.push_str(&family::text(family, result.interleaving));
    }
    if let Some(focus) = &result.focus
        && detail > Detail::Quiet
    {
        let k = if let Answer::Violated(found) = &result.answer { Some(found.k) } else { None };
        out.push_str(&dimmed(&focus::text(focus, k)));
    }
    if let Some(reason) = words::reason(result)
        && detail > Detail::Quiet
    {
        out.push_str(&dim(&reason));
    }
    let is_told = if result.counts() { detail > Detail::Quiet } else { detail == Detail::Verbose };
    if let Answer::Violated(counterexample) = &result.answer
        && is_told
    {
        out.push_str(&story::text(&counterexample.narrative, detail));
    }
    out
}

/// What is said of a result besides its verdict and its story, line by line, for formats with a layout of their own.
pub fn notes(result: &CheckResult) -> Vec<String> {
    let k = if let Answer::Violated(found) = &result.answer { Some(found.k) } else { None };
    let family = result.family.iter().flat_map(|it| family::lines(it, words::holds_in(result.interleaving)));
    let focus = result.focus.iter().flat_map(|it| focus::lines(it, k));
    let certificate = result.certificate.iter().map(|it| certified(it, &result.statistics));
    certificate.chain(timing(result)).chain(family).chain(focus).collect()
}

/// What is taken for granted of time, if that matters.
fn timing(result: &CheckResult) -> Option<String> {
    (!result.timing.is_empty()).then(|| format!("assuming {}", result.timing.join("; ")))
}

fn verdict(result: &CheckResult) -> String {
    let subject = match &result.answer {
        _ if result.regard.ignored.is_some() => words::about(result),
        Answer::Violated(_) if result.focus.is_none() && !result.subject.is_empty() => format!(" ({})", result.subject),
        _ => result.focus.as_ref().map_or(String::new(), |focus| about(result, focus)),
    };
    let (style, mark) = match &result.answer {
        Answer::Holds(_) => (GOOD, "✓"),
        Answer::Violated(_) if !result.counts() => (OPEN, "~"),
        Answer::Violated(_) => (BAD, "✗"),
        Answer::Unknown { .. } => (OPEN, "?"),
    };
    let words = words::verdict(result);
    let plain = format!("{mark} {}{subject}: {words}", result.property);
    let head = format!("{style}{mark}{style:#} {BOLD}{}{BOLD:#}{subject}: {style}{words}{style:#}", result.property);
    let tail = format!("{}, {}", result.engine, seconds(result.seconds));
    if plain.chars().count() + tail.chars().count() + 4 <= WIDTH {
        return format!("{head}  {DIM}{tail}{DIM:#}\n");
    }
    format!("{}\n  {DIM}{tail}{DIM:#}\n", indented(&head, "", "  "))
}

/// Of several workloads how many, of one which.
fn about(result: &CheckResult, focus: &FocusReport) -> String {
    match focus.tallies.values().sum::<usize>() {
        1 => format!(" ({})", result.subject),
        several if result.is_violated() => {
            let first = result.subject.split(", ").next().unwrap_or_default();
            format!(" ({first} and {} more)", several - 1)
        }
        several => format!(" ({several} workloads)"),
    }
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

/// Properties that were not looked at.
pub fn not_checked(names: &[String], after_violation: bool) -> String {
    let hint = if after_violation { " (--all goes on after a violation)" } else { "" };
    format!("\n{}\n", indented(&format!("not checked{hint}: {}", names.join(", ")), "", "  "))
}
