//! Differences of texts, as `diff -u` and `git apply` write and read them.

use similar::TextDiff;

/// Lines of context.
const CONTEXT: usize = 3;

/// The unified diff from one text of a file to another; empty if they are the same.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let (before, after) = (format!("a/{name}"), format!("b/{name}"));
    diff.unified_diff().context_radius(CONTEXT).header(&before, &after).to_string()
}
