//! `kubound bench`: how long the cases take, engine by engine, and whether engines agree.
//!
//! Every run is a process of its own, `kubound check --format json` on one case: its time is what a user waits for, from
//! reading to verdict, its memory is not that of the run before, and a run that dies takes nobody with it. Runs of
//! different engines alternate, so that a busy moment of the machine hits all of them.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use itertools::{Itertools, iproduct};
use serde_json::Value;

use crate::cases::{self, CaseError, MAX_SCALE, MIN_SCALE, Suite};
use crate::report::document::{Benchmarks, Measurement};
use crate::report::{Detail, Document};

use super::CliError;
use super::args::{Bench, EngineName, SuiteName};
use super::interrupt;
use super::printer::Printer;
use super::progress::Line;
use crate::engine::Progress;

/// Exit code where engines contradict each other.
const DIFFERS: u8 = 1;
/// Exit code where something stayed undecided.
const UNDECIDED: u8 = 3;

/// What is measured: a case at a scale with an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    case: &'static str,
    scale: usize,
    engine: String,
}

/// What one run said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    /// `holds`, `violated` or `unknown`, and the k of it, for each property that was looked at.
    verdicts: Vec<(String, u64)>,
    /// Peak of resident memory, where the system tells.
    bytes: Option<u64>,
}

/// All runs of one subject.
struct Row {
    subject: Subject,
    /// Wall-clock time of each run.
    times: Vec<Duration>,
    /// What the runs said: all the same, unless time ran out in some.
    said: Vec<Said>,
    /// Why there is nothing more.
    failure: Option<String>,
}

/// Measures, and prints what came out.
pub fn run(arguments: &Bench, detail: Detail) -> Result<u8, CliError> {
    let printer = Printer::open(&arguments.rendering, detail)?;
    let mut rows: Vec<Row> = subjects(arguments)?.into_iter().map(Row::new).collect();
    let stop = interrupt::flag();
    let line = Line::new(detail > Detail::Quiet);
    measure(arguments, &mut rows, &line, &stop)?;
    line.end();
    let contradictions = contradictions(&rows);
    let measured: Vec<Measurement> = rows.iter().map(|row| row.measurement(arguments.fixed)).collect();
    let document = Document::Benchmarks(Benchmarks { rows: &measured, contradictions: &contradictions });
    printer.finish(&document)?;
    let undecided = stop.load(Ordering::Relaxed) || rows.iter().any(|row| !row.is_decided());
    Ok(if !contradictions.is_empty() {
        DIFFERS
    } else if undecided {
        UNDECIDED
    } else {
        0
    })
}

fn subjects(arguments: &Bench) -> Result<Vec<Subject>, CliError> {
    let mut ids: Vec<&'static str> = arguments.case.iter().map(|id| cases::find(id).map(|it| it.id)).try_collect()?;
    let suites: &[SuiteName] = match (arguments.suite.as_slice(), ids.is_empty()) {
        ([], true) => &[SuiteName::Published, SuiteName::Wide],
        (given, _) => given,
    };
    ids.extend(suites.iter().flat_map(|&suite| Suite::from(suite).cases()).map(|case| case.id));
    if let Some(&scale) = arguments.scale.iter().find(|scale| !(MIN_SCALE..=MAX_SCALE).contains(*scale)) {
        return Err(CaseError::Scale(scale).into());
    }
    let named = |engine: &EngineName| engine.to_possible_value().map(|value| value.get_name().to_owned());
    let engines: Vec<String> = arguments.engine.iter().filter_map(named).collect();
    let subjects = iproduct!(&arguments.scale, ids, engines);
    Ok(subjects.map(|(&scale, case, engine)| Subject { case, scale, engine }).collect())
}

fn measure(arguments: &Bench, rows: &mut [Row], line: &Line, stop: &Arc<AtomicBool>) -> Result<(), CliError> {
    for round in 1..=arguments.runs {
        for row in rows.iter_mut().filter(|row| row.is_worth_another()) {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let Subject { case, scale, engine } = &row.subject;
            line.begin(&format!("round {round} of {}: {case} at {scale}, {engine}", arguments.runs));
            row.run(arguments)?;
        }
    }
    Ok(())
}

impl Row {
    fn new(subject: Subject) -> Self {
        Row { subject, times: Vec::new(), said: Vec::new(), failure: None }
    }

    fn is_worth_another(&self) -> bool {
        self.failure.is_none() && self.said.iter().all(Said::is_decided)
    }

    fn is_decided(&self) -> bool {
        !self.said.is_empty() && self.is_worth_another()
    }

    fn run(&mut self, arguments: &Bench) -> Result<(), CliError> {
        let mut command = self.subject.command(arguments)?;
        let started = Instant::now();
        let output = command.output().map_err(|error| CliError::Usage(format!("cannot start a run: {error}")))?;
        let taken = started.elapsed();
        match serde_json::from_slice(&output.stdout).ok().as_ref().and_then(Said::read) {
            Some(said) => {
                self.times.push(taken);
                self.said.push(said);
            }
            None => self.failure = Some(last_line(&output.stderr, output.status.code())),
        }
        Ok(())
    }

