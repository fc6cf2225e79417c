//! Runs a program of the user's PATH: without a shell, within a limit of time and memory, and with so much output at most.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use crate::term::{Limit, Stopped};

/// Bytes of standard output that are read at most.
const MOST_OUTPUT: u64 = 64 << 20;
/// Bytes of what a program complains about that are read at most.
const MOST_COMPLAINT: u64 = 8 << 10;
/// How often the limit is looked at.
const PERIOD: Duration = Duration::from_millis(10);

/// Why a program gave no text.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It is not on the PATH.
    #[error("is not on the PATH")]
    Missing,
    /// It could not be run.
    #[error("cannot be run: {0}")]
    NotRun(io::Error),
    /// It failed; with what it said.
    #[error("says: {0}")]
    Failed(String),
    /// There was no time left, or no memory, or somebody stopped the command.
    #[error("was stopped: {}", in_words(.0))]
    Stopped(Stopped),
    /// It printed too much.
    #[error("printed more than {} MiB", MOST_OUTPUT >> 20)]
    TooMuch,
    /// It printed something else than text.
    #[error("printed something that is not UTF-8 text")]
    NoText,
}

fn in_words(why: &Stopped) -> &'static str {
    match why {
        Stopped::Time => "out of time",
        Stopped::Memory => "out of memory",
        Stopped::Outside => "interrupted",
    }
}

/// What a program prints. It reads nothing, and it ends when the limit is reached.
pub fn run(program: &str, arguments: &[&OsStr], limit: &Limit) -> Result<String, ProgramError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProgramError::Missing,
        _ => ProgramError::NotRun(error),
    })?;
    let mut running = Running(child);
    let (out, complaint) = (running.0.stdout.take(), running.0.stderr.take());
    let (out, complaint) = (gathered(out, MOST_OUTPUT), gathered(complaint, MOST_COMPLAINT));
    let out = within(&out, limit)?;
    if out.len() as u64 > MOST_OUTPUT {
        return Err(ProgramError::TooMuch);
    }
    let complaint = within(&complaint, limit)?;
    match running.ended(limit)? {
        true => String::from_utf8(out).map_err(|_| ProgramError::NoText),
        false => Err(ProgramError::Failed(shortened(&complaint))),
    }
}

/// A program that ends when nobody waits for it any more.
struct Running(Child);

impl Running {
    /// Waits for its end; whether it was a good one.
    fn ended(&mut self, limit: &Limit) -> Result<bool, ProgramError> {
        loop {
            match self.0.try_wait().map_err(ProgramError::NotRun)? {
                Some(status) => return Ok(status.success()),
                None => go_on(limit)?,
            }
            thread::sleep(PERIOD);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What comes out of a pipe, up to one byte more than so many, read in a thread of its own. A pipe that stays open beyond
/// the limit keeps only that thread.
fn gathered(pipe: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came until something went wrong is all there is.
            let _ = pipe.by_ref().take(most + 1).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
    });
    receiver
}

fn within(receiver: &Receiver<Vec<u8>>, limit: &Limit) -> Result<Vec<u8>, ProgramError> {
    loop {
        match receiver.recv_timeout(PERIOD) {
            Ok(bytes) => return Ok(bytes),
            Err(RecvTimeoutError::Timeout) => go_on(limit)?,
            Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
        }
    }
}

fn go_on(limit: &Limit) -> Result<(), ProgramError> {
    limit.reached().map_or(Ok(()), |why| Err(ProgramError::Stopped(why)))
}

/// A complaint in one paragraph, without what is said before it.
fn shortened(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("WARNING"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let text = text.strip_prefix("Error: ").or(text.strip_prefix("error: ")).unwrap_or(&text);
    if text.is_empty() { "nothing, and it failed".to_owned() } else { logged(text).unwrap_or(text.to_owned()) }
}

/// The error in a line of a log, as kubectl writes it: `E0102 03:04:05.6 7 run.go:72] "command failed" err="no \"x\""`.
fn logged(line: &str) -> Option<String> {
    let (_, quoted) = line.split_once("] \"command failed\" err=")?;
    serde_json::from_str(quoted).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str, limit: &Limit) -> Result<String, ProgramError> {
        run("sh", &[OsStr::new("-c"), OsStr::new(script)], limit)
    }

    #[test]
    fn a_program_prints_or_says_why_not() {
        let limit = Limit::default();
        assert_eq!(shell("echo kind: Pod; echo oh >&2", &limit).ok().as_deref(), Some("kind: Pod\n"));
        let said = |script: &str| shell(script, &limit).expect_err("it fails").to_string();
        assert_eq!(said("printf 'WARNING: x\\nError: no\\n  values\\n' >&2; exit 3"), "says: no values");
        let logged = r#"echo 'E0102 03:04:05.6 7 run.go:72] "command failed" err="no \"x\""' >&2; exit 1"#;
        assert_eq!(said(logged), "says: no \"x\"");
        assert_eq!(said("exit 1"), "says: nothing, and it failed");
        assert_eq!(said("printf '\\377'"), "printed something that is not UTF-8 text");
        assert!(matches!(run("kubound-has-no-such-program", &[], &limit), Err(ProgramError::Missing)));
    }

    #[test]
    fn output_and_time_are_limited() {
        let endless = shell("while :; do printf '%1048576d' 0; done", &Limit::default());
        assert!(matches!(endless, Err(ProgramError::TooMuch)), "{endless:?}");
        let soon = Limit { deadline: Some(Instant::now() + Duration::from_millis(50)), ..Limit::default() };
        let late = shell("sleep 600", &soon);
        assert!(matches!(late, Err(ProgramError::Stopped(Stopped::Time))), "{late:?}");
    }
}
