//! From a suite's document to its tasks: names are looked up, amounts are read, and what does not go together is an error at
//! its place.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::cases::{self, CaseError, MAX_SCALE, MIN_SCALE};
use crate::input::path::FieldPath;
use crate::input::{Diagnostics, units};
use crate::property::NAMES;
use crate::system::Interleaving;
use crate::workbench::ENGINES;
use crate::workbench::task::{Expected, Limits, Options, Target, Task};

use super::document::{self, Document, Settings, VERSION, Verdict};
use super::{Suite, Text};

/// The engines of tasks that name none.
const DEFAULT_ENGINES: [&str; 3] = ["explicit", "sat", "auto"];
/// The scale of cases without one.
const DEFAULT_SCALE: usize = 3;
/// Most runs of a row.
const MOST_RUNS: u32 = 1000;

/// Makes tasks; `None` if something is wrong.
pub fn resolve(text: &Text<'_>, document: Document, sink: &mut Diagnostics) -> Option<Suite> {
    let mut resolver = Resolver { text, suite: &document.name, sink, wrong: false };
    if document.format_version != VERSION {
        let message = format!("this is version {} of the format, which is not known", document.format_version);
        resolver.error(&"formatVersion".into(), message, "write `formatVersion: 1`, or use a newer Kubound");
    }
    if document.name.trim().is_empty() {
        resolver.error(&"name".into(), "the suite has no name", "rows are told by it: give it one");
    }
    if document.tasks.is_empty() {
        resolver.error(&"tasks".into(), "there are no tasks", "a task is an `input` or a `case`");
    }
    let defaults = resolver.settings(&"defaults".into(), &document.defaults, &Plan::default());
    let mut tasks: Vec<Arc<Task>> = Vec::new();
    for (index, task) in document.tasks.iter().enumerate() {
        let path = FieldPath::from("tasks").index(index);
        for task in resolver.task(&path, task, &defaults) {
            if tasks.iter().any(|other| other.name == task.name) {
                let message = format!("there is another task `{}`", task.name);
                resolver.error(&path, message, "rows are told by it: give one of them a `name`");
            }
            tasks.push(Arc::new(task));
        }
    }
    if resolver.wrong {
        return None;
    }
    Some(Suite { name: document.name, description: document.description, tasks })
}

/// How a task is run.
#[derive(Clone)]
struct Plan {
    engines: Vec<String>,
    limits: Limits,
    options: Options,
}

impl Default for Plan {
    fn default() -> Self {
        let options = Options { reduce: true, ..Options::default() };
        Plan { engines: DEFAULT_ENGINES.map(str::to_owned).to_vec(), limits: Limits::default(), options }
    }
}

struct Resolver<'a> {
    text: &'a Text<'a>,
    suite: &'a str,
    sink: &'a mut Diagnostics,
    wrong: bool,
}