    /// What is told of it: the last thing that was said, and the most memory.
    fn measurement(&self, fixed: bool) -> Measurement {
        let Subject { case, scale, engine } = &self.subject;
        Measurement {
            case: (*case).to_owned(),
            scale: *scale,
            fixed,
            engine: engine.clone(),
            verdicts: self.said.last().map(|said| said.verdicts.clone()).unwrap_or_default(),
            times: self.times.clone(),
            bytes: self.said.iter().filter_map(|said| said.bytes).max(),
            failure: self.failure.clone(),
        }
    }
}

impl Subject {
    fn command(&self, arguments: &Bench) -> Result<Command, CliError> {
        let program = std::env::current_exe()
            .map_err(|error| CliError::Usage(format!("cannot find the program itself: {error}")))?;
        let mut command = Command::new(program);
        command.args(["check", "--quiet", "--format", "json", "--case", self.case, "--engine", &self.engine]);
        command.args(["--scale", &self.scale.to_string()]);
        command.args(["--timeout", &format!("{}s", arguments.timeout.as_secs_f64())]);
        if arguments.fixed {
            command.arg("--fixed");
        }
        if cases::find(self.case).is_ok_and(|case| case.suite == Suite::Many) {
            command.arg("--all");
        }
        command.stdin(Stdio::null());
        Ok(command)
    }
}

impl Said {
    /// Reads what `check --format json` printed; `None` if it is something else.
    fn read(document: &Value) -> Option<Said> {
        let results = document["results"].as_array().filter(|results| !results.is_empty())?;
        let verdict = |result: &Value| Some((result["verdict"].as_str()?.to_owned(), result["k"].as_u64()?));
        Some(Said {
            verdicts: results.iter().map(verdict).collect::<Option<_>>()?,
            bytes: results.iter().filter_map(|result| result["peak_memory_bytes"].as_u64()).max(),
        })
    }

    fn is_decided(&self) -> bool {
        self.verdicts.iter().all(|(verdict, _)| verdict != "unknown")
    }
}

/// What a run that printed no results said last.
fn last_line(stderr: &[u8], code: Option<i32>) -> String {
    let text = String::from_utf8_lossy(stderr);
    let code = code.map_or("killed".to_owned(), |code| format!("exit code {code}"));
    match text.lines().rfind(|line| !line.trim().is_empty()) {
        Some(line) => format!("{} ({code})", line.trim()),
        None => code,
    }
}

/// Cases at a scale that engines, or runs of one engine, decide differently. The k of what holds may differ: an engine
/// that proves says when the last new state appeared, another how far it looked.
fn contradictions(rows: &[Row]) -> Vec<String> {
    let decided =
        rows.iter().flat_map(|row| row.said.iter().filter(|said| said.is_decided()).map(move |said| (row, said)));
    let by_input = decided.into_group_map_by(|(row, _)| (row.subject.case, row.subject.scale));
    let differs = |all: &Vec<(&Row, &Said)>| !all.iter().map(|(_, said)| comparable(said)).all_equal();
    let contradicted = by_input.into_iter().filter(|(_, all)| differs(all)).map(|(input, _)| input).sorted();
    contradicted.map(|(case, scale)| format!("runs of {case} at {scale} contradict each other")).collect()
}

fn comparable(said: &Said) -> Vec<(&str, Option<u64>)> {
    said.verdicts.iter().map(|(verdict, k)| (verdict.as_str(), (verdict == "violated").then_some(*k))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(engine: &str, verdict: &str, k: u64) -> Row {
        let subject = Subject { case: "c1", scale: 3, engine: engine.to_owned() };
        let said = vec![Said { verdicts: vec![(verdict.to_owned(), k)], bytes: Some(1 << 20) }];
        Row { times: vec![Duration::from_millis(3)], said, ..Row::new(subject) }
    }

    #[test]
    fn engines_that_differ_in_verdict_or_in_the_length_of_a_counterexample_contradict_each_other() {
        assert!(contradictions(&[row("explicit", "violated", 2), row("sat", "violated", 2)]).is_empty());
        assert!(contradictions(&[row("explicit", "holds", 4), row("sat", "holds", 10)]).is_empty());
        assert!(contradictions(&[row("explicit", "holds", 4), row("sat", "unknown", 1)]).is_empty());
        assert_eq!(contradictions(&[row("explicit", "violated", 2), row("sat", "violated", 3)]).len(), 1);
        assert_eq!(contradictions(&[row("explicit", "violated", 2), row("sat", "holds", 2)]).len(), 1);
    }

    #[test]
    fn what_is_told_is_what_was_said_last() {
        let mut row = row("sat", "unknown", 1);
        row.said.push(Said { verdicts: vec![("holds".to_owned(), 7)], bytes: None });
        let told = row.measurement(true);
        assert_eq!((told.verdicts, told.bytes, told.fixed), (vec![("holds".to_owned(), 7)], Some(1 << 20), true));
    }

    #[test]
    fn what_is_no_result_is_none() {
        assert_eq!(Said::read(&json!({"results": []})), None);
        assert_eq!(Said::read(&json!({"error": "bad input"})), None);
    }
}
