//! The order of the search: every workload alone first, equal ones once, on all cores; then, property by property, what
//! is left.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey};
use crate::engine::{Extent, Statistics, Watch};
use crate::model::ModelError;
use crate::property::{self, NAMES, Selection};

use super::anywhere::{self, Naming, Scaling};
use super::confirm::{Confirmer, Late, Open};
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
    confirmer: Confirmer<'a>,
    /// By property: what is worth another look, because there is time left.
    late: Vec<(&'static str, Vec<Late>)>,
}

impl<'a> Session<'a> {
    /// Begins with every workload alone.
    pub fn begin(question: &'a Question<'a>, survey: &'a Survey<'a>) -> Result<Self, ModelError> {
        let watch = question.budget.start();
        let names: Vec<&'static str> = NAMES.into_iter().filter(|name| question.selection.has(name)).collect();
        let alone = Alone::search(question, survey, &names, &watch)?;
        let confirmer = Confirmer::new(question, survey, watch);
        Ok(Session { question, survey, names, alone, confirmer, late: Vec::new() })
    }

    /// Names of properties that may apply, in order.
    pub fn applicable(&self) -> Vec<&'static str> {
        let is_whole = self.survey.owners().all(|(workload, _)| self.alone.is_known(workload));
        let may = |name: &&str| property::may_apply(self.question.spec, self.question.selection, name);
        self.names.iter().copied().filter(|name| self.alone.applies(name) || (!is_whole && may(name))).collect()
    }

    /// The answers about a property, where models of single workloads give all of them.
    pub fn alone(&self, name: &str) -> Option<Decided> {
        let (decided, open) = self.collect(name);
        (open.is_empty() && !decided.answers.is_empty()).then_some(decided)
    }

    /// Answers about a property; it, those that come `after` it and are open, too, and what is late share the time that is
    /// left. What it does not get to in its share is late. `None` if there are no answers.
    pub fn decide(&mut self, name: &'static str, after: &[&str]) -> Result<Option<Decided>, ModelError> {
        if !self.confirmer.is_expecting() {
            let open = self.names.iter().flat_map(|name| self.collect(name).1).map(|it| it.workload);
            self.confirmer.expect(open.collect::<BTreeSet<usize>>().into_iter().collect());
        }
        let (mut decided, open) = self.collect(name);
        let after = after.iter().filter(|name| !self.collect(name).1.is_empty()).count();
        let time = self.share(after + self.late.len());
        let late = self.confirmer.confirm(name, open, time, &mut decided)?;
        if !late.is_empty() {
            self.late.push((name, late));
        }
        Ok((!decided.answers.is_empty()).then_some(decided))
    }

    /// The time that is left, shared with so many others.
    fn share(&self, others: usize) -> Option<Duration> {
        self.confirmer.watch.time_left().map(|left| left / (others as u32 + 1))
    }

    /// Looks once more at what is late, property by property, as long as there is time and `goes_on`; `None` if nothing is.
    pub fn once_more(&mut self, goes_on: bool) -> Result<Option<Decided>, ModelError> {
        if self.late.is_empty() {
            return Ok(None);
        }
        let (name, mut late) = self.late.remove(0);
        let mut decided = self.undecided(name);
        if goes_on && self.confirmer.watch.exhausted().is_none() {
            let time = self.share(self.late.len());
            let open = late.into_iter().map(|it| it.open).collect();
            late = self.confirmer.confirm(name, open, time, &mut decided)?;
        }
        for Late { open, answer, story } in late {
            let subject = self.confirmer.subject(&open);
            decided.report.add(&subject, Tally::Open, story);
            decided.answers.push((subject, answer));
        }
        Ok(Some(decided))
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
    /// By workload.
    of: HashMap<usize, Placed>,
    models: Vec<Option<Findings>>,
    crowded: Vec<bool>,
}

#[derive(Default)]
struct Placed {
    /// Positions of its models, the closest look last.
    models: Vec<usize>,
    obstacles: HashMap<&'static str, String>,
}

/// A model that waits for its turn.
struct Task {
    spec: ClusterSpec,
    selection: Selection,
}

