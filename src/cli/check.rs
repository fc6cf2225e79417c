//! `kubound check`.

use std::path::Path;
use std::time::Instant;

use crate::check::source::{Asked, Input};
use crate::check::{Answer, CheckResult, Options, check, exit_code, reason_text};
use crate::cluster::object::scenario::Scenario;
use crate::cluster::object::spec::WorkloadKind;
use crate::engine::{Budget, Progress, UnknownReason};
use crate::input::describe_defaults;
use crate::report::text::Detail;
use crate::report::{json, table, text};

use super::CliError;
use super::args::{Check, Format};
use super::engines;
use super::interrupt;
use super::output::{Output, remark};
use super::progress::Line;
use super::reading;
use super::source;

/// Workloads beyond which it is said what will be looked at.
const MANY: usize = 3;

/// Checks one input, or all cases.
pub fn run(arguments: &Check, detail: Detail) -> Result<u8, CliError> {
    let asked = source::asked(&arguments.source)?;
    let many = asked.len() > 1;
    let mut session = Session {
        arguments,
        detail,
        stories: arguments.format == Format::Text && (!many || detail == Detail::Verbose),
        output: Output::open(arguments.output.as_deref())?,
        line: Line::new(detail > Detail::Quiet),
        stop: interrupt::flag(),
    };
    let mut results = Vec::new();
    let mut diagnostics = Vec::new();
    for one in asked {
        if session.is_stopped() {
            break;
        }
        let began = Instant::now();
        match session.read(&one, began)? {
            Ok(input) => {
                diagnostics.push(input.diagnostics.to_json());
                results.extend(session.check(&input, began)?);
            }
            Err(why) => results.extend(session.unread(&one, why)?),
        }
    }
    session.line.end();
    session.finish(&results, many, diagnostics)
}

