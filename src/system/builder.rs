//! Builds a [`System`] from typed handles.
//!
//! An encoding reads and writes a [`State`]: it starts as the present values of all variables and collects the new
//! ones; the difference becomes the action's updates.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::term::{Bool, Ctx, Int, Range, Sort, TermId, VarId};

use super::footprint::{Calm, Effect, Footprint, Lock, Sight};
use super::interleaving::Interleaving;
use super::model::{Action, ActionId, ActionKind, MarkId, Property, PropertyKind, StateVar, System};
use super::pace::{Pace, PaceId, Steps, Timer, position};

/// Handle of an integer state variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IntVar(usize);

/// Handle of a Boolean state variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BoolVar(usize);

impl IntVar {
    /// Position in a state vector.
    pub fn index(self) -> usize {
        self.0
    }
}

impl BoolVar {
    /// Position in a state vector.
    pub fn index(self) -> usize {
        self.0
    }
}

/// Values of all state variables, as terms over the state before the action and its inputs.
///
/// A state also keeps *notes*: small numbers by which whoever makes actions is told what was done to it.
#[derive(Clone)]
pub struct State<'c> {
    ctx: &'c Ctx,
    values: Vec<TermId>,
    notes: BTreeSet<u32>,
}

impl<'c> State<'c> {
    /// The value of an integer variable.
    pub fn get(&self, var: IntVar) -> Int<'c> {
        self.ctx.as_int(self.values[var.0])
    }

    /// The value of a Boolean variable.
    pub fn is(&self, var: BoolVar) -> Bool<'c> {
        self.ctx.as_bool(self.values[var.0])
    }

    /// Gives an integer variable a new value.
    pub fn set(&mut self, var: IntVar, value: Int<'c>) {
        self.values[var.0] = value.id();
    }

    /// Gives a Boolean variable a new value.
    pub fn set_bool(&mut self, var: BoolVar, value: Bool<'c>) {
        self.values[var.0] = value.id();
    }

    /// Notes that something was done.
    pub fn note(&mut self, note: u32) {
        self.notes.insert(note);
    }

    /// What was done, in ascending order.
    pub fn notes(&self) -> impl Iterator<Item = u32> + '_ {
        self.notes.iter().copied()
    }

    /// Whether it has all variables that a builder declared by now.
    pub fn is_complete(&self, builder: &Builder<'c>) -> bool {
        self.values.len() == builder.parts.borrow().present.len()
    }

    /// Takes the values of another state where `when` holds, and all its notes.
    pub fn replace_if(&mut self, when: Bool<'c>, other: &State<'c>) {
        self.notes.extend(&other.notes);
        for (value, &theirs) in self.values.iter_mut().zip(&other.values).filter(|(value, theirs)| value != theirs) {
            *value = match self.ctx.read(|arena| arena.sort(theirs)) {
                Sort::Bool => when.ite_bool(self.ctx.as_bool(theirs), self.ctx.as_bool(*value)).id(),
                Sort::Int(_) => when.ite(self.ctx.as_int(theirs), self.ctx.as_int(*value)).id(),
            };
        }
    }

    /// Whether a variable has another value than before.
    pub fn changes(&self, var: IntVar, before: &State<'c>) -> bool {
        self.values[var.0] != before.values[var.0]
    }

    /// Adds to an integer variable.
    pub fn add(&mut self, var: IntVar, amount: Int<'c>) {
        self.set(var, self.get(var) + amount);
    }
}

/// Everything that defines an action; see [`Action`].
pub struct ActionDraft<'c> {
    /// Unique name.
    pub name: String,
    /// When it may fire.
    pub kind: ActionKind,
    /// Over state: whether it is enabled.
    pub guard: Bool<'c>,
    /// Inputs, from [`Builder::input`].
    pub inputs: Vec<VarId>,
    /// Allowed choices.
    pub choice: Bool<'c>,
    /// The state afterwards.
    pub next: State<'c>,
    /// Marks and when they apply.
    pub marks: Vec<(MarkId, Bool<'c>)>,
    /// What it does to counted variables, and what of that it sees.
    pub footprint: Footprint,
    /// How long it takes, where that is known.
    pub pace: Option<PaceId>,
}

