//! The second phase of a model: actions are added to a cluster whose state is declared.
//!
//! What follows from an action is seen to here and not remembered by whoever writes one: pods that leave are told to all that
//! count them, evictions carry their mark, slow actions let the company leave room. What cannot be mended is a *breach*: the
//! model is refused with a message that says what to do.

use std::cell::RefCell;
use std::ops::Deref;

use crate::cluster::TemplateId;
use crate::system::{
    ActionDraft, ActionId, Builder, Effect, Footprint, IntVar, Interleaving, Pace, PaceId, PropertyKind, Sight, State,
    TimerConditions,
};
use crate::term::{Bool, Int, TermId, VarId};

use super::View;
use super::change::Deed;
use super::effect;
use super::parts::{Binding, Parts};
use super::present::Breach;
use super::rule::Rule;
use super::story::{Diagnosis, Narrator, Sentence};

/// A cluster to which controllers add actions.
pub struct Cluster<'c> {
    view: View<'c>,
    bindings: RefCell<Vec<Binding>>,
    /// Inputs whose values are positions of cells.
    cell_inputs: RefCell<Vec<VarId>>,
    narrators: RefCell<Vec<Narrator>>,
    rules: RefCell<Vec<Option<&'static Rule>>>,
    diagnoses: RefCell<Vec<(String, Diagnosis)>>,
    /// When waiting pods of a template may yet get a node that is not there.
    helped: RefCell<Vec<(TemplateId, TermId)>>,
    /// When controllers are going to act.
    pub(super) ahead: RefCell<Vec<Bool<'c>>>,
}

