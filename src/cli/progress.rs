//! Progress of long runs, on a terminal only.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::{Progress, Statistics};
use crate::input::visible::visible;

/// How often the line is written anew.
const PERIOD: Duration = Duration::from_millis(200);

/// A line that tells how far a check is.
pub struct Line {
    bar: ProgressBar,
    started: Instant,
    last: Mutex<Duration>,
    /// What each engine said last, where there are several.
    lanes: Mutex<Vec<(&'static str, String)>>,
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
        Line { bar, started: Instant::now(), last: Mutex::new(Duration::ZERO), lanes: Mutex::default() }
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

/// How far an engine is.
fn status(k: u32, statistics: &Statistics) -> String {
    let queries = if statistics.queries > 0 { format!(", {} queries", statistics.queries) } else { String::new() };
    format!("k = {k}, {} states{queries}", statistics.states)
}

impl Line {
    /// Shows a message, unless one was shown a moment ago.
    fn show(&self, message: impl FnOnce() -> String) {
        if self.bar.is_hidden() {
            return;
        }
        let now = self.started.elapsed();
        let Ok(mut last) = self.last.try_lock() else { return };
        if now < *last + PERIOD {
            return;
        }
        *last = now;
        self.bar.set_message(message());
        self.bar.tick();
    }
}

impl Progress for Line {
    /// Says what is being checked.
    fn begin(&self, what: &str) {
        self.bar.reset_elapsed();
        self.bar.set_prefix(visible(what).into_owned());
        self.bar.set_message(String::new());
        if let Ok(mut lanes) = self.lanes.lock() {
            lanes.clear();
        }
    }

    fn report(&self, k: u32, statistics: &Statistics) {
        self.show(|| status(k, statistics));
    }

    fn report_of(&self, engine: &'static str, k: u32, statistics: &Statistics) {
        if self.bar.is_hidden() {
            return;
        }
        let Ok(mut lanes) = self.lanes.lock() else { return };
        lanes.retain(|(other, _)| *other != engine);
        lanes.push((engine, status(k, statistics)));
        lanes.sort();
        let all: Vec<String> = lanes.iter().map(|(engine, status)| format!("{engine}: {status}")).collect();
        self.show(|| all.join(" | "));
    }
}
