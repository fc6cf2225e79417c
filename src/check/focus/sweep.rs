//! Runs of the whole cluster for many workloads at once: all that are autoscaled grow as far as their loads make them,
//! and whoever is left without room on the way violates `pods-schedulable`.
//!
//! Whoever grows early finds room, so those that the first run does not show to fail come last in the next one, and so on
//! while that shows more of them to fail. What a run shows for many workloads is shown once. Runs are those of the
//! reference interpreter throughout, and the beginning that is told is replayed like any other counterexample.

use std::rc::Rc;
use std::time::Instant;

use crate::cluster::object::spec::ObjectKey;
use crate::engine::{Budget, Watch};
use crate::model::{Model, ModelError};
use crate::property;
use crate::system::{PropertyId, Trace};

use super::company;
use super::context::{Context, Open, is_about};
use super::guide::Guide;
use super::local::Finding;
use super::rehearse::Stage;
use super::report::Tally;
use super::violation::Found;
use super::{Answer, Decided};

/// Answers for those of the open workloads that runs show to fail; returns the others.
pub fn sweep(
    context: &mut Context<'_>,
    name: &str,
    open: Vec<Open>,
    watch: &mut Watch,
    decided: &mut Decided,
) -> Result<Vec<Open>, ModelError> {
    let survey = Rc::clone(&context.survey);
    let asks_for_room = |it: &Open| {
        let mut own = survey.templates_of(it.workload);
        matches!(it.finding, Some(Finding::Broken { .. })) && own.all(|template| survey.asks_for_room_only(template))
    };
    let (mut short, mut left): (Vec<Open>, Vec<Open>) = open.into_iter().partition(asks_for_room);
    let Some(about_waiting) = property::definition(name).filter(|it| it.about.waiting) else {
        return Ok(in_order(short, left));
    };
    let name = about_waiting.name;
    if short.len() < 2 || !context.question.all || watch.exhausted().is_some() {
        return Ok(in_order(short, left));
    }
    let all: Vec<usize> = short.iter().map(|it| it.workload).collect();
    let model = match context.build_whole(&all, vec![name], watch) {
        Err(ModelError::Stopped(_)) => return Ok(in_order(short, left)),
        model => model?,
    };
    let budget = Budget { time: watch.time_left(), ..context.question.budget.clone() };
    let Some(stage) = Stage::new(&model, &survey.spec.scenario.commands, &budget, &context.watch) else {
        return Ok(in_order(short, left));
    };
    let key = |it: &Open| &survey.spec.workloads[it.workload].key;
    let mut last: Vec<&ObjectKey> = Vec::new();
    while !short.is_empty() {
        context.question.progress.begin(&format!("{name}: all grow, {} open workloads last", last.len()));
        let began = Instant::now();
        let Some((trace, broken)) = run(&stage, (&model, name), &short, key, company::all_grow(survey.spec, &last))
        else {
            break;
        };
        if !stage.may_be_told(began.elapsed()) {
            break;
        }
        let (failed, rest): (Vec<Open>, Vec<Open>) = short
            .into_iter()
            .partition(|it| broken.iter().any(|&(property, _)| is_of(&model, property, name, key(it))));
        short = rest;
        let found = failed.iter().map(|it| (key(it).to_string(), smallest(it))).collect();
        if !tell(context, &stage, &model, trace, &broken, found, decided) {
            left.extend(failed);
            break;
        }
        last = short.iter().map(key).collect();
    }
    Ok(in_order(short, left))
}

/// A run that breaks the property for some of the open workloads: which ones, after how many steps.
fn run<'a>(
    stage: &Stage<'_>,
    (model, name): (&Model, &str),
    open: &[Open],
    key: impl Fn(&Open) -> &'a ObjectKey,
    guide: Guide,
) -> Option<(Trace, Vec<(PropertyId, usize)>)> {
    let all = (0..model.system.properties.len()).map(PropertyId);
    let asked: Vec<PropertyId> = all.filter(|&id| open.iter().any(|it| is_of(model, id, name, key(it)))).collect();
    stage.sweep(&asked, &guide).filter(|(_, broken)| !broken.is_empty())
}

fn is_of(model: &Model, property: PropertyId, name: &str, key: &ObjectKey) -> bool {
    is_about(model.system.property(property), name, &key.to_string())
}

/// Up to which k an open property is known to hold.
fn smallest(open: &Open) -> u32 {
    if let Some(Finding::Broken { covered, .. }) = open.finding { covered } else { 0 }
}

/// Answers about the workloads that a run shows to fail, of which the beginning up to the first failure is the
/// counterexample; whether it can be replayed.
fn tell(
    context: &Context<'_>,
    stage: &Stage<'_>,
    model: &Model,
    trace: Trace,
    broken: &[(PropertyId, usize)],
    failed: Vec<(String, u32)>,
    decided: &mut Decided,
) -> bool {
    let Some(&(first, steps)) = broken.first() else { return false };
    let beginning = Trace { steps: trace.steps[..steps].to_vec(), ..trace };
    let Some(run) = stage.replay(first, &beginning) else { return false };
    let property = model.system.property(first);
    let with =
        failed.iter().map(|(subject, _)| subject).find(|subject| is_about(property, &property.name, subject)).cloned();
    let Some(with) = with else { return false };
    for (subject, smallest) in failed {
        let story = vec!["all that are autoscaled grow as far as their loads make them".to_owned()];
        decided.report.add(&subject, Tally::Rehearsed, story);
        let answer = if subject == with {
            let found = Found { model, property: first, trace: &beginning, run: &run };
            Answer::Violated(Box::new(context.teller.tell(&found, &subject, smallest)))
        } else {
            Answer::AlsoViolated { with: with.clone() }
        };
        decided.answers.push((subject, answer));
    }
    true
}

/// Open workloads in the order of the input.
fn in_order(mut some: Vec<Open>, others: Vec<Open>) -> Vec<Open> {
    some.extend(others);
    some.sort_by_key(|it| it.workload);
    some
}
