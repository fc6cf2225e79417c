//! What actions do to pods and nodes that others may or may not see, for partial-order reduction.
//!
//! Effects are noted where nodes are changed and pods come to wait ([`Change`](super::Change), [`Cluster::act`](super::Cluster::act)), so an action
//! cannot have one that it does not declare. What an action sees it declares itself, beside its terms
//! ([`ActionDraft::seeing`](crate::system::ActionDraft::seeing)); one that declares nothing sees everything.
//! `tests/partial_order.rs` holds these declarations against what actions do in states that are reached.

use crate::cluster::TemplateId;
use crate::system::Effect;

/// Number of kinds of effects on pods.
const KINDS: u32 = 8;

fn on(template: TemplateId, kind: u32) -> Effect {
    Effect(1 + template.0 as u32 * KINDS + kind)
}

/// Effects of some kinds on pods of some templates, and changes of nodes: what somebody sees who looks at where they are.
pub fn on_nodes(kinds: &[fn(TemplateId) -> Effect], templates: impl IntoIterator<Item = TemplateId>) -> Vec<Effect> {
    let of = |template: TemplateId| kinds.iter().map(move |kind| kind(template));
    templates.into_iter().flat_map(of).chain([nodes()]).collect()
}

/// Nodes are cordoned, fail, or change otherwise.
pub fn nodes() -> Effect {
    Effect(0)
}

/// Pods of a template are bound.
pub fn bound(template: TemplateId) -> Effect {
    on(template, 0)
}

/// Bound pods of a template become ready, or cease to be.
pub fn started(template: TemplateId) -> Effect {
    on(template, 1)
}

/// Active pods of a template are deleted, and go on terminating.
pub fn deleted(template: TemplateId) -> Effect {
    on(template, 2)
}

/// Somebody else than their owner deletes pods of a template.
pub fn taken(template: TemplateId) -> Effect {
    on(template, 3)
}

/// Terminating pods of a template are gone.
pub fn ended(template: TemplateId) -> Effect {
    on(template, 4)
}

/// More pods of a template wait for a node.
pub fn waiting(template: TemplateId) -> Effect {
    on(template, 5)
}

/// Pods of a template wait no more for a node, without having got one.
pub fn withdrawn(template: TemplateId) -> Effect {
    on(template, 6)
}

/// A scheduler chooses nodes for waiting pods of a template, or learns that they are bound, gone or refused.
pub fn assumed(template: TemplateId) -> Effect {
    on(template, 7)
}
