//! `kubound replay`.

use std::path::Path;

use serde_json::Value;

use crate::encodings::{build, build_of_single_nodes};
use crate::report::saved::fingerprint;
use crate::report::text::{self, Detail};
use crate::report::{InputName, Narrative, SavedTrace};

use super::CliError;
use super::args::{InterleavingName, Replay};
use super::output::{Output, remark};
use super::source::{self, Input};
use super::verify::{self, VerifyError};

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
        let mut input = source::read(&name)?;
        input.remark(detail);
        if fingerprint(&input.spec) != trace.fingerprint && detail > Detail::Quiet {
            remark("note: this is not the input that the trace was found on\n");
        }
        let subject = if trace.subject.is_empty() { String::new() } else { format!(" ({})", trace.subject) };
        let told = match again(&mut input, trace, &arguments.trace)? {
            Ok(narrative) => {
                let story = if detail > Detail::Quiet { text::narrative(&narrative) } else { String::new() };
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

/// The story of a trace on an input, or why it is none. The outer error is one of the file or the input.
fn again(input: &mut Input, trace: &SavedTrace, file: &Path) -> Result<Result<Narrative, String>, CliError> {
    let interleaving = <InterleavingName as clap::ValueEnum>::from_str(&trace.interleaving, false);
    let interleaving = interleaving.map_err(|problem| CliError::Format(file.to_owned(), problem))?;
    input.spec.scenario.interleaving = interleaving.into();
    let selection = input.selection(std::slice::from_ref(&trace.property));
    let model = match trace.single_nodes {
        true => build_of_single_nodes(&input.spec, &selection),
        false => build(&input.spec, &selection),
    };
    let model = match model {
        Ok(model) => model,
        Err(crate::encodings::ModelError::Property(error)) => return Ok(Err(error.to_string())),
        Err(error) => return Err(VerifyError::from(error).into()),
    };
    let slice = model.system.slice(&verify::named(&model.system, &trace.property));
    let told = trace.resolve(&slice.system).map_err(|error| error.to_string()).and_then(|(property, steps)| {
        verify::retell(&input.spec, &model, &slice, property, &steps).map(|(narrative, _)| narrative)
    });
    Ok(told)
}
