//! The one entry for verdicts: an input and options in, results out; and the transition system that they are about.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use itertools::Itertools;

use crate::cluster::object::spec::{Caches, ObjectKey};
use crate::engine::{Budget, UnknownReason};
use crate::model::{ModelError, build};
use crate::property::{self, Aside, NAMES, Selection};
use crate::system::{Interleaving, PropertyId, System};

use super::exceptions::Exceptions;
use super::family::{self, FamilyCheck, Members};
use super::overlap;
use super::patience::Patience;
use super::plan::{Plan, Skipped, Subject};
use super::source::Input;
use super::{CheckError, CheckResult, Focus, Options, Scope, VerifyError, apart, reason_text, verify};

/// What is left out where schedulers have caches of their own, and the model does not.
const RACES: &str = "races between schedulers";

/// Checks an input, which [`super::source`] has read, and tells each result as soon as it is known. Returns the results
/// with the names of properties that were not looked at. What is ignored or known is asked apart, after the rest, so that
/// it neither ends the check nor hides anything.
///
/// # Errors
///
/// If the input cannot be modelled, no property applies, or the assumptions about the start contradict each other.
pub fn check(
    input: &Input,
    options: &Options<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
    let answers = answers(input, options, tell);
    if options.scope.is_whole() { answers } else { in_scope(answers, input, &options.scope) }
}

fn answers(
    input: &Input,
    options: &Options<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
    let spec = &input.spec;
    let races = (spec.caches != Caches::Shared && !spec.schedulers_race()).then(|| RACES.to_owned());
    let without: Vec<String> = spec.absent.iter().cloned().chain(races).sorted().collect();
    let said = |result: CheckResult| {
        let without = without.iter().chain(&result.without).cloned().sorted().dedup().collect();
        CheckResult { without, ..result }.visible()
    };
    let exceptions = Exceptions::new(spec, input.ignores.iter().chain(options.ignores), options.baseline);
    let compared = |result: CheckResult| exceptions.compared(said(result));
    let (ignored, known) = (exceptions.ignored(), exceptions.known());
    let asked = Asked { input, options, began: Instant::now() };
    if ignored.is_empty() && known.is_empty() {
        let (results, skipped) = asked.ask(options.all, &|all| all, &mut |result| tell(&compared(result.clone())))?;
        return Ok((results.into_iter().map(compared).collect(), skipped));
    }
    let apart: BTreeSet<Aside> = ignored.union(&known).cloned().collect();
    let (results, skipped) = asked.besides(&apart, &mut |result| tell(&compared(result.clone())))?;
    let mut results: Vec<CheckResult> = results.into_iter().map(compared).collect();
    let also = asked.apart(known)?.into_iter().map(compared);
    let excused = match options.ask_ignored {
        true => asked.apart(ignored)?,
        false => Vec::new(),
    };
    for result in also.chain(excused.into_iter().flat_map(|it| exceptions.excused(said(it)))) {
        tell(&result);
        results.push(result);
    }
    asked.complain(&results, &skipped)?;
    Ok((results, skipped))
}

/// The transition system of an input: whole, or what the named properties need of it.
///
/// # Errors
///
/// If the input cannot be modelled.
pub fn transition_system(input: &Input, properties: &[String]) -> Result<System, CheckError> {
    let system = build(&input.spec, &input.selection(properties)).map_err(VerifyError::from)?.system;
    Ok(match properties.is_empty() {
        true => system,
        false => system.slice(&(0..system.properties.len()).map(PropertyId).collect::<Vec<_>>()).system,
    })
}

/// Nothing to ask is an answer for a shard. A namespace has something, or it is not the one that was meant.
fn in_scope(
    answers: Result<(Vec<CheckResult>, Skipped), CheckError>,
    input: &Input,
    scope: &Scope,
) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
    match (answers, &scope.namespace) {
        (Err(CheckError::Verify(VerifyError::Nothing)), None) => Ok((Vec::new(), Skipped::new())),
        (Err(CheckError::Verify(VerifyError::Nothing)), Some(namespace)) => {
            let known = input.spec.workloads.iter().map(|it| it.key.namespace.as_str()).unique().sorted().join(", ");
            let known =
                if known.is_empty() { "there is no workload".to_owned() } else { format!("they are in {known}") };
            Err(CheckError::Usage(format!("no property is about a workload of namespace {namespace}: {known}")))
        }
        (answers, _) => answers,
    }
}

/// An input and how it is checked.
struct Asked<'a> {
    input: &'a Input,
    options: &'a Options<'a>,
    began: Instant,
}

