//! Rules: all of them with the first thing to say of each, and one with all that there is to say of it.

use std::fmt::Write;

use super::style::BOLD;
use crate::cluster::view::rule::{Component, Rule};
use crate::report::render::layout::indented;

/// Rules below the names of their components.
pub fn list(rules: &[&Rule]) -> String {
    let mut out = String::new();
    for component in Component::ALL {
        let own = rules.iter().filter(|rule| rule.component == component);
        let own = own.map(|rule| format!("  {}\n{}\n", rule.id, indented(rule.gist(), "      ", "      ")));
        let own: String = own.collect();
        if !own.is_empty() {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = write!(out, "{gap}{BOLD}{}{BOLD:#}\n{own}", component.name());
        }
    }
    out
}

/// All that there is to say of a rule.
pub fn text(rule: &Rule) -> String {
    let mut out = format!("{BOLD}{}{BOLD:#} ({})\n\n", rule.id, rule.component.name());
    out.push_str(&indented(rule.decides, "  ", "  "));
    out.push('\n');
    let upstream = rule.version().map(|(project, version)| format!("Follows {project} {version}"));
    let files = rule.upstream.iter().map(|it| match it.functions {
        [] => it.file.to_owned(),
        functions => format!("{}: {}", it.file, functions.join(", ")),
    });
    out.push_str(&section(upstream.as_deref().unwrap_or("Follows nothing: it is ours"), files));
    out.push_str(&section("How exactly", rule.parts.iter().map(|it| format!("{}\n{}", it.what, it.stands))));
    out.push_str(&section(
        "Left out",
        rule.omits.iter().map(|it| match it.instead {
            Some(instead) => format!("{}\n{instead}", it.what),
            None => it.what.to_owned(),
        }),
    ));
    let _ = writeln!(out, "\n  {BOLD}Code:{BOLD:#} {}:{}", rule.source.file(), rule.source.line);
    out
}

/// A heading and lines below it; nothing without lines, unless there is more to say than that.
fn section(heading: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| entry(&line)).collect();
    match (lines.is_empty(), heading.split_once(": ")) {
        (true, Some((what, why))) => format!("\n  {BOLD}{what}:{BOLD:#} {why}\n"),
        (true, None) => String::new(),
        (false, _) => format!("\n  {BOLD}{heading}:{BOLD:#}\n{lines}"),
    }
}

/// What it is, and in lines of its own what there is to say of it.
fn entry(text: &str) -> String {
    let (what, more) = text.split_once('\n').unwrap_or((text, ""));
    let more = if more.is_empty() { String::new() } else { indented(more, "      ", "      ") + "\n" };
    format!("{}\n{more}", indented(what, "    ", "      "))
}
