//! `kubound cases`.

use std::fs;
use std::path::Path;

use crate::cases::{self, CASES};
use crate::report::table;

use super::CliError;
use super::args::Cases;
use super::output::Output;

/// Lists the cases, or writes them down.
pub fn run(arguments: &Cases) -> Result<u8, CliError> {
    let mut output = Output::open(None)?;
    let Some(directory) = &arguments.emit else {
        let rows = CASES.iter().map(|it| [it.id.to_owned(), it.title.to_owned(), it.properties.join(", ")]);
        output.write(&table::glossary(rows))?;
        return Ok(0);
    };
    for case in &CASES {
        for fixed in [false, true] {
            let target = directory.join(if fixed { format!("{}-fixed", case.id) } else { case.id.to_owned() });
            fs::create_dir_all(&target).map_err(|error| CliError::File(target.clone(), error))?;
            for (name, text) in cases::generate(case.id, arguments.scale, fixed)? {
                write(&target.join(name), &text)?;
            }
            write(&target.join("README.md"), &case.readme(fixed))?;
            output.write(&format!("{}\n", target.display()))?;
        }
    }
    Ok(0)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|error| CliError::File(path.to_owned(), error))
}
