//! `kubound watch`: checks, and checks again whenever a file of the input changes.
//!
//! A check runs in a thread of its own while this one waits: for its end, for changes ([`changes`]), for Ctrl-C. A change
//! ends a check that is under way, and nothing of that is told: a verdict is always one about files as they were when
//! nothing changed any more. What is wrong with an input is told like a verdict, and watching goes on.

mod changes;
mod round;

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::report::Detail;

use super::CliError;
use super::args::Watch;
use super::interrupt;
use super::output::remark;
use changes::{Changes, told};
use round::Round;

/// How often ends, changes and Ctrl-C are looked at.
const PERIOD: Duration = Duration::from_millis(40);

/// Checks until Ctrl-C; the exit code is that of the last check.
pub fn run(arguments: &Watch, detail: Detail) -> Result<u8, CliError> {
    arguments.fits()?;
    let interrupted = interrupt::flag();
    let (paths, output) = (&arguments.check.source.paths, arguments.check.output.as_deref());
    loop {
        // What changes from here on is seen, even while the files are read.
        let mut changes = Changes::of(paths, output)?;
        let mut round = Round::begin(&arguments.check, detail);
        let mut last = None;
        let changed = loop {
            if last.is_none()
                && let Some(code) = round.ended()?
            {
                last = Some(code);
                if detail > Detail::Quiet {
                    remark("watching for changes; Ctrl-C ends\n");
                }
            }
            if interrupted.load(Ordering::Relaxed) {
                return last.map_or_else(|| round.stop(), Ok);
            }
            let changed = changes.wait(PERIOD)?;
            if !changed.is_empty() {
                break changed;
            }
        };
        round.abandon();
        if detail > Detail::Quiet {
            remark(&format!("\n{}: checking again\n", told(&changed)));
        }
    }
}