impl Resolver<'_> {
    fn error(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.wrong = true;
        self.text.error(path, message, help, self.sink);
    }

    /// A value, or `None` once what is wrong with it is reported.
    fn value<T>(&mut self, path: &FieldPath, value: Result<T, String>, help: &str) -> Option<T> {
        value.map_err(|problem| self.error(path, problem, help)).ok()
    }

    fn settings(&mut self, path: &FieldPath, given: &Settings, defaults: &Plan) -> Plan {
        let mut plan = defaults.clone();
        if let Some(engines) = &given.engines {
            plan.engines = self.engines(&path.field("engines"), engines);
        }
        if let Some(timeout) = &given.timeout {
            let read = text_of(timeout).and_then(|text| units::duration(&text));
            let read = self.value(&path.field("timeout"), read, "write a time such as `30s` or `5m`");
            plan.limits.timeout = read.unwrap_or(plan.limits.timeout);
        }
        if let Some(memory) = &given.memory {
            let read = text_of(memory).and_then(|text| units::memory(&text));
            plan.limits.memory = self.value(&path.field("memory"), read, "write a size such as `500MiB` or `2GiB`");
        }
        if let Some(runs) = given.runs {
            let read = (1..=MOST_RUNS).contains(&runs).then_some(runs);
            let read = read.ok_or_else(|| format!("{runs} runs are not possible"));
            let read = self.value(&path.field("runs"), read, "give 1 to 1000");
            plan.limits.runs = read.unwrap_or(plan.limits.runs);
        }
        self.options(&path.field("options"), &given.options, &mut plan.options);
        plan
    }

    fn engines(&mut self, path: &FieldPath, engines: &[String]) -> Vec<String> {
        if engines.is_empty() {
            self.error(path, "there are no engines", format!("name some of {}", ENGINES.join(", ")));
        }
        for (index, name) in engines.iter().enumerate() {
            if !ENGINES.contains(&name.as_str()) {
                let help = format!("known are {}", ENGINES.join(", "));
                self.error(&path.index(index), format!("there is no engine `{name}`"), help);
            } else if engines[..index].contains(name) {
                self.error(&path.index(index), format!("`{name}` is named twice"), "name each engine once");
            }
        }
        engines.to_vec()
    }

    fn options(&mut self, path: &FieldPath, given: &document::Options, options: &mut Options) {
        options.all = given.all.unwrap_or(options.all);
        options.bound = given.bound.or(options.bound);
        options.reduce = given.reduce.unwrap_or(options.reduce);
        let interleavings: Vec<&str> = Interleaving::ALL.iter().map(|it| it.name()).collect();
        type Word<'a> = (&'a str, Option<String>, &'a [&'a str], &'a mut Option<String>);
        let words: [Word<'_>; 3] = [
            ("focus", given.focus.clone(), &["auto", "on", "off"], &mut options.focus),
            ("interleaving", given.interleaving.clone(), &interleavings, &mut options.interleaving),
            ("solver", given.solver.clone(), &["varisat", "cadical"], &mut options.solver),
        ];
        for (field, word, known, option) in words {
            let Some(word) = word else { continue };
            if !known.contains(&word.as_str()) {
                let help = format!("known are {}", known.join(", "));
                self.error(&path.field(field), format!("`{word}` is not known"), help);
            }
            *option = Some(word);
        }
    }

    /// The tasks that are written as one: one for each scale.
    fn task(&mut self, path: &FieldPath, task: &document::Task, defaults: &Plan) -> Vec<Task> {
        let settings = Settings {
            engines: task.engines.clone(),
            timeout: task.timeout.clone(),
            memory: task.memory.clone(),
            runs: task.runs,
            options: task.options.clone(),
        };
        let plan = self.settings(path, &settings, defaults);
        let properties = self.properties(&path.field("property"), task.property.as_ref());
        let expected = task.expected.as_ref().and_then(|it| self.expected(&path.field("expected"), it));
        let targets = self.targets(path, task);
        if task.name.is_some() && targets.len() > 1 {
            self.error(&path.field("name"), "several tasks would have this name", "write a task for each scale");
        }
        let of = |target: Target| Task {
            suite: self.suite.to_owned(),
            name: task.name.clone().unwrap_or_else(|| {
                let asked = if properties.is_empty() { String::new() } else { format!(": {}", properties.join(", ")) };
                target.name() + &asked
            }),
            target,
            properties: properties.clone(),
            engines: plan.engines.clone(),
            limits: plan.limits,
            options: plan.options.clone(),
            expected,
        };
        targets.into_iter().map(of).collect()
    }

    fn properties(&mut self, path: &FieldPath, given: Option<&Value>) -> Vec<String> {
        let names = self.texts(path, given, "name a property, or a list of them");
        for (at, name) in &names {
            if !NAMES.contains(&name.as_str()) {
                let help = format!("known are {}", NAMES.join(", "));
                self.error(at, format!("there is no property `{name}`"), help);
            }
        }
        names.into_iter().map(|(_, name)| name).collect()
    }

    fn expected(&mut self, path: &FieldPath, expected: &document::Expected) -> Option<Expected> {
        match (expected.verdict, expected.k) {
            (Verdict::Violated, k) => Some(Expected::Violated(k)),
            (Verdict::Holds, None) => Some(Expected::Holds),
            (Verdict::Unknown, None) => Some(Expected::Unknown),
            (_, Some(_)) => {
                let help = "leave it out, or write `verdict: violated`";
                self.error(&path.field("k"), "`k` is the length of a counterexample, and none is expected", help);
                None
            }
        }
    }

    fn targets(&mut self, path: &FieldPath, task: &document::Task) -> Vec<Target> {
        match (&task.input, &task.case) {
            (Some(_), Some(_)) => {
                self.error(path, "the task has both an `input` and a `case`", "keep one of them");
                Vec::new()
            }
            (None, None) => {
                let help = "write `input: DIRECTORY`, or `case: c1` for a case that comes with Kubound";
                self.error(path, "the task has neither an `input` nor a `case`", help);
                Vec::new()
            }
            (Some(input), None) => self.paths(path, input, task),
            (None, Some(case)) => self.case(path, case, task),
        }
    }

    fn paths(&mut self, path: &FieldPath, input: &Value, task: &document::Task) -> Vec<Target> {
        for (field, given) in [("scale", task.scale.is_some()), ("fixed", task.fixed)] {
            if given {
                self.error(&path.field(field), format!("`{field}` is for cases"), "sizes of an input are its `size`");
            }
        }
        let named = self.texts(&path.field("input"), Some(input), "write a path, or a list of paths");
        let directory = self.text.source.directory.clone().unwrap_or_default();
        let mut paths = Vec::new();
        for (at, name) in &named {
            let there = directory.join(name);
            if !there.exists() {
                let help = format!("paths are relative to the suite: {} is not there", there.display());
                self.error(at, format!("there is no file or directory `{name}`"), help);
            }
            paths.push(shown(&there));
        }
        let sizes = self.sizes(&path.field("size"), task.size.as_ref());
        vec![Target::Paths { named: named.into_iter().map(|(_, name)| name).collect(), paths, sizes }]
    }

    fn sizes(&mut self, path: &FieldPath, given: Option<&BTreeMap<String, Value>>) -> Vec<(String, (usize, usize))> {
        let mut sizes = Vec::new();
        for (name, value) in given.into_iter().flatten() {
            let read = text_of(value).and_then(|text| units::range(&text));
            let read = self.value(&path.key(name), read, "write a number, or a range such as `1..100`");
            sizes.extend(read.map(|range| (name.clone(), range)));
        }
        sizes
    }

    fn case(&mut self, path: &FieldPath, id: &str, task: &document::Task) -> Vec<Target> {
        if let Err(error) = cases::find(id) {
            let text = error.to_string();
            let help = text.split_once("; ").map_or(text.as_str(), |(_, known)| known);
            self.error(&path.field("case"), format!("there is no case `{id}`"), help);
        }
        if task.size.is_some() {
            self.error(&path.field("size"), "`size` is for inputs", "sizes of a case are its `scale`");
        }
        let scales = self.scales(&path.field("scale"), task.scale.as_ref());
        let of = |scale| Target::Case { case: id.to_owned(), scale, fixed: task.fixed };
        scales.into_iter().map(of).collect()
    }

    fn scales(&mut self, path: &FieldPath, given: Option<&Value>) -> Vec<(usize, usize)> {
        let values: Vec<(FieldPath, &Value)> = match given {
            None => return vec![(DEFAULT_SCALE, DEFAULT_SCALE)],
            Some(Value::Array(all)) => all.iter().enumerate().map(|(index, it)| (path.index(index), it)).collect(),
            Some(one) => vec![(path.clone(), one)],
        };
        if values.is_empty() {
            self.error(path, "there is no scale", "write a number, a range such as `1..100`, or a list of them");
        }
        let mut scales = Vec::new();
        for (at, value) in values {
            let read = text_of(value).and_then(|text| units::range(&text)).and_then(possible);
            scales.extend(self.value(&at, read, "write a number, or a range such as `1..100`"));
        }
        scales
    }

    /// A text, or all of a list, each with its place.
    fn texts(&mut self, path: &FieldPath, given: Option<&Value>, help: &str) -> Vec<(FieldPath, String)> {
        let values: Vec<(FieldPath, &Value)> = match given {
            None => return Vec::new(),
            Some(Value::Array(all)) => all.iter().enumerate().map(|(index, it)| (path.index(index), it)).collect(),
            Some(one) => vec![(path.clone(), one)],
        };
        if values.is_empty() {
            self.error(path, "the list is empty", help);
        }
        let mut texts = Vec::new();
        for (at, value) in values {
            match value.as_str().filter(|text| !text.is_empty()) {
                Some(text) => texts.push((at, text.to_owned())),
                None => self.error(&at, format!("{value} is no text"), help),
            }
        }
        texts
    }
}

/// A scale that cases have.
fn possible(range: (usize, usize)) -> Result<(usize, usize), String> {
    let wrong = [range.0, range.1].into_iter().find(|scale| !(MIN_SCALE..=MAX_SCALE).contains(scale));
    wrong.map_or(Ok(range), |scale| Err(CaseError::Scale(scale).to_string()))
}

/// A number or a text as a text.
fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("{other} is neither a number nor a text")),
    }
}

/// A path without the `.` that a suite in the working directory has in front.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