impl<'c> Deref for Cluster<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl<'c> Cluster<'c> {
    pub(super) fn of(view: View<'c>) -> Self {
        let (bindings, cell_inputs, narrators, rules, diagnoses, ahead, helped) = Default::default();
        Cluster { view, bindings, cell_inputs, narrators, rules, diagnoses, ahead, helped }
    }

    /// Records in a state that something changed from outside.
    pub fn disturb(&self, next: &mut State<'c>) {
        self.disturb_if(next, self.ctx().bool(true));
    }

    /// [`Cluster::disturb`] where `when` holds.
    pub fn disturb_if(&self, next: &mut State<'c>, when: Bool<'c>) {
        for &flag in &self.disturbed {
            let is_set = next.is(flag);
            next.set_bool(flag, is_set | when);
        }
    }

    /// Records in a state that an autoscaler proposed a size for a workload of size `current`.
    pub fn note_proposal(&self, next: &mut State<'c>, workload: usize, current: Int<'c>, proposal: Int<'c>) {
        let state = self.state();
        let followed = self.proposals.iter().filter(|it| it.workload == workload);
        followed.for_each(|it| it.note(&state, next, current, proposal));
    }

    /// Records in a state that a kubelet refused a pod of a template, where that is remembered.
    pub fn note_refusal(&self, next: &mut State<'c>, template: TemplateId) {
        let workload = self.templates[template.0].workload;
        let own = self.refused.iter().filter(|(known, _)| *known == workload);
        own.for_each(|&(_, flag)| next.set_bool(flag, self.ctx().bool(true)));
    }

    /// A pace for actions.
    pub fn pace(&self, pace: Pace) -> PaceId {
        self.builder.pace(pace)
    }

    /// A timer of an action: see [`Builder::timer`].
    pub fn timer(&self, named: (String, u32), action: ActionId, about: IntVar, conditions: TimerConditions<'c>) {
        self.builder.timer(named, action, about, conditions);
    }

    /// A timer of whole actions: see [`Builder::pause`].
    pub fn pause(&self, named: (&str, u32), begins: &[ActionId], asks: &[ActionId]) {
        self.builder.pause(named, begins, asks);
    }

    /// Adds an action, the rule that it follows, and what it tells about itself. With every slow action the company may
    /// have left room, for whatever else happens meanwhile.
    pub fn act(&self, rule: &'static Rule, mut draft: ActionDraft<'c>, narrator: Narrator) -> ActionId {
        if !draft.kind.is_event() {
            self.crowded.iter().flatten().for_each(|&flag| draft.next.set_bool(flag, self.ctx().bool(false)));
        }
        self.see_to_deeds(&mut draft);
        self.narrators.borrow_mut().push(narrator);
        self.rules.borrow_mut().push(Some(rule));
        self.builder.action(draft)
    }

    /// Sees to what follows from what an action does to nodes.
    fn see_to_deeds(&self, draft: &mut ActionDraft<'c>) {
        if !draft.next.is_complete(&self.builder) {
            self.breach(format!("`{}` starts from a state that was taken before all state was declared", draft.name));
            return;
        }
        let deeds: Vec<Deed> = draft.next.notes().map(Deed::of).collect();
        if deeds.contains(&Deed::Departure) {
            self.note_departures(&mut draft.next);
            self.choose_departures(draft, &noted(&deeds));
            if let Sight::Only(seen) = &mut draft.footprint.sees {
                seen.extend(self.seen_by_turnover());
            }
        }
        draft.footprint = match self.spec.scenario.interleaving {
            Interleaving::Racing => {
                Footprint { does: self.effects(draft, &deeds), ..std::mem::take(&mut draft.footprint) }
            }
            _ => Footprint::default(),
        };
        for deed in deeds {
            let Deed::Eviction(template) = deed else { continue };
            let pod = &self.templates[template.0];
            let owned = self.workloads[pod.workload].is_some();
            if owned && !draft.marks.iter().any(|&(mark, _)| mark == self.eviction_mark(pod.workload)) {
                self.breach(format!(
                    "`{}` evicts pods of {} without the mark of it: mark it with `eviction_marks`",
                    draft.name, pod.name
                ));
            }
        }
    }

    /// Lets an action that has these effects choose which of the pods that cease to be ready, or go, were available. Without an
    /// effect on pods of some template, nodes go, and any pods with them.
    fn choose_departures(&self, draft: &mut ActionDraft<'c>, effects: &[Effect]) {
        let state = self.state();
        let is_about =
            |template| [effect::deleted(template), effect::started(template)].iter().any(|it| effects.contains(it));
        let is_about_nodes = !self.movable().any(is_about);
        for &(template, var) in &self.turnover.available {
            if !is_about(template) && !is_about_nodes {
                continue;
            }
            let (before, after) = (self.ready(&state, template), self.ready(&draft.next, template));
            let (available, gone) = (self.available(&state, template), before.minus_or_zero(after));
            let (input, lost) = self.input("available pods that go", 0, self.templates[template.0].max_pods);
            let left = available.minus_or_zero(lost);
            draft.inputs.push(input);
            draft.choice = draft.choice & lost.le(available) & lost.le(gone) & left.le(after);
            draft.next.set(var, left);
        }
    }

    /// What an action does that others may see. Pods that wait are more or fewer: which, only whoever makes the action
    /// knows, so it may say so before.
    fn effects(&self, draft: &ActionDraft<'c>, deeds: &[Deed]) -> Vec<Effect> {
        let mut effects = draft.footprint.does.clone();
        effects.extend(noted(deeds));
        let state = self.state();
        for (index, &pending) in self.pending.iter().enumerate() {
            let template = TemplateId(index);
            let said = [effect::bound(template), effect::waiting(template), effect::withdrawn(template)];
            if draft.next.changes(pending, &state) && !said.iter().any(|said| effects.contains(said)) {
                effects.extend([effect::waiting(template), effect::withdrawn(template)]);
            }
        }
        effects
    }

    /// Adds an action that only keeps history for properties. It tells nothing.
    pub fn observe(&self, draft: ActionDraft<'c>) {
        self.builder.passive_action(draft);
        self.narrators.borrow_mut().push(Box::new(|_| Sentence::default()));
        self.rules.borrow_mut().push(None);
    }

    /// Adds a property.
    pub fn property(&self, name: &str, subject: impl Into<String>, kind: PropertyKind) {
        self.builder.property(name, subject, kind);
    }

    /// Adds a property that can tell only these changes of pods and nodes.
    pub fn property_seeing(&self, name: &str, subject: impl Into<String>, kind: PropertyKind, effects: Vec<Effect>) {
        self.builder.property_seeing(name, subject, kind, Sight::Only(effects));
    }

    /// Adds an explanation for states that break a property.
    pub fn diagnose(&self, property: impl Into<String>, diagnosis: Diagnosis) {
        self.diagnoses.borrow_mut().push((property.into(), diagnosis));
    }

    /// A fresh input with values `lo..=hi`.
    pub fn input(&self, name: impl Into<String>, lo: i64, hi: i64) -> (VarId, Int<'c>) {
        self.builder.input(name, lo, hi)
    }

    /// An input that chooses one of the cells, as one Boolean per cell that implies `allowed`; and the condition that
    /// the choice is allowed.
    pub fn choose_cell(&self, name: &str, allowed: &[Bool<'c>]) -> (VarId, Vec<Bool<'c>>, Bool<'c>) {
        let (var, input) = self.cell_input(name, allowed.len());
        let chosen: Vec<Bool<'c>> =
            allowed.iter().enumerate().map(|(index, &allowed)| allowed & input.eq(index as i64)).collect();
        let valid = self.ctx().any(chosen.iter().copied());
        (var, chosen, valid)
    }

    /// An input that is the position of one of `cells` cells.
    pub fn cell_input(&self, name: &str, cells: usize) -> (VarId, Int<'c>) {
        let (var, input) = self.builder.input(name, 0, cells.saturating_sub(1) as i64);
        self.cell_inputs.borrow_mut().push(var);
        (var, input)
    }

    /// Records that waiting pods of a template may yet get a node that is not there, when that is so.
    pub fn help(&self, template: TemplateId, when: Bool<'c>) {
        self.helped.borrow_mut().push((template, when.id()));
    }

    /// Whether waiting pods of a template may yet get a node that is not there.
    pub fn is_helped(&self, template: TemplateId) -> Bool<'c> {
        let helped = self.helped.borrow();
        let of_template = helped.iter().filter(|(helped, _)| *helped == template);
        self.ctx().any(of_template.map(|&(_, when)| self.ctx().as_bool(when)))
    }

    /// Records what the scheduler's inputs stand for.
    pub fn note_binding(&self, binding: Binding) {
        self.bindings.borrow_mut().push(binding);
    }

    /// Ends construction: the builder, and what actions and properties tell.
    ///
    /// # Errors
    ///
    /// If an encoding broke its obligations.
    pub fn finish(self) -> Result<(Builder<'c>, Parts), Breach> {
        self.check()?;
        let Cluster { view, bindings, cell_inputs, narrators, rules, diagnoses, .. } = self;
        let parts = Parts {
            templates: view.templates,
            classes: view.classes,
            cells: view.cells,
            neighbours: view.neighbours,
            workloads: view.workloads,
            pending: view.pending,
            size: view.size.variable(),
            depends_on_size: view.size.into_dependences(),
            cell_inputs: cell_inputs.into_inner(),
            bindings: bindings.into_inner(),
            narrators: narrators.into_inner(),
            rules: rules.into_inner(),
            diagnoses: diagnoses.into_inner(),
        };
        Ok((view.builder, parts))
    }
}

/// The effects among what an action does to nodes.
fn noted(deeds: &[Deed]) -> Vec<Effect> {
    deeds.iter().filter_map(|deed| if let Deed::Effect(effect) = deed { Some(*effect) } else { None }).collect()
}
