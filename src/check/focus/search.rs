//! The order of the search: every workload alone first; then, property by property, what is left.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::engine::Statistics;
use crate::model::ModelError;
use crate::property::{self, NAMES};

use super::alone::Alone;
use super::confirm::{Late, confirm};
use super::context::{Context, Open};
use super::local::Finding;
use super::report::{FocusReport, Tally};
use super::survey::Survey;
use super::{Answer, Decided, Question};

/// A search: what is known of workloads alone, and what it takes to decide the rest.
pub struct Session<'a> {
    question: Question<'a>,
    survey: Rc<Survey<'a>>,
    names: Vec<&'static str>,
    alone: Alone,
    context: Context<'a>,
    /// By property: what is worth another look, because there is time left.
    late: Vec<(&'static str, Vec<Late>)>,
}

impl<'a> Session<'a> {
    /// Begins with every workload alone.
    pub fn begin(question: Question<'a>, survey: Survey<'a>) -> Result<Self, ModelError> {
        let survey = Rc::new(survey);
        let watch = question.budget.start();
        let names: Vec<&'static str> = NAMES.into_iter().filter(|name| question.selection.has(name)).collect();
        let alone = Alone::search(&question, &survey, &names, &watch)?;
        let context = Context::new(question, Rc::clone(&survey), watch);
        Ok(Session { question, survey, names, alone, context, late: Vec::new() })
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

    /// The answers about a property that models of single workloads give, for those workloads that they settle.
    pub fn settled(&self, name: &str) -> Decided {
        self.collect(name).0
    }

    /// Answers about a property; it, those that come `after` it and are open, too, and what is late share the time that is
    /// left. What it does not get to in its share is late. `None` if there are no answers.
    pub fn decide(&mut self, name: &'static str, after: &[&str]) -> Result<Option<Decided>, ModelError> {
        if !self.context.is_expecting() {
            let open = self.names.iter().flat_map(|name| self.collect(name).1).map(|it| it.workload);
            self.context.expect(open.collect::<BTreeSet<usize>>().into_iter().collect());
        }
        let (mut decided, open) = self.collect(name);
        let after = after.iter().filter(|name| !self.collect(name).1.is_empty()).count();
        let time = self.share(after + self.late.len());
        let late = confirm(&mut self.context, name, open, time, &mut decided)?;
        if !late.is_empty() {
            self.late.push((name, late));
        }
        Ok((!decided.answers.is_empty()).then_some(decided))
    }

    /// The time that is left, shared with so many others.
    fn share(&self, others: usize) -> Option<Duration> {
        self.context.watch.time_left().map(|left| left / (others as u32 + 1))
    }

    /// Looks once more at what is late, property by property, as long as there is time and `goes_on`; `None` if nothing is.
    pub fn once_more(&mut self, goes_on: bool) -> Result<Option<Decided>, ModelError> {
        if self.late.is_empty() {
            return Ok(None);
        }
        let (name, mut late) = self.late.remove(0);
        let mut decided = self.undecided(name);
        if goes_on && self.context.watch.exhausted().is_none() {
            let time = self.share(self.late.len());
            let open = late.into_iter().map(|it| it.open).collect();
            late = confirm(&mut self.context, name, open, time, &mut decided)?;
        }
        for Late { open, answer, story } in late {
            let subject = self.context.subject(&open);
            decided.report.add(&subject, Tally::Open, story);
            decided.answers.push((subject, answer));
        }
        Ok(Some(decided))
    }

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
            if !self.question.is_about(name, &owner.key) {
                continue;
            }
            let (finding, tally, model) = self.alone.finding(workload, name);
            let found = model.and_then(|model| Some((model, self.alone.findings(model)?)));
            if let Some((model, findings)) = found {
                decided.engine = findings.engine;
                if models.insert(model) {
                    decided.statistics.add(&findings.statistics);
                }
            }
            let subject = owner.key.to_string();
            match finding {
                Some(Finding::Nothing) => {}
                Some(Finding::Holds(extent)) if tally.covers(extent, &self.survey) => {
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