impl<'c> ActionDraft<'c> {
    /// An action without inputs and marks.
    pub fn new(name: impl Into<String>, kind: ActionKind, guard: Bool<'c>, next: State<'c>) -> Self {
        let choice = next.ctx.bool(true);
        let (inputs, marks, footprint) = Default::default();
        ActionDraft { name: name.into(), kind, guard, inputs, choice, next, marks, footprint, pace: None }
    }

    /// The same, seeing nothing of counted variables but what these effects change.
    pub fn seeing(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.footprint.sees = Sight::Only(effects.into_iter().collect());
        self
    }

    /// The same, only gaining from these effects; see [`Footprint::gains`].
    pub fn gaining(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.footprint.gains.extend(effects);
        self
    }

    /// The same, disabled unless `open` holds, which only these effects can bring about.
    pub fn locked(mut self, open: Bool<'c>, opened_by: impl IntoIterator<Item = Effect>) -> Self {
        self.footprint.lock = Some(Lock { open: open.id(), opened_by: opened_by.into_iter().collect() });
        self
    }

    /// The same, calm about these effects unless `broken` holds: see [`Calm`].
    pub fn calm(mut self, broken: Bool<'c>, about: impl IntoIterator<Item = Effect>) -> Self {
        self.footprint.calm = Some(Calm { broken: broken.id(), about: about.into_iter().collect() });
        self
    }

    /// The same, with effects that cannot be told from what it does to the state.
    pub fn doing(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.footprint.does.extend(effects);
        self
    }

    /// The same, able to lead: see [`Footprint::leads`].
    pub fn leading(mut self) -> Self {
        self.footprint.leads = true;
        self
    }

    /// The same with inputs, and which values of them are allowed.
    pub fn choosing(self, inputs: Vec<VarId>, choice: Bool<'c>) -> Self {
        ActionDraft { inputs, choice, ..self }
    }

    /// The same, taking so long.
    pub fn paced(self, pace: Option<PaceId>) -> Self {
        ActionDraft { pace, ..self }
    }

    /// The same with marks, and when they apply.
    pub fn marked(self, marks: Vec<(MarkId, Bool<'c>)>) -> Self {
        ActionDraft { marks, ..self }
    }
}

#[derive(Default)]
struct Parts {
    state: Vec<StateVar>,
    /// The terms of the state variables.
    present: Vec<TermId>,
    init: Vec<TermId>,
    actions: Vec<Action>,
    marks: Vec<String>,
    properties: Vec<Property>,
    paces: Vec<Pace>,
    timers: Vec<TimerDraft>,
}

/// When steps of an action have to do with a timer.
#[derive(Clone, Copy)]
pub struct TimerConditions<'c> {
    /// When one begins it.
    pub begins: Bool<'c>,
    /// When one waits until it has ended.
    pub asks: Bool<'c>,
    /// When one comes before it has run for longer.
    pub within: Bool<'c>,
}

/// A timer, without the steps after which it is forgotten.
struct TimerDraft {
    timer: Timer,
    /// These are all that change a variable, but those of an action.
    forgotten: Option<(ActionId, usize)>,
}

/// Collects the parts of a system whose terms live in a [`Ctx`].
pub struct Builder<'c> {
    ctx: &'c Ctx,
    parts: RefCell<Parts>,
}

/// The parts of a system without its arena: what remains when the borrow of the context ends.
pub struct Unbound(System);

impl Unbound {
    /// The positions of the variables that each action may change, by action.
    pub fn updates(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        self.0.actions.iter().map(|action| action.updates.iter().map(|&(position, _)| position).collect())
    }

    /// The system, with the arena of the context that it was built in.
    pub fn bind(mut self, ctx: Ctx) -> System {
        self.0.arena = ctx.into_arena();
        self.0
    }
}

impl<'c> Builder<'c> {
    /// A builder of terms in `ctx`.
    pub fn new(ctx: &'c Ctx) -> Self {
        Builder { ctx, parts: RefCell::default() }
    }

