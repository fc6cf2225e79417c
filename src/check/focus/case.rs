//! One property of one workload that models of single workloads leave open: the focus on the real nodes, runs of the whole
//! cluster, and, where it is small, a search of it.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::check::reason_text;
use crate::check::retelling::internal;
use crate::cluster::object::spec::WorkloadKind;
use crate::engine::{Budget, Extent, Statistics, UnknownReason, Watch};
use crate::model::{Model, ModelError};
use crate::property::{Selection, about};
use crate::system::{PropertyId, Trace};

use super::Answer;
use super::anywhere::{self, Naming, Scaling};
use super::apart;
use super::company::{self, Drive};
use super::context::{Context, Open, is_about};
use super::frozen;
use super::guide::{self, Commands, Guide};
use super::local::{Asking, Finding};
use super::rehearse::Stage;
use super::report::Tally;
use super::survey::Survey;
use super::violation::Found;
use super::want;

/// Time for one model where no time is given.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was found of a property of a workload.
pub struct Looked {
    /// The answer; `None` if the property does not apply to the workload.
    pub answer: Option<Answer>,
    /// By which model.
    pub tally: Tally,
    /// What was tried.
    pub story: Vec<String>,
    /// Figures of all searches.
    pub statistics: Statistics,
    /// Whether its time ended first.
    pub is_late: bool,
}

/// One property of one workload.
pub struct Case<'c, 'a> {
    context: &'c mut Context<'a>,
    name: &'c str,
    open: &'c Open,
    watch: Watch,
    tally: Tally,
    story: Vec<String>,
    statistics: Statistics,
    /// Counterexamples on the real nodes.
    guides: Vec<Guide>,
    /// All k below are known to hold.
    covered: u32,
    /// Why it is not decided.
    reason: Option<String>,
}

impl<'c, 'a> Case<'c, 'a> {
    /// What is open of a property, to be decided within `time` if it is limited.
    pub fn new(context: &'c mut Context<'a>, name: &'c str, open: &'c Open, time: Option<Duration>) -> Self {
        let watch = Budget { time, ..context.question.budget.clone() }.start();
        Case {
            context,
            name,
            open,
            watch,
            tally: Tally::Open,
            story: Vec::new(),
            statistics: Statistics::default(),
            guides: Vec::new(),
            covered: 0,
            reason: None,
        }
    }

