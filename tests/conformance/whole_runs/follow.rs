//! Follows the recorded observations of a stretch through the states of its model.
//!
//! A *place* is a state of the model and how far model and recording are apart there. The model is ahead where one of its
//! steps is several recorded ones (a ReplicaSet's missing pods, a Deployment's ReplicaSets): what is ahead must be
//! recorded later. The recording is ahead where kubelets reported what controllers had not seen yet: the model may
//! catch up at any time, and has to until rest. Everything else happens in the recorded order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::engine::explicit::Successors;
use crate::system::{ActionId, ActionKind, Step, System};

use super::lens::{Lens, Picture};
use super::observe::Seen;
use super::rest;
use super::trail::Trail;
use super::workload::Kind;

/// More places than this at one event are not followed.
const MOST_PLACES: usize = 30_000;

/// A state of the model, and how often each observation is ahead in the model (above 0) or in the recording (below).
pub type Place = (Vec<i64>, BTreeMap<Seen, i64>);

/// A step of the model: what it is seen to do, and where it leads.
pub struct Move {
    /// Its action and inputs.
    pub step: Step,
    /// What it is seen to do, each with how often.
    pub seen: BTreeMap<Seen, i64>,
    to: Vec<i64>,
    /// Of an autoscaler: whose step it is, and whether its windows hold nothing of the past.
    autoscaled: Option<(ActionId, bool)>,
    /// Whether rest waits for it although nobody sees it.
    awaited: bool,
}

impl Move {
    /// Whether it takes notice of what kubelets report, and does nothing else.
    pub fn notices(&self) -> bool {
        !self.seen.is_empty() && self.seen.keys().all(Seen::is_report)
    }
}

/// Follows one stretch.
pub struct Follower<'s> {
    system: &'s System,
    lens: &'s Lens,
    successors: Successors<'s>,
    moves: HashMap<Vec<i64>, Vec<Rc<Move>>>,
    /// Whether controllers may decide a while before they write.
    lags: bool,
    /// The places that it came to.
    pub trail: Trail,
}

impl<'s> Follower<'s> {
    /// A follower of a model's runs.
    pub fn new(system: &'s System, lens: &'s Lens, lags: bool) -> Result<Self, String> {
        let (successors, moves) = (Successors::new(system)?, HashMap::new());
        Ok(Follower { system, lens, successors, moves, lags, trail: Trail::default() })
    }

    /// Where it begins.
    pub fn start(&self) -> Result<BTreeSet<Place>, String> {
        let start = self.system.fixed_initial_state().ok_or("the initial state is not fixed")?;
        Ok(BTreeSet::from([(start, BTreeMap::new())]))
    }

    /// Places of another model of the same cluster in this one. What only one of them has is 0 there.
    pub fn taken_over(&self, places: &BTreeSet<Place>, from: &System) -> Result<BTreeSet<Place>, String> {
        let position = |name: &str, system: &System| system.state.iter().position(|var| var.name == name);
        let found: Vec<Option<usize>> = self.system.state.iter().map(|var| position(&var.name, from)).collect();
        let lost: Vec<usize> = (0..from.state.len()).filter(|index| !found.contains(&Some(*index))).collect();
        let kept = places.iter().filter(|(state, _)| lost.iter().all(|&index| state[index] == 0));
        let mapped = kept.map(|(state, apart)| {
            (found.iter().map(|found| found.map_or(0, |index| state[index])).collect(), apart.clone())
        });
        let mapped: BTreeSet<Place> = mapped.collect();
        if mapped.is_empty() { Err("no state is one of the next model".to_owned()) } else { Ok(mapped) }
    }

    /// Follows observations; where they lead, or where and how the recording leaves. Those that come `later` are
    /// known, too.
    pub fn follow(
        &mut self,
        mut places: BTreeSet<Place>,
        recorded: &[(f64, Seen)],
        later: &[(f64, Seen)],
    ) -> Result<BTreeSet<Place>, String> {
        self.trail.begin(&places);
        for (position, (time, seen)) in recorded.iter().enumerate() {
            let future = count(recorded[position..].iter().chain(later));
            let then = resized_next(&recorded[position + 1..], seen);
            let next =
                self.after(&places, (seen, then), &future).map_err(|why| format!("at {time} s, {seen}: {why}"))?;
            if next.is_empty() {
                let allowed = self.allowed(&places, &future)?;
                return Err(format!("at {time} s, {seen}: the model allows {allowed}"));
            }
            places = next;
            self.trail.advance();
        }
        Ok(places)
    }