struct Session<'a> {
    arguments: &'a Check,
    detail: Detail,
    /// Whether each result is told as text when it is known.
    stories: bool,
    output: Output,
    line: Line,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Session<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Reads an input; in JSON, what is wrong with it is a result too. The inner error says why it was not read in time.
    fn read(&mut self, asked: &Asked, began: Instant) -> Result<Result<Input, UnknownReason>, CliError> {
        self.line.begin(&format!("{}: reading", asked.name.short()));
        let read = match reading::within(asked, &self.budget(began)) {
            Err(why) => return Ok(Err(why)),
            Ok(read) => read,
        };
        let mut input = match read.map_err(CliError::from) {
            Err(CliError::Input(errors)) if self.arguments.format == Format::Json => {
                self.output.json(&json::document([], Some(errors.to_json())))?;
                return Err(CliError::Input(errors));
            }
            other => other?,
        };
        adjust(self.arguments, &mut input.spec.scenario);
        source::tell(&input, self.detail);
        if !input.scenario_given && self.detail > Detail::Quiet {
            let lines = describe_defaults(&input.spec);
            let lines = lines.iter().map(|line| text::indented(line, "  ", "    ") + "\n");
            remark(&format!("no scenario given, assuming:\n{}", lines.collect::<String>()));
        }
        if self.detail > Detail::Quiet && self.arguments.format == Format::Text {
            let names: Vec<String> =
                input.selection(&self.arguments.properties).properties.into_iter().map(|it| it.name).collect();
            self.announce(&input, &names);
        }
        Ok(Ok(input))
    }

    /// Says what is going to be looked at, where that is much.
    fn announce(&self, input: &Input, names: &[String]) {
        let moved = input.spec.workloads.iter().filter(|workload| workload.kind != WorkloadKind::Fixed).count();
        if moved > MANY {
            let pods: usize = input.spec.workloads.iter().flat_map(|it| &it.revisions).map(|it| it.pods.len()).sum();
            let mut names = names.to_vec();
            names.dedup();
            let text = format!(
                "checking {moved} workloads on {} nodes ({pods} pods), each in the company of the others: {}",
                input.spec.nodes.len(),
                names.join(", ")
            );
            remark(&(text::indented(&text, "", "  ") + "\n"));
        }
    }

    /// What the options allow, for an input on which work began then.
    fn budget(&self, began: Instant) -> Budget {
        Budget {
            time: self.arguments.timeout.map(|limit| limit.saturating_sub(began.elapsed())),
            memory: self.arguments.memory,
            stop: self.stop.clone(),
            ..Budget::bound(0)
        }
    }

    /// Results for an input that there was no time to read.
    fn unread(&mut self, asked: &Asked, why: UnknownReason) -> Result<Vec<CheckResult>, CliError> {
        let names = match self.arguments.properties.as_slice() {
            [] => vec!["every property".to_owned()],
            names => names.to_vec(),
        };
        let reason = format!("{} while the input was read", reason_text(&why));
        let results: Vec<CheckResult> =
            names.iter().map(|name| CheckResult::unknown(asked.name.clone(), name, reason.clone())).collect();
        if self.stories {
            for result in &results {
                self.output.write(&text::result(result, self.detail))?;
            }
        }
        Ok(results)
    }

    fn check(&mut self, input: &Input, began: Instant) -> Result<Vec<CheckResult>, CliError> {
        let arguments = self.arguments;
        if input.members.is_some() && matches!(arguments.certify, Some(Some(_))) {
            let why = "--certify=DIR keeps the proofs of one size: use --certify for inputs of several sizes";
            return Err(CliError::Usage(why.to_owned()));
        }
        let engine = engines::chosen(arguments, &input.name)?;
        let budget = Budget { bound: input.spec.scenario.bound, ..self.budget(began) };
        let options = Options {
            engine: engine.as_ref(),
            budget,
            properties: &arguments.properties,
            all: arguments.all,
            reduce: !arguments.no_reduce,
            explain: arguments.explain_reduction,
            focus: arguments.focus.into(),
            lift_to: &arguments.lift_to,
            adjust: &|scenario| adjust(arguments, scenario),
            progress: &self.line,
        };
        let (line, output) = (&self.line, &mut self.output);
        let (stories, detail) = (self.stories, self.detail);
        let mut failed = Ok(());
        let mut tell = |result: &CheckResult| {
            if stories && failed.is_ok() {
                line.hide(|| failed = output.write(&text::result(result, detail)));
            }
        };
        let (results, skipped) = check(input, &options, &mut tell)?;
        failed?;
        if !skipped.is_empty() && self.stories {
            self.note_skipped(&skipped, results.last())?;
        }
        Ok(results)
    }

    fn note_skipped(&mut self, skipped: &[String], last: Option<&CheckResult>) -> Result<(), CliError> {
        if self.detail == Detail::Quiet {
            return Ok(());
        }
        let violated = matches!(last.map(|result| &result.answer), Some(Answer::Violated(_)));
        let hint = if violated { " (--all goes on after a violation)" } else { "" };
        let text = format!("not checked{hint}: {}", skipped.join(", "));
        self.output.write(&format!("\n{}\n", text::indented(&text, "", "  ")))
    }

    fn finish(
        mut self,
        results: &[CheckResult],
        many: bool,
        diagnostics: Vec<serde_json::Value>,
    ) -> Result<u8, CliError> {
        match self.arguments.format {
            Format::Json => {
                let lists = diagnostics.iter().filter_map(|list| list.as_array());
                let all: Vec<serde_json::Value> = lists.flatten().cloned().collect();
                self.output.json(&json::document(results, Some(all.into())))?;
            }
            Format::Text if many => self.output.write(&table::results(results))?,
            Format::Text => {}
        }
        if let Some(path) = &self.arguments.save_trace {
            save(path, results)?;
        }
        let code = exit_code(results);
        Ok(if self.is_stopped() && code == 0 { 3 } else { code })
    }
}

/// Changes a scenario as the options say.
fn adjust(arguments: &Check, scenario: &mut Scenario) {
    scenario.bound = arguments.bound.unwrap_or(scenario.bound);
    if let Some(interleaving) = arguments.interleaving {
        scenario.interleaving = interleaving;
    }
}

/// Keeps the violations; nothing is written if there are none.
fn save(path: &Path, results: &[CheckResult]) -> Result<(), CliError> {
    let violated: Vec<&CheckResult> = results.iter().filter(|it| matches!(it.answer, Answer::Violated(_))).collect();
    if violated.is_empty() {
        return Ok(());
    }
    let document = json::document(violated, None);
    std::fs::write(path, format!("{document:#}\n")).map_err(|error| CliError::File(path.to_owned(), error))
}
