//! Tries the counterexample of a part of a cluster on the whole: a directed run.
//!
//! Slow steps are those of the guide, in order; event-driven ones come as they do, for everybody, and choose as the guide
//! did where that is allowed. Every state on the way is asked about the property, so a run that breaks it earlier, or in
//! another way, is found as well. What is found counts only once [`fn@crate::system::replay`] has replayed it on the whole
//! model, which knows nothing of all this.
//!
//! Not complete: where no run is found, nothing is known.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::cluster::object::command::Command;
use crate::engine::start::{self, Start};
use crate::engine::{Budget, Watch};
use crate::model::Model;
use crate::system::choices::Combinations;
use crate::system::replay::Interpreter;
use crate::system::run::Runner;
use crate::system::{
    ActionId, Checkpoint, Interleaving, MarkSet, PropertyId, PropertyKind, Replayed, Step, System, Trace,
};

use super::guide::{Deed, Guide, Press, Value, command_name, nodes_of, value_of};

/// Combinations of inputs that are looked through.
const MOST_COMBINATIONS: u64 = 1 << 16;
/// Steps of one block at most.
const LONGEST_BLOCK: usize = 100_000;
/// How often the loop of a guide is gone round.
const ROUNDS: usize = 4;
/// How long after the end of the time a run may still be told.
const GRACE: Duration = Duration::from_millis(300);

/// A whole cluster, in which runs are tried.
pub struct Stage<'a> {
    model: &'a Model,
    interpreter: Interpreter<'a>,
    initial: Vec<i64>,
    commands: Vec<String>,
    /// Slow actions by name.
    slow: HashMap<&'a str, ActionId>,
    /// For the runs that are tried.
    watch: Watch,
    /// For everything that is asked.
    whole: &'a Watch,
}

impl<'a> Stage<'a> {
    /// A stage on which runs may be tried as long as `budget` allows, and told as long as `whole` does; `None` if no start is
    /// found.
    pub fn new(model: &'a Model, commands: &[Command], budget: &Budget, whole: &'a Watch) -> Option<Self> {
        let Start::State(initial) = start::find(&model.system, budget) else { return None };
        let commands = commands.iter().enumerate().map(|(position, command)| command_name(position, command)).collect();
        let interpreter = model.interpreter();
        let slow =
            model.system.slow_actions().into_iter().map(|id| (model.system.action(id).name.as_str(), id)).collect();
        Some(Stage { model, interpreter, initial, commands, slow, watch: budget.start(), whole })
    }

    fn system(&self) -> &'a System {
        &self.model.system
    }

    /// A run of the whole that does what the guide does and breaks the property, and what replaying it gave.
    pub fn rehearse(&self, property: PropertyId, guide: &Guide) -> Option<(Trace, Replayed)> {
        if self.system().interleaving == Interleaving::Async {
            return None;
        }
        let began = Instant::now();
        let found = Run::new(self, vec![property], guide).perform()?;
        if !self.may_be_told(began.elapsed()) {
            return None;
        }
        let run = self.replay(property, &found)?;
        Some((found, run))
    }

    /// Whether there is time to replay and to tell a run that took so long to find: each takes about as long again.
    pub fn may_be_told(&self, took: Duration) -> bool {
        self.whole.time_left().is_none_or(|left| took * 2 <= left + GRACE)
    }

    /// What replaying a run gives, if it breaks the property.
    pub fn replay(&self, property: PropertyId, trace: &Trace) -> Option<Replayed> {
        self.interpreter.replay(trace, self.system().property(property)).ok()
    }

    /// A run that does what the guide does to its end, and which of the properties, all of them invariants, are broken
    /// after how many of its steps, the earliest first.
    pub fn sweep(&self, properties: &[PropertyId], guide: &Guide) -> Option<(Trace, Vec<(PropertyId, usize)>)> {
        if self.system().interleaving == Interleaving::Async {
            return None;
        }
        let mut run = Run::new(self, properties.to_vec(), guide);
        run.goes_on = true;
        // Where it ends early, what was found until then counts.
        let _ = run.act();
        Some((run.trace(None), run.broken))
    }
}

/// Why a run ends.
enum End {
    /// It breaks the property.
    Broken(Trace),
    /// There is no point in going on.
    Over,
}

struct Run<'a> {
    stage: &'a Stage<'a>,
    /// Those that are not broken yet.
    properties: Vec<PropertyId>,
    /// Whether it goes on after a property is broken.
    goes_on: bool,
    /// Properties that were broken after so many steps.
    broken: Vec<(PropertyId, usize)>,
    guide: &'a Guide,
    binds: HashMap<String, VecDeque<Vec<String>>>,
    events: HashMap<String, VecDeque<Vec<(String, Value)>>>,
    runner: Runner<'a>,
    steps: Vec<Step>,
    marks: Vec<MarkSet>,
    /// A hash of the state: the sum over its variables, so that a change costs what it changes.
    hash: u64,
    /// Where each state occurred, by its hash.
    seen: HashMap<u64, usize>,
    /// Position of the last slow step.
    block: usize,
    given: usize,
}