    /// Where an observation may lead.
    fn after(
        &mut self,
        places: &BTreeSet<Place>,
        (seen, then): (&Seen, Option<&Seen>),
        future: &BTreeMap<Seen, i64>,
    ) -> Result<BTreeSet<Place>, String> {
        let mut next = BTreeSet::new();
        if seen.is_report() {
            for from in places {
                self.lead(from, self.place(from.0.clone(), &from.1, &[(seen, -1)]), None, &mut next);
            }
            return Ok(next);
        }
        for from in self.reach(places, future)? {
            let (state, apart) = &from;
            if apart.get(seen).is_some_and(|&ahead| ahead > 0) {
                self.lead(&from, self.place(state.clone(), apart, &[(seen, -1)]), None, &mut next);
            }
            for step in self.moves(state)? {
                let mut changes: Vec<(&Seen, i64)> = step.seen.iter().map(|(seen, &many)| (seen, many)).collect();
                if step.seen.contains_key(seen) {
                    changes.push((seen, -1));
                } else if !then.is_some_and(|it| step.seen.contains_key(it) && self.is_halfway(state, seen, it)) {
                    continue;
                }
                let place = self.place(step.to.clone(), apart, &changes);
                if expected(&place, future, seen) {
                    self.lead(&from, place, Some(&step), &mut next);
                }
            }
        }
        Ok(next)
    }

    /// An observation leads from one place to another, by a step or without.
    fn lead(&mut self, from: &Place, to: Place, step: Option<&Rc<Move>>, next: &mut BTreeSet<Place>) {
        self.trail.observed(from, &to, step);
        next.insert(to);
    }

    /// Whether a ReplicaSet is half way to a smaller size: one reconcile of a Deployment may write it twice, first without
    /// unavailable pods, then as small as availability allows. The model does both at once, and is ahead with the second.
    fn is_halfway(&self, state: &[i64], seen: &Seen, then: &Seen) -> bool {
        let (Seen::Size(revision, first), Seen::Size(_, second)) = (seen, then) else { return false };
        let size = self.lens.picture(state).sizes.get(revision).copied().unwrap_or(0);
        size > *first && first > second
    }

    /// A place with changed distances. A pod that was reported ready and is not starting any more was deleted meanwhile, and so was
    /// one that was reported not to be ready any more and is not.
    fn place(&self, state: Vec<i64>, apart: &BTreeMap<Seen, i64>, changes: &[(&Seen, i64)]) -> Place {
        let mut apart = apart.clone();
        for &(seen, change) in changes {
            *apart.entry(seen.clone()).or_default() += change;
        }
        let pods = self.lens.picture(&state).pods;
        for (seen, distance) in &mut apart {
            let there =
                |kind: &Kind, node: &str, phase: usize| pods.get(&(*kind, node.to_owned())).map_or(0, |it| it[phase]);
            match seen {
                Seen::Ready(kind, node) => *distance = (*distance).max(-there(kind, node, 0)),
                Seen::Unready(kind, node) => *distance = (*distance).max(-there(kind, node, 1)),
                _ => {}
            }
        }
        apart.retain(|_, distance| *distance != 0);
        (state, apart)
    }

    /// Everything within reach by steps that nobody has to see now.
    fn reach(&mut self, places: &BTreeSet<Place>, future: &BTreeMap<Seen, i64>) -> Result<BTreeSet<Place>, String> {
        let mut reached = places.clone();
        let mut open: Vec<Place> = places.iter().cloned().collect();
        while let Some(from) = open.pop() {
            let (state, apart) = &from;
            for step in self.moves(state)? {
                if !self.is_silent(&step, apart) {
                    continue;
                }
                let changes: Vec<(&Seen, i64)> = step.seen.iter().map(|(seen, &many)| (seen, many)).collect();
                let place = self.place(step.to.clone(), apart, &changes);
                if !within(&place, future) {
                    continue;
                }
                self.trail.unseen(&from, &place, &step);
                if reached.insert(place.clone()) {
                    open.push(place);
                }
            }
            if reached.len() > MOST_PLACES {
                return Err(format!("more than {MOST_PLACES} places to look at"));
            }
        }
        Ok(reached)
    }

    /// Whether a step may be taken without being recorded now.
    fn is_silent(&self, step: &Move, apart: &BTreeMap<Seen, i64>) -> bool {
        step.seen.iter().all(|(seen, &many)| match seen.is_report() {
            true => apart.get(seen).is_some_and(|&distance| distance + many <= 0),
            false => self.lags && seen.is_written_later(),
        })
    }

    fn moves(&mut self, state: &[i64]) -> Result<Vec<Rc<Move>>, String> {
        if let Some(known) = self.moves.get(state) {
            return Ok(known.clone());
        }
        let mut moves = Vec::new();
        for (id, inputs, to) in self.successors.of(state)?.steps {
            let mut seen = self.lens.between(self.lens.author(id), state, &to);
            let action = self.system.action(id);
            if let Some(number) = command(&action.name).filter(|_| action.kind == ActionKind::Environment) {
                seen.retain(|seen, _| !matches!(seen, Seen::Scaled(..)));
                seen.insert(Seen::Command(number), 1);
            }
            let has_size = |size: i64| self.lens.picture(state).replicas.values().any(|&known| known == size);
            let fresh = || rest::is_fresh(self.system, action, &inputs, has_size);
            let autoscaled = rest::is_autoscaler(action).then(|| (id, fresh()));
            if !seen.is_empty() || to != state || autoscaled.is_some_and(|(_, fresh)| fresh) {
                let awaited = self.lens.is_awaited(action);
                let step = Step { action: id.0, inputs };
                moves.push(Rc::new(Move { step, seen, to, autoscaled, awaited }));
            }
        }
        self.moves.insert(state.to_vec(), moves.clone());
        Ok(moves)
    }

