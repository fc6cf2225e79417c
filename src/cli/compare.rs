//! `kubound compare`: every engine on one input, side by side.
//!
//! Each engine is a [process of its own](super::child). A counterexample is replayed once more by another process, on the
//! input as it is read there.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::check::InputName;
use crate::engine::Progress;
use crate::report::{Detail, Document};
use crate::workbench::comparison::{Answered, Comparison, Side};
use crate::workbench::found::Found;
use crate::workbench::task::{Limits, Options, Row, Target, Task, rows};

use super::args::Compare;
use super::bench::tasks::names;
use super::child::{Ran, replays};
use super::output::remark;
use super::printer::Printer;
use super::progress::Line;
use super::{BAD_INPUT, CliError, interrupt, source};

const VIOLATED: u8 = 1;
const UNDECIDED: u8 = 3;
/// Exit code where engines contradict each other.
const DISAGREEMENT: u8 = 4;

/// Asks every engine, and prints what they say.
pub fn run(arguments: &Compare, detail: Detail) -> Result<u8, CliError> {
    let task = Arc::new(task(arguments)?);
    let printer = Printer::to(arguments.output.as_deref(), arguments.format()?, detail)?;
    let stop = interrupt::flag();
    let line = Line::new(detail > Detail::Quiet);
    let mut sides = Vec::new();
    for row in rows(&[Arc::clone(&task)]) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        line.begin(&format!("{}: {}", task.name, row.engine));
        let ran = Ran::check(&row.arguments())?;
        if ran.code == Some(BAD_INPUT.into()) {
            // What one engine cannot read no engine can.
            line.end();
            remark(&ran.complaint);
            return Ok(BAD_INPUT);
        }
        sides.push(side(&row, &ran, arguments.timeout)?);
    }
    line.end();
    let comparison = Comparison::of(task.name.clone(), sides);
    printer.finish(&Document::Compared(&comparison))?;
    Ok(code(&comparison, stop.load(Ordering::Relaxed)))
}

fn code(comparison: &Comparison, stopped: bool) -> u8 {
    if !comparison.contradictions.is_empty() {
        DISAGREEMENT
    } else if comparison.is_violated() {
        VIOLATED
    } else if stopped || comparison.is_open() {
        UNDECIDED
    } else {
        0
    }
}

fn task(arguments: &Compare) -> Result<Task, CliError> {
    let target = target(arguments)?;
    Ok(Task {
        suite: String::new(),
        name: target.name(),
        target,
        properties: arguments.properties.clone(),
        engines: names(&arguments.engines),
        limits: Limits { timeout: arguments.timeout, memory: arguments.memory, runs: 1 },
        options: Options {
            all: true,
            bound: arguments.bound,
            interleaving: arguments.interleaving.map(|it| it.name().to_owned()),
            reduce: true,
            ..Options::default()
        },
        expected: None,
    })
}

fn target(arguments: &Compare) -> Result<Target, CliError> {
    let asked = source::asked(&arguments.source)?;
    let [one] = asked.as_slice() else {
        return Err(CliError::Usage("engines are compared on one input: name one case".to_owned()));
    };
    match &one.name {
        InputName::Case { case, fixed, .. } => Ok(Target::Case { case: case.clone(), scale: one.scale, fixed: *fixed }),
        InputName::Paths { paths, .. } if paths.iter().any(|path| path == "-") => {
            let why = "every engine reads the input by itself, and standard input can be read once: write it to a file";
            Err(CliError::Usage(why.to_owned()))
        }
        InputName::Paths { paths, .. } => {
            Ok(Target::Paths { named: paths.clone(), paths: paths.clone(), sizes: one.sizes.clone() })
        }
    }
}

fn side(row: &Row, ran: &Ran, limit: Duration) -> Result<Side, CliError> {
    let results = ran.document["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answers = ran.found.iter().flatten().zip(results);
    Ok(Side {
        engine: row.engine.clone(),
        answers: answers.map(|(found, result)| answered(found, result, limit)).collect::<Result<_, _>>()?,
        seconds: ran.taken.as_secs_f64(),
        bytes: ran.bytes(),
        failure: ran.found.is_none().then(|| ran.last_line()),
    })
}

fn answered(found: &Found, result: &Value, limit: Duration) -> Result<Answered, CliError> {
    let replayed = match &result["trace"] {
        Value::Null => None,
        trace => replayed(trace, limit)?,
    };
    Ok(Answered { found: found.clone(), replayed })
}

fn replayed(trace: &Value, limit: Duration) -> Result<Option<bool>, CliError> {
    let failed = |error| CliError::File(std::env::temp_dir(), error);
    let mut file = NamedTempFile::new().map_err(failed)?;
    file.write_all(json!({"trace": trace}).to_string().as_bytes()).map_err(failed)?;
    replays(file.path(), limit)
}
