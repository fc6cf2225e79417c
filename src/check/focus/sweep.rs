//! One run of the whole cluster for many workloads at once: all that are autoscaled grow as far as their loads make them,
//! and whoever is left without room on the way violates `pods-schedulable`.
//!
//! What a single run shows for many workloads is shown once. The run is one of the reference interpreter throughout, and
//! the beginning that is told is replayed like any other counterexample.

use crate::cluster::spec::ObjectKey;
use crate::encodings::ModelError;
use crate::engine::{Budget, Watch};
use crate::property::Selection;
use crate::system::{Property, PropertyId, Trace, replay};

use super::company;
use super::confirm::{Confirmer, Open, is_about};
use super::local::Finding;
use super::rehearse::Stage;
use super::report::Tally;
use super::search::selection_about;
use super::{Answer, Decided, Violation};

/// The property that want of room breaks.
const NAME: &str = "pods-schedulable";

/// Answers for those of the open workloads that the run shows to fail; returns the others.
pub fn sweep(
    confirmer: &mut Confirmer<'_>,
    name: &str,
    open: Vec<Open>,
    watch: &Watch,
    decided: &mut Decided,
) -> Result<Vec<Open>, ModelError> {
    let survey = confirmer.survey;
    let asks_for_room = |it: &Open| {
        let mut own = survey.templates_of(it.workload);
        matches!(it.finding, Some(Finding::Broken { .. })) && own.all(|template| survey.asks_for_room_only(template))
    };
    let short: Vec<usize> = open.iter().filter(|it| asks_for_room(it)).map(|it| it.workload).collect();
    if name != NAME || short.len() < 2 || !confirmer.question.all || watch.exhausted().is_some() {
        return Ok(open);
    }
    let keys: Vec<ObjectKey> = short.iter().map(|&it| survey.spec.workloads[it].key.clone()).collect();
    let about = keys.iter().map(|key| selection_about(confirmer.question, key, &[NAME], Some(key)));
    let properties = about.flat_map(|selection| selection.properties).collect();
    let budget = Budget { time: watch.time_left(), ..confirmer.question.budget.clone() };
    let selection = Selection { properties, chosen: false };
    let model = match confirmer.build_whole(keys, &selection, &budget.limit(std::time::Instant::now())) {
        Err(ModelError::Stopped(_)) => return Ok(open),
        model => model?,
    };
    let Some(stage) = Stage::new(&model, &survey.spec.scenario.commands, &budget) else { return Ok(open) };
    let all: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).collect();
    let began = std::time::Instant::now();
    let Some((trace, found)) = stage.sweep(&all, &company::all_grow(survey.spec)) else { return Ok(open) };
    let Some(&(first, steps)) = found.first() else { return Ok(open) };
    // To replay the run and to tell it takes as long as to find it, each.
    if watch.time_left().is_some_and(|left| left < began.elapsed() * 2) {
        return Ok(open);
    }
    let beginning = Trace { steps: trace.steps[..steps].to_vec(), ..trace };
    let Ok(run) = replay(&model.system, &beginning, model.system.property(first)) else { return Ok(open) };
    let broken: Vec<&Property> = found.iter().map(|&(id, _)| model.system.property(id)).collect();
    let is_first = |key: &str| is_about(model.system.property(first), NAME, key);
    let mut left = Vec::new();
    for it in open {
        let subject = survey.spec.workloads[it.workload].key.to_string();
        if !broken.iter().any(|property| is_about(property, NAME, &subject)) {
            left.push(it);
            continue;
        }
        let smallest = if let Some(Finding::Broken { k, .. }) = it.finding { k } else { 0 };
        let story = vec!["all that are autoscaled grow as far as their loads make them".to_owned()];
        decided.report.add(&subject, Tally::Rehearsed, story);
        let answer = match is_first(&subject) {
            true => Answer::Violated(Box::new(Violation {
                model: std::sync::Arc::clone(&model),
                property: first,
                trace: beginning.clone(),
                k: run.k(),
                smallest,
            })),
            false => Answer::AlsoViolated,
        };
        decided.answers.push((subject, answer));
    }
    Ok(left)
}
