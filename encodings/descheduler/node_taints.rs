//! RemovePodsViolatingNodeTaints. NoExecute taints are the business of taint eviction.

use k8s_openapi::api::core::v1::Taint;

use crate::cluster::TemplateId;
use crate::cluster::object::selector;
use crate::cluster::object::spec::TaintArguments;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Int};

use super::evictor;
use super::sight::Sight;
use super::walk::{self, Walk};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/RemovePodsViolatingNodeTaints",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/removepodsviolatingnodetaints/node_taint.go" => ["Deschedule"],
    ],
    decides: "Pods go that do not tolerate a NoSchedule taint of their node, or a PreferNoSchedule one where those \
        are included.",
    parts: [
        "all of it" => "exact",
    ],
};

/// The plugin with its arguments.
pub struct NodeTaints<'p>(pub &'p TaintArguments);

impl NodeTaints<'_> {
    /// Whether a taint counts.
    fn counts(&self, taint: &Taint) -> bool {
        let is_named = |list: &[String]| {
            let value = taint.value.as_deref().filter(|value| !value.is_empty());
            let pair = value.map(|value| format!("{}={value}", taint.key));
            list.contains(&taint.key) || pair.is_some_and(|pair| list.contains(&pair))
        };
        let effect = match taint.effect.as_str() {
            "NoSchedule" => true,
            "PreferNoSchedule" => self.0.include_prefer_no_schedule,
            _ => false,
        };
        effect && !is_named(&self.0.excluded) && self.0.included.as_deref().is_none_or(is_named)
    }

    /// Whether pods of a template violate the taints of the nodes of a cell.
    fn is_violated(&self, sight: &Sight<'_, '_>, at: usize, template: TemplateId) -> bool {
        let pod = sight.pod(template);
        let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default();
        let taints = sight.node(at).taints().iter();
        taints.filter(|taint| self.counts(taint)).any(|taint| !selector::tolerates_comparing(tolerations, taint))
    }
}

impl<'c> Walk<'c> for NodeTaints<'_> {
    fn templates(&self, sight: &Sight<'_, 'c>) -> Vec<TemplateId> {
        sight.looked_at(&self.0.pods)
    }

    fn next_nodes(&self, sight: &Sight<'_, 'c>, waiting: &[Bool<'c>]) -> Vec<Bool<'c>> {
        walk::with_pods(self, sight, waiting)
    }

    fn listed(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c> {
        if !self.is_violated(sight, at, template) {
            return sight.ctx().int(0);
        }
        let goes = evictor::filter(sight, template) & evictor::pre_eviction_filter(sight, at, template);
        (sight.in_play(at) & goes).ite(sight.active(at, template), 0)
    }
}
