//! The program, run once more: its time is what a user waits for, from reading to verdict, its memory is its own, and a run
//! that dies takes nobody with it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workbench::found::{Found, results};

use super::CliError;

/// How often it is looked whether a process ended by itself.
const PERIOD: Duration = Duration::from_millis(5);

/// A run of `check`.
pub struct Ran {
    /// Wall-clock time.
    pub taken: Duration,
    /// What it printed, if that is JSON.
    pub document: Value,
    /// What it said of each property, if it said anything.
    pub found: Option<Vec<Found>>,
    /// What it said on standard error.
    pub complaint: String,
    /// Its exit code, unless it was killed.
    pub code: Option<i32>,
}

impl Ran {
    /// Runs the program with some arguments of `check`, which ask for JSON.
    pub fn check(arguments: &[String]) -> Result<Ran, CliError> {
        let mut command = program()?;
        command.args(arguments).stdin(Stdio::null());
        let started = Instant::now();
        let Output { status, stdout, stderr } = command.output().map_err(not_started)?;
        let taken = started.elapsed();
        let document: Value = serde_json::from_slice(&stdout).unwrap_or_default();
        let complaint = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Ran { taken, found: results(&document), document, complaint, code: status.code() })
    }

    /// The largest peak of resident memory in bytes, where the system tells.
    pub fn bytes(&self) -> Option<u64> {
        self.found.iter().flatten().filter_map(|found| found.bytes).max()
    }

    /// What a run that said nothing of any property said last.
    pub fn last_line(&self) -> String {
        let code = self.code.map_or("killed".to_owned(), |code| format!("exit code {code}"));
        match self.complaint.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("{} ({code})", line.trim()),
            None => code,
        }
    }
}

/// Whether the traces in a file are counterexamples of their inputs, as another process says; `None` if that takes longer
/// than `limit`, or cannot be said.
pub fn replays(file: &Path, limit: Duration) -> Result<Option<bool>, CliError> {
    let mut command = program()?;
    command.args(["replay", "--quiet", "--format=json"]).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(not_started)?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(not_started)? {
            return Ok(match status.code() {
                Some(1) => Some(true),
                Some(3) => Some(false),
                _ => None,
            });
        }
        if started.elapsed() > limit {
            // It may have ended at this moment; either way nothing is known.
            let _ = child.kill();
            child.wait().map_err(not_started)?;
            return Ok(None);
        }
        sleep(PERIOD);
    }
}

fn program() -> Result<Command, CliError> {
    let program =
        std::env::current_exe().map_err(|error| CliError::Usage(format!("cannot find the program itself: {error}")))?;
    Ok(Command::new(program))
}

fn not_started(error: std::io::Error) -> CliError {
    CliError::Usage(format!("cannot start a run: {error}"))
}
