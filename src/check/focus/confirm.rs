//! What workloads alone leave open: the focus on the real nodes, runs of the whole cluster, and, where it is small, a
//! search of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::reason_text;
use crate::check::verify::internal;
use crate::cluster::spec::ObjectKey;
use crate::cluster::view::MARKED_WORKLOADS;
use crate::encodings::{Model, ModelError, build_within};
use crate::engine::{Budget, Extent, Statistics, UnknownReason, Watch};
use crate::property::{NAMES, Selection};
use crate::system::{Property, PropertyId, Trace};
use crate::term::Limit;

use super::anywhere::{self, Naming, Scaling};
use super::apart;
use super::company::{self, Drive};
use super::frozen;
use super::guide::{self, Commands, Guide};
use super::local::{Asking, Finding, add};
use super::rehearse::Stage;
use super::report::Tally;
use super::search::{is_covered, selection_about};
use super::survey::Survey;
use super::sweep;
use super::violation::{Found, Teller};
use super::want;
use super::{Answer, Decided, Question};

/// Time for one model where no time is given.
const PATIENCE: Duration = Duration::from_secs(20);

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
            let mut case = Case::new(self, name, &it, time);
            let answer = case.decide()?;
            let (tally, story) = (case.tally, case.story);
            let is_late = case.watch.exhausted() == Some(UnknownReason::Time);
            add(&mut decided.statistics, &case.statistics);
            own.extend(self.building - built, &self.watch);
            match answer {
                None => {}
                Some(answer @ Answer::Unknown { .. }) if is_late && self.watch.exhausted().is_none() => {
                    late.push(Late { open: it, answer, story });
                }
                Some(answer) => {
                    let violated = matches!(answer, Answer::Violated(_));
                    decided.report.add(&subject, tally, story);
                    decided.answers.push((subject, answer));
                    if violated && !self.question.all {
                        break;
                    }
                }
            }
        }
        Ok(late)
    }

    /// The workload that something open is about.
    pub fn subject(&self, open: &Open) -> String {
        self.survey.spec.workloads[open.workload].key.to_string()
    }

    /// The limit on building whole models: the end of the question.
    fn limit(&self) -> Limit {
        Budget { time: self.watch.time_left(), ..self.question.budget.clone() }.limit(Instant::now())
    }

    /// The whole model, with all properties of a workload that are asked for; built once for them and for those of
    /// other workloads that are open.
    fn whole(&mut self, workload: usize, name: &str, watch: &mut Watch) -> Result<Arc<Model>, ModelError> {
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
        let built = build_within(self.survey.spec, &Selection { properties, chosen: false }, &self.limit());
        self.building += began.elapsed();
        watch.extend(began.elapsed(), &self.watch);
        let model = Arc::new(built?);
        self.whole = Some(Whole { about, names, model: Arc::clone(&model) });
        Ok(model)
    }
}

