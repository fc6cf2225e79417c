//! A system compiled for one search: segments for invariants, guards, choices and effects that share their results.
//!
//! In every state the segments run in this order: invariants of every state; guards, in the order of the schedule, as
//! far as the schedule asks; invariants of settled states; then, for each action that fires, its choices and effects. A
//! segment computes only what those before it have not.

use rustc_hash::FxHashMap;

use crate::system::model::{Action, ActionId, Checkpoint, MarkSet, PropertyId, PropertyKind, System};
use crate::system::partial_order::PartialOrder;
use crate::system::schedule::Schedule;
use crate::term::{Compiler, Node, Reach, Segment, TermId, VarId};

use super::choice::Choices;
use super::layout::Layout;

/// Invariants and the code that computes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Invariants {
    pub segment: Segment,
    pub members: Vec<(PropertyId, usize)>,
}

/// A guard: its code and the slot of its value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    pub segment: Segment,
    pub slot: usize,
}

/// What happens when an action fires.
#[derive(Clone, Debug)]
pub(crate) struct Effects {
    pub choices: Choices,
    /// Computes all that follows.
    pub segment: Segment,
    pub obligations: Vec<usize>,
    /// State variable and slot of its new value.
    pub updates: Vec<(usize, usize)>,
    pub marks: Vec<(MarkSet, usize)>,
}

/// A compiled partial order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub order: PartialOrder,
    /// Computes what guards do not compute of the conditions that are asked about.
    pub segment: Segment,
    /// By condition.
    pub slots: FxHashMap<TermId, usize>,
}

impl Order {
    fn compile(order: PartialOrder, compiler: &mut Compiler<'_>) -> Self {
        let conditions: Vec<TermId> = order.conjuncts().collect();
        let segment = compiler.segment(&conditions, &|_| true);
        let slots = conditions.into_iter().map(|condition| (condition, compiler.slot(condition))).collect();
        Order { order, segment, slots }
    }
}

/// A compiled system.
pub(crate) struct Machine<'s> {
    pub system: &'s System,
    pub schedule: Schedule,
    pub layout: Layout,
    /// Asked in every state.
    pub every: Invariants,
    /// Asked in settled states.
    pub settled: Invariants,
    /// By action.
    pub guards: Vec<Guard>,
    /// By action.
    pub effects: Vec<Effects>,
    /// Which actions may go ahead of others.
    pub order: Option<Order>,
    /// Enumerates the state variables without an initial value.
    pub initial: Choices,
    /// An array of slots with constants in place; state variables come first.
    pub slots: Vec<i64>,
}

impl<'s> Machine<'s> {
    /// Compiles what the search for violations of `properties` needs. Asked now and then, `stop` ends it.
    pub fn compile(system: &'s System, properties: &[PropertyId], stop: &dyn Fn() -> bool) -> Result<Self, Uncompiled> {
        let schedule = Schedule::new(system);
        let marks = relevant_marks(system, properties).map_err(Uncompiled::Rule)?;
        let parts = Parts { system, properties, marks, stop };
        parts.check()?;
        let mut compiler = Compiler::new(&system.arena, &parts.variables(), &parts.roots());
        let slots = compiler.slots();
        let mut width = 0;
        let all = compiler.width();
        let initial = compiler.aside(all, |compiler| {
            let initial = parts.initial(compiler);
            width = compiler.width().max(width);
            initial
        });
        let every = parts.invariants(Checkpoint::Every, &mut compiler);
        let (guards, known) = parts.guards(&schedule, &mut compiler)?;
        // It is asked where some event is enabled: guards of events have been computed then, and those of slow actions have not.
        let events = schedule.events().iter().filter_map(|event| known.iter().find(|(id, _)| id == event));
        let events = events.map(|&(_, known)| known).max().unwrap_or(all);
        let order = PartialOrder::of(system, stop).map(|order| {
            compiler.aside(events, |compiler| {
                let order = Order::compile(order, compiler);
                width = compiler.width().max(width);
                order
            })
        });
        let settled = parts.invariants(Checkpoint::Settled, &mut compiler);
        width = compiler.width().max(width);
        let effects = known.into_iter().map(|(id, known)| {
            parts.go_on()?;
            compiler.aside(known, |compiler| {
                let effects = parts.effects(system.action(id), compiler);
                width = compiler.width().max(width);
                Ok(effects)
            })
        });
        let effects = effects.collect::<Result<Vec<Effects>, Uncompiled>>()?;
        let slots = slots.into_iter().chain(std::iter::repeat(0)).take(width).collect();
        let layout = Layout::new(&system.state);
        Ok(Machine { system, schedule, layout, every, settled, guards, effects, order, initial, slots })
    }
}

