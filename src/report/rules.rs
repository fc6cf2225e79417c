//! Rules, one by one and in tables: for the terminal, for programs, and for `docs/semantics.md`.

use std::fmt::Write;

use anstyle::Style;
use serde_json::{Value, json};

use super::text::indented;
use crate::cluster::view::rule::{Component, Omission, Rule};
use crate::encodings::rules;

const BOLD: Style = Style::new().bold();

/// All of them, below the names of their components: each with the first thing to say of it.
pub fn list() -> String {
    let mut out = String::new();
    for component in Component::ALL {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{BOLD}{}{BOLD:#}", component.name());
        for rule in rules::of(component) {
            let _ = writeln!(out, "  {}\n{}", rule.id, indented(first_sentence(rule.decides), "      ", "      "));
        }
    }
    out
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

/// All that there is to say of a rule.
pub fn explanation(rule: &Rule) -> String {
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

/// A rule for programs.
pub fn json(rule: &Rule) -> Value {
    let upstream = rule.upstream.iter().map(|it| json!({"file": it.file, "functions": it.functions}));
    let parts = rule.parts.iter().map(|it| json!({"what": it.what, "stands": it.stands}));
    let omits = rule.omits.iter().map(|it| json!({"what": it.what, "instead": it.instead}));
    json!({
        "id": rule.id,
        "component": rule.component.name(),
        "version": rule.version().map(|(project, version)| format!("{project} {version}")),
        "upstream": upstream.collect::<Vec<Value>>(),
        "decides": rule.decides,
        "parts": parts.collect::<Vec<Value>>(),
        "omits": omits.collect::<Vec<Value>>(),
        "source": {"file": rule.source.file(), "line": rule.source.line},
    })
}

/// The table of a component in `docs/semantics.md`: of each rule its parts, then what it leaves out.
pub fn markdown(component: Component) -> String {
    let rows = rules::of(component).flat_map(|rule| {
        let parts = rule.parts.iter().map(|it| (it.what, it.stands.to_owned()));
        let omits = rule.omits.iter().map(|it| (it.what, out(it)));
        let rows = parts.chain(omits).enumerate();
        rows.map(|(row, (what, stands))| {
            let link = format!(" [{}](../{})", rule.id, rule.source.file());
            format!("|{} | {what} | {stands} |\n", if row == 0 { &link } else { "" })
        })
    });
    "| rule | part | |\n| --- | --- | --- |\n".to_owned() + &rows.collect::<String>()
}

fn out(omission: &Omission) -> String {
    omission.instead.map_or("out".to_owned(), |instead| format!("out: {instead}"))
}