/// One property of one workload.
struct Case<'c, 'a> {
    confirmer: &'c mut Confirmer<'a>,
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
    fn new(confirmer: &'c mut Confirmer<'a>, name: &'c str, open: &'c Open, time: Option<Duration>) -> Self {
        let watch = Budget { time, ..confirmer.question.budget.clone() }.start();
        Case {
            confirmer,
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

    fn survey(&self) -> &'a Survey<'a> {
        self.confirmer.survey
    }

    fn asks_for_room_only(&self) -> bool {
        let survey = self.survey();
        survey.templates_of(self.open.workload).all(|template| survey.asks_for_room_only(template))
    }

    fn budget(&self, share: f64) -> Budget {
        let time = self.watch.time_left().map_or(PATIENCE, |left| left.mul_f64(share));
        Budget { time: Some(time), ..self.confirmer.question.budget.clone() }
    }

    /// The answer; `None` if the property does not apply to the workload.
    fn decide(&mut self) -> Result<Option<Answer>, ModelError> {
        if let Some(reason) = self.watch.exhausted() {
            let covered = match &self.open.finding {
                Some(Finding::Broken { k, .. }) => *k,
                Some(Finding::Open { covered, .. }) => *covered,
                _ => 0,
            };
            return Ok(Some(Answer::Unknown { reason: reason_text(&reason), covered }));
        }
        let mut guides: Vec<Guide> = Vec::new();
        let mut starved = false;
        match &self.open.finding {
            Some(Finding::Broken { k, .. }) => {
                self.covered = *k;
                self.story.push(format!("alone it may fail at k = {k}"));
                if self.name == "pods-schedulable" && self.asks_for_room_only() {
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
            Some(Finding::Holds(Extent::Complete(_)) | Finding::Nothing) => {}
            None => {
                let why = anywhere::obstacle(self.survey(), self.open.workload, self.name);
                self.story.extend(why.map(|why| format!("not alone: {why}")));
            }
        }
        if !starved && let Some(found) = self.rehearse(&guides)? {
            return Ok(Some(found));
        }
        let mut focus = apart::closure(self.survey(), self.open.workload);
        // Where others' want of room decides, real nodes change nothing.
        let mut apart = if starved && self.asks_for_room_only() { None } else { self.apart(&focus)? };
        // Refinement: who takes room from the focus joins it.
        while !matches!(apart, Some(Finding::Nothing | Finding::Holds(_)))
            && let Some(larger) = apart::with_neighbours(self.survey(), &focus)
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
        let (survey, workload) = (self.survey(), self.open.workload);
        for (drive, story) in [
            (Drive::Grow, "others grow as far as their loads make them"),
            (Drive::Shrink, "others shrink as far as their loads let them"),
            (Drive::GrowAndShrink, "others grow, and shrink again, as far as their loads make them"),
        ] {
            // Others that shrink leave room, and nothing but want of it is asked for.
            if starved && drive != Drive::Grow {
                continue;
            }
            let all = guides.iter().chain(&still).chain(&apart);
            let driven: Vec<Guide> = all.map(|guide| company::driven(survey, workload, guide, drive)).collect();
            if let Some(found) = self.rehearse(&driven)? {
                self.story.push(story.to_owned());
                return Ok(Some(found));
            }
        }
        Ok(Some(Answer::Unknown { reason: self.unknown(starved), covered: self.covered }))
    }

    fn unknown(&self, starved: bool) -> String {
        let spent = self.watch.exhausted().map(|reason| reason_text(&reason));
        let what = match (&self.reason, starved) {
            (_, true) => {
                let how = want::shortage(self.survey(), self.open.workload).filter(|_| self.asks_for_room_only());
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
        let alone = anywhere::alone(survey, self.open.workload, Naming::Own, Scaling::Exact);
        let key = &survey.spec.workloads[self.open.workload].key;
        let selection = selection_about(self.confirmer.question, key, &[self.name], None);
        let (model, finding) = self.ask(&alone.spec, &selection, 0.2).ok()??;
        let Finding::Broken { trace, .. } = finding else { return None };
        let commands = Commands { positions: &alone.commands, all: &survey.spec.scenario.commands };
        let crowding = is_crowded(&model, &trace);
        Some((guide::read(&model, &trace, &commands), crowding))
    }

    /// Asks a part about the property. `None` if it cannot be modelled.
    fn ask(
        &mut self,
        spec: &crate::cluster::spec::ClusterSpec,
        selection: &Selection,
        share: f64,
    ) -> Result<Option<(Model, Finding)>, ModelError> {
        let budget = self.budget(share);
        let question = self.confirmer.question;
        let asking = Asking { engine: question.engine, budget: &budget, progress: question.progress };
        match asking.all(spec, selection, budget.time) {
            Err(ModelError::Stopped(_)) => Ok(None),
            Err(ModelError::TooLarge(why)) => {
                self.story.push(why);
                Ok(None)
            }
            Err(error) => Err(error),
            Ok((model, findings)) => {
                add(&mut self.statistics, &findings.statistics);
                let found = findings.by_name.into_iter().next().map_or(Finding::Nothing, |(_, finding)| finding);
                Ok(Some((model, found)))
            }
        }
    }

    /// The focus on the real nodes; `None` if that says nothing.
    fn apart(&mut self, focus: &BTreeSet<usize>) -> Result<Option<Finding>, ModelError> {
        let survey = self.survey();
        if let Some(why) = apart::obstacle(survey, focus) {
            self.story.push(format!("not on the real nodes without the others: {why}"));
            return Ok(None);
        }
        let part = apart::apart(survey, focus);
        let tally = if part.crowded { Tally::ApartCrowded } else { Tally::Apart };
        let key = &survey.spec.workloads[self.open.workload].key;
        let names: Vec<String> = focus.iter().map(|&it| survey.spec.workloads[it].key.to_string()).collect();
        self.story.push(format!("in focus on the real nodes: {}", names.join(", ")));
        let selection = selection_about(self.confirmer.question, key, &[self.name], Some(key));
        let Some((model, finding)) = self.ask(&part.spec, &selection, 0.3)? else { return Ok(None) };
        if let Finding::Broken { trace, .. } = &finding {
            let commands = Commands { positions: &part.commands, all: &survey.spec.scenario.commands };
            self.guides.push(guide::read(&model, trace, &commands));
        }
        match &finding {
            Finding::Holds(extent) if !is_covered(*extent, tally, survey) => return Ok(None),
            Finding::Holds(_) => self.tally = tally,
            Finding::Broken { k, .. } => {
                self.covered = self.covered.max(*k);
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
        let (spec, commands) = frozen::frozen(survey, focus);
        let key = &survey.spec.workloads[self.open.workload].key;
        let selection = selection_about(self.confirmer.question, key, &[self.name], Some(key));
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
        let model = match self.confirmer.whole(self.open.workload, self.name, &mut self.watch) {
            Err(ModelError::Stopped(_)) => {
                self.story.push("no time to build the whole cluster's model".to_owned());
                return Ok(None);
            }
            model => model?,
        };
        let budget = self.budget(1.0);
        let found = {
            let Some(stage) = Stage::new(&model, &self.survey().spec.scenario.commands, &budget, &self.confirmer.watch)
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
        Ok(Some(self.tell(&Found { model: &model, property, trace: &trace, run })))
    }

    fn tell(&self, found: &Found<'_>) -> Answer {
        let workload = self.confirmer.subject(self.open);
        Answer::Violated(Box::new(self.confirmer.teller.tell(found, &workload, self.covered)))
    }

    /// What a search of the whole cluster found.
    fn violated(&self, model: &Model, property: PropertyId, trace: &Trace) -> Answer {
        match model.interpreter().replay(trace, model.system.property(property)) {
            Ok(run) => self.tell(&Found { model, property, trace, run }),
            Err(error) => Answer::Unknown { reason: internal(&error.to_string()), covered: self.covered },
        }
    }

    /// Searches the whole cluster, if it is small. `Some(None)`: the property does not apply.
    fn whole_if_small(&mut self) -> Result<Option<Option<Answer>>, ModelError> {
        let survey = self.survey();
        if survey.owners().count() > self.confirmer.question.small {
            return Ok(None);
        }
        let key = &survey.spec.workloads[self.open.workload].key;
        let selection = selection_about(self.confirmer.question, key, &[self.name], Some(key));
        let Some((model, finding)) = self.ask(survey.spec, &selection, 0.6)? else { return Ok(None) };
        let answer = match finding {
            Finding::Nothing => None,
            Finding::Holds(extent) => Some(Answer::Holds(extent)),
            Finding::Broken { property, trace, k } => {
                self.covered = k;
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

/// Whether a property of the whole is of that name and about that workload, or about everything.
pub fn is_about(property: &Property, name: &str, key: &str) -> bool {
    let rest = property.subject.strip_prefix(key);
    property.name == name
        && (property.subject.is_empty() || rest.is_some_and(|it| it.is_empty() || it.starts_with(':')))
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