    /// What may be seen next, in words.
    fn allowed(&mut self, places: &BTreeSet<Place>, future: &BTreeMap<Seen, i64>) -> Result<String, String> {
        let mut allowed = BTreeSet::new();
        let reached = self.reach(places, future)?;
        for (state, apart) in &reached {
            allowed.extend(apart.iter().filter(|(_, ahead)| **ahead > 0).map(|(seen, _)| seen.to_string()));
            for step in self.moves(state)? {
                allowed.extend(step.seen.keys().filter(|seen| !seen.is_report()).map(Seen::to_string));
            }
        }
        let shown = reached.iter().next().map(|(state, _)| self.lens.picture(state).to_string()).unwrap_or_default();
        let allowed: Vec<String> = allowed.into_iter().collect();
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        Ok(format!("{allowed} [{shown}]"))
    }

    /// Whether one of the places comes to rest as recorded; without a `rest`, any will do.
    pub fn rest(&mut self, places: &BTreeSet<Place>, rest: Option<&Picture>) -> Result<(), String> {
        let Some(rest) = rest else {
            places.iter().for_each(|place| self.trail.end(place));
            return Ok(());
        };
        let reached = self.reach(places, &BTreeMap::new())?;
        let (mut shown, mut is_alike, mut rests) = (String::new(), false, false);
        for place in &reached {
            let (state, apart) = place;
            let picture = self.lens.at_rest(state);
            let goes_on = self.goes_on(state)?;
            if picture == *rest && apart.is_empty() && goes_on.is_empty() {
                self.trail.end(place);
                rests = true;
            }
            // A state that looks as recorded tells more than others.
            if !is_alike {
                is_alike = picture == *rest && apart.is_empty();
                shown = format!("{picture}; ahead {apart:?}; would go on with {goes_on:?}");
            }
        }
        if rests {
            return Ok(());
        }
        Err(format!("at rest: {rest} recorded, the model has {shown}"))
    }

    /// What the model would still have to do in a state of rest.
    fn goes_on(&mut self, state: &[i64]) -> Result<Vec<String>, String> {
        let moves = self.moves(state)?;
        let stays = moves.iter().filter(|step| step.seen.is_empty()).filter_map(|step| step.autoscaled);
        let resting: BTreeSet<ActionId> = stays.filter(|(_, fresh)| *fresh).map(|(autoscaler, _)| autoscaler).collect();
        let is_open = |step: &&Rc<Move>| step.autoscaled.is_none_or(|(autoscaler, _)| !resting.contains(&autoscaler));
        let acts = moves.iter().filter(is_open).flat_map(|step| step.seen.keys());
        if moves.iter().any(|step| step.awaited) {
            return Ok(vec!["the end of initialisation".to_owned()]);
        }
        Ok(acts.filter(|seen| !self.lens.may_be_left(seen)).map(Seen::to_string).collect())
    }
}

/// The next size of the ReplicaSet that `seen` resizes.
fn resized_next<'r>(later: &'r [(f64, Seen)], seen: &Seen) -> Option<&'r Seen> {
    let Seen::Size(revision, _) = seen else { return None };
    let resizes = |later: &&Seen| matches!(later, Seen::Size(other, _) if other == revision);
    later.iter().map(|(_, later)| later).find(resizes)
}

/// The number of a command's action, from 0.
fn command(name: &str) -> Option<usize> {
    let number = name.strip_prefix("command ")?.split(':').next()?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn count<'r>(recorded: impl Iterator<Item = &'r (f64, Seen)>) -> BTreeMap<Seen, i64> {
    let mut counted = BTreeMap::new();
    for (_, seen) in recorded {
        *counted.entry(seen.clone()).or_default() += 1;
    }
    counted
}

/// Whether all that the model is ahead of is recorded later.
fn within((_, apart): &Place, future: &BTreeMap<Seen, i64>) -> bool {
    apart.iter().all(|(seen, &ahead)| ahead <= future.get(seen).copied().unwrap_or(0).max(0))
}

/// The same once `seen` was recorded.
fn expected(place: &Place, future: &BTreeMap<Seen, i64>, seen: &Seen) -> bool {
    let mut rest = future.clone();
    if let Some(count) = rest.get_mut(seen) {
        *count -= 1;
    }
    within(place, &rest)
}
