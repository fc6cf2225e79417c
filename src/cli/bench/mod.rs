//! `kubound bench`: how long tasks take, engine by engine, whether engines are right and agree, and what changed.
//!
//! Every run is a [process of its own](super::child). Runs of different rows alternate, so that a busy moment of the machine
//! hits all of them.

pub mod tasks;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::engine::Progress;
use crate::report::plot;
use crate::report::{Detail, Document};
use crate::workbench::baseline::Baseline;
use crate::workbench::changes::Changes;
use crate::workbench::machine::Machine;
use crate::workbench::measurement::{Benchmarks, Measurement, Said, contradictions};
use crate::workbench::task::{Row, Score, rows};

use super::CliError;
use super::args::Bench;
use super::child::Ran;
use super::interrupt;
use super::printer::Printer;
use super::progress::Line;

/// Exit code where something is wrong, contradicts itself, or became worse.
const WORSE: u8 = 1;
/// Exit code where something stayed undecided.
const UNDECIDED: u8 = 3;

/// All runs of one row.
struct Runs {
    row: Row,
    /// Wall-clock time of each run.
    times: Vec<Duration>,
    /// What the runs said: all the same, unless time ran out in some.
    said: Vec<Said>,
    bytes: Option<u64>,
    /// Why there is nothing more.
    failure: Option<String>,
}

/// Measures, and prints what came out.
pub fn run(arguments: &Bench, detail: Detail) -> Result<u8, CliError> {
    let mut tasks = tasks::tasks(arguments)?;
    if let Some(shard) = arguments.shard {
        tasks = tasks.into_iter().enumerate().filter(|&(place, _)| shard.takes(place)).map(|(_, task)| task).collect();
    }
    let baseline = arguments.baseline.as_deref().map(read).transpose()?;
    if let Some(directory) = &arguments.plot {
        fs::create_dir_all(directory).map_err(|error| CliError::File(directory.clone(), error))?;
    }
    let printer = Printer::to(arguments.output.as_deref(), arguments.format()?, detail)?;
    let mut all: Vec<Runs> = rows(&tasks).into_iter().map(Runs::new).collect();
    let stop = interrupt::flag();
    let line = Line::new(detail > Detail::Quiet);
    measure(&mut all, &line, &stop)?;
    line.end();
    let benchmarks = Benchmarks { shard: arguments.shard, ..benchmarks(&all, baseline.as_ref()) };
    if let Some(directory) = &arguments.plot {
        draw(directory, &benchmarks.rows)?;
    }
    printer.finish(&Document::Benchmarks(&benchmarks))?;
    Ok(code(&benchmarks, stop.load(Ordering::Relaxed)))
}

fn read(file: &Path) -> Result<Baseline, CliError> {
    let text = fs::read_to_string(file).map_err(|error| CliError::File(file.to_owned(), error))?;
    Baseline::read(&text).map_err(|error| CliError::Format(file.to_owned(), error.to_string()))
}

fn measure(all: &mut [Runs], line: &Line, stop: &Arc<AtomicBool>) -> Result<(), CliError> {
    let rounds = all.iter().map(|runs| runs.row.task.limits.runs).max().unwrap_or(0);
    for round in 1..=rounds {
        for runs in all.iter_mut().filter(|runs| runs.is_worth_another(round)) {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let (task, engine) = (&runs.row.task, &runs.row.engine);
            line.begin(&format!("round {round} of {}: {}, {engine}", task.limits.runs, task.name));
            runs.run_again()?;
        }
    }
    Ok(())
}

fn benchmarks(all: &[Runs], baseline: Option<&Baseline>) -> Benchmarks {
    let (machine, rows) = (Machine::this(), all.iter().map(Runs::measurement).collect::<Vec<Measurement>>());
    Benchmarks {
        shard: None,
        contradictions: contradictions(all.iter().map(|runs| (&runs.row, runs.said.as_slice()))),
        changes: baseline.map(|baseline| Changes::since(baseline, &machine, &rows)),
        machine,
        rows,
    }
}

fn draw(directory: &Path, rows: &[Measurement]) -> Result<(), CliError> {
    for (name, text) in plot::of(rows) {
        let path = directory.join(name);
        fs::write(&path, text).map_err(|error| CliError::File(path, error))?;
    }
    Ok(())
}

/// What the program ends with: what is wrong comes before what is not known.
fn code(benchmarks: &Benchmarks, stopped: bool) -> u8 {
    let wrong = benchmarks.rows.iter().any(|row| row.score() == Some(Score::Wrong));
    let worse = benchmarks.changes.as_ref().is_some_and(|changes| changes.slower() + changes.worse() > 0);
    if wrong || worse || !benchmarks.contradictions.is_empty() {
        WORSE
    } else if stopped || !benchmarks.rows.iter().all(Measurement::is_settled) {
        UNDECIDED
    } else {
        0
    }
}

impl Runs {
    fn new(row: Row) -> Self {
        Runs { row, times: Vec::new(), said: Vec::new(), bytes: None, failure: None }
    }

    /// What ran out of time does so again.
    fn is_worth_another(&self, round: u32) -> bool {
        let decided = self.said.iter().flatten().all(|found| found.claim.is_decided());
        round <= self.row.task.limits.runs && self.failure.is_none() && decided
    }

    fn run_again(&mut self) -> Result<(), CliError> {
        let ran = Ran::check(&self.row.arguments())?;
        self.bytes = self.bytes.max(ran.bytes());
        match ran.found {
            Some(found) => {
                self.times.push(ran.taken);
                self.said.push(found);
            }
            None => self.failure = Some(ran.last_line()),
        }
        Ok(())
    }

    /// What is told of it: the last thing that was said, and the most memory.
    fn measurement(&self) -> Measurement {
        Measurement {
            row: self.row.clone(),
            found: self.said.last().cloned().unwrap_or_default(),
            times: self.times.clone(),
            bytes: self.bytes,
            failure: self.failure.clone(),
        }
    }
}
