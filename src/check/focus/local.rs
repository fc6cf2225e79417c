//! Decides properties on a model that is a part of a cluster.

use std::time::Duration;

use crate::check::asking::named;
use crate::cluster::object::spec::ClusterSpec;
use crate::engine::timed;
use crate::engine::{Budget, Engine, Extent, Progress, Statistics, UnknownReason, Verdict};
use crate::model::{Model, ModelError, build_within};
use crate::property::Selection;
use crate::reduce;
use crate::system::{PropertyId, PropertyKind, System, Trace};
use crate::term::Guarded;

/// What a small model says of a property.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The model has no such property: it does not apply to the workload.
    Nothing,
    /// No run within the extent breaks it.
    Holds(Extent),
    /// A run of the model, if possible a shortest one, that breaks it, as one of the whole model.
    Broken {
        /// Position of the property in the model.
        property: PropertyId,
        /// The run.
        trace: Trace,
        /// Its length.
        k: u32,
        /// All runs that are shorter than this hold: its length, unless there was no time to be sure.
        covered: u32,
    },
    /// Undecided; all k below `covered` hold.
    Open {
        /// Why.
        reason: UnknownReason,
        /// Number of bounds 0, 1, … that were covered.
        covered: u32,
    },
}

/// Findings by property name, with the figures of the search.
#[derive(Clone, Debug)]
pub struct Findings {
    /// By name.
    pub by_name: Vec<(String, Finding)>,
    /// Sums over all searches.
    pub statistics: Statistics,
    /// The engine.
    pub engine: &'static str,
}

/// How a part of a cluster is asked about.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Bound, memory and stop flags; the time is given anew with every question.
    pub budget: &'a Budget,
    /// Watches.
    pub progress: &'a dyn Progress,
}

impl Asking<'_> {
    /// Asks about every property of the selection, name by name, within `time` for all of them together.
    pub fn all(
        &self,
        spec: &ClusterSpec,
        selection: &Selection,
        time: Option<Duration>,
    ) -> Result<(Model, Findings), ModelError> {
        let watch = Budget { time, ..self.budget.clone() }.start();
        let model = build_within(spec, selection, &watch.limit())?;
        let mut findings =
            Findings { by_name: Vec::new(), statistics: Statistics::default(), engine: self.engine.name() };
        let mut names: Vec<&str> = Vec::new();
        selection.properties.iter().for_each(|it| {
            if !names.contains(&it.name.as_str()) {
                names.push(&it.name)
            }
        });
        for (asked, name) in names.iter().enumerate() {
            let left = watch.time_left().map(|left| left / (names.len() - asked) as u32);
            let finding = self.one(&model, name, left, &mut findings);
            findings.by_name.push(((*name).to_owned(), finding));
        }
        Ok((model, findings))
    }

    fn one(&self, model: &Model, name: &str, time: Option<Duration>, findings: &mut Findings) -> Finding {
        let ids = named(&model.system, name);
        if ids.is_empty() {
            return Finding::Nothing;
        }
        if ids.iter().all(|&id| is_out_of_question(&model.system, id)) {
            return Finding::Holds(Extent::Complete(0));
        }
        let watch = Budget { time, ..self.budget.clone() }.start();
        let limit = Guarded::new(watch.limit());
        let reduction = reduce::reduce_within(&model.system, &model.parts, &ids, reduce::figures, &limit);
        let system = &reduction.slice.system;
        let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
        let budget = Budget { time: watch.time_left(), ..self.budget.clone() };
        let decision = timed::decide(self.engine, system, &all, &budget, self.progress);
        findings.statistics.add(&decision.outcome.statistics);
        findings.engine = decision.engine;
        match decision.outcome.verdict {
            Verdict::Holds(extent) => Finding::Holds(extent),
            Verdict::Unknown { reason, covered } => Finding::Open { reason, covered },
            Verdict::Violated { property, trace, k, shortest } => {
                let broken = system.property(property);
                let own = |id: &&PropertyId| model.system.property(**id).subject == broken.subject;
                let lifted = reduction.slice.lift(&model.system, &trace);
                match (ids.iter().find(own), lifted) {
                    (Some(&property), Ok(trace)) => {
                        Finding::Broken { property, trace, k, covered: if shortest { k } else { 0 } }
                    }
                    _ => {
                        Finding::Open { reason: UnknownReason::Engine("a trace does not lift".to_owned()), covered: k }
                    }
                }
            }
        }
    }
}

/// Whether a property forbids loops with a mark that no action carries: no state needs to be seen for that.
fn is_out_of_question(system: &System, property: PropertyId) -> bool {
    match system.property(property).kind {
        PropertyKind::NoLoop { any_of, .. } => {
            !system.actions.iter().flat_map(|action| &action.marks).any(|&(mark, _)| any_of.contains(mark))
        }
        PropertyKind::Invariant { .. } | PropertyKind::Settles => false,
    }
}
