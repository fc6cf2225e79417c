//! For people: verdicts and stories as text of at most 80 columns, told while they become known.

mod conformance;
mod family;
mod focus;
mod reduction;
mod repair;
mod result;
mod rules;
mod story;
mod style;

pub use result::notes;

use super::layout::indented;
use super::{Detail, Format, Needs, Writer, benchmarks, comparison, table, words};
use crate::check::{Narrative, Novelties, Replayed, Simulation};
use crate::input::visible::visible;
use crate::report::document::Part;

/// Text.
pub static FORMAT: Format = Format {
    name: "text",
    help: "For people",
    suffixes: &[".txt"],
    needs: Needs::Nothing,
    writer: Writer::Parts(part),
};

/// A story without styles, as other formats quote it.
pub fn plain_story(story: &Narrative) -> String {
    let text = anstream::adapter::strip_str(&story::text(story, Detail::Normal)).to_string();
    text.trim_matches('\n').to_owned()
}

fn part(part: &Part<'_>, detail: Detail) -> String {
    // Of several inputs the overview says what is known, unless somebody wants to know more.
    let is_told = |among_several: bool| !among_several || detail == Detail::Verbose;
    match part {
        Part::Result { result, among_several } if is_told(*among_several) => result::text(result, detail),
        Part::NotChecked { names, after_violation, among_several }
            if is_told(*among_several) && detail > Detail::Quiet =>
        {
            result::not_checked(names, *after_violation)
        }
        Part::Novelties(it) if detail > Detail::Quiet => novelties(it),
        Part::Hint(hint) if detail > Detail::Quiet => repair::hint(hint),
        Part::Result { .. } | Part::NotChecked { .. } | Part::Novelties(_) | Part::Hint(_) => String::new(),
        Part::Overview(results) => table::results(results.iter().copied()),
        Part::Replayed(it) => replayed(it, detail),
        Part::Simulation(it) => simulation(it, detail),
        Part::Repaired(it) => repair::text(it, detail),
        Part::Cases(cases) => table::cases(cases),
        Part::Emitted(directory) => format!("{}\n", visible(directory)),
        Part::Benchmarks(it) => benchmarks::text(it),
        Part::Compared(it) => comparison::text(it),
        Part::Conformance(it) => conformance::text(it),
        Part::Rules(all) => rules::list(all),
        Part::Rule(rule) => rules::text(rule),
        Part::Merged(it) => table::merged(it),
    }
}

fn novelties(novelties: &Novelties) -> String {
    let sentences = words::compared(novelties);
    let lines = sentences.iter().map(|it| indented(it, "", "  ") + "\n");
    format!("\n{}", lines.collect::<String>())
}

fn replayed(replayed: &Replayed, detail: Detail) -> String {
    let trace = &replayed.trace;
    let subject = if trace.subject.is_empty() { String::new() } else { format!(" ({})", visible(&trace.subject)) };
    let property = visible(&trace.property);
    match &replayed.told {
        Ok(narrative) => {
            let story = if detail > Detail::Quiet { story::text(narrative, detail) } else { String::new() };
            format!("✗ {property}{subject}: the run is one of this input and violates it\n{story}")
        }
        Err(problem) => format!("? {property}{subject}: the trace is no counterexample here: {problem}\n"),
    }
}

fn simulation(simulation: &Simulation, detail: Detail) -> String {
    let mut out = format!("seed {}: {}\n", simulation.seed, simulation.input.short());
    match &simulation.told {
        Ok(narrative) => out.push_str(&story::text(narrative, detail)),
        Err(problem) => out.push_str(&format!("the run cannot be told: {problem}\n")),
    }
    out.extend(simulation.cut.iter().map(|cut| format!("\nthe run ends here: {cut}\n")));
    out
}