impl Alone {
    fn search(
        question: &Question<'_>,
        survey: &Survey<'_>,
        names: &[&'static str],
        watch: &Watch,
    ) -> Result<Self, ModelError> {
        let mut alone = Alone { of: HashMap::new(), models: Vec::new(), crowded: Vec::new() };
        let mut rounds = vec![Scaling::Exact];
        if question.spec.scenario.controllers.hpa && !question.spec.autoscalers.is_empty() {
            rounds.insert(0, Scaling::Free);
        }
        let last = rounds.len() - 1;
        for (round, scaling) in rounds.into_iter().enumerate() {
            let share = if round == last { SHARE_ALONE } else { SHARE_ALONE / 2.0 };
            let tasks = alone.tasks(question, survey, names, watch, scaling);
            let found = work_off(question, &tasks, watch, share)?;
            alone.models.extend(found);
        }
        Ok(alone)
    }

    /// Models for what earlier rounds left open; equal ones once. Positions of models follow those known.
    fn tasks(
        &mut self,
        question: &Question<'_>,
        survey: &Survey<'_>,
        names: &[&'static str],
        watch: &Watch,
        scaling: Scaling,
    ) -> Vec<Task> {
        let mut tasks: Vec<Task> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (workload, owner) in survey.owners() {
            if watch.exhausted().is_some() {
                break;
            }
            let mut open: Vec<&str> = Vec::new();
            for &name in names {
                if !self.of.contains_key(&workload) || !self.is_obstructed(workload, name) {
                    let obstacle = anywhere::obstacle(survey, workload, name);
                    let obstructed = obstacle.is_some();
                    let placed = self.of.entry(workload).or_default();
                    placed.obstacles.extend(obstacle.map(|why| (name, why)));
                    if !obstructed && self.is_open(survey, workload, name) {
                        open.push(name);
                    }
                }
            }
            let scaled = question.spec.autoscalers.iter().any(|autoscaler| autoscaler.target == owner.key);
            let selection = selection_about(question, &owner.key, &open, None);
            if selection.properties.is_empty() || (scaling == Scaling::Free && !scaled) {
                continue;
            }
            let model = anywhere::alone(survey, workload, Naming::Nameless, scaling);
            let key = format!("{:?} {:?}", model.spec, selection.properties);
            let first = self.models.len();
            let crowded = &mut self.crowded;
            let position = *known.entry(key).or_insert_with(|| {
                tasks.push(Task { spec: model.spec, selection });
                crowded.push(model.crowded);
                first + tasks.len() - 1
            });
            self.of.entry(workload).or_default().models.push(position);
        }
        tasks
    }

    fn is_obstructed(&self, workload: usize, name: &str) -> bool {
        self.of.get(&workload).is_some_and(|placed| placed.obstacles.contains_key(name))
    }

    /// Whether a property is worth a closer look: not if it holds, and not if others may leave no room, which is the same
    /// for any size.
    fn is_open(&self, survey: &Survey<'_>, workload: usize, name: &str) -> bool {
        let (finding, tally, _) = self.finding(workload, name);
        match finding {
            None | Some(Finding::Open { .. }) => true,
            Some(Finding::Nothing) => false,
            Some(Finding::Holds(extent)) => !is_covered(extent, tally, survey),
            Some(Finding::Broken { .. }) => !(tally == Tally::Crowded && property::about(name).waiting),
        }
    }

    /// Whether a workload was looked at.
    fn is_known(&self, workload: usize) -> bool {
        let found =
            |placed: &Placed| placed.models.iter().all(|&model| self.models.get(model).is_some_and(Option::is_some));
        self.of.get(&workload).is_some_and(found)
    }

    fn applies(&self, name: &str) -> bool {
        let found = |findings: &Findings| {
            findings.by_name.iter().any(|(known, it)| known == name && !matches!(it, Finding::Nothing))
        };
        self.models.iter().flatten().any(found) || self.of.values().any(|it| it.obstacles.contains_key(name))
    }

    /// What is known of a property of a workload, with the way in which it was found.
    fn finding(&self, workload: usize, name: &str) -> (Option<Finding>, Tally, Option<usize>) {
        let nothing = (None, Tally::Open, None);
        let Some(placed) = self.of.get(&workload).filter(|placed| !placed.obstacles.contains_key(name)) else {
            return nothing;
        };
        let findings = placed.models.iter().rev().filter_map(|&model| {
            let findings = self.models.get(model)?.as_ref()?;
            let (_, finding) = findings.by_name.iter().find(|(known, _)| known == name)?;
            let tally = if self.crowded[model] { Tally::Crowded } else { Tally::Alone };
            Some((Some(finding.clone()), tally, Some(model)))
        });
        findings.into_iter().next().unwrap_or(nothing)
    }
}

/// Asks about all models, on all cores.
fn work_off(
    question: &Question<'_>,
    tasks: &[Task],
    watch: &Watch,
    share: f64,
) -> Result<Vec<Option<Findings>>, ModelError> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<Findings, ModelError>>>> = tasks.iter().map(|_| Mutex::new(None)).collect();
    let share = watch.time_left().map(|left| left.mul_f64(share));
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
            None | Some(Err(ModelError::TooLarge(_) | ModelError::Stopped(_))) => Ok(None),
            Some(Ok(findings)) => Ok(Some(findings)),
            Some(Err(error)) => Err(error),
        })
        .collect()
}

impl Session<'_> {
    /// No answers yet.
    fn undecided(&self, name: &str) -> Decided {
        Decided {
            property: name.to_owned(),
            answers: Vec::new(),
            report: FocusReport::default(),
            statistics: Statistics::default(),
            engine: self.question.engine.name(),
        }
    }

    /// What models of single workloads say of a property, and what they leave open.
    fn collect(&self, name: &str) -> (Decided, Vec<Open>) {
        let mut decided = self.undecided(name);
        let mut open: Vec<Open> = Vec::new();
        let mut models = BTreeSet::new();
        for (workload, owner) in self.survey.owners() {
            if specs_of(self.question.selection, name, &owner.key).next().is_none() {
                continue;
            }
            let (finding, tally, model) = self.alone.finding(workload, name);
            let found = model.and_then(|model| Some((model, self.alone.models[model].as_ref()?)));
            if let Some((model, findings)) = found {
                decided.engine = findings.engine;
                if models.insert(model) {
                    add(&mut decided.statistics, &findings.statistics);
                }
            }
            let subject = owner.key.to_string();
            match finding {
                Some(Finding::Nothing) => {}
                Some(Finding::Holds(extent)) if is_covered(extent, tally, self.survey) => {
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

/// Whether what holds of an abstraction holds of the cluster as it is said. A bound counts the blocks of a model in which
/// others leave room between blocks only, so where they may be short of room and leave some later in a block, it says less
/// than it seems.
pub fn is_covered(extent: Extent, tally: Tally, survey: &Survey<'_>) -> bool {
    let is_certain = matches!(tally, Tally::Alone | Tally::Apart | Tally::Whole);
    matches!(extent, Extent::Complete(_)) || is_certain || survey.is_calm()
}
