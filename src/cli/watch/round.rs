//! One check among many, in a thread of its own.

use std::thread::{self, JoinHandle};

use crate::cli::CliError;
use crate::cli::args::Check;
use crate::cli::check::{self, Stop};
use crate::cli::output::remark;
use crate::report::Detail;

/// A check that was begun.
pub struct Round {
    stop: Stop,
    thread: Option<JoinHandle<Result<u8, CliError>>>,
}

impl Round {
    /// Begins one.
    pub fn begin(arguments: &Check, detail: Detail) -> Self {
        let (arguments, stop) = (arguments.clone(), Stop::default());
        let own = stop.clone();
        let thread = thread::spawn(move || check::run_until(&arguments, detail, own));
        Round { stop, thread: Some(thread) }
    }

    /// The exit code, once it has ended. What is wrong with the input is told; only what cannot change by itself, such as
    /// options that do not go together, ends the watch.
    pub fn ended(&mut self) -> Result<Option<u8>, CliError> {
        match &self.thread {
            Some(thread) if thread.is_finished() => self.join().map(Some),
            _ => Ok(None),
        }
    }

    /// Stops the search: what is known by then is told. The exit code.
    pub fn stop(mut self) -> Result<u8, CliError> {
        self.stop.now();
        self.join()
    }

    /// Stops it without a word.
    pub fn abandon(mut self) {
        self.stop.abandon();
        // A check that could not be made is made again.
        let _ = self.thread.take().map(JoinHandle::join);
    }

    fn join(&mut self) -> Result<u8, CliError> {
        let outcome = self.thread.take().map(JoinHandle::join);
        match outcome {
            None => Ok(0),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            Some(Ok(Err(error))) if error.is_about_input() => {
                remark(&error.to_string());
                Ok(error.exit_code())
            }
            Some(Ok(answer)) => answer,
        }
    }
}
