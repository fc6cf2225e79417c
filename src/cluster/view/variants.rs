//! Pods of one revision that request different amounts: what is recommended at present, and which of them new pods are.

use crate::cluster::TemplateId;
use crate::cluster::object::spec::Workload;
use crate::system::State;
use crate::term::{Bool, Int};

use super::View;
use super::variables::WorkloadVars;

impl<'c> View<'c> {
    /// The level that the VerticalPodAutoscaler of a workload recommends; 0 for none.
    pub fn recommended(&self, state: &State<'c>, object: &Workload, vars: &WorkloadVars) -> Int<'c> {
        let initial = object.vertical.as_ref().map_or(0, |vertical| vertical.initial);
        vars.recommended.map_or_else(|| self.ctx().int(initial), |var| state.get(var))
    }

    /// Whether new pods of its revision are of a template.
    pub fn is_made(&self, state: &State<'c>, template: TemplateId) -> Bool<'c> {
        let pod = &self.templates[template.0];
        let (Some(levels), Some(vars)) = (&pod.levels, &self.workloads[pod.workload]) else {
            return self.ctx().bool(true);
        };
        let level = self.recommended(state, &self.spec.workloads[pod.workload], vars);
        self.ctx().any(levels.iter().map(|&it| level.eq(it)))
    }

    /// The templates of the revision of a template, which request different amounts.
    pub fn of_same_revision(&self, template: TemplateId) -> Vec<TemplateId> {
        let pod = &self.templates[template.0];
        self.workloads[pod.workload].as_ref().map_or(vec![template], |vars| vars.of_revision(pod.revision).to_vec())
    }

    /// What `of` says of the templates of a revision, added up.
    pub fn total_of(&self, templates: &[TemplateId], of: impl Fn(TemplateId) -> Int<'c>) -> Int<'c> {
        self.ctx().sum(templates.iter().map(|&template| of(template)))
    }
}
