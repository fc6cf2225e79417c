//! `kubound check`.

use std::path::Path;
use std::time::Instant;

use crate::check::source::{Asked, Input, texts_of};
use crate::check::{CheckResult, Options, Scope, check, exit_code, reason_text};
use crate::cluster::object::scenario::Scenario;
use crate::cluster::object::spec::WorkloadKind;
use crate::engine::{Budget, Progress, UnknownReason};
use crate::input::{Diagnostics, describe_defaults};
use crate::repair::{Hint, Objects, Reading, nearest};
use crate::report::document::{self, Checked};
use crate::report::render::json;
use crate::report::render::layout::indented;
use crate::report::{Detail, Document, Part};
use crate::system::Interleaving;

use super::CliError;
use super::answered::{self, Answered};
use super::args::{Check, Source};
use super::engines;
use super::interrupt;
use super::output::remark;
use super::printer::Printer;
use super::progress::Line;
use super::reading;
use super::source;

/// Bytes of text beyond which there is no hint: it would take longer than people like to wait for one.
const MOST_HINTED: usize = 4 << 20;
/// Workloads beyond which it is said what will be looked at.
const MANY: usize = 3;

/// Checks one input, or all cases.
pub fn run(arguments: &Check, detail: Detail) -> Result<u8, CliError> {
    let asked = source::asked(&arguments.source)?;
    let format = arguments.format()?;
    answered::fits(arguments, format, asked.len())?;
    let mut session = Session {
        arguments,
        detail,
        several: asked.len() > 1,
        printer: Printer::to(arguments.output.as_deref(), format, detail)?,
        line: Line::new(detail > Detail::Quiet),
        stop: interrupt::flag(),
        answers: Vec::new(),
        diagnostics: Vec::new(),
    };
    for one in asked {
        if session.is_stopped() {
            break;
        }
        let began = Instant::now();
        let mut answer = match session.read(&one, began) {
            Err(CliError::Input(errors)) => return Err(session.refuse(errors)),
            Err(other) => return Err(other),
            Ok(Ok(input)) => session.check(&one, &input, began)?,
            Ok(Err(why)) => session.unread(&one, why)?,
        };
        answer.hint = session.hint(&one, &answer.results)?;
        session.answers.push(answer);
    }
    session.line.end();
    session.finish()
}

struct Session<'a> {
    arguments: &'a Check,
    detail: Detail,
    /// Whether several inputs were asked about.
    several: bool,
    printer: Printer,
    line: Line,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    /// What is known of each input.
    answers: Vec<Answered>,
    /// What there is to say about each input.
    diagnostics: Vec<Diagnostics>,
}

