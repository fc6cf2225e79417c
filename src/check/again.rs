//! Known counterexamples, executed again on an input that has changed since they were found: whatever one of them breaks is
//! broken, and nobody has to search for it.
//!
//! Invariant: what is said to be broken was executed by the reference interpreter on the changed input's own model. That a
//! trace does not break it says nothing.

use crate::cluster::object::scenario::Scenario;
use crate::engine::Watch;
use crate::model::Model;
use crate::system::{PropertyId, Slice, Trace, replay};
use crate::term::Limit;

use super::replay::{member, modelled, on_slice};
use super::source::Input;
use super::{CheckError, InputName, SavedTrace};

/// An input on which traces are executed; its models are built once for all traces about the same.
pub struct Again<'a> {
    input: &'a Input,
    /// Changes the scenario of a member of a family.
    adjust: &'a dyn Fn(&mut Scenario),
    limit: Limit,
    models: Vec<(About, Option<Model>)>,
}

/// What decides which model a trace is of.
#[derive(PartialEq, Eq)]
struct About {
    property: String,
    subject: String,
    interleaving: String,
    single_nodes: bool,
    /// The member of a family.
    member: Option<InputName>,
}

impl<'a> Again<'a> {
    /// Of an input, whose scenario is as it is to be; in models that are not built in time nothing is broken.
    pub fn on(input: &'a Input, adjust: &'a dyn Fn(&mut Scenario), watch: &Watch) -> Self {
        Again { input, adjust, limit: watch.limit(), models: Vec::new() }
    }

    /// Whether a trace is a run of the input that breaks its property there.
    pub fn breaks(&mut self, trace: &SavedTrace) -> bool {
        self.model(trace).is_some_and(|model| on_slice(model, trace, breaks).is_ok())
    }

    fn model(&mut self, trace: &SavedTrace) -> Option<&Model> {
        let about = About {
            property: trace.property.clone(),
            subject: trace.subject.clone(),
            interleaving: trace.interleaving.clone(),
            single_nodes: trace.single_nodes,
            member: self.input.members.as_ref().map(|_| trace.input.clone()),
        };
        let known = self.models.iter().position(|(known, _)| *known == about);
        let at = known.unwrap_or_else(|| {
            let model = self.build(trace).ok().flatten();
            self.models.push((about, model));
            self.models.len() - 1
        });
        self.models[at].1.as_ref()
    }

    fn build(&self, trace: &SavedTrace) -> Result<Option<Model>, CheckError> {
        let Some(member) = member(self.input, trace) else {
            // A trace of a size that the family does not have is none of any member.
            let is_family = self.input.members.is_some();
            return if is_family { Ok(None) } else { Ok(modelled(self.input, trace, &self.limit)?.ok()) };
        };
        let mut member = member?;
        (self.adjust)(&mut member.spec.scenario);
        Ok(modelled(&member, trace, &self.limit)?.ok())
    }
}

fn breaks(slice: &Slice, property: PropertyId, trace: &Trace) -> Result<(), String> {
    let system = &slice.system;
    replay(system, trace, system.property(property)).map(|_| ()).map_err(|error| error.to_string())
}