impl<'a> Run<'a> {
    fn new(stage: &'a Stage<'a>, properties: Vec<PropertyId>, guide: &'a Guide) -> Self {
        let sum = |all: u64, (index, &value)| all.wrapping_add(hash(index, value));
        let first = stage.initial.iter().enumerate().fold(0, sum);
        Run {
            stage,
            properties,
            goes_on: false,
            broken: Vec::new(),
            guide,
            binds: guide.binds.clone(),
            events: guide.events.clone(),
            runner: stage.interpreter.run(&stage.initial),
            steps: Vec::new(),
            marks: Vec::new(),
            hash: first,
            seen: HashMap::from([(first, 0)]),
            block: 0,
            given: 0,
        }
    }

    fn perform(&mut self) -> Option<Trace> {
        match self.act() {
            Err(End::Broken(trace)) => Some(trace),
            Err(End::Over) | Ok(()) => None,
        }
    }

    fn act(&mut self) -> Result<(), End> {
        let guide = self.guide;
        self.settle()?;
        let again = guide.loop_start.map_or(guide.deeds.len(), |start| start);
        let rounds = if guide.loop_start.is_some() { ROUNDS } else { 0 };
        let looping = std::iter::repeat_n(&guide.deeds[again..], rounds).flatten();
        for deed in guide.deeds.iter().chain(looping) {
            self.give_commands_before(&deed.action)?;
            self.slow(&deed.action, &deed.inputs)?;
        }
        Ok(())
    }

    /// Commands are given in order: those before one that the guide gives come first.
    fn give_commands_before(&mut self, action: &str) -> Result<(), End> {
        let commands = &self.stage.commands;
        let Some(position) = commands.iter().position(|name| name == action) else { return Ok(()) };
        while self.given < position {
            self.slow(&commands[self.given], &[])?;
            self.given += 1;
        }
        self.given = position + 1;
        Ok(())
    }

    /// A slow step, if it is enabled, and what follows from it. The state is settled, so being enabled is all it takes.
    fn slow(&mut self, name: &str, wanted: &[(String, Value)]) -> Result<(), End> {
        let system = self.stage.system();
        let Some(&id) = self.stage.slow.get(name) else { return Ok(()) };
        if !self.runner.holds(system.action(id).guard) {
            return Ok(());
        }
        let Some(inputs) = self.choose(id, Some(wanted)) else { return Ok(()) };
        self.block = self.steps.len();
        self.take(Step { action: id.0, inputs })?;
        self.settle()
    }

    /// Event-driven steps until none is enabled.
    fn settle(&mut self) -> Result<(), End> {
        loop {
            let now = self.runner.candidates();
            self.ask(now.settled)?;
            if now.settled {
                return Ok(());
            }
            let step = now.actions.iter().find_map(|&id| self.event(id)).ok_or(End::Over)?;
            let again = self.take(step)?;
            if again || self.steps.len() - self.block > LONGEST_BLOCK {
                return Err(End::Over);
            }
        }
    }

    /// An event-driven step of an action, as the guide chose it if that is allowed.
    fn event(&mut self, id: ActionId) -> Option<Step> {
        let inputs = match self.stage.model.parts.bindings.iter().position(|it| it.action == id) {
            Some(position) => self.bind(position),
            None => {
                let name = &self.stage.system().action(id).name;
                let wanted = self.events.get_mut(name).and_then(VecDeque::pop_front);
                self.choose(id, wanted.as_deref())
            }
        };
        Some(Step { action: id.0, inputs: inputs? })
    }

    /// A pod and a node for it, looked up where the scheduler says what it allows.
    fn bind(&mut self, position: usize) -> Option<Vec<i64>> {
        let model = self.stage.model;
        let binding = &model.parts.bindings[position];
        let runner = &mut self.runner;
        let pod = binding.binds.iter().position(|&binds| runner.holds(binds))?;
        let allowed = binding.allowed[pod].iter().enumerate();
        let allowed: Vec<usize> = allowed.filter(|&(_, &term)| runner.holds(term)).map(|(cell, _)| cell).collect();
        let template = &model.parts.templates[binding.templates[pod].0];
        let wish = self.binds.get_mut(&template.name).and_then(VecDeque::pop_front);
        let is_wished = |&&cell: &&usize| {
            wish.as_ref().is_some_and(|wish| nodes_of(&model.parts, cell).iter().any(|node| wish.contains(node)))
        };
        let press = self.guide.press.as_ref().filter(|it| it.but != template.workload);
        let distaste = |&&cell: &&usize| press.map_or(0, |press| press.distaste(&nodes_of(&model.parts, cell)));
        let cell = *allowed.iter().find(is_wished).or(allowed.iter().min_by_key(distaste))?;
        let action = model.system.action(binding.action);
        let input = |&var| match var {
            _ if var == binding.pod => pod as i64,
            _ if var == binding.node => cell as i64,
            _ => 0,
        };
        Some(action.inputs.iter().map(input).collect())
    }