impl Session<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Says in the document, too, what is wrong with an input.
    fn refuse(self, errors: Diagnostics) -> CliError {
        self.line.end();
        let check = document::Check { diagnostics: Some(errors.iter().collect()), ..Default::default() };
        let printed = self.printer.finish(&Document::Check(check));
        printed.err().unwrap_or(CliError::Input(errors))
    }

    /// Reads an input. The inner error says why it was not read in time.
    fn read(&mut self, asked: &Asked, began: Instant) -> Result<Result<Input, UnknownReason>, CliError> {
        self.line.begin(&format!("{}: reading", asked.name.short()));
        let read = match reading::within(asked, &self.budget(began)) {
            Err(why) => return Ok(Err(why)),
            Ok(read) => read,
        };
        let mut input = read?;
        adjust(self.arguments, &mut input.spec.scenario);
        source::tell(&input, self.detail);
        if !input.scenario_given && self.detail > Detail::Quiet {
            let lines = describe_defaults(&input.spec);
            let lines = lines.iter().map(|line| indented(line, "  ", "    ") + "\n");
            remark(&format!("no scenario given, assuming:\n{}", lines.collect::<String>()));
        }
        if self.detail > Detail::Quiet && self.printer.format().is_followed() {
            let names: Vec<String> =
                input.selection(&self.arguments.properties).properties.into_iter().map(|it| it.name).collect();
            self.announce(&input, &names);
        }
        self.diagnostics.push(input.diagnostics.clone());
        Ok(Ok(input))
    }

    /// Says what is going to be looked at, where that is much.
    fn announce(&self, input: &Input, names: &[String]) {
        let moved = input.spec.workloads.iter().filter(|workload| workload.kind != WorkloadKind::Fixed).count();
        if moved > MANY {
            let pods: usize = input.spec.workloads.iter().flat_map(|it| &it.revisions).map(|it| it.pods.len()).sum();
            let mut names = names.to_vec();
            names.dedup();
            // Where nodes come and go, it is done for all together.
            let together = !input.spec.scenario.node_groups.is_empty();
            let how = if together { "" } else { ", each in the company of the others" };
            let text = format!(
                "checking {moved} workloads on {} nodes ({pods} pods){how}: {}",
                input.spec.nodes.iter().filter(|node| !node.absent).count(),
                names.join(", ")
            );
            remark(&(indented(&text, "", "  ") + "\n"));
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
    fn unread(&mut self, asked: &Asked, why: UnknownReason) -> Result<Answered, CliError> {
        let names = match self.arguments.properties.as_slice() {
            [] => vec!["every property".to_owned()],
            names => names.to_vec(),
        };
        let reason = format!("{} while the input was read", reason_text(&why));
        let interleaving = asked_interleaving(self.arguments).unwrap_or_default();
        let results: Vec<CheckResult> = names
            .iter()
            .map(|name| CheckResult::unknown(asked.name.clone(), name, interleaving, reason.clone()))
            .collect();
        for result in &results {
            self.printer.tell(&Part::Result { result, among_several: self.several })?;
        }
        Ok(Answered::new(asked.name.clone(), (results, Vec::new())))
    }

    fn check(&mut self, asked: &Asked, input: &Input, began: Instant) -> Result<Answered, CliError> {
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
            scope: Scope { namespace: arguments.namespace.clone(), shard: arguments.shard },
            all: arguments.all,
            reduce: !arguments.no_reduce,
            explain: arguments.explain_reduction,
            focus: arguments.focus.into(),
            lift_to: &arguments.lift_to,
            adjust: &|scenario| adjust(arguments, scenario),
            progress: &self.line,
        };
        let (line, printer, among_several) = (&self.line, &mut self.printer, self.several);
        let mut failed = Ok(());
        let mut tell = |result: &CheckResult| {
            if failed.is_ok() {
                line.hide(|| failed = printer.tell(&Part::Result { result, among_several }));
            }
        };
        let (results, skipped) = check(input, &options, &mut tell)?;
        failed?;
        if let Some(part) = Part::not_checked(&skipped, results.last(), among_several) {
            self.printer.tell(&part)?;
        }
        Answered::new(asked.name.clone(), (results, skipped)).with(input, self.printer.format().needs)
    }

    /// Names the field to look at after a violation of a single input, as long as that takes no time.
    fn hint(&mut self, asked: &Asked, results: &[CheckResult]) -> Result<Option<Hint>, CliError> {
        let violated = results.iter().find(|result| result.is_violated());
        let is_read_once = self.arguments.source.paths.iter().any(|path| path.as_os_str() == "-");
        let Some(violated) = violated.filter(|_| !self.several && !is_read_once) else { return Ok(None) };
        let Ok(sources) = texts_of(asked) else { return Ok(None) };
        if sources.iter().map(|source| source.text.len()).sum::<usize>() > MOST_HINTED {
            return Ok(None);
        }
        let reading = Reading { sizes: &asked.sizes, adjust: &|scenario| adjust(self.arguments, scenario) };
        let hint = nearest(&Objects::new(sources), violated, &reading).map(|edit| Hint {
            object: edit.object,
            field: edit.field,
            place: edit.place,
            command: repairing(&self.arguments.source),
        });
        if let Some(hint) = &hint {
            self.printer.tell(&Part::Hint(hint))?;
        }
        Ok(hint)
    }

    fn finish(self) -> Result<u8, CliError> {
        let is_stopped = self.is_stopped();
        let check = document::Check {
            inputs: self.answers.iter().map(Answered::checked).collect(),
            several: self.several,
            diagnostics: Some(self.diagnostics.iter().flat_map(Diagnostics::iter).collect()),
            shard: self.arguments.shard,
        };
        let results: Vec<&CheckResult> = check.results().collect();
        self.printer.finish(&Document::Check(check))?;
        if let Some(path) = &self.arguments.save_trace {
            save(path, &results)?;
        }
        let code = exit_code(results);
        Ok(match code {
            _ if self.arguments.exit_zero => 0,
            0 if is_stopped => 3,
            code => code,
        })
    }
}

/// The command that looks for a repair of the input.
fn repairing(source: &Source) -> String {
    let mut words = vec!["kubound repair".to_owned()];
    words.extend(source.paths.iter().map(|path| path.display().to_string()));
    if let Some(case) = &source.case {
        words.push(format!("--case {case}"));
        let (min, max) = source.scale;
        words.push(if min < max { format!("--scale {min}..{max}") } else { format!("--scale {max}") });
    }
    words.extend(source.sizes.iter().map(|(name, (min, max))| match min < max {
        true => format!("--size {name}={min}..{max}"),
        false => format!("--size {name}={max}"),
    }));
    words.extend(source.fixed.then(|| "--fixed".to_owned()));
    words.join(" ")
}

/// Changes a scenario as the options say.
fn adjust(arguments: &Check, scenario: &mut Scenario) {
    scenario.bound = arguments.bound.unwrap_or(scenario.bound);
    if let Some(interleaving) = asked_interleaving(arguments) {
        scenario.interleaving = interleaving;
    }
}

/// The interleaving that the options ask for.
fn asked_interleaving(arguments: &Check) -> Option<Interleaving> {
    if arguments.strict { Some(Interleaving::Async) } else { arguments.interleaving }
}

/// Keeps the violations, for `kubound replay`; nothing is written if there are none.
fn save(path: &Path, results: &[&CheckResult]) -> Result<(), CliError> {
    let violated: Vec<&CheckResult> = results.iter().copied().filter(|it| it.is_violated()).collect();
    if violated.is_empty() {
        return Ok(());
    }
    let inputs = vec![Checked::new(violated, &[])];
    let document = Document::Check(document::Check { inputs, ..Default::default() });
    let text = json::FORMAT.render(&document, Detail::default());
    std::fs::write(path, text).map_err(|error| CliError::File(path.to_owned(), error))
}
