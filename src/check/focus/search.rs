//! The order of the search: every workload alone first, equal ones once, on all cores; then, property by property, what
//! is left.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::scenario::PropertySpec;
use crate::cluster::spec::{ClusterSpec, ObjectKey};
use crate::encodings::ModelError;
use crate::engine::{Extent, Statistics, Watch};
use crate::property::{NAMES, Selection};

use super::anywhere::{self, Naming};
use super::confirm::{Confirmer, Open};
use super::local::{Asking, Finding, Findings, add};
use super::report::{FocusReport, Tally};
use super::survey::Survey;
use super::{Answer, Decided, Question};

/// The share of the time that workloads alone may take.
const SHARE_ALONE: f64 = 0.5;
/// Of that, the most that one model may take where time is limited, and without a limit.
const SHARE_OF_ONE: f64 = 0.25;
const MOST_FOR_ONE: Duration = Duration::from_secs(20);

/// A search: what is known of workloads alone, and what it takes to decide the rest.
pub struct Session<'a> {
    question: &'a Question<'a>,
    survey: &'a Survey<'a>,
    names: Vec<&'static str>,
    alone: Alone,
    watch: Watch,
    confirmer: Confirmer<'a>,
}

impl<'a> Session<'a> {
    /// Begins with every workload alone.
    pub fn begin(question: &'a Question<'a>, survey: &'a Survey<'a>) -> Result<Self, ModelError> {
        let watch = question.budget.start();
        let names: Vec<&'static str> = NAMES.into_iter().filter(|name| question.selection.has(name)).collect();
        let alone = Alone::search(question, survey, &names, &watch)?;
        Ok(Session { question, survey, names, alone, watch, confirmer: Confirmer::new(question, survey) })
    }

    /// Names of properties that may apply, in order.
    pub fn applicable(&self) -> Vec<&'static str> {
        self.names.iter().copied().filter(|name| self.alone.applies(name)).collect()
    }

    /// The answers about a property, where models of single workloads give all of them.
    pub fn alone(&self, name: &str) -> Option<Decided> {
        let (decided, open) = self.collect(name);
        (open.is_empty() && !decided.answers.is_empty()).then_some(decided)
    }

    /// All answers about a property; it and `after` others share the time that is left. `None` if it applies to nothing.
    pub fn decide(&mut self, name: &str, after: usize) -> Result<Option<Decided>, ModelError> {
        let (mut decided, open) = self.collect(name);
        let time = self.watch.time_left().map(|left| left / (after as u32 + 1));
        self.confirmer.confirm(name, open, time, &mut decided)?;
        Ok((!decided.answers.is_empty()).then_some(decided))
    }
}

/// The selected properties of a name, as far as they are about a workload.
fn specs_of<'a>(selection: &'a Selection, name: &'a str, key: &'a ObjectKey) -> impl Iterator<Item = &'a PropertySpec> {
    let named = selection.properties.iter().filter(move |it| it.name == name);
    named.filter(move |it| it.target.as_ref().is_none_or(|target| target == key))
}

/// What is asked about one workload: the same properties, without a target.
pub fn selection_about(
    question: &Question<'_>,
    key: &ObjectKey,
    names: &[&str],
    target: Option<&ObjectKey>,
) -> Selection {
    let properties = names.iter().flat_map(|name| specs_of(question.selection, name, key));
    let untargeted =
        properties.map(|it| PropertySpec { target: target.cloned(), origin: Default::default(), ..it.clone() });
    Selection { properties: untargeted.collect(), chosen: false }
}

/// What models of single workloads say.
struct Alone {
    /// By workload: position of its model, and for each property why it has no place there.
    of: HashMap<usize, Placed>,
    models: Vec<Option<Findings>>,
    crowded: Vec<bool>,
}

struct Placed {
    model: Option<usize>,
    obstacles: HashMap<&'static str, String>,
}

/// A model that waits for its turn.
struct Task {
    spec: ClusterSpec,
    selection: Selection,
    crowded: bool,
}

