//! `kubound replay`.

use std::path::Path;

use serde_json::Value;

use crate::check::saved::fingerprint;
use crate::check::{CheckError, InputName, SavedTrace, replay, source as inputs};
use crate::report::text::{self, Detail};

use super::CliError;
use super::args::Replay;
use super::output::{Output, remark};
use super::source;

const UNKNOWN: u8 = 3;
const VIOLATED: u8 = 1;

/// Replays every trace in a file.
pub fn run(arguments: &Replay, detail: Detail) -> Result<u8, CliError> {
    let traces = read(&arguments.trace)?;
    let mut output = Output::open(None)?;
    let mut code = VIOLATED;
    for trace in &traces {
        let name = match arguments.paths.as_slice() {
            [] => trace.input.clone(),
            paths => {
                let paths = paths.iter().map(|path| path.display().to_string()).collect();
                let sizes = match &trace.input {
                    InputName::Paths { sizes, .. } => sizes.clone(),
                    InputName::Case { .. } => Default::default(),
                };
                InputName::Paths { paths, sizes }
            }
        };
        let mut input = inputs::read(&name)?;
        source::tell(&input, detail);
        if fingerprint(&input.spec) != trace.fingerprint && detail > Detail::Quiet {
            remark("note: this is not the input that the trace was found on\n");
        }
        let subject = if trace.subject.is_empty() { String::new() } else { format!(" ({})", trace.subject) };
        let told = match replay::again(&mut input, trace).map_err(|error| within(error, &arguments.trace))? {
            Ok(narrative) => {
                let story = if detail > Detail::Quiet { text::narrative(&narrative, detail) } else { String::new() };
                format!("✗ {}{subject}: the run is one of this input and violates it\n{story}", trace.property)
            }
            Err(problem) => {
                code = UNKNOWN;
                format!("? {}{subject}: the trace is no counterexample here: {problem}\n", trace.property)
            }
        };
        output.write(&told)?;
    }
    Ok(code)
}

fn read(path: &Path) -> Result<Vec<SavedTrace>, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| CliError::File(path.to_owned(), error))?;
    let format = |problem: String| CliError::Format(path.to_owned(), problem);
    let document: Value = serde_json::from_str(&text).map_err(|error| format(format!("not JSON: {error}")))?;
    let results = document.get("results").and_then(Value::as_array);
    let of_results = results
        .into_iter()
        .flatten()
        .flat_map(|result| [result.get("trace"), result.pointer("/family/lift/trace")].into_iter().flatten());
    let traces = of_results.chain(document.get("trace")).filter(|trace| !trace.is_null());
    let traces: Result<Vec<SavedTrace>, _> = traces.map(|trace| serde_json::from_value(trace.clone())).collect();
    let traces = traces.map_err(|error| format(format!("not a trace: {error}")))?;
    if traces.is_empty() {
        return Err(format("there is no trace in it".to_owned()));
    }
    Ok(traces)
}

/// What is wrong with a trace is told with the file that it is in.
fn within(error: CheckError, file: &Path) -> CliError {
    match error {
        CheckError::Usage(problem) => CliError::Format(file.to_owned(), problem),
        other => other.into(),
    }
}
