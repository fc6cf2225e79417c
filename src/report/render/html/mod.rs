//! For people who look at it together: one page for a browser, with a timeline of every counterexample.
//!
//! The page is self-contained: it asks no network for anything, and its policy (Content Security Policy, level 3) allows
//! nothing but its own style sheet and script, named by their hashes. Without the script it says the same. What is violated
//! comes first, what holds is folded away. All text passes maud's escaping; nothing here is marked as escaped but what is
//! compiled in.

mod anchor;
mod chart;
mod legend;
mod page;
mod problems;
mod rules;
mod steps;
mod story;
mod verdicts;

use super::{Format, Needs, Writer};
use crate::report::document::Check;

/// HTML.
pub static FORMAT: Format = Format {
    name: "html",
    help: "A page for a browser: verdicts, and a timeline of every counterexample",
    suffixes: &[".html", ".htm"],
    needs: Needs::Sites,
    writer: Writer::Checks(check),
};

fn check(check: &Check<'_>) -> String {
    page::page(check).into_string() + "\n"
}
