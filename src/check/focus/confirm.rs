//! What workloads alone leave open, property by property: in what order it is looked at, in how much time, and the model of
//! the whole cluster that all of it shares.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cluster::object::spec::ObjectKey;
use crate::cluster::view::MARKED_WORKLOADS;
use crate::engine::{Budget, Watch};
use crate::model::{Model, ModelError, build_within};
use crate::property::{NAMES, Selection};
use crate::system::Property;

use super::case::{Case, Looked};
use super::local::{Finding, add};
use super::search::selection_about;
use super::survey::Survey;
use super::sweep;
use super::violation::Teller;
use super::{Answer, Decided, Question};

/// A property of a workload that its model alone does not decide.
pub struct Open {
    /// The workload.
    pub workload: usize,
    /// What its model alone says, if it has one.
    pub finding: Option<Finding>,
}

/// A property of a workload whose share of the time ended before it was decided.
pub struct Late {
    /// What was open.
    pub open: Open,
    /// What there is to say if it is not looked at again.
    pub answer: Answer,
    /// What was tried.
    pub story: Vec<String>,
}

/// Looks for runs of the whole cluster.
pub struct Confirmer<'a> {
    /// What is asked.
    pub question: &'a Question<'a>,
    /// What is known of the cluster.
    pub survey: &'a Survey<'a>,
    /// Workloads of which something is open: their properties are put into one model.
    open: Vec<usize>,
    /// The whole model that was built last.
    whole: Option<Whole>,
    /// Tells what is found.
    pub teller: Teller<'a>,
    /// For everything that is asked.
    pub watch: Watch,
    /// Time that went into whole models. They serve all that is open, so it counts towards nobody's share.
    building: Duration,
}

/// A whole model, and which properties of which workloads it has.
struct Whole {
    about: Vec<ObjectKey>,
    names: Vec<&'static str>,
    model: Arc<Model>,
}

impl<'a> Confirmer<'a> {
    /// A confirmer.
    pub fn new(question: &'a Question<'a>, survey: &'a Survey<'a>, watch: Watch) -> Self {
        let teller = Teller::new(question);
        Confirmer { question, survey, open: Vec::new(), whole: None, teller, watch, building: Duration::ZERO }
    }

    /// Whether it was said of which workloads something is open.
    pub fn is_expecting(&self) -> bool {
        !self.open.is_empty()
    }

    /// Says of which workloads something is open.
    pub fn expect(&mut self, open: Vec<usize>) {
        self.open = open;
    }

    /// Decides what is open of a property, within `time` if it is limited. Returns what it did not come to decide in that
    /// time, while there is time for the whole question.
    pub fn confirm(
        &mut self,
        name: &str,
        open: Vec<Open>,
        time: Option<Duration>,
        decided: &mut Decided,
    ) -> Result<Vec<Late>, ModelError> {
        let mut own = Budget { time, ..self.question.budget.clone() }.start();
        let open = sweep::sweep(self, name, open, &mut own, decided)?;
        let all = open.len();
        let mut late = Vec::new();
        for (position, it) in open.into_iter().enumerate() {
            let subject = self.subject(&it);
            self.question.progress.begin(&format!("{name} of {subject}, {} of {all} open ones", position + 1));
            let time = own.time_left().map(|left| left / (all - position) as u32);
            let built = self.building;
            let found = Case::new(self, name, &it, time).look()?;
            own.extend(self.building - built, &self.watch);
            add(&mut decided.statistics, &found.statistics);
            let Looked { answer: Some(answer), tally, story, is_late, .. } = found else { continue };
            if is_late && matches!(answer, Answer::Unknown { .. }) && self.watch.exhausted().is_none() {
                late.push(Late { open: it, answer, story });
                continue;
            }
            let violated = matches!(answer, Answer::Violated(_));
            decided.report.add(&subject, tally, story);
            decided.answers.push((subject, answer));
            if violated && !self.question.all {
                break;
            }
        }
        Ok(late)
    }

    /// The workload that something open is about.
    pub fn subject(&self, open: &Open) -> String {
        self.survey.spec.workloads[open.workload].key.to_string()
    }

    /// The whole model, with all properties of a workload that are asked for; built once for them and for those of
    /// other workloads that are open.
    pub fn whole(&mut self, workload: usize, name: &str, watch: &mut Watch) -> Result<Arc<Model>, ModelError> {
        let key = &self.survey.spec.workloads[workload].key;
        let has = |it: &&Whole| it.about.contains(key) && it.names.contains(&name);
        if let Some(whole) = self.whole.as_ref().filter(has) {
            return Ok(Arc::clone(&whole.model));
        }
        let place = self.open.iter().position(|&it| it == workload).map_or(self.open.len(), |place| place + 1);
        let together = [workload].into_iter().chain(self.open[place..].iter().copied()).take(MARKED_WORKLOADS);
        let together: Vec<usize> = together.collect();
        let names = NAMES.into_iter().filter(|name| self.question.selection.has(name)).collect();
        self.build_whole(&together, names, watch)
    }

    /// The whole model with properties of some workloads. The time that it takes does not count on `watch`.
    pub fn build_whole(
        &mut self,
        workloads: &[usize],
        names: Vec<&'static str>,
        watch: &mut Watch,
    ) -> Result<Arc<Model>, ModelError> {
        let began = Instant::now();
        self.whole = None;
        let about: Vec<ObjectKey> = workloads.iter().map(|&it| self.survey.spec.workloads[it].key.clone()).collect();
        let selections = about.iter().map(|key| selection_about(self.question, key, &names, Some(key)));
        let properties = selections.flat_map(|selection| selection.properties).collect();
        let built = build_within(self.survey.spec, &Selection { properties, chosen: false }, &self.watch.limit());
        self.building += began.elapsed();
        watch.extend(began.elapsed(), &self.watch);
        let model = Arc::new(built?);
        self.whole = Some(Whole { about, names, model: Arc::clone(&model) });
        Ok(model)
    }
}

/// Whether a property of the whole is of that name and about that workload, or about everything.
pub fn is_about(property: &Property, name: &str, key: &str) -> bool {
    let rest = property.subject.strip_prefix(key);
    property.name == name
        && (property.subject.is_empty() || rest.is_some_and(|it| it.is_empty() || it.starts_with(':')))
}