    /// Inputs that an action allows now, those nearest to what is wanted.
    fn choose(&mut self, id: ActionId, wanted: Option<&[(String, Value)]>) -> Option<Vec<i64>> {
        let model = self.stage.model;
        let action = model.system.action(id);
        if action.inputs.is_empty() {
            return Some(Vec::new());
        }
        let combinations = Combinations::of(&model.system.arena, action);
        // An event-driven step with a node, other than the scheduler's, takes a pod away from there.
        let (is_event, press) = (action.kind.is_event(), self.guide.press.as_ref());
        let distance = |inputs: &[i64]| -> u64 {
            let pairs = action.inputs.iter().zip(inputs);
            let apart = pairs.map(|(&var, &value)| {
                let name = &model.system.arena.variable(var).name;
                let wish = wanted.into_iter().flatten().find(|(known, _)| known == name || known == Deed::ANY);
                let wish = wish.map(|(_, wish)| wish);
                match (wish, value_of(&model.parts, var, value)) {
                    (None, Value::Nodes(nodes)) if is_event => press.map_or(0, |it| Press::MOST - it.distaste(&nodes)),
                    (None, _) => 0,
                    (Some(Value::Number(wish)), Value::Number(value)) => wish.abs_diff(value),
                    (Some(Value::Nodes(wish)), Value::Nodes(nodes)) => {
                        u64::from(!nodes.iter().any(|node| wish.contains(node)))
                    }
                    _ => 1,
                }
            });
            apart.fold(0, u64::saturating_add)
        };
        let all = (0..combinations.count().min(MOST_COMBINATIONS)).map(|number| combinations.get(number));
        let mut all: Vec<(u64, Vec<i64>)> = all.map(|inputs| (distance(&inputs), inputs)).collect();
        all.sort_by_key(|(apart, _)| *apart);
        let steps = all.into_iter().map(|(_, inputs)| Step { action: id.0, inputs });
        steps.into_iter().find(|step| self.runner.allows(step)).map(|step| step.inputs)
    }

    /// Takes a step; whether the run went round within a block.
    fn take(&mut self, step: Step) -> Result<bool, End> {
        if self.stage.watch.exhausted().is_some() {
            return Err(End::Over);
        }
        let fired = self.runner.fire(self.steps.len() + 1, &step).map_err(|_| End::Over)?;
        self.steps.push(step);
        self.marks.push(fired.marks);
        for change in fired.changes {
            self.hash = self
                .hash
                .wrapping_sub(hash(change.index, change.before))
                .wrapping_add(hash(change.index, change.after));
        }
        let known = self.seen.insert(self.hash, self.steps.len());
        self.went_round(known)
    }

    /// Asks loop properties, where the state was there before.
    fn went_round(&self, known: Option<usize>) -> Result<bool, End> {
        let Some(start) = known else { return Ok(false) };
        let system = self.stage.system();
        let inside = self.steps[start..].iter().all(|step| system.actions[step.action].kind.is_event());
        let is_broken = |id: &PropertyId| match &system.property(*id).kind {
            PropertyKind::Invariant { .. } => false,
            PropertyKind::Settles => inside,
            PropertyKind::NoLoop { any_of, none_of } => {
                let carried = self.marks[start..].iter().fold(MarkSet::default(), |all, &it| all.union(it));
                carried.meets(*any_of) && !carried.meets(*none_of)
            }
        };
        let broken = self.properties.iter().any(is_broken);
        if broken { Err(End::Broken(self.trace(Some(start)))) } else { Ok(inside) }
    }

    /// Asks invariants.
    fn ask(&mut self, settled: bool) -> Result<(), End> {
        let system = self.stage.system();
        let runner = &mut self.runner;
        let mut is_broken = |id: &PropertyId| match &system.property(*id).kind {
            PropertyKind::Invariant { holds, at } => (*at == Checkpoint::Every || settled) && !runner.holds(*holds),
            PropertyKind::NoLoop { .. } | PropertyKind::Settles => false,
        };
        let (broken, whole): (Vec<PropertyId>, Vec<PropertyId>) = self.properties.iter().partition(|id| is_broken(id));
        if broken.is_empty() {
            return Ok(());
        }
        if !self.goes_on {
            return Err(End::Broken(self.trace(None)));
        }
        self.broken.extend(broken.into_iter().map(|id| (id, self.steps.len())));
        self.properties = whole;
        if self.properties.is_empty() { Err(End::Over) } else { Ok(()) }
    }

    fn trace(&self, loop_start: Option<usize>) -> Trace {
        Trace { initial: self.stage.initial.clone(), steps: self.steps.clone(), loop_start }
    }
}

/// A variable's share in the hash of a state.
fn hash(index: usize, value: i64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (index, value).hash(&mut hasher);
    hasher.finish()
}
