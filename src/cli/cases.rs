//! `kubound cases`.

use std::fs;
use std::path::Path;

use crate::cases::family::ranged;
use crate::cases::{self, CASES};
use crate::report::table;
use crate::report::text::indented;

use super::CliError;
use super::args::Cases;
use super::output::{Output, remark};

/// Lists the cases, or writes them down.
pub fn run(arguments: &Cases) -> Result<u8, CliError> {
    let mut output = Output::open(None)?;
    let Some(directory) = &arguments.emit else {
        let rows = CASES.iter().map(|it| [it.id.to_owned(), it.title.to_owned(), it.properties.join(", ")]);
        output.write(&table::glossary(rows))?;
        return Ok(0);
    };
    let mut left_out = Vec::new();
    for case in &CASES {
        for fixed in [false, true] {
            let Some(files) = files(case.id, arguments.scale, fixed)? else {
                left_out.push(case.id);
                continue;
            };
            let target = directory.join(if fixed { format!("{}-fixed", case.id) } else { case.id.to_owned() });
            fs::create_dir_all(&target).map_err(|error| CliError::File(target.clone(), error))?;
            for (name, text) in files {
                write(&target.join(name), &text)?;
            }
            write(&target.join("README.md"), &case.readme(fixed))?;
            output.write(&format!("{}\n", target.display()))?;
        }
    }
    left_out.dedup();
    if !left_out.is_empty() {
        let ids = left_out.join(", ");
        let text =
            format!("{ids}: their pods or zones are listed one by one, which no range can say; emit them at one scale");
        remark(&(indented(&format!("note: {text}"), "", "  ") + "\n"));
    }
    Ok(0)
}

/// The files of a case; `None` if it cannot be written with ranges.
fn files(id: &str, (min, max): (usize, usize), fixed: bool) -> Result<Option<Vec<cases::File>>, CliError> {
    let files = if min == max { Some(cases::generate(id, min, fixed)?) } else { ranged(id, (min, max), fixed)? };
    Ok(files)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|error| CliError::File(path.to_owned(), error))
}
