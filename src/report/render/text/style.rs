//! Styles. They are always written; whoever prints decides whether the terminal gets them.

use anstyle::{AnsiColor, Style};

use crate::report::render::layout::indented;

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const OPEN: Style = AnsiColor::Yellow.on_default().bold();

/// Lines in the background.
pub fn dimmed(lines: &str) -> String {
    lines.lines().map(|line| format!("{DIM}{line}{DIM:#}\n")).collect()
}

/// A paragraph in the background.
pub fn dim(text: &str) -> String {
    format!("{DIM}{}{DIM:#}\n", indented(text, "    ", "    "))
}