    /// The context.
    pub fn ctx(&self) -> &'c Ctx {
        self.ctx
    }

    /// A new integer state variable with values `lo..=hi`, at the start `initial` (clamped) or anything within the range.
    pub fn int(&self, name: impl Into<String>, lo: i64, hi: i64, initial: Option<i64>) -> IntVar {
        let name = name.into();
        let range = Range::new(lo, hi);
        let (var, _) = self.ctx.int_var(&name, lo, hi);
        let initial = initial.map(|value| value.clamp(range.lo, range.hi));
        IntVar(self.push_state(StateVar { var, name, range, initial, counted: false }))
    }

    /// Lets footprints tell what actions do to all variables that were declared so far; see [`StateVar::counted`].
    pub fn count_all_so_far(&self) {
        self.parts.borrow_mut().state.iter_mut().for_each(|variable| variable.counted = true);
    }

    /// Lets footprints tell what actions do to a variable; see [`StateVar::counted`].
    pub fn counted(&self, var: IntVar) {
        self.parts.borrow_mut().state[var.0].counted = true;
    }

    /// A new Boolean state variable.
    pub fn bool(&self, name: impl Into<String>, initial: Option<bool>) -> BoolVar {
        let name = name.into();
        let (var, _) = self.ctx.bool_var(&name);
        let range = Range::new(0, 1);
        BoolVar(self.push_state(StateVar { var, name, range, initial: initial.map(i64::from), counted: false }))
    }

    fn push_state(&self, variable: StateVar) -> usize {
        let mut parts = self.parts.borrow_mut();
        let term = self.ctx.read(|arena| arena.variable(variable.var).term);
        parts.present.push(term);
        parts.state.push(variable);
        parts.state.len() - 1
    }

    /// The present state: every variable stands for itself. Take it after the last variable was declared.
    pub fn state(&self) -> State<'c> {
        State { ctx: self.ctx, values: self.parts.borrow().present.clone(), notes: BTreeSet::new() }
    }

    /// The variables whose values at the start are fixed, with their terms and values.
    pub fn initial_values(&self) -> Vec<(VarId, TermId, i64)> {
        let parts = self.parts.borrow();
        let term = |variable: &StateVar| self.ctx.read(|arena| arena.variable(variable.var).term);
        parts.state.iter().filter_map(|it| Some((it.var, term(it), it.initial?))).collect()
    }

    /// A fresh input with values `lo..=hi`.
    pub fn input(&self, name: impl Into<String>, lo: i64, hi: i64) -> (VarId, Int<'c>) {
        self.ctx.int_var(name, lo, hi)
    }

    /// Constrains the initial state.
    pub fn assume_initially(&self, condition: Bool<'c>) {
        self.parts.borrow_mut().init.push(condition.id());
    }

    /// The mark of that name, made now if it is new. There are at most 128.
    pub fn mark(&self, name: &str) -> MarkId {
        let mut parts = self.parts.borrow_mut();
        let position = parts.marks.iter().position(|known| known == name).unwrap_or_else(|| {
            parts.marks.push(name.to_owned());
            parts.marks.len() - 1
        });
        assert!(position < 128, "a system has at most 128 marks");
        MarkId(position as u8)
    }

    /// A pace for actions; equal ones are one.
    pub fn pace(&self, pace: Pace) -> PaceId {
        position(&mut self.parts.borrow_mut().paces, pace)
    }

    /// A timer that steps of an action begin and wait for, or must not come after, under conditions over the state and inputs. Other
    /// actions that change a variable make it be forgotten.
    pub fn timer(
        &self,
        (name, seconds): (impl Into<String>, u32),
        action: ActionId,
        about: IntVar,
        TimerConditions { begins, asks, within }: TimerConditions<'c>,
    ) {
        let never = |when: Bool<'c>| when.constant() == Some(false);
        let steps = |when: Bool<'c>| if never(when) { Vec::new() } else { vec![(action, when.id())] };
        let timer = Timer {
            name: name.into(),
            seconds,
            begins: steps(begins),
            asks: steps(asks),
            within: steps(within),
            forgets: Vec::new(),
        };
        self.parts.borrow_mut().timers.push(TimerDraft { timer, forgotten: Some((action, about.0)) });
    }

    /// A timer that whole actions begin and wait for.
    pub fn pause(&self, (name, seconds): (impl Into<String>, u32), begins: &[ActionId], asks: &[ActionId]) {
        let always = self.ctx.bool(true).id();
        let steps = |actions: &[ActionId]| actions.iter().map(|&action| (action, always)).collect();
        let (begins, asks) = (steps(begins), steps(asks));
        let (within, forgets) = Default::default();
        let timer = Timer { name: name.into(), seconds, begins, asks, within, forgets };
        self.parts.borrow_mut().timers.push(TimerDraft { timer, forgotten: None });
    }

    /// Steps of other actions that change a variable.
    fn changes(&self, but: ActionId, variable: usize) -> Steps {
        let parts = self.parts.borrow();
        let present = self.ctx.as_int(parts.present[variable]);
        let others = parts.actions.iter().enumerate().filter(|&(index, _)| ActionId(index) != but);
        let changes = others.flat_map(|(index, action)| {
            let own = action.updates.iter().filter(|&&(position, _)| position == variable);
            own.map(move |&(_, value)| (ActionId(index), value))
        });
        changes.map(|(action, value)| (action, self.ctx.as_int(value).ne(present).id())).collect()
    }

    /// Adds an action. Updates that might leave a variable's range are clamped, with an obligation that they do not.
    pub fn action(&self, draft: ActionDraft<'c>) -> ActionId {
        let mut updates = Vec::new();
        let mut obligations = Vec::new();
        let mut parts = self.parts.borrow_mut();
        for (index, (variable, &value)) in parts.state.iter().zip(&draft.next.values).enumerate() {
            if value != parts.present[index] {
                let value = self.within(variable.range, value, &mut obligations);
                updates.push((index, value));
            }
        }
        parts.actions.push(Action {
            name: draft.name,
            kind: draft.kind,
            guard: draft.guard.id(),
            inputs: draft.inputs,
            choice: draft.choice.id(),
            updates,
            marks: draft.marks.into_iter().map(|(mark, when)| (mark, when.id())).collect(),
            obligations,
            passive: false,
            footprint: draft.footprint,
            pace: draft.pace,
        });
        ActionId(parts.actions.len() - 1)
    }

    /// Adds a passive action; see [`Action::passive`].
    pub fn passive_action(&self, draft: ActionDraft<'c>) -> ActionId {
        let id = self.action(draft);
        self.parts.borrow_mut().actions[id.0].passive = true;
        id
    }

    fn within(&self, range: Range, value: TermId, obligations: &mut Vec<TermId>) -> TermId {
        if range.covers(self.ctx.read(|arena| arena.range(value))) {
            return value;
        }
        let value = self.ctx.as_int(value);
        obligations.push((value.ge(range.lo) & value.le(range.hi)).id());
        value.clamp(range.lo, range.hi).id()
    }

    /// Adds a property.
    pub fn property(&self, name: impl Into<String>, subject: impl Into<String>, kind: PropertyKind) {
        self.property_seeing(name, subject, kind, Sight::Everything);
    }

    /// Adds a property that can tell only some changes of counted variables.
    pub fn property_seeing(
        &self,
        name: impl Into<String>,
        subject: impl Into<String>,
        kind: PropertyKind,
        sees: Sight,
    ) {
        let property = Property { name: name.into(), subject: subject.into(), kind, sees };
        self.parts.borrow_mut().properties.push(property);
    }

    /// The system, still without its arena: drop every handle, then [`Unbound::bind`] it.
    pub fn finish(self, interleaving: Interleaving) -> Unbound {
        let drafts = std::mem::take(&mut self.parts.borrow_mut().timers);
        let timers = drafts.into_iter().map(|TimerDraft { timer, forgotten }| Timer {
            forgets: forgotten.map_or_else(Vec::new, |(action, variable)| self.changes(action, variable)),
            ..timer
        });
        let timers: Vec<Timer> = timers.collect();
        let parts = self.parts.into_inner();
        Unbound(System {
            arena: Default::default(),
            state: parts.state,
            init: parts.init,
            actions: parts.actions,
            marks: parts.marks,
            properties: parts.properties,
            paces: parts.paces,
            timers,
            interleaving,
            stepwise: false,
            all_orders: false,
            guided: false,
            clocked: false,
        })
    }
}
