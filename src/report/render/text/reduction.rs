//! How a model was made smaller.

use std::fmt::Write;

use crate::cluster::view::story::join_names;
use crate::reduce::Figures;
use crate::reduce::explain::{Class, Explanation};
use crate::report::render::layout::indented;

/// At most so many notes of a pass are written as text.
const MOST_NOTES: usize = 12;

/// The explanation as text; `accelerated` says what the engine made of acceleration.
pub fn text(explanation: &Explanation, accelerated: Option<&str>) -> String {
    let mut out = "  reduction\n".to_owned();
    let nodes: usize = explanation.classes.iter().map(|class| class.nodes.len()).sum();
    let mut line = |indent: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", indented(&text, indent, &format!("{indent}  ")));
    };
    line("    ", format!("{nodes} node(s) in {} class(es)", explanation.classes.len()));
    for class in &explanation.classes {
        line("      ", class_line(class));
        class.reading.iter().for_each(|(subject, value)| line("        ", format!("{subject}: {value}")));
    }
    if !explanation.totals.is_empty() {
        line(
            "    ",
            format!("{} sums over all nodes are state variables (placements are free)", explanation.totals.len()),
        );
    }
    line("    ", format!("{:<12}{}", "whole", figures_text(explanation.before)));
    for pass in &explanation.passes {
        let exact = if pass.exact { "" } else { " (not exact)" };
        line("    ", format!("{:<12}{}{exact}", pass.name, figures_text(pass.after)));
        pass.notes.iter().take(MOST_NOTES).for_each(|note| line("      ", note.clone()));
        if pass.notes.len() > MOST_NOTES {
            line("      ", format!("and {} more (all of them in JSON)", pass.notes.len() - MOST_NOTES));
        }
    }
    accelerated.into_iter().for_each(|what| line("    ", format!("acceleration: {what}")));
    out
}

fn class_line(class: &Class) -> String {
    let names = join_names(class.nodes.iter().map(String::as_str));
    let how = match (class.counted, class.nodes.len()) {
        (true, _) => format!("counted in {} cells", class.cells),
        (false, 1) => "alone".to_owned(),
        (false, _) => "each a cell".to_owned(),
    };
    let counted = class.estimate.counted.map(|it| format!("counted {}, ", it.size)).unwrap_or_default();
    let estimate = match class.nodes.len() {
        1 => String::new(),
        _ => format!(" (estimated bits: {counted}single {})", class.estimate.individual),
    };
    format!("{names}: {how}{estimate}")
}

fn figures_text(figures: Figures) -> String {
    let Figures { variables, bits, terms, actions, circuit } = figures;
    let clauses = circuit.map(|size| format!(", {} clauses", size.clauses)).unwrap_or_default();
    format!("{variables} variables, {bits} bits, {terms} terms{clauses}, {actions} actions")
}
