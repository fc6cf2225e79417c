//! Progress of long runs, on a terminal only.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::{Progress, Statistics};

/// How often the line is written anew.
const PERIOD: Duration = Duration::from_millis(200);

/// A line that tells how far a check is.
pub struct Line {
    bar: ProgressBar,
    started: Instant,
    last: Mutex<Duration>,
}

impl Line {
    /// A line on standard error, if that is a terminal and somebody wants to see it.
    pub fn new(wanted: bool) -> Self {
        let bar = match wanted && std::io::stderr().is_terminal() {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        Line { bar, started: Instant::now(), last: Mutex::new(Duration::ZERO) }
    }

    /// Says what is being checked.
    pub fn begin(&self, what: &str) {
        self.bar.reset_elapsed();
        self.bar.set_prefix(what.to_owned());
        self.bar.set_message(String::new());
    }

    /// Takes the line away, so that something else can be printed.
    pub fn hide(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes the line away for good.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Line {
    fn report(&self, k: u32, statistics: &Statistics) {
        if self.bar.is_hidden() {
            return;
        }
        let now = self.started.elapsed();
        let Ok(mut last) = self.last.try_lock() else { return };
        if now < *last + PERIOD {
            return;
        }
        *last = now;
        let queries = if statistics.queries > 0 { format!(", {} queries", statistics.queries) } else { String::new() };
        self.bar.set_message(format!("k = {k}, {} states{queries}", statistics.states));
        self.bar.tick();
    }
}
