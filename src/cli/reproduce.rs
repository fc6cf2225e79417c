//! `kubound reproduce`.

use itertools::Itertools;

use crate::check::{InputName, SavedTrace, source as inputs};
use crate::engine::Budget;
use crate::report::Detail;
use crate::reproduce::{File, is_free, reproduce, write};

use super::CliError;
use super::args::Reproduce;
use super::output::{Output, remark};
use super::replay::{name, read, within};
use super::source;

const UNKNOWN: u8 = 3;

/// Writes what leads a test cluster through a counterexample.
pub fn run(arguments: &Reproduce, detail: Detail) -> Result<u8, CliError> {
    is_free(&arguments.output)?;
    let trace = chosen(read(&arguments.trace)?, arguments)?;
    let name = name(&trace, &arguments.paths);
    let (scale, sizes) = (scale_of(&name), sizes_of(&name));
    let sources =
        inputs::texts_of(&inputs::Asked { name, scale, sizes: Vec::new() }, &Budget::bound(0).start().limit())?;
    // Standard input can be read once.
    let input = inputs::of_sources(&sources, &sizes)?;
    source::tell(&input, detail);
    let made = reproduce(&input, &sources, &trace).map_err(|error| within(error, &arguments.trace))?;
    match made {
        Ok(files) => {
            write(&arguments.output, &files)?;
            tell(&trace, &files, arguments, detail)
        }
        Err(why) => {
            remark(&format!("error: the trace is no counterexample of this input: {why}\n"));
            Ok(UNKNOWN)
        }
    }
}

/// The scale of a case.
fn scale_of(name: &InputName) -> (usize, usize) {
    match name {
        InputName::Case { scale, .. } => (*scale, *scale),
        InputName::Paths { .. } => (0, 0),
    }
}

/// The sizes of a member of a family.
fn sizes_of(name: &InputName) -> Vec<(String, (usize, usize))> {
    let InputName::Paths { sizes, .. } = name else { return Vec::new() };
    let exact = |(name, &size): (&String, &i64)| {
        let size = usize::try_from(size).unwrap_or(0);
        (name.clone(), (size, size))
    };
    sizes.iter().map(exact).collect()
}

/// The trace that is asked for.
fn chosen(traces: Vec<SavedTrace>, arguments: &Reproduce) -> Result<SavedTrace, CliError> {
    let is_asked = |trace: &&SavedTrace| arguments.property.as_ref().is_none_or(|name| trace.property == *name);
    let asked: Vec<&SavedTrace> = traces.iter().filter(is_asked).collect();
    let number = match (arguments.number, asked.as_slice()) {
        (_, []) => return Err(refused(&traces, "there is no counterexample of that property")),
        (None, [_]) => 1,
        (None, many) => return Err(refused_among(many, "there are several counterexamples: choose one with --number")),
        (Some(number), _) => number,
    };
    let found = number.checked_sub(1).and_then(|index| asked.get(index));
    found.copied().cloned().ok_or_else(|| refused_among(&asked, &format!("there is no counterexample {number}")))
}

fn refused(traces: &[SavedTrace], why: &str) -> CliError {
    refused_among(&traces.iter().collect::<Vec<&SavedTrace>>(), why)
}

/// An error that lists what there is.
fn refused_among(traces: &[&SavedTrace], why: &str) -> CliError {
    let listed = traces.iter().enumerate();
    let listed =
        listed.map(|(index, trace)| format!("{} {} of {}", index + 1, trace.property, trace.subject)).join(", ");
    CliError::Usage(format!("{why}; there are: {listed}"))
}

/// Says what was written.
fn tell(trace: &SavedTrace, files: &[File], arguments: &Reproduce, detail: Detail) -> Result<u8, CliError> {
    if detail > Detail::Quiet {
        let directory = arguments.output.display();
        let of = if trace.subject.is_empty() { String::new() } else { format!(" of {}", trace.subject) };
        let mut output = Output::open(None)?;
        output.write(&format!("written to {directory}: {} files for {}{of}\n", files.len(), trace.property))?;
        output.write(&format!("  {directory}/README.md  what it needs, and the story\n"))?;
        output.write(&format!("  {directory}/run.sh     leads a test cluster through it\n"))?;
        output.close()?;
    }
    Ok(0)
}
