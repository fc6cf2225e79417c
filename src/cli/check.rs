//! `kubound check`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::check::exceptions::Exceptions;
use crate::check::source::{Asked, Input, texts_of};
use crate::check::{Baseline, CheckResult, Novelties, Options, Scope, check, exit_code, reason_text};
use crate::cluster::object::scenario::Scenario;
use crate::cluster::object::spec::WorkloadKind;
use crate::engine::{Budget, Progress, UnknownReason};
use crate::input::{Diagnostics, Ignore, describe_defaults};
use crate::repair::{Hint, Objects, Reading, nearest};
use crate::report::document::{self, Checked};
use crate::report::render::json;
use crate::report::render::layout::indented;
use crate::report::{Detail, Document, Part};
use crate::system::Interleaving;

use super::CliError;
use super::answered::{self, Answered};
use super::args::{Check, Source};
use super::config;
use super::engines;
use super::interrupt;
use super::output::remark;
use super::printer::Printer;
use super::progress::Line;
use super::reading;
use super::source;

/// Bytes of text beyond which there is no hint: it would take longer than people like to wait for one.
const MOST_HINTED: usize = 4 << 20;
/// Exit code where nothing is known.
const UNKNOWN: u8 = 3;
/// Workloads beyond which it is said what will be looked at.
const MANY: usize = 3;

/// What ends a check before its time.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Ends the search; what is known by then is told.
    search: Arc<AtomicBool>,
    /// Nothing more is told: nobody wants to know.
    abandoned: Arc<AtomicBool>,
}

impl Stop {
    /// Ends the check.
    pub fn now(&self) {
        self.search.store(true, Ordering::Relaxed);
    }

    /// Ends the check without a word.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.now();
    }

    fn is_now(&self) -> bool {
        self.search.load(Ordering::Relaxed)
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

/// Checks one input, or all cases.
pub fn run(arguments: &Check, detail: Detail) -> Result<u8, CliError> {
    run_until(arguments, detail, Stop { search: interrupt::flag(), ..Stop::default() })
}

/// [`run`], until somebody stops it.
pub fn run_until(arguments: &Check, detail: Detail, stop: Stop) -> Result<u8, CliError> {
    let asked = source::asked(&arguments.source)?;
    let format = arguments.format()?;
    let printer = Printer::to(arguments.output.as_deref(), format, detail)?;
    let config = match config::read(&arguments.source) {
        Err(errors) => return Err(refused(printer, errors)),
        Ok(config) => config,
    };
    let arguments = &config::check(arguments, &config);
    answered::fits(arguments, format, asked.len())?;
    let baseline = baseline(arguments, asked.len())?;
    if detail > Detail::Quiet {
        remark(&config.diagnostics.to_string());
    }
    let mut session = Session {
        arguments,
        detail,
        several: asked.len() > 1,
        printer,
        baseline,
        novelties: None,
        line: Line::new(detail > Detail::Quiet),
        stop,
        answers: Vec::new(),
        diagnostics: vec![config.diagnostics],
        ignores: config.ignores,
    };
    for one in asked {
        if session.stop.is_now() {
            break;
        }
        let began = Instant::now();
        let mut answer = match session.read(&one, began) {
            Err(CliError::Input(errors)) => return Err(session.refuse(errors)),
            Err(other) => return Err(other),
            Ok(Ok(input)) => session.check(&one, &input, began)?,
            Ok(Err(why)) => session.unread(&one, why)?,
        };
        answer.hint = session.hint(&one, &answer.results, began)?;
        session.answers.push(answer);
    }
    session.line.end();
    session.finish()
}

/// Says in the document, too, what is wrong.
fn refused(printer: Printer, errors: Diagnostics) -> CliError {
    let check = document::Check { diagnostics: Some(errors.iter().collect()), ..Default::default() };
    let printed = printer.finish(&Document::Check(check));
    printed.err().unwrap_or(CliError::Input(errors))
}

/// Violations that are known, of the one input.
fn baseline(arguments: &Check, inputs: usize) -> Result<Option<Baseline>, CliError> {
    let Some(file) = &arguments.baseline else { return Ok(None) };
    if inputs > 1 {
        return Err(CliError::Usage("--baseline is for one input: check them one by one".to_owned()));
    }
    let text = std::fs::read_to_string(file).map_err(|error| CliError::File(file.clone(), error))?;
    Baseline::read(&text).map(Some).map_err(|problem| CliError::Format(file.clone(), problem))
}

struct Session<'a> {
    arguments: &'a Check,
    detail: Detail,
    /// Whether several inputs were asked about.
    several: bool,
    printer: Printer,
    /// What is ignored besides what annotations ignore.
    ignores: Vec<Ignore>,
    /// What is known.
    baseline: Option<Baseline>,
    /// What became of that.
    novelties: Option<Novelties>,
    line: Line,
    stop: Stop,
    /// What is known of each input.
    answers: Vec<Answered>,
    /// What there is to say about each input.
    diagnostics: Vec<Diagnostics>,
}

