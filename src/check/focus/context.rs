//! What all looks at open properties share: the question, the time, and the model of the whole cluster.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cluster::object::spec::ObjectKey;
use crate::cluster::view::MARKED_WORKLOADS;
use crate::engine::Watch;
use crate::model::{Model, ModelError, build_within};
use crate::property::{NAMES, Selection};
use crate::system::Property;

use super::Question;
use super::local::Finding;
use super::survey::Survey;
use super::violation::Teller;

/// A property of a workload that its model alone does not decide.
pub struct Open {
    /// The workload.
    pub workload: usize,
    /// What its model alone says, if it has one.
    pub finding: Option<Finding>,
}

/// What it takes to look for runs of the whole cluster.
pub struct Context<'a> {
    /// What is asked.
    pub question: Question<'a>,
    /// What is known of the cluster.
    pub survey: Rc<Survey<'a>>,
    /// Workloads of which something is open: their properties are put into one model.
    open: Vec<usize>,
    /// The whole model that was built last.
    whole: Option<Whole>,
    /// Tells what is found.
    pub teller: Teller<'a>,
    /// For everything that is asked.
    pub watch: Watch,
    /// Time that went into whole models. They serve all that is open, so it counts towards nobody's share.
    pub building: Duration,
}

/// A whole model, and which properties of which workloads it has.
struct Whole {
    about: Vec<ObjectKey>,
    names: Vec<&'static str>,
    model: Arc<Model>,
}

impl<'a> Context<'a> {
    /// Nothing is open yet, and nothing built.
    pub fn new(question: Question<'a>, survey: Rc<Survey<'a>>, watch: Watch) -> Self {
        let teller = Teller::new(question);
        Context { question, survey, open: Vec::new(), whole: None, teller, watch, building: Duration::ZERO }
    }

    /// Whether it was said of which workloads something is open.
    pub fn is_expecting(&self) -> bool {
        !self.open.is_empty()
    }

    /// Says of which workloads something is open.
    pub fn expect(&mut self, open: Vec<usize>) {
        self.open = open;
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
        let selections = about.iter().map(|key| self.question.selection_about(key, &names, Some(key)));
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
