//! `kubound rules` and `kubound explain`.

use crate::cluster::view::rule::Rule;
use crate::encodings::rules;
use crate::report::{Detail, Document};

use super::CliError;
use super::args::{Explain, Rules};
use super::printer::Printer;

/// Most ids that are offered in place of one that there is not.
const MOST_OFFERED: usize = 3;

/// Lists all rules.
pub fn list(arguments: &Rules, detail: Detail) -> Result<u8, CliError> {
    let all: Vec<&'static Rule> = rules::all().collect();
    Printer::open(None, arguments.format, detail)?.finish(&Document::Rules(&all))?;
    Ok(0)
}

/// Says all that there is to say of one rule.
pub fn explain(arguments: &Explain, detail: Detail) -> Result<u8, CliError> {
    let rule = rules::find(&arguments.id).ok_or_else(|| unknown(&arguments.id))?;
    Printer::open(None, arguments.format, detail)?.finish(&Document::Rule(rule))?;
    Ok(0)
}

fn unknown(id: &str) -> CliError {
    let near = near(id).join(", ");
    CliError::Usage(format!("there is no rule {id}; near it: {near} (`kubound rules` lists all)"))
}

/// The ids that are nearest to what was written, whether all of an id was, or the end of one.
fn near(wanted: &str) -> Vec<&'static str> {
    let wanted = wanted.to_lowercase();
    let mut ids: Vec<(usize, &str)> = rules::all()
        .map(|rule| {
            let whole = distance(&wanted, &rule.id.to_lowercase());
            (whole.min(distance(&wanted, &rule.name().to_lowercase())), rule.id)
        })
        .collect();
    ids.sort();
    ids.into_iter().take(MOST_OFFERED).map(|(_, id)| id).collect()
}

/// How many characters have to be inserted, removed or replaced to make one text of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, left) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (column, &right) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_changes() {
        let cases = [("", "", 0), ("kitten", "sitting", 3), ("ab", "", 2), ("", "abc", 3), ("flaw", "lawn", 2)];
        for (one, other, expected) in cases {
            assert_eq!(distance(one, other), expected, "{one}, {other}");
        }
    }

    #[test]
    fn an_id_is_near_that_is_written_in_part_or_wrongly() {
        assert_eq!(near("PodTopologySpread")[0], "scheduler/PodTopologySpread");
        assert_eq!(near("hpa/stabilization")[0], "hpa/stabilisation");
    }
}
