//! Repairs: what is changed, what it costs, how far it holds, and the difference.

use crate::input::visible::visible;
use crate::repair::{Edit, Ending, Hint, Repair, Repaired};

use super::style::{BAD, BOLD, DIM, GOOD, OPEN, dimmed};
use crate::report::render::Detail;
use crate::report::render::layout::indented;
use crate::report::render::words;

/// All repairs, or why there are none.
pub fn text(repaired: &Repaired, detail: Detail) -> String {
    let mut out = heading(repaired);
    for (index, repair) in repaired.repairs.iter().enumerate() {
        out.push_str(&one(index + 1, repair, detail));
    }
    if detail == Detail::Verbose {
        out.push_str(&dimmed(&indented(&effort(repaired), "", "  ")));
    }
    out
}

/// Which field to look at after a violation, and what looks for a change of it.
pub fn hint(hint: &Hint) -> String {
    let Hint { object, field, place: (file, line), command } = hint;
    let text = format!(
        "hint: {object}: {field} has a part in this ({file}:{line}); `{command}` looks for the smallest change"
    );
    format!("\n{}\n", indented(&visible(&text), "", "  "))
}

/// How it ended, in a sentence.
fn heading(repaired: &Repaired) -> String {
    let Repaired { input, ending, repairs, open, .. } = repaired;
    let line = match ending {
        Ending::Holds => format!("{GOOD}✓{GOOD:#} {input}: nothing to repair: {}", verdicts(&repaired.before)),
        Ending::Undecided => format!("{OPEN}?{OPEN:#} {input}: undecided as it is: {}", verdicts(&repaired.before)),
        Ending::Repaired => format!("{GOOD}✓{GOOD:#} {input}: {}{}", found(repairs), undecided(*open)),
        Ending::Exhausted(fields) => {
            format!("{BAD}✗{BAD:#} {input}: no repair of {fields} fields or fewer: {}", effort(repaired))
        }
        Ending::Stopped(why) if repairs.is_empty() => {
            format!("{OPEN}?{OPEN:#} {input}: no repair before the search ended ({why}): {}", effort(repaired))
        }
        Ending::Stopped(why) => {
            format!("{GOOD}✓{GOOD:#} {input}: {}; the search ended early ({why})", found(repairs))
        }
    };
    indented(&line, "", "  ") + "\n"
}

fn found(repairs: &[Repair]) -> String {
    let fields = repairs.first().map_or(0, |repair| repair.edits.len());
    let fields = if fields == 1 { "one field".to_owned() } else { format!("{fields} fields") };
    match repairs.len() {
        1 => format!("1 repair, of {fields}"),
        several => format!("{several} repairs, of {fields} each"),
    }
}

/// That there may be cheaper ones.
fn undecided(open: usize) -> String {
    if open > 0 { format!("; {open} other changes stayed undecided") } else { String::new() }
}

/// What was tried.
fn effort(repaired: &Repaired) -> String {
    let Repaired { fields, tried, refuted, open, .. } = repaired;
    let open = if *open > 0 { format!(", {open} of them undecided") } else { String::new() };
    let known = if *refuted > 0 { format!(", {refuted} of them against known counterexamples") } else { String::new() };
    format!("{tried} changes of {fields} fields were checked{known}{open}")
}

fn one(number: usize, repair: &Repair, detail: Detail) -> String {
    let mut out = String::from("\n");
    for edit in &repair.edits {
        let number = format!("{number}. ");
        out.push_str(&(indented(&format!("{BOLD}{}{BOLD:#}", change(edit)), &number, "   ") + "\n"));
        out.push_str(&(indented(&format!("costs: {}", visible(&edit.costs)), "   ", "     ") + "\n"));
    }
    out.push_str(&(indented(&verdicts(&repair.results), "   ", "     ") + "\n"));
    if detail > Detail::Quiet {
        out.push_str(&format!("\n{}", repair.diff().lines().map(|line| coloured(&visible(line))).collect::<String>()));
    }
    out
}

/// What an edit does, and where.
pub fn change(edit: &Edit) -> String {
    let Edit { object, field, from, to, place: (file, line), .. } = edit;
    let what = match (from.as_str(), to.as_str()) {
        (_, "") => format!("leave out {field}"),
        ("", to) => format!("give {field}: {to}"),
        (from, to) => format!("{field}: {to} instead of {from}"),
    };
    visible(&format!("{object}: {} ({file}:{line})", shortened(&what))).into_owned()
}

/// Long values are for the difference.
fn shortened(text: &str) -> String {
    const MOST: usize = 160;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

fn verdicts(results: &[crate::check::CheckResult]) -> String {
    let each = results.iter().map(|result| format!("{} {}", result.property, words::verdict(result)));
    each.collect::<Vec<String>>().join("; ")
}

fn coloured(line: &str) -> String {
    match line.as_bytes().first() {
        Some(b'+') => format!("{GOOD}{line}{GOOD:#}\n"),
        Some(b'-') => format!("{BAD}{line}{BAD:#}\n"),
        Some(b'@') => format!("{DIM}{line}{DIM:#}\n"),
        _ => format!("{line}\n"),
    }
}
