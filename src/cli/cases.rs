//! `kubound cases`.

use std::fs;
use std::path::Path;

use itertools::iproduct;

use crate::cases::family::ranged;
use crate::cases::{self, CASES};
use crate::report::render::layout::indented;
use crate::report::{Detail, Document, Part};

use super::CliError;
use super::args::Cases;
use super::output::remark;
use super::printer::Printer;

/// Lists the cases, or writes them down.
pub fn run(arguments: &Cases, detail: Detail) -> Result<u8, CliError> {
    let printer = Printer::open(&arguments.rendering, detail)?;
    match &arguments.emit {
        None => printer.finish(&Document::Cases(&CASES))?,
        Some(directory) => emit(directory, arguments.scale, printer)?,
    }
    Ok(0)
}

/// Writes all cases below a directory.
fn emit(directory: &Path, scale: (usize, usize), mut printer: Printer) -> Result<(), CliError> {
    let (mut written, mut left_out) = (Vec::new(), Vec::new());
    for (case, fixed) in iproduct!(&CASES, [false, true]) {
        let Some(files) = files(case.id, scale, fixed)? else {
            left_out.push(case.id);
            continue;
        };
        let target = directory.join(if fixed { format!("{}-fixed", case.id) } else { case.id.to_owned() });
        fs::create_dir_all(&target).map_err(|error| CliError::File(target.clone(), error))?;
        for (name, text) in files {
            write(&target.join(name), &text)?;
        }
        write(&target.join("README.md"), &case.readme(fixed))?;
        let target = target.display().to_string();
        printer.tell(&Part::Emitted(&target))?;
        written.push(target);
    }
    printer.finish(&Document::Emitted(&written))?;
    left_out.dedup();
    if !left_out.is_empty() {
        let ids = left_out.join(", ");
        let text =
            format!("{ids}: their pods or zones are listed one by one, which no range can say; emit them at one scale");
        remark(&(indented(&format!("note: {text}"), "", "  ") + "\n"));
    }
    Ok(())
}

/// The files of a case; `None` if it cannot be written with ranges.
fn files(id: &str, (min, max): (usize, usize), fixed: bool) -> Result<Option<Vec<cases::File>>, CliError> {
    let files = if min == max { Some(cases::generate(id, min, fixed)?) } else { ranged(id, (min, max), fixed)? };
    Ok(files)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|error| CliError::File(path.to_owned(), error))
}