/// Why a system is not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Uncompiled {
    /// It breaks a rule.
    Rule(String),
    /// There was no time for it.
    Stopped,
}

/// The marks that some property asks for; the others are ignored.
fn relevant_marks(system: &System, properties: &[PropertyId]) -> Result<MarkSet, String> {
    let mut marks = MarkSet::default();
    for &id in properties {
        let property = system.properties.get(id.0).ok_or_else(|| format!("there is no property {}", id.0))?;
        if let PropertyKind::NoLoop { any_of, none_of } = property.kind {
            marks = marks.union(any_of).union(none_of);
        }
    }
    Ok(marks)
}

/// An action, and how many slots are filled when its guard was asked.
type Known = (ActionId, usize);

/// What a machine is made of.
struct Parts<'a> {
    system: &'a System,
    properties: &'a [PropertyId],
    marks: MarkSet,
    stop: &'a dyn Fn() -> bool,
}

impl Parts<'_> {
    fn go_on(&self) -> Result<(), Uncompiled> {
        if (self.stop)() { Err(Uncompiled::Stopped) } else { Ok(()) }
    }

    /// State variables, then inputs.
    fn variables(&self) -> Vec<VarId> {
        let mut variables: Vec<VarId> = self.system.state.iter().map(|variable| variable.var).collect();
        let mut inputs: Vec<VarId> = self.system.actions.iter().flat_map(|action| &action.inputs).copied().collect();
        inputs.sort_unstable();
        inputs.dedup();
        variables.extend(inputs);
        variables
    }

    fn invariants_at(&self, checkpoint: Checkpoint) -> Vec<(PropertyId, TermId)> {
        let invariant = |&id: &PropertyId| match self.system.property(id).kind {
            PropertyKind::Invariant { holds, at } if at == checkpoint => Some((id, holds)),
            _ => None,
        };
        self.properties.iter().filter_map(invariant).collect()
    }

    /// Terms over state only.
    fn state_roots(&self) -> Vec<TermId> {
        let mut roots = self.system.init.clone();
        roots.extend(self.system.actions.iter().map(|action| action.guard));
        let invariants = [Checkpoint::Every, Checkpoint::Settled].map(|checkpoint| self.invariants_at(checkpoint));
        roots.extend(invariants.concat().into_iter().map(|(_, holds)| holds));
        roots
    }

    fn relevant(&self, action: &Action) -> impl Iterator<Item = (MarkSet, TermId)> {
        let wanted = self.marks;
        action.marks.iter().map(|&(mark, when)| (MarkSet::of(mark), when)).filter(move |&(mark, _)| mark.meets(wanted))
    }

    /// Terms over state and the action's inputs, without its choice.
    fn results(&self, action: &Action) -> Vec<TermId> {
        let mut results: Vec<TermId> = action.updates.iter().map(|&(_, term)| term).collect();
        results.extend(&action.obligations);
        results.extend(self.relevant(action).map(|(_, when)| when));
        results
    }

    fn roots(&self) -> Vec<TermId> {
        let mut roots = self.state_roots();
        for action in &self.system.actions {
            roots.push(action.choice);
            roots.extend(self.results(action));
        }
        roots
    }

    /// The rules that every system keeps.
    fn check(&self) -> Result<(), Uncompiled> {
        let mut known = vec![false; self.system.arena.variables().len()];
        self.system.state.iter().for_each(|variable| known[variable.var.index()] = true);
        let mut reach = Reach::default();
        self.check_reads("a condition on states", &self.state_roots(), &known, &mut reach)?;
        for action in &self.system.actions {
            self.go_on()?;
            if action.updates.iter().any(|&(variable, _)| variable >= self.system.state.len()) {
                return Err(Uncompiled::Rule(format!("{} writes a variable that does not exist", action.name)));
            }
            let roots = [self.results(action), vec![action.choice]].concat();
            action.inputs.iter().for_each(|var| known[var.index()] = true);
            self.check_reads(&action.name, &roots, &known, &mut reach)?;
            action.inputs.iter().for_each(|var| known[var.index()] = false);
        }
        Ok(())
    }

    fn check_reads(&self, reader: &str, roots: &[TermId], known: &[bool], reach: &mut Reach) -> Result<(), Uncompiled> {
        let arena = &self.system.arena;
        let needed = reach.terms(arena, roots, |_| true);
        let foreign = needed.into_iter().find_map(|term| match arena.node(term) {
            Node::Var(var) if !known[var.index()] => Some(var),
            _ => None,
        });
        let complain = |var| {
            let name = &arena.variable(var).name;
            Err(Uncompiled::Rule(format!("{reader} reads {name}, which has no value there")))
        };
        foreign.map_or(Ok(()), complain)
    }

    fn initial(&self, compiler: &mut Compiler<'_>) -> Choices {
        let free: Vec<VarId> = self
            .system
            .state
            .iter()
            .filter(|variable| variable.initial.is_none())
            .map(|variable| variable.var)
            .collect();
        Choices::compile(&self.system.arena, compiler, &free, &self.system.init, &[])
    }

    fn invariants(&self, checkpoint: Checkpoint, compiler: &mut Compiler<'_>) -> Invariants {
        let invariants = self.invariants_at(checkpoint);
        let roots: Vec<TermId> = invariants.iter().map(|&(_, holds)| holds).collect();
        let segment = compiler.segment(&roots, &|_| true);
        Invariants { segment, members: invariants.iter().map(|&(id, holds)| (id, compiler.slot(holds))).collect() }
    }

    /// Guards, and for every action how many slots are filled when its own was asked; both by action.
    fn guards(&self, schedule: &Schedule, compiler: &mut Compiler<'_>) -> Result<(Vec<Guard>, Vec<Known>), Uncompiled> {
        let mut known = Vec::new();
        let mut guards = vec![Guard::default(); self.system.actions.len()];
        for &id in schedule.events().iter().chain(schedule.slow()) {
            self.go_on()?;
            let guard = self.system.action(id).guard;
            let segment = compiler.segment(&[guard], &|_| true);
            guards[id.0] = Guard { segment, slot: compiler.slot(guard) };
            known.push((id, compiler.width()));
        }
        known.sort_by_key(|&(id, _)| id);
        Ok((guards, known))
    }

    fn effects(&self, action: &Action, compiler: &mut Compiler<'_>) -> Effects {
        let results = self.results(action);
        let choices = Choices::compile(&self.system.arena, compiler, &action.inputs, &[action.choice], &results);
        let segment = compiler.segment(&results, &|_| true);
        let slot = |term: TermId| compiler.slot(term);
        Effects {
            choices,
            segment,
            obligations: action.obligations.iter().map(|&term| slot(term)).collect(),
            updates: action.updates.iter().map(|&(variable, term)| (variable, slot(term))).collect(),
            marks: self.relevant(action).map(|(mark, when)| (mark, slot(when))).collect(),
        }
    }
}
