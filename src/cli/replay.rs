//! `kubound replay`.

use std::path::{Path, PathBuf};

use crate::check::{CheckError, InputName, Replayed, SavedTrace, replay, saved, source as inputs};
use crate::report::{Detail, Document, Part};

use super::CliError;
use super::args::Replay;
use super::output::remark;
use super::printer::Printer;
use super::source;

const UNKNOWN: u8 = 3;
const VIOLATED: u8 = 1;

/// Replays every trace in a file.
pub fn run(arguments: &Replay, detail: Detail) -> Result<u8, CliError> {
    let mut printer = Printer::open(&arguments.rendering, detail)?;
    let traces = read(&arguments.trace)?;
    let mut all = Vec::new();
    for trace in traces {
        let replayed = again(trace, arguments, detail)?;
        printer.tell(&Part::Replayed(&replayed))?;
        all.push(replayed);
    }
    printer.finish(&Document::Replay(&all))?;
    Ok(if all.iter().all(|it| it.told.is_ok()) { VIOLATED } else { UNKNOWN })
}

/// Replays a trace on its input, or on the one that was given.
fn again(trace: SavedTrace, arguments: &Replay, detail: Detail) -> Result<Replayed, CliError> {
    let input = inputs::read(&name(&trace, &arguments.paths))?;
    source::tell(&input, detail);
    let replayed = replay(input, trace).map_err(|error| within(error, &arguments.trace))?;
    if !replayed.is_same_input && detail > Detail::Quiet {
        remark("note: this is not the input that the trace was found on\n");
    }
    Ok(replayed)
}

/// The input of a trace; elsewhere if there are paths.
pub(super) fn name(trace: &SavedTrace, paths: &[PathBuf]) -> InputName {
    if paths.is_empty() {
        return trace.input.clone();
    }
    let (sizes, config) = match &trace.input {
        // A configuration that is elsewhere, too, may be left out: its scenario can be given as a path.
        InputName::Paths { sizes, config, .. } => (sizes.clone(), config.clone().filter(|it| Path::new(it).exists())),
        InputName::Case { .. } => Default::default(),
    };
    InputName::Paths { paths: paths.iter().map(|path| path.display().to_string()).collect(), sizes, config }
}

/// The traces of a file.
pub(super) fn read(path: &Path) -> Result<Vec<SavedTrace>, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| CliError::File(path.to_owned(), error))?;
    saved::traces(&text).map_err(|problem| CliError::Format(path.to_owned(), problem))
}

/// What is wrong with a trace is told with the file that it is in.
pub(super) fn within(error: CheckError, file: &Path) -> CliError {
    match error {
        CheckError::Usage(problem) => CliError::Format(file.to_owned(), problem),
        other => other.into(),
    }
}
