//! What holds where slow actions wait until event-driven ones have settled is asked again where they do not.
//!
//! Runs in which blocks do not overlap are few, most violations are among them, and their stories are the simplest. So they are
//! looked at first. What holds of them is then asked of all runs, by explicit search, which may do so much work for
//! all properties of an input: a limit in time would give other verdicts on other machines. Where that does not suffice, the verdict says that
//! it is without overlapping actions; in clusters of several workloads, of those workloads only for which it does not.
//!
//! A loop in which blocks overlap is not told: it may go round because somebody in it never gets his turn, of several for whom one action
//! stands, and no clock of the action forbids that. The verdict then is without overlapping actions as well.
//!
//! Soundness: every run in which slow actions wait is one in which they need not, so that nothing is lost by asking the smaller question
//! first, and what holds of all runs holds of these.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use super::agreed::agreed;
use super::focused::{self, Focused};
use super::plan::{Plan, Subject};
use super::whole::Whole;
use super::{Answer, CheckResult, VerifyError};
use crate::cluster::object::spec::ClusterSpec;
use crate::engine::Extent;
use crate::engine::explicit::Explicit;
use crate::property::NAMES;
use crate::system::Interleaving;

/// Answers of a property, or of nothing that is known of it.
pub type Again<'a> = dyn FnMut(Extent) -> Vec<CheckResult> + 'a;

/// Results of one property, or what is known of it where blocks overlap: what holds of them so far is asked again.
pub fn widened(first: Vec<CheckResult>, plan: &Plan<'_>, ask: &mut Again<'_>) -> Vec<CheckResult> {
    let extents = first.iter().filter_map(|it| if let Answer::Holds(extent) = it.answer { Some(extent) } else { None });
    let Some(extent) = extents.reduce(Extent::weaker) else { return first };
    let is_over = plan.engine.certifies() || plan.is_over(first.iter().find(|it| it.is_violated()));
    let began = Instant::now();
    let again = if is_over { Vec::new() } else { ask(extent) };
    let mut results = agreed(first, &again);
    if let Some(first) = results.first_mut() {
        first.seconds += began.elapsed().as_secs_f64();
    }
    results
}

/// How something that holds so far is asked again, in the time that is left.
pub fn plan_again<'a>(plan: &Plan<'a>, extent: Extent, left: Option<Duration>) -> Plan<'a> {
    let budget = plan.patience.budget(extent, left, &plan.budget);
    Plan { engine: &Explicit, budget, patience: plan.patience.clone(), ..*plan }
}

/// A cluster in which blocks overlap.
pub fn overlapping(spec: &ClusterSpec) -> ClusterSpec {
    let mut spec = spec.clone();
    spec.scenario.interleave(Interleaving::Overlapping);
    spec
}

/// One cluster that is asked about again; its models are built once for all properties.
pub struct Second<'a> {
    subject: &'a Subject<'a>,
    plan: &'a Plan<'a>,
    /// How it is asked, once the first property is.
    again: &'a OnceCell<Plan<'a>>,
    asker: Option<Asker<'a>>,
    began: Instant,
}

enum Asker<'a> {
    Whole(Box<Whole<'a>>),
    Focused(Box<Focused<'a>>),
    /// There was no time for a model.
    Nobody,
}

impl<'a> Second<'a> {
    /// Nothing is asked yet. The subject is one in which blocks overlap, the plan the one of the first question.
    pub fn new(subject: &'a Subject<'a>, plan: &'a Plan<'a>, again: &'a OnceCell<Plan<'a>>) -> Self {
        Second { subject, plan, again, asker: None, began: Instant::now() }
    }

    /// Results of one property, or what is known where blocks overlap. So many properties share the time that is left.
    pub fn widen(&mut self, first: Vec<CheckResult>, among: u32) -> Vec<CheckResult> {
        let Some(name) = first.first().and_then(|it| NAMES.into_iter().find(|name| *name == it.property)) else {
            return first;
        };
        let plan = self.plan;
        widened(first, plan, &mut |extent| {
            // What workloads alone say is known by then.
            if plan.patience.is_over() && !matches!(self.asker, Some(Asker::Focused(_))) {
                return Vec::new();
            }
            plan.progress.begin(&format!("{}: {name}, with overlapping actions", self.subject.name.short()));
            self.asker(extent).ask(name, among).unwrap_or_default()
        })
    }

    fn asker(&mut self, extent: Extent) -> &mut Asker<'a> {
        let Second { subject, plan, again, began, .. } = *self;
        self.asker.get_or_insert_with(|| {
            let left = plan.budget.time.map(|limit| limit.saturating_sub(began.elapsed()));
            let plan = again.get_or_init(|| plan_again(plan, extent, left));
            Asker::begin(subject, plan)
        })
    }
}

impl<'a> Asker<'a> {
    fn begin(subject: &'a Subject<'a>, plan: &'a Plan<'a>) -> Self {
        if !focused::applies(subject, plan) {
            return Asker::Whole(Box::new(Whole::new(subject, plan)));
        }
        // That some state is a start was found out before.
        Focused::begin(subject, plan, false).map_or(Asker::Nobody, |focused| Asker::Focused(Box::new(focused)))
    }

    fn ask(&mut self, name: &'static str, among: u32) -> Result<Vec<CheckResult>, VerifyError> {
        match self {
            Asker::Whole(whole) => Ok(vec![whole.ask(name, among)?]),
            Asker::Focused(focused) => focused.glance(name, among),
            Asker::Nobody => Ok(Vec::new()),
        }
    }
}
