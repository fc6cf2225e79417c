//! From arguments to the input of a command.

use std::collections::BTreeMap;

use crate::cases::{self, Suite};
use crate::check::InputName;
use crate::check::source::{Asked, Input, open};
use crate::report::Detail;

use super::CliError;
use super::args::Source;
use super::config;
use super::output::remark;

/// Everything that the arguments name: one input, or with `--case all`, `wide`, `many` or `failures` one for each case.
pub fn asked(source: &Source) -> Result<Vec<Asked>, CliError> {
    let asked = |name| Asked { name, scale: source.scale, sizes: source.sizes.clone() };
    let case = |id: &str| asked(InputName::Case { case: id.to_owned(), scale: source.scale.1, fixed: source.fixed });
    match source.case.as_deref() {
        None => {
            let paths = source.paths.iter().map(|it| it.display().to_string()).collect();
            let config = config::file(source).map(|file| file.display().to_string());
            Ok(vec![asked(InputName::Paths { paths, sizes: BTreeMap::new(), config })])
        }
        Some(name) => match Suite::named(name) {
            Some(suite) => Ok(suite.cases().map(|it| case(it.id)).collect()),
            None => Ok(vec![case(cases::find(name)?.id)]),
        },
    }
}

/// The one input that the arguments name; of a family the largest member, which a remark says.
pub fn single(source: &Source, detail: Detail) -> Result<Input, CliError> {
    let input = match asked(source)?.as_slice() {
        [one] => open(one)?,
        _ => {
            return Err(CliError::Usage(
                "`all`, `wide`, `many` and `failures` are for `check` only; name one case".to_owned(),
            ));
        }
    };
    let Some(members) = &input.members else { return Ok(input) };
    let largest = members.member(members.largest())?;
    if detail > Detail::Quiet {
        remark(&format!("note: sizes are open; this is the largest member: {}\n", largest.name.short()));
    }
    Ok(Input { diagnostics: input.diagnostics, ..largest })
}

/// Tells on standard error how an input was understood.
pub fn tell(input: &Input, detail: Detail) {
    if detail > Detail::Quiet {
        remark(&input.diagnostics.to_string());
    }
}
