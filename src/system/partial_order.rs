//! Partial-order reduction: of steps that commute, one order is enough.
//!
//! Where events race, an action *leads* in a state if none of the actions that see what it does, or do what it sees, can
//! fire before it in the present block. Then it goes ahead alone, and with a single choice: every run that begins here
//! reaches the same states at rest, with the same marks, and breaks the same invariants, if that step is moved to its
//! front ([`Footprint::leads`]). In the words of the field: the step is a persistent set of one transition,
//! and invisible. Leading actions cannot go on for ever by themselves, so nothing is put off for ever, and no proviso for
//! cycles is needed.
//!
//! An action that is *calm* about what others can still do before it ([`Calm`](super::Calm)) goes ahead, too, but with every choice:
//! its steps are the persistent set.
//!
//! Whether an action can still fire is read off its guard. It is disabled, and stays so, if in each alternative of the
//! guard some conjunct is false that only actions of that kind can make true: the largest such set is computed for each state.
//!
//! What reads and writes variables that are not counted is taken from the terms; what happens to counted ones, from
//! footprints.
//!
//! References: Valmari, "Stubborn sets for reduced state space generation", Petri Nets 1990; Godefroid,
//! "Partial-order methods for the verification of concurrent systems", LNCS 1032, 1996; Lipton, "Reduction: a method of
//! proving properties of parallel programs", CACM 18(12), 1975.

use std::cell::RefCell;

use fixedbitset::FixedBitSet;

use crate::term::{Arena, Node, Reach, TermId};

use super::footprint::{Effect, Footprint};
use super::interleaving::Interleaving;
use super::model::{Action, ActionId, Checkpoint, PropertyKind, System};

/// Alternatives of a guard that are told apart; with more it is taken as a whole.
const ALTERNATIVES: usize = 256;

/// Which actions may lead, and what tells whether they do.
#[derive(Clone, Debug)]
pub struct PartialOrder {
    leaders: Vec<Leader>,
    /// By event-driven action: what has to be so for it to fire.
    locks: Vec<(ActionId, Guard)>,
    /// Number of all actions.
    actions: usize,
}

/// An action that may lead.
#[derive(Clone, Debug)]
struct Leader {
    action: ActionId,
    /// Actions that must not fire before it.
    rivals: Vec<ActionId>,
    /// Whether it may fire again at once: then it may wake its own rivals.
    repeats: bool,
    /// Of one that leads with every choice: where it does not.
    broken: Option<TermId>,
}

/// The guard of an action as alternatives of conjuncts.
type Guard = Vec<Vec<Conjunct>>;

/// A conjunct of a guard.
#[derive(Clone, Debug)]
struct Conjunct {
    holds: TermId,
    /// Actions that can make it true.
    makers: Vec<ActionId>,
}

/// What an action reads and writes, as sets of positions in the state.
struct Access {
    reads: FixedBitSet,
    writes: FixedBitSet,
    /// Whether it reads counted variables.
    reads_counted: bool,
}

impl PartialOrder {
    /// Reads it off a system; `None` if every order matters or there is only one. Asked now and then, `stop` ends it, and it
    /// is `None`, too: whoever asked to stop will not go on with it.
    pub fn of(system: &System, stop: &dyn Fn() -> bool) -> Option<Self> {
        let may_lead =
            |action: &Action| (action.footprint.leads || action.footprint.calm.is_some()) && action.kind.is_event();
        let races = system.interleaving == Interleaving::Racing && !system.all_orders;
        if !races || !system.actions.iter().any(may_lead) {
            return None;
        }
        let reader = Reader::of(system);
        let go_on = || (!stop()).then_some(());
        let access = |action| go_on().map(|()| reader.access(action));
        let access: Vec<Access> = system.actions.iter().map(access).collect::<Option<_>>()?;
        let events = system.events_in_order();
        let rivals = |leader: ActionId| {
            let are_rivals = |&&other: &&ActionId| {
                let (a, b) = (system.action(leader), system.action(other));
                let variables = reader.collide(&access[leader.0], &access[other.0]);
                variables || reader.notices(&access, other, a) || reader.is_disturbed(&access, leader, b)
            };
            events.iter().filter(|&&other| other != leader).filter(are_rivals).copied().collect()
        };
        let leaders = events.iter().copied().filter(|&id| may_lead(system.action(id)));
        let leaders = leaders.filter(|&id| reader.is_invisible(&access[id.0], system.action(id)));
        let leader = |action: ActionId| {
            let broken = system.action(action).footprint.calm.as_ref().map(|calm| calm.broken);
            let repeats = !system.action(action).inputs.is_empty() && broken.is_none();
            go_on().map(|()| Leader { action, rivals: rivals(action), repeats, broken })
        };
        let leaders: Vec<Leader> = leaders.map(leader).collect::<Option<_>>()?;
        let lock = |&id: &ActionId| go_on().map(|()| (id, reader.lock(system.action(id), &events, &access)));
        let locks = events.iter().map(lock).collect::<Option<_>>()?;
        (!leaders.is_empty()).then_some(PartialOrder { leaders, locks, actions: system.actions.len() })
    }

