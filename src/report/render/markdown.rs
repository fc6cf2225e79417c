//! For a comment on a pull request: a table of verdicts, and the stories of what is violated, folded away.
//!
//! It is GitHub's dialect. Text from input has every character that could mean something written as a reference, and stands
//! in `<code>` or `<pre>`, where names of people are not called either.

use std::fmt::Write;

use super::text::plain_story;
use super::{Format, Needs, Writer, words};
use crate::check::{Answer, CheckResult, Counterexample, Site};
use crate::input::visible::{visible, visible_lines};
use crate::input::{Diagnostic, Severity};
use crate::report::document::{Check, Checked};

/// Markdown.
pub static FORMAT: Format = Format {
    name: "markdown",
    help: "For a comment on a pull request",
    suffixes: &[".md"],
    needs: Needs::Sites,
    writer: Writer::Checks(check),
};

/// A comment has room for 65 536 characters: stories beyond this many are left out.
const MOST_CHARACTERS: usize = 60_000;
/// At most so many problems of the input are told.
const MOST_PROBLEMS: usize = 50;

fn check(check: &Check<'_>) -> String {
    let mut out = format!("### Kubound: {}\n", headline(check));
    for input in &check.inputs {
        out.push_str(&table(input, check.several));
    }
    out.push_str(&problems(check));
    if let Some(comparison) = check.baseline {
        let lines = words::compared(comparison).into_iter().map(|it| format!("* {}\n", code(&it)));
        out.push_str(&format!("\n{}", lines.collect::<String>()));
    }
    let mut left_out = 0;
    let violated = check.inputs.iter().flat_map(|input| input.results.iter().map(move |result| (input, *result)));
    for (input, result) in violated {
        let Answer::Violated(found) = &result.answer else { continue };
        if !result.counts() {
            continue;
        }
        let told = story(result, found, input.sites_of(result).first());
        match out.len() + told.len() <= MOST_CHARACTERS {
            true => out.push_str(&told),
            false => left_out += 1,
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\nToo long for a comment: {left_out} more stories. `kubound check` tells them.");
    }
    out
}

fn headline(check: &Check<'_>) -> String {
    let count = |word: &str| check.results().filter(|result| standing(result) == word).count();
    let words = ["violated", "unknown", "ignored", "known", "holds"].map(|word| (count(word), word));
    let words: Vec<String> =
        words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() { "no verdict".to_owned() } else { words.join(", ") }
}

/// What a result is counted as.
fn standing(result: &CheckResult) -> &'static str {
    match &result.regard.ignored {
        _ if !result.is_violated() || result.counts() => result.answer.word(),
        Some(_) => "ignored",
        None => "known",
    }
}

/// A row for each result.
fn table(checked: &Checked<'_>, several: bool) -> String {
    let mut out = String::new();
    if let Some(name) = checked.name.filter(|_| several) {
        let _ = writeln!(out, "\n{}", code(&name.short()));
    }
    if checked.results.is_empty() && checked.skipped.is_empty() {
        return out;
    }
    out.push_str("\n| | property | about | verdict |\n| --- | --- | --- | --- |\n");
    for result in &checked.results {
        let mark = match &result.answer {
            Answer::Holds(_) => "✅",
            Answer::Violated(_) if !result.counts() => "➖",
            Answer::Violated(_) => "❌",
            Answer::Unknown { .. } => "❔",
        };
        let about = words::subjects(result);
        let about = if about.is_empty() { about } else { code(&about) };
        let reason = words::reason(result).map_or(String::new(), |it| format!(": {}", code(&it)));
        let verdict = sentence(&words::verdict(result));
        let _ = writeln!(out, "| {mark} | `{}` | {about} | {verdict}{reason} |", result.property);
    }
    for name in checked.skipped {
        let _ = writeln!(out, "| | {} | | {} |", code(name), words::not_checked(checked));
    }
    out
}

fn problems(check: &Check<'_>) -> String {
    let told = check.diagnostics.iter().flatten().filter(|it| it.severity != Severity::Note);
    let told: Vec<&&Diagnostic> = told.collect();
    if told.is_empty() {
        return String::new();
    }
    let mut out = "\n".to_owned();
    for problem in told.iter().take(MOST_PROBLEMS) {
        let place = match (problem.origin.file.as_str(), problem.origin.line) {
            ("", _) => String::new(),
            (file, 0) => code(file) + ": ",
            (file, line) => code(&format!("{file}:{line}")) + ": ",
        };
        let _ = writeln!(out, "* {}: {place}{}", problem.severity, code(&problem.message));
    }
    if told.len() > MOST_PROBLEMS {
        let _ = writeln!(out, "* and {} more", told.len() - MOST_PROBLEMS);
    }
    out
}

/// A story, folded away.
fn story(result: &CheckResult, found: &Counterexample, site: Option<&Site>) -> String {
    let title = format!("{}{}", result.property, words::about(result));
    let origin = site.and_then(|site| site.origin.as_ref());
    let place = origin.map(|it| format!(" at {}", code(&format!("{}:{}", it.file, it.line))));
    format!(
        "\n<details>\n<summary>{}: {}{}</summary>\n\n<pre>\n{}\n</pre>\n\n</details>\n",
        code(&title),
        sentence(&words::verdict(result)),
        place.unwrap_or_default(),
        preformatted(&plain_story(&found.narrative)),
    )
}

fn code(text_of_input: &str) -> String {
    format!("<code>{}</code>", text(text_of_input))
}

/// Text outside of code, where references to `@somebody` would still call somebody.
fn sentence(words: &str) -> String {
    text(&words.replace('@', "＠"))
}

/// Text in which nothing means anything: punctuation is written as references, which Markdown takes for text.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            ' ' | ',' | '-' | '/' | '=' => out.push(character),
            it if it.is_ascii_punctuation() => {
                let _ = write!(out, "&#{};", it as u32);
            }
            it => out.push(it),
        }
    }
    out
}

/// Lines within `<pre>`, where only HTML means anything.
fn preformatted(text: &str) -> String {
    visible_lines(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_break_out() {
        let hostile = "a|b</code>`*[x](y)<!--@me\nhttps://w.w\\";
        let shown = code(hostile);
        let inside = shown.strip_prefix("<code>").and_then(|it| it.strip_suffix("</code>")).expect("in code");
        assert!(!sentence("hello @me").contains("@") && !sentence("hello @me").contains("&#64;"));
        assert!(!inside.contains(['|', '<', '>', '`', '*', '[', ']', '(', '@', '\n', ':', '\\', '.', '!']), "{inside}");
        assert_eq!(preformatted("</pre>&\n\u{1b}"), "&lt;/pre&gt;&amp;\n\\u{1b}");
    }
}
