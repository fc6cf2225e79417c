//! `kubound rules` and `kubound explain`.

use strsim::levenshtein;

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
    Printer::open(&arguments.rendering, detail)?.finish(&Document::Rules(&all))?;
    Ok(0)
}

/// Says all that there is to say of one rule.
pub fn explain(arguments: &Explain, detail: Detail) -> Result<u8, CliError> {
    let rule = rules::find(&arguments.id).ok_or_else(|| unknown(&arguments.id))?;
    Printer::open(&arguments.rendering, detail)?.finish(&Document::Rule(rule))?;
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
            let whole = levenshtein(&wanted, &rule.id.to_lowercase());
            (whole.min(levenshtein(&wanted, &rule.name().to_lowercase())), rule.id)
        })
        .collect();
    ids.sort();
    ids.into_iter().take(MOST_OFFERED).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_near_that_is_written_in_part_or_wrongly() {
        assert_eq!(near("PodTopologySpread")[0], "scheduler/PodTopologySpread");
        assert_eq!(near("hpa/stabilization")[0], "hpa/stabilisation");
    }
}