    /// All terms that [`PartialOrder::leading`] asks about.
    pub fn conjuncts(&self) -> impl Iterator<Item = TermId> {
        let locks = self.locks.iter().flat_map(|(_, lock)| lock.iter().flatten().map(|conjunct| conjunct.holds));
        locks.chain(self.leaders.iter().filter_map(|leader| leader.broken))
    }

    /// The actions that lead in a state: `enabled` are the events that may be enabled, and `fails` tells whether a
    /// conjunct is certainly false.
    pub fn leading(&self, enabled: &[ActionId], fails: &mut dyn FnMut(TermId) -> bool) -> Vec<ActionId> {
        let mut dead = None;
        let mut leading = Vec::new();
        for leader in self.leaders.iter().filter(|leader| enabled.contains(&leader.action)) {
            if leader.broken.is_some_and(|broken| !fails(broken)) {
                continue;
            }
            let dead = dead.get_or_insert_with(|| self.dead(enabled, None, fails));
            let alone = |dead: &[bool]| leader.rivals.iter().all(|rival| dead[rival.0]);
            if alone(dead) || (!leader.repeats && alone(&self.dead(enabled, Some(leader.action), fails))) {
                leading.push(leader.action);
            }
        }
        leading
    }

    /// Events that cannot fire before the block rests, or not before `first` has fired; by action.
    fn dead(&self, enabled: &[ActionId], first: Option<ActionId>, fails: &mut dyn FnMut(TermId) -> bool) -> Vec<bool> {
        let mut dead = vec![true; self.actions];
        enabled.iter().filter(|&&id| Some(id) != first).for_each(|id| dead[id.0] = false);
        loop {
            let mut changed = false;
            for (id, lock) in &self.locks {
                let stays_shut = |alternative: &Vec<Conjunct>| {
                    alternative.iter().any(|it| it.makers.iter().all(|maker| dead[maker.0]) && fails(it.holds))
                };
                if dead[id.0] && Some(*id) != first && !lock.iter().all(stays_shut) {
                    dead[id.0] = false;
                    changed = true;
                }
            }
            if !changed {
                return dead;
            }
        }
    }
}

/// Looks at the terms of a system.
struct Reader<'s> {
    system: &'s System,
    /// By variable of the arena: its position in the state.
    position: Vec<Option<usize>>,
    /// The positions of counted variables.
    counted: FixedBitSet,
    reach: RefCell<Reach>,
}

impl<'s> Reader<'s> {
    fn of(system: &'s System) -> Self {
        let mut position = vec![None; system.arena.variables().len()];
        system.state.iter().enumerate().for_each(|(index, variable)| position[variable.var.index()] = Some(index));
        let mut counted = FixedBitSet::with_capacity(system.state.len());
        counted.extend((0..system.state.len()).filter(|&index| system.state[index].counted));
        Reader { system, position, counted, reach: RefCell::default() }
    }

    /// The state variables that terms read.
    fn below(&self, roots: &[TermId]) -> FixedBitSet {
        let arena = &self.system.arena;
        let mut read = FixedBitSet::with_capacity(self.system.state.len());
        for term in self.reach.borrow_mut().terms(arena, roots, |_| true) {
            if let Node::Var(var) = arena.node(term)
                && let Some(position) = self.position[var.index()]
            {
                read.insert(position);
            }
        }
        read
    }

    fn access(&self, action: &Action) -> Access {
        let mut roots = vec![action.guard, action.choice];
        roots.extend(action.updates.iter().map(|&(_, term)| term));
        roots.extend(action.marks.iter().map(|&(_, when)| when));
        let mut writes = FixedBitSet::with_capacity(self.system.state.len());
        writes.extend(action.updates.iter().map(|&(position, _)| position));
        let reads = self.below(&roots);
        Access { reads_counted: !reads.is_disjoint(&self.counted), reads, writes }
    }