    fn survey(&self) -> Rc<Survey<'a>> {
        Rc::clone(&self.context.survey)
    }

    fn asks_for_room_only(&self) -> bool {
        let survey = self.survey();
        survey.templates_of(self.open.workload).all(|template| survey.asks_for_room_only(template))
    }

    fn budget(&self, share: f64) -> Budget {
        let time = self.watch.time_left().map_or(PATIENCE, |left| left.mul_f64(share));
        Budget { time: Some(time), ..self.context.question.budget.clone() }
    }

    /// Looks at it.
    pub fn look(mut self) -> Result<Looked, ModelError> {
        let answer = self.decide()?;
        let is_late = self.watch.exhausted() == Some(UnknownReason::Time);
        let Case { tally, story, statistics, .. } = self;
        Ok(Looked { answer, tally, story, statistics, is_late })
    }

    /// The answer; `None` if the property does not apply to the workload.
    fn decide(&mut self) -> Result<Option<Answer>, ModelError> {
        if let Some(reason) = self.watch.exhausted() {
            let covered = match &self.open.finding {
                Some(Finding::Broken { covered, .. }) => *covered,
                Some(Finding::Open { covered, .. }) => *covered,
                _ => 0,
            };
            return Ok(Some(Answer::Unknown { reason: reason_text(&reason), covered }));
        }
        let (mut guides, starved) = self.begin();
        if !starved && let Some(found) = self.rehearse(&guides)? {
            return Ok(Some(found));
        }
        let mut focus = apart::closure(&self.survey(), self.open.workload);
        // Where others' want of room decides, real nodes change nothing.
        let mut apart = if starved && self.asks_for_room_only() { None } else { self.apart(&focus)? };
        // Refinement: who takes room from the focus joins it.
        while !matches!(apart, Some(Finding::Nothing | Finding::Holds(_)))
            && let Some(larger) = apart::with_neighbours(&self.survey(), &focus)
        {
            focus = larger;
            apart = self.apart(&focus)?;
        }
        match apart {
            Some(Finding::Nothing) => return Ok(None),
            Some(Finding::Holds(extent)) => return Ok(Some(Answer::Holds(extent))),
            _ => {}
        }
        let apart = std::mem::take(&mut self.guides);
        if let Some(found) = self.whole_if_small()? {
            return Ok(found);
        }
        let still = if starved && self.asks_for_room_only() { Vec::new() } else { self.frozen(&focus)? };
        if let Some(found) = self.rehearse(&still)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.rehearse(&apart)? {
            return Ok(Some(found));
        }
        if guides.is_empty() {
            guides.push(Guide::default());
        }
        let all: Vec<&Guide> = guides.iter().chain(&still).chain(&apart).collect();
        if let Some(found) = self.drive_company(&all, starved)? {
            return Ok(Some(found));
        }
        Ok(Some(Answer::Unknown { reason: self.unknown(starved), covered: self.covered }))
    }

    /// Begins with what the model alone says: its counterexample, and whether it needs others to leave no room.
    fn begin(&mut self) -> (Vec<Guide>, bool) {
        let mut guides: Vec<Guide> = Vec::new();
        let mut starved = false;
        match &self.open.finding {
            Some(Finding::Broken { k, covered, .. }) => {
                self.covered = *covered;
                self.story.push(format!("alone it may fail at k = {k}"));
                if about(self.name).waiting && self.asks_for_room_only() {
                    // Nothing but want of room can keep its pods waiting.
                    starved = true;
                } else if let Some((guide, crowding)) = self.alone_again() {
                    starved = crowding;
                    guides.push(guide);
                }
            }
            Some(Finding::Open { reason, covered }) => {
                self.covered = *covered;
                self.story.push(format!("alone: {}, all below k = {covered} hold", reason_text(reason)));
                self.reason = Some(format!("alone: {}", reason_text(reason)));
            }
            Some(Finding::Holds(Extent::Bound(k))) => {
                self.reason = Some(format!("alone it holds up to k = {k}, if others do not leave room within blocks"));
            }
            Some(Finding::Holds(Extent::Complete(_) | Extent::Inductive(_)) | Finding::Nothing) => {}
            None => {
                let why = anywhere::obstacle(&self.survey(), self.open.workload, self.name);
                self.story.extend(why.map(|why| format!("not alone: {why}")));
            }
        }
        (guides, starved)
    }

    /// Tries guides while loads drive the company to their ends.
    fn drive_company(&mut self, guides: &[&Guide], starved: bool) -> Result<Option<Answer>, ModelError> {
        let (survey, workload) = (self.survey(), self.open.workload);
        for (drive, story) in [
            (Drive::Grow, "others grow as far as their loads make them"),
            (Drive::Crowd, "CronJobs make Jobs that go on, and others grow as far as their loads make them"),
            (Drive::Shrink, "others shrink as far as their loads let them"),
            (Drive::GrowAndShrink, "others grow, and shrink again, as far as their loads make them"),
        ] {
            // Others that shrink leave room, and nothing but want of it is asked for.
            let has_crons = || survey.owners().any(|(_, it)| it.kind == WorkloadKind::CronJob);
            if starved && !drive.takes_room() || drive == Drive::Crowd && !has_crons() {
                continue;
            }
            let driven = guides.iter().map(|guide| company::driven(&survey, workload, guide, drive));
            let driven: Vec<Guide> = driven.collect();
            if let Some(found) = self.rehearse(&driven)? {
                self.story.push(story.to_owned());
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn unknown(&self, starved: bool) -> String {
        let spent = self.watch.exhausted().map(|reason| reason_text(&reason));
        let what = match (&self.reason, starved) {
            (_, true) => {
                let how = want::shortage(&self.survey(), self.open.workload).filter(|_| self.asks_for_room_only());
                let how = how.unwrap_or_else(|| "if others leave its pods no room where else they may go".to_owned());
                format!("it fails {how}, and no run was found in which they do")
            }
            (Some(reason), false) => reason.clone(),
            (None, false) => {
                "it fails in an abstraction, and no run of the whole cluster was found that does the same".to_owned()
            }
        };
        spent.into_iter().chain([what]).collect::<Vec<String>>().join("; ")
    }

    /// The counterexample of the model alone, with names; and whether others leave no room in it.
    fn alone_again(&mut self) -> Option<(Guide, bool)> {
        let survey = self.survey();
        let alone = anywhere::alone(&survey, self.open.workload, Naming::Own, Scaling::Exact);
        let key = &survey.spec.workloads[self.open.workload].key;
        let selection = self.context.question.selection_about(key, &[self.name], None);
        let (model, finding) = self.ask(&alone.spec, &selection, 0.2).ok()??;
        let Finding::Broken { trace, .. } = finding else { return None };
        let commands = Commands { positions: &alone.commands, all: &survey.spec.scenario.commands };
        let crowding = is_crowded(&model, &trace);
        Some((guide::read(&model, &trace, &commands), crowding))
    }

    /// Asks a part about the property. `None` if it cannot be modelled.
    fn ask(
        &mut self,
        spec: &crate::cluster::object::spec::ClusterSpec,
        selection: &Selection,
        share: f64,
    ) -> Result<Option<(Model, Finding)>, ModelError> {
        let budget = self.budget(share);
        let question = self.context.question;
        let asking = Asking { engine: question.engine, budget: &budget, progress: question.progress };
        match asking.all(spec, selection, budget.time) {
            Err(ModelError::Stopped(_)) => Ok(None),
            Err(ModelError::TooLarge(why)) => {
                self.story.push(why);
                Ok(None)
            }
            Err(error) => Err(error),
            Ok((model, findings)) => {
                self.statistics.add(&findings.statistics);
                let found = findings.by_name.into_iter().next().map_or(Finding::Nothing, |(_, finding)| finding);
                Ok(Some((model, found)))
            }
        }
    }

    /// The focus on the real nodes; `None` if that says nothing.
    fn apart(&mut self, focus: &BTreeSet<usize>) -> Result<Option<Finding>, ModelError> {
        let survey = self.survey();
        if let Some(why) = apart::obstacle(&survey, focus) {
            self.story.push(format!("not on the real nodes without the others: {why}"));
            return Ok(None);
        }
        let part = apart::apart(&survey, focus);
        let tally = if part.crowded { Tally::ApartCrowded } else { Tally::Apart };
        let key = &survey.spec.workloads[self.open.workload].key;
        let names: Vec<String> = focus.iter().map(|&it| survey.spec.workloads[it].key.to_string()).collect();
        self.story.push(format!("in focus on the real nodes: {}", names.join(", ")));
        let selection = self.context.question.selection_about(key, &[self.name], Some(key));
        let Some((model, finding)) = self.ask(&part.spec, &selection, 0.3)? else { return Ok(None) };
        if let Finding::Broken { trace, .. } = &finding {
            let commands = Commands { positions: &part.commands, all: &survey.spec.scenario.commands };
            self.guides.push(guide::read(&model, trace, &commands));
        }
        match &finding {
            Finding::Holds(extent) if !tally.covers(*extent, &survey) => return Ok(None),
            Finding::Holds(_) => self.tally = tally,
            Finding::Broken { k, covered, .. } => {
                self.covered = self.covered.max(*covered);
                self.story.push(format!("there it may fail at k = {k}"));
            }
            Finding::Open { reason, covered } => {
                self.covered = self.covered.max(*covered);
                self.reason = Some(format!("on the real nodes: {}", reason_text(reason)));
            }
            Finding::Nothing => {}
        }
        Ok(Some(finding))
    }

    /// Counterexamples that need nothing of the others.
    fn frozen(&mut self, focus: &BTreeSet<usize>) -> Result<Vec<Guide>, ModelError> {
        let survey = self.survey();
        let (spec, commands) = frozen::frozen(&survey, focus);
        let key = &survey.spec.workloads[self.open.workload].key;
        let selection = self.context.question.selection_about(key, &[self.name], Some(key));
        let Some((model, finding)) = self.ask(&spec, &selection, 0.4)? else { return Ok(Vec::new()) };
        let Finding::Broken { trace, k, .. } = finding else { return Ok(Vec::new()) };
        self.story.push(format!("while others stay as they are it fails at k = {k}"));
        let commands = Commands { positions: &commands, all: &survey.spec.scenario.commands };
        Ok(vec![guide::read(&model, &trace, &commands)])
    }

    /// Tries guides on the whole cluster.
    fn rehearse(&mut self, guides: &[Guide]) -> Result<Option<Answer>, ModelError> {
        if guides.is_empty() || self.watch.exhausted().is_some() {
            return Ok(None);
        }
        let model = match self.context.whole(self.open.workload, self.name, &mut self.watch) {
            Err(ModelError::Stopped(_)) => {
                self.story.push("no time to build the whole cluster's model".to_owned());
                return Ok(None);
            }
            model => model?,
        };
        let budget = self.budget(1.0);
        let found = {
            let Some(stage) = Stage::new(&model, &self.survey().spec.scenario.commands, &budget, &self.context.watch)
            else {
                return Ok(None);
            };
            let key = self.survey().spec.workloads[self.open.workload].key.to_string();
            let about = |id: &PropertyId| is_about(model.system.property(*id), self.name, &key);
            let properties = || (0..model.system.properties.len()).map(PropertyId).filter(about);
            guides.iter().find_map(|guide| properties().find_map(|it| Some((it, stage.rehearse(it, guide)?))))
        };
        let Some((property, (trace, run))) = found else {
            let tried = "the whole cluster did not do the same";
            if self.story.last().is_none_or(|line| line != tried) {
                self.story.push(tried.to_owned());
            }
            return Ok(None);
        };
        self.tally = Tally::Rehearsed;
        Ok(Some(self.tell(&Found { model: &model, property, trace: &trace, run: &run })))
    }

    fn tell(&self, found: &Found<'_>) -> Answer {
        let workload = self.context.subject(self.open);
        Answer::Violated(Box::new(self.context.teller.tell(found, &workload, self.covered)))
    }

    /// What a search of the whole cluster found.
    fn violated(&self, model: &Model, property: PropertyId, trace: &Trace) -> Answer {
        match model.interpreter().replay(trace, model.system.property(property)) {
            Ok(run) => self.tell(&Found { model, property, trace, run: &run }),
            Err(error) => Answer::Unknown { reason: internal(&error.to_string()), covered: self.covered },
        }
    }

    /// Searches the whole cluster, if it is small. `Some(None)`: the property does not apply.
    fn whole_if_small(&mut self) -> Result<Option<Option<Answer>>, ModelError> {
        let survey = self.survey();
        if survey.owners().count() > self.context.question.small {
            return Ok(None);
        }
        let key = &survey.spec.workloads[self.open.workload].key;
        let selection = self.context.question.selection_about(key, &[self.name], Some(key));
        let Some((model, finding)) = self.ask(survey.spec, &selection, 0.6)? else { return Ok(None) };
        let answer = match finding {
            Finding::Nothing => None,
            Finding::Holds(extent) => Some(Answer::Holds(extent)),
            Finding::Broken { property, trace, covered, .. } => {
                self.covered = covered;
                Some(self.violated(&model, property, &trace))
            }
            Finding::Open { reason, covered } => {
                self.covered = self.covered.max(covered);
                self.reason = Some(format!("whole cluster: {}", reason_text(&reason)));
                return Ok(None);
            }
        };
        self.tally = Tally::Whole;
        Ok(Some(answer))
    }
}

/// Whether others leave no room in a run of a part.
fn is_crowded(model: &Model, trace: &Trace) -> bool {
    trace.steps.iter().any(|step| {
        let action = &model.system.actions[step.action];
        let first = |(&var, &value): (&crate::term::VarId, &i64)| {
            value == 1 && model.system.arena.variable(var).name == "others first"
        };
        action.inputs.iter().zip(&step.inputs).any(first)
    })
}