impl Session<'_> {
    /// Tells a part of the answer.
    fn tell(&mut self, part: &Part<'_>) -> Result<(), CliError> {
        if self.stop.is_abandoned() { Ok(()) } else { self.printer.tell(part) }
    }

    /// The part of an input that is asked about.
    fn scope(&self) -> Scope {
        Scope { namespace: self.arguments.namespace.clone(), shard: self.arguments.shard }
    }

    /// Says in the document, too, what is wrong with an input.
    fn refuse(self, errors: Diagnostics) -> CliError {
        self.line.end();
        if self.stop.is_abandoned() {
            return CliError::Input(errors);
        }
        refused(self.printer, errors)
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
        if self.stop.is_abandoned() {
            return Ok(Err(UnknownReason::Stopped));
        }
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
            stop: Arc::clone(&self.stop.search),
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
            self.tell(&Part::Result { result, among_several: self.several })?;
        }
        Ok(Answered::new(asked.name.clone(), (results, Vec::new())))
    }

    fn check(&mut self, asked: &Asked, input: &Input, began: Instant) -> Result<Answered, CliError> {
        let arguments = self.arguments;
        let engine = engines::chosen(arguments, &input.name)?;
        let budget = Budget { bound: input.spec.scenario.bound, ..self.budget(began) };
        let options = Options {
            engine: engine.as_ref(),
            budget,
            properties: &arguments.properties,
            scope: self.scope(),
            all: arguments.all,
            reduce: !arguments.no_reduce,
            explain: arguments.explain_reduction,
            focus: arguments.focus.into(),
            lift_to: &arguments.lift_to,
            adjust: &|scenario| adjust(arguments, scenario),
            ignores: &self.ignores,
            ask_ignored: true,
            baseline: self.baseline.as_ref(),
            progress: &self.line,
        };
        let (line, stop, among_several) = (&self.line, &self.stop, self.several);
        let printer = &mut self.printer;
        let mut failed = Ok(());
        let mut tell = |result: &CheckResult| {
            if failed.is_ok() && !stop.is_abandoned() {
                line.hide(|| failed = printer.tell(&Part::Result { result, among_several }));
            }
        };
        let (results, skipped) = check(input, &options, &mut tell)?;
        failed?;
        if let Some(part) = Part::not_checked(&skipped, &results, among_several) {
            self.tell(&part)?;
        }
        self.look_back(input, &results)?;
        Answered::new(asked.name.clone(), (results, skipped)).with(input, self.printer.format().needs)
    }

    /// Tells what became of the baseline, and of what is ignored for nothing.
    fn look_back(&mut self, input: &Input, results: &[CheckResult]) -> Result<(), CliError> {
        let names: Vec<String> =
            input.selection(&self.arguments.properties).properties.into_iter().map(|it| it.name).collect();
        let ignores = input.ignores.iter().chain(&self.ignores);
        let mut unused = Diagnostics::default();
        // Of a part it cannot be said what is left of the whole.
        if self.scope().is_whole() {
            let exceptions = Exceptions::new(&input.spec, ignores, None);
            exceptions.unused(results, &names).into_iter().for_each(|it| unused.push(it));
        }
        if self.detail > Detail::Quiet {
            self.line.hide(|| remark(&unused.to_string()));
        }
        self.diagnostics.push(unused);
        if let (Some(baseline), Some(file)) = (&self.baseline, &self.arguments.baseline) {
            let novelties = baseline.compare(&file.display().to_string(), results, &names);
            self.printer.tell(&Part::Novelties(&novelties))?;
            self.novelties = Some(novelties);
        }
        Ok(())
    }

    /// Names the field to look at after a violation of a single input, as long as that takes no time.
    fn hint(&mut self, asked: &Asked, results: &[CheckResult], began: Instant) -> Result<Option<Hint>, CliError> {
        let violated = results.iter().find(|result| result.counts());
        let is_read_once = self.arguments.source.paths.iter().any(|path| path.as_os_str() == "-");
        let Some(violated) = violated.filter(|_| !self.several && !is_read_once) else { return Ok(None) };
        let Ok(sources) = texts_of(asked, &self.budget(began).start().limit()) else { return Ok(None) };
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
            self.tell(&Part::Hint(hint))?;
        }
        Ok(hint)
    }

    fn finish(self) -> Result<u8, CliError> {
        let is_stopped = self.stop.is_now();
        if self.stop.is_abandoned() {
            return Ok(UNKNOWN);
        }
        let check = document::Check {
            inputs: self.answers.iter().map(Answered::checked).collect(),
            several: self.several,
            diagnostics: Some(self.diagnostics.iter().flat_map(Diagnostics::iter).collect()),
            shard: self.arguments.shard,
            baseline: self.novelties.as_ref(),
        };
        let results: Vec<&CheckResult> = check.results().collect();
        self.printer.finish(&Document::Check(check))?;
        if let Some(path) = &self.arguments.save_trace {
            save(path, &results)?;
        }
        let code = exit_code(results);
        Ok(match code {
            _ if self.arguments.exit_zero => 0,
            0 if is_stopped => UNKNOWN,
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
    words.extend(config::words(source));
    words.extend(source.fixed.then(|| "--fixed".to_owned()));
    words.join(" ")
}

/// Changes a scenario as the options say.
fn adjust(arguments: &Check, scenario: &mut Scenario) {
    scenario.bound = arguments.bound.unwrap_or(scenario.bound);
    if let Some(interleaving) = asked_interleaving(arguments) {
        scenario.interleave(interleaving);
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
