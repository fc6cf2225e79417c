//! Every workload alone, before anything else is asked: equal ones once, on all cores.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::object::spec::ClusterSpec;
use crate::engine::Watch;
use crate::model::ModelError;
use crate::property::{self, Selection};

use super::Question;
use super::anywhere::{self, Naming, Scaling};
use super::local::{Asking, Finding, Findings};
use super::report::Tally;
use super::survey::Survey;

/// The share of the time that workloads alone may take.
const SHARE_ALONE: f64 = 0.5;
/// Of that, the most that one model may take where time is limited, and without a limit.
const SHARE_OF_ONE: f64 = 0.25;
const MOST_FOR_ONE: Duration = Duration::from_secs(20);

/// What models of single workloads say.
pub struct Alone {
    /// By workload.
    of: HashMap<usize, Placed>,
    /// What each model says, if its turn came.
    models: Vec<Option<Findings>>,
    /// Whether others may leave no room in it.
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
    /// Asks about every workload alone, equal ones once.
    pub fn search(
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
            // Each has as much, whoever comes first, so that answers do not depend on how many cores there are.
            let parts = (last - round + 1) * tasks.len().max(1);
            let units = question.budget.work_left().map(|left| left / parts as u64);
            let found = work_off(question, &tasks, watch, (share, units))?;
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
            let selection = question.selection_about(&owner.key, &open, None);
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
            Some(Finding::Holds(extent)) => !tally.covers(extent, survey),
            Some(Finding::Broken { .. }) => !(tally == Tally::Crowded && property::about(name).waiting),
        }
    }

    /// Whether a workload was looked at.
    pub fn is_known(&self, workload: usize) -> bool {
        let found =
            |placed: &Placed| placed.models.iter().all(|&model| self.models.get(model).is_some_and(Option::is_some));
        self.of.get(&workload).is_some_and(found)
    }

    /// Whether a property applies to some workload, as far as is known.
    pub fn applies(&self, name: &str) -> bool {
        let found = |findings: &Findings| {
            findings.by_name.iter().any(|(known, it)| known == name && !matches!(it, Finding::Nothing))
        };
        self.models.iter().flatten().any(found) || self.of.values().any(|it| it.obstacles.contains_key(name))
    }

    /// What is known of a property of a workload, with the way in which it was found.
    pub fn finding(&self, workload: usize, name: &str) -> (Option<Finding>, Tally, Option<usize>) {
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

    /// What a model says of all properties.
    pub fn findings(&self, model: usize) -> Option<&Findings> {
        self.models[model].as_ref()
    }
}

/// Asks about all models, on all cores: each may do so many units of work, if that is limited.
fn work_off(
    question: &Question<'_>,
    tasks: &[Task],
    watch: &Watch,
    (share, units): (f64, Option<u64>),
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
            let budget = question.budget.with_own_work(units);
            let asking = Asking { engine: question.engine, budget: &budget, progress: question.progress };
            let found = asking.all(&task.spec, &task.selection, Some(time)).map(|(_, findings)| findings);
            question.budget.spend(units.zip(budget.work_left()).map_or(0, |(all, left)| all - left));
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
