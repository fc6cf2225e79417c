//! Properties are defined in one place; what documents say of them is what their definitions say.

use std::fs;
use std::path::Path;

use kubound::property::{ALL, NAMES, definition};

/// The rows of the table in a document that begins with this header, as trimmed cells.
fn table(document: &str, header: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(&path).expect("the document is there");
    let rows = text.lines().skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

fn rows(said: impl Fn(&kubound::property::Definition) -> &'static str) -> Vec<Vec<String>> {
    ALL.iter().map(|it| vec![format!("`{}`", it.name), said(it).to_owned()]).collect()
}

#[test]
fn the_usage_says_what_definitions_say() {
    assert_eq!(table("docs/usage.md", "| property | says |"), rows(|it| it.says));
}

#[test]
fn the_semantics_say_what_breaks_each() {
    assert_eq!(table("docs/semantics.md", "| property | violated by |"), rows(|it| it.violated_by));
}

#[test]
fn the_scenario_reference_lists_all_arguments() {
    let found = table("docs/scenario.md", "| name | applies to | arguments |");
    let names: Vec<String> = NAMES.iter().map(|name| format!("`{name}`")).collect();
    assert_eq!(found.iter().map(|row| row[0].clone()).collect::<Vec<String>>(), names);
    for (row, it) in found.iter().zip(ALL) {
        let told = row.get(2).map_or("", String::as_str);
        for argument in it.arguments {
            assert!(told.contains(&format!("`{argument}`")), "{}: {argument} is not told", it.name);
        }
        assert_eq!(told.is_empty(), it.arguments.is_empty(), "{}: {told}", it.name);
    }
}

#[test]
fn every_name_has_one_definition_that_is_complete() {
    for it in ALL {
        assert_eq!(definition(it.name).map(|found| found.says), Some(it.says), "{}", it.name);
        assert!(!it.says.is_empty() && !it.violated_by.is_empty(), "{} says nothing", it.name);
        assert!(it.needs.starts_with("it needs "), "{}: {}", it.name, it.needs);
    }
    assert!(definition("pods-are-happy").is_none());
}