impl Asked<'_> {
    /// What is left of the time. The first question has all of it.
    fn budget(&self) -> Budget {
        let left = |limit: Duration| limit.saturating_sub(self.began.elapsed());
        Budget { time: self.options.budget.time.map(left), ..self.options.budget.clone() }
    }

    /// What is asked: of the input what is in scope.
    fn selection(&self) -> Selection {
        self.options.scope.narrow(&self.input.spec, self.input.selection(self.options.properties))
    }

    fn workloads(&self) -> Vec<ObjectKey> {
        self.input.spec.workloads.iter().map(|it| it.key.clone()).collect()
    }

    /// Results of all but some questions; none if nothing is left.
    fn besides(
        &self,
        apart: &BTreeSet<Aside>,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
        let workloads = self.workloads();
        let narrow = |all: Selection| all.without(apart, &workloads);
        if narrow(self.selection()).properties.is_empty() {
            return Ok(Default::default());
        }
        let answers = self.ask(self.options.all, &narrow, tell);
        Ok(apart::if_any(answers)?.unwrap_or_default())
    }

    /// Results of some questions only.
    fn apart(&self, asides: BTreeSet<Aside>) -> Result<Vec<CheckResult>, CheckError> {
        let workloads = self.workloads();
        apart::ask(asides, &mut |open| {
            let narrow = |all: Selection| all.only_asides(open, &workloads);
            let selected = narrow(self.selection());
            match self.late() {
                Some(why) => Ok((self.unasked(&selected, &why), Skipped::new())),
                None if selected.properties.is_empty() => Err(VerifyError::Nothing.into()),
                None => self.ask(true, &narrow, &mut |_| ()),
            }
        })
    }

    /// Why nothing more is asked.
    fn late(&self) -> Option<String> {
        let Budget { stop, time, .. } = self.budget();
        match (stop.load(Ordering::Relaxed), time) {
            (true, _) => Some(reason_text(&UnknownReason::Stopped)),
            (_, Some(Duration::ZERO)) => Some(reason_text(&UnknownReason::Time)),
            _ => None,
        }
    }

    /// Results of questions for which there is no time.
    fn unasked(&self, selection: &Selection, why: &str) -> Vec<CheckResult> {
        let Input { spec, name, .. } = self.input;
        let may = NAMES.into_iter().filter(|name| property::may_apply(spec, selection, name));
        let reason = format!("{why} before it was looked at");
        may.map(|property| {
            let own = selection.properties.iter().filter(|it| it.name == property);
            let subject = own.filter_map(|it| it.target.as_ref()).join(", ");
            let unknown = CheckResult::unknown(name.clone(), property, spec.scenario.interleaving, reason.clone());
            CheckResult { subject, ..unknown }
        })
        .collect()
    }

    /// An error for properties that were asked for by name and apply to nothing.
    fn complain(&self, results: &[CheckResult], skipped: &[String]) -> Result<(), CheckError> {
        let selection = self.selection();
        if results.is_empty() && skipped.is_empty() && self.options.ask_ignored {
            return Err(VerifyError::Nothing.into());
        }
        let is_answered = |name: &String| results.iter().any(|it| it.property == *name) || skipped.contains(name);
        let missing = selection.properties.iter().find(|it| !is_answered(&it.name));
        match missing.filter(|_| selection.chosen && self.options.ask_ignored) {
            None => Ok(()),
            Some(missing) => Err(VerifyError::from(ModelError::from(property::not_applicable(&missing.name))).into()),
        }
    }

    /// Asks the questions that are left of those of the input.
    fn ask(
        &self,
        all: bool,
        narrow: &dyn Fn(Selection) -> Selection,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
        let Asked { input, options, .. } = self;
        let plan = Plan {
            engine: options.engine,
            budget: self.budget(),
            all,
            reduce: options.reduce,
            explain: options.explain,
            focus: if options.reduce { options.focus } else { Focus::Off },
            patience: Patience::default(),
            progress: options.progress,
        };
        match &input.members {
            None if !options.lift_to.is_empty() => {
                Err(CheckError::Usage("--lift-to is for inputs of several sizes".to_owned()))
            }
            None => {
                let selection = narrow(self.selection());
                let subject = Subject { spec: &input.spec, name: input.name.clone(), selection };
                Ok(verify::check(&subject, &plan, tell)?)
            }
            Some(members) => {
                // Many sizes share one query, which is about whole clusters.
                self.ask_family(members, &Plan { focus: Focus::Off, ..plan }, narrow, tell)
            }
        }
    }

    /// Asks about a family, and of what holds again where blocks overlap.
    fn ask_family(
        &self,
        members: &Members,
        plan: &Plan<'_>,
        narrow: &dyn Fn(Selection) -> Selection,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
        let Asked { input, options, .. } = self;
        let lift_to = members.size(options.lift_to)?;
        let narrow = |all| narrow(options.scope.narrow(&input.spec, all));
        let begin = &mut |what: &str| plan.progress.begin(what);
        let family = FamilyCheck {
            members,
            names: options.properties,
            narrow: &narrow,
            plan,
            lift_to: lift_to.clone(),
            adjust: &|input| (options.adjust)(&mut input.spec.scenario),
        };
        if !input.spec.scenario.asks_overlaps() {
            return family::check(&family, begin, tell);
        }
        let (results, skipped) = family::check(&family, begin, &mut |_| ())?;
        let mut widened = Vec::new();
        for result in results {
            let property = [result.property.clone()];
            let left = self.budget().time;
            let again = &mut |extent| {
                if plan.patience.is_over() {
                    return Vec::new();
                }
                let plan = overlap::plan_again(plan, extent, left);
                let family = FamilyCheck {
                    members,
                    names: options.properties,
                    narrow: &|all| narrow(all).only(&property),
                    plan: &plan,
                    lift_to: lift_to.clone(),
                    adjust: &|input| {
                        (options.adjust)(&mut input.spec.scenario);
                        input.spec.scenario.interleave(Interleaving::Overlapping);
                        input.spec.scenario.bound = plan.budget.bound;
                    },
                };
                let found = family::check(&family, &mut |what| plan.progress.begin(what), &mut |_| ());
                found.map(|(results, _)| results).unwrap_or_default()
            };
            widened.extend(overlap::widened(vec![result], plan, again));
        }
        widened.iter().for_each(tell);
        Ok((widened, skipped))
    }
}