    /// Whether one of two writes what the other one reads or writes, and footprints say nothing of it.
    fn collide(&self, a: &Access, b: &Access) -> bool {
        let by = |writes: &FixedBitSet, uses: &FixedBitSet| {
            writes.intersection(uses).any(|position| !self.counted.contains(position))
        };
        by(&a.writes, &b.reads) || by(&a.writes, &b.writes) || by(&b.writes, &a.reads)
    }

    /// Whether an action may notice what another one does to counted variables.
    fn notices(&self, access: &[Access], observer: ActionId, actor: &Action) -> bool {
        let sees = &self.system.action(observer).footprint.sees;
        access[observer.0].reads_counted && sees.notices(&actor.footprint.does)
    }

    /// Whether an action that leads may notice what another one does before it.
    fn is_disturbed(&self, access: &[Access], leader: ActionId, actor: &Action) -> bool {
        let Footprint { sees, gains, calm, .. } = &self.system.action(leader).footprint;
        let Some(calm) = calm else { return self.notices(access, leader, actor) };
        let does: Vec<Effect> = actor.footprint.does.iter().copied().filter(|it| !calm.about.contains(it)).collect();
        access[leader.0].reads_counted && (sees.notices(&does) || does.iter().any(|effect| gains.contains(effect)))
    }

    /// Whether no invariant of every state can tell a state before a step from the one after it, and no mark is set.
    fn is_invisible(&self, access: &Access, action: &Action) -> bool {
        let seen = self.system.properties.iter().any(|property| match property.kind {
            PropertyKind::Invariant { holds, at: Checkpoint::Every } => {
                let reads = self.below(&[holds]);
                let sees = |position: usize| match self.counted.contains(position) {
                    true => property.sees.notices(&action.footprint.does),
                    false => access.writes.contains(position),
                };
                reads.ones().any(sees)
            }
            _ => false,
        });
        !seen && action.marks.is_empty()
    }

    fn lock(&self, action: &Action, events: &[ActionId], access: &[Access]) -> Guard {
        if let Some(lock) = &action.footprint.lock {
            let makers =
                self.makers(lock.open, events, access, &|does| does.iter().any(|it| lock.opened_by.contains(it)));
            return vec![vec![Conjunct { holds: lock.open, makers }]];
        }
        let Footprint { sees, gains, .. } = &action.footprint;
        let wakes = |does: &[Effect]| sees.notices(does) || does.iter().any(|effect| gains.contains(effect));
        let conjunct = |holds| Conjunct { holds, makers: self.makers(holds, events, access, &wakes) };
        let arena = &self.system.arena;
        let mut alternatives = flatten(arena, action.guard, &|node| match node {
            Node::Or(a, b) => Some((a, b)),
            _ => None,
        });
        if alternatives.len() > ALTERNATIVES {
            alternatives = vec![action.guard];
        }
        let conjuncts = |alternative: TermId| {
            let conjuncts = flatten(arena, alternative, &|node| match node {
                Node::And(a, b) => Some((a, b)),
                _ => None,
            });
            conjuncts.into_iter().map(conjunct).collect()
        };
        alternatives.into_iter().map(conjuncts).collect()
    }

    /// The events that can make a condition true: those that write what it reads, and of writers of counted variables
    /// only those whose effects `wake`.
    fn makers(
        &self,
        holds: TermId,
        events: &[ActionId],
        access: &[Access],
        wake: &dyn Fn(&[Effect]) -> bool,
    ) -> Vec<ActionId> {
        let reads = self.below(&[holds]);
        let makes = |&&event: &&ActionId| {
            let mut written = access[event.0].writes.intersection(&reads).peekable();
            written.peek().is_some()
                && (wake(&self.system.action(event).footprint.does)
                    || written.any(|position| !self.counted.contains(position)))
        };
        events.iter().filter(makes).copied().collect()
    }
}

/// The parts of a term that `split` takes apart.
fn flatten(arena: &Arena, term: TermId, split: &dyn Fn(Node) -> Option<(TermId, TermId)>) -> Vec<TermId> {
    let mut parts = Vec::new();
    let mut stack = vec![term];
    while let Some(term) = stack.pop() {
        match split(arena.node(term)) {
            Some((a, b)) => stack.extend([b, a]),
            None => parts.push(term),
        }
    }
    parts
}