impl Alone {
    fn search(
        question: &Question<'_>,
        survey: &Survey<'_>,
        names: &[&'static str],
        watch: &Watch,
    ) -> Result<Self, ModelError> {
        let mut tasks: Vec<Task> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut of = HashMap::new();
        for (workload, owner) in survey.owners() {
            if watch.exhausted().is_some() {
                break;
            }
            let mut obstacles: HashMap<&'static str, String> = HashMap::new();
            for &name in names {
                obstacles.extend(anywhere::obstacle(survey, workload, name).map(|why| (name, why)));
            }
            let free: Vec<&str> = names.iter().copied().filter(|name| !obstacles.contains_key(name)).collect();
            let selection = selection_about(question, &owner.key, &free, None);
            let model = (!selection.properties.is_empty()).then(|| {
                let alone = anywhere::alone(survey, workload, Naming::Nameless);
                let key = format!("{:?} {:?}", alone.spec, selection.properties);
                *known.entry(key).or_insert_with(|| {
                    tasks.push(Task { spec: alone.spec, selection, crowded: alone.crowded });
                    tasks.len() - 1
                })
            });
            of.insert(workload, Placed { model, obstacles });
        }
        let crowded = tasks.iter().map(|task| task.crowded).collect();
        let models = work_off(question, &tasks, watch)?;
        Ok(Alone { of, models, crowded })
    }

    fn applies(&self, name: &str) -> bool {
        let found = |findings: &Findings| {
            findings.by_name.iter().any(|(known, it)| known == name && !matches!(it, Finding::Nothing))
        };
        self.models.iter().flatten().any(found) || self.of.values().any(|it| it.obstacles.contains_key(name))
    }

    /// What is known of a property of a workload, with the way in which it was found.
    fn finding(&self, workload: usize, name: &str) -> (Option<Finding>, Tally, Option<&Findings>) {
        let Some(placed) = self.of.get(&workload) else { return (None, Tally::Open, None) };
        let Some(model) = placed.model.filter(|_| !placed.obstacles.contains_key(name)) else {
            return (None, Tally::Open, None);
        };
        let tally = if self.crowded[model] { Tally::Crowded } else { Tally::Alone };
        let Some(findings) = &self.models[model] else { return (None, tally, None) };
        let found = findings.by_name.iter().find(|(known, _)| known == name).map(|(_, finding)| finding.clone());
        (found, tally, Some(findings))
    }
}

/// Asks about all models, on all cores.
fn work_off(question: &Question<'_>, tasks: &[Task], watch: &Watch) -> Result<Vec<Option<Findings>>, ModelError> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<Findings, ModelError>>>> = tasks.iter().map(|_| Mutex::new(None)).collect();
    let share = watch.time_left().map(|left| left.mul_f64(SHARE_ALONE));
    let began = Instant::now();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(index) else { return };
            let left = share.map(|share| share.saturating_sub(began.elapsed()));
            if watch.exhausted().is_some() || left.is_some_and(|left| left.is_zero()) {
                return;
            }
            let time =
                share.map_or(MOST_FOR_ONE, |share| share.mul_f64(SHARE_OF_ONE)).min(left.unwrap_or(MOST_FOR_ONE));
            let asking = Asking { engine: question.engine, budget: question.budget, progress: question.progress };
            let found = asking.all(&task.spec, &task.selection, Some(time)).map(|(_, findings)| findings);
            if let Ok(mut slot) = results[index].lock() {
                *slot = Some(found);
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            question.progress.begin(&format!("workloads alone, {done} of {} kinds", tasks.len()));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(tasks.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let results = results.into_iter().map(|slot| slot.into_inner().ok().flatten());
    results
        .map(|result| match result {
            None | Some(Err(ModelError::TooLarge(_))) => Ok(None),
            Some(Ok(findings)) => Ok(Some(findings)),
            Some(Err(error)) => Err(error),
        })
        .collect()
}

impl Session<'_> {
    /// What models of single workloads say of a property, and what they leave open.
    fn collect(&self, name: &str) -> (Decided, Vec<Open>) {
        let mut decided = Decided {
            property: name.to_owned(),
            answers: Vec::new(),
            report: FocusReport::default(),
            statistics: Statistics::default(),
            engine: self.question.engine.name(),
        };
        let mut open: Vec<Open> = Vec::new();
        let mut models = BTreeSet::new();
        for (workload, owner) in self.survey.owners() {
            if specs_of(self.question.selection, name, &owner.key).next().is_none() {
                continue;
            }
            let (finding, tally, findings) = self.alone.finding(workload, name);
            if let (Some(findings), Some(model)) = (findings, self.alone.of.get(&workload).and_then(|it| it.model)) {
                decided.engine = findings.engine;
                if models.insert(model) {
                    add(&mut decided.statistics, &findings.statistics);
                }
            }
            let subject = owner.key.to_string();
            match finding {
                Some(Finding::Nothing) => {}
                Some(Finding::Holds(extent)) if is_covered(extent, tally) => {
                    decided.report.add(&subject, tally, vec![format!("in focus: {subject}")]);
                    decided.answers.push((subject, Answer::Holds(extent)));
                }
                finding => open.push(Open { workload, finding }),
            }
        }
        decided.report.models = models.len();
        (decided, open)
    }
}

/// Whether what holds of an abstraction holds of the cluster as it is said: a bound counts the blocks of a model in which
/// others leave room between blocks only, so where they may be short of room it says less than it seems.
pub fn is_covered(extent: Extent, tally: Tally) -> bool {
    matches!(extent, Extent::Complete(_)) || matches!(tally, Tally::Alone | Tally::Apart | Tally::Whole)
}
