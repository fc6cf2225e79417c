//! Times between what belongs together: how long controllers, the scheduler, and starting pods took.
//!
//! A difference that more than one thing may have caused is no measurement: a pod that was made long after its owner took the place
//! of another one, one that was bound late had no node to go to, and one that is ready again says nothing of its start.

use std::collections::BTreeMap;

use crate::cluster::object::spec::ObjectKey;
use crate::input::diagnostics::Diagnostics;

use super::events::Happened;
use super::fields::Reference;
use super::pods::Pod;
use super::seen::Seen;

/// What takes longer, in seconds, is no reaction: it is beyond the scheduler's longest back-off, so there was no node for a pod.
pub const LONGEST_REACTION: u32 = 10;
/// What takes longer is no start: volumes, images or somebody were waited for.
const LONGEST_START: i64 = 3600;
/// A container that is not probed is ready as soon as it runs, give or take what kubelets need to say so.
const UNPROBED: i64 = 10;
/// A probe that succeeds so long after the container started did so before.
const PROBED: i64 = 600;

/// Times that were measured.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// How many.
    pub count: usize,
    /// The shortest one, in seconds.
    pub least: u32,
    /// The longest one.
    pub most: u32,
}

impl Samples {
    fn add(&mut self, seconds: u32) {
        self.least = if self.count == 0 { seconds } else { self.least.min(seconds) };
        self.most = self.most.max(seconds);
        self.count += 1;
    }
}

/// Times by the workload that they are of.
pub type ByWorkload = BTreeMap<ObjectKey, Samples>;

/// What was measured, and what was not.
#[derive(Debug, Default)]
pub struct Measured {
    /// From an owner until the first thing that it owns.
    pub creation: ByWorkload,
    /// From a pod until it is bound.
    pub binding: ByWorkload,
    /// From the binding of a pod until it is ready.
    pub start: ByWorkload,
    /// From the last time that no node was found for a pod until it was bound.
    pub waits: ByWorkload,
    /// The number of pods whose binding took longer than a reaction does.
    pub waiting: usize,
    restarted: usize,
    disturbed: usize,
    late: usize,
    backwards: usize,
}

impl Measured {
    /// Measures.
    pub fn new(seen: &Seen) -> Self {
        let mut measured = Measured::default();
        measured.creations(seen);
        for pod in seen.pods.iter().filter(|pod| !pod.is_mirror) {
            let workload = workload(pod, seen);
            let events = seen.events.get(&pod.key).filter(|events| events.is_of(pod.uid.as_deref()));
            measured.binding(pod, &workload, events);
            measured.start(pod, &workload, events);
        }
        measured
    }

    /// The first that each owner owns.
    fn creations(&mut self, seen: &Seen) {
        let mut first: BTreeMap<_, (i64, i64)> = BTreeMap::new();
        let pods = seen.pods.iter().map(|pod| (pod.owner.as_ref(), pod.created));
        let others = seen.owners.values().map(|owner| (owner.owner.as_ref(), owner.created));
        for (reference, created) in pods.chain(others) {
            let (Some(reference), Some(created)) = (reference, created) else { continue };
            let Some(owned) = seen.owner(reference).and_then(|owner| owner.created) else { continue };
            let at = first.entry(&reference.identity).or_insert((owned, created));
            at.1 = at.1.min(created);
        }
        for ((_, key), (owner, created)) in first {
            if let Some(seconds) = self.between(owner, created).filter(|it| *it <= LONGEST_REACTION) {
                self.creation.entry(key.clone()).or_default().add(seconds);
            }
        }
    }

    fn binding(&mut self, pod: &Pod, workload: &ObjectKey, events: Option<&Happened>) {
        let bound = events.and_then(|it| it.bound).or(pod.bound);
        let refused = events.and_then(|it| it.refused);
        let (from, times) = match refused {
            Some(refused) => (Some(refused), &mut self.waits),
            None => (pod.created, &mut self.binding),
        };
        let (Some(from), Some(bound)) = (from, bound) else { return };
        match u32::try_from(bound - from) {
            Ok(seconds) if refused.is_some() || seconds <= LONGEST_REACTION => {
                times.entry(workload.clone()).or_default().add(seconds);
            }
            Ok(_) => self.waiting += 1,
            Err(_) => self.backwards += 1,
        }
    }

    fn start(&mut self, pod: &Pod, workload: &ObjectKey, events: Option<&Happened>) {
        let (Some(bound), Some(ready)) = (pod.bound, pod.ready) else { return };
        if pod.is_restarted {
            self.restarted += 1;
        } else if events.is_some_and(|it| it.is_disturbed) || is_ready_again(pod, ready) {
            self.disturbed += 1;
        } else if let Some(seconds) = self.between(bound, ready) {
            match i64::from(seconds) > LONGEST_START {
                true => self.late += 1,
                false => self.start.entry(workload.clone()).or_default().add(seconds),
            }
        }
    }

    /// Seconds from one time to a later one; clocks that disagree are counted.
    fn between(&mut self, from: i64, to: i64) -> Option<u32> {
        let seconds = to.checked_sub(from).and_then(|it| u32::try_from(it).ok());
        self.backwards += usize::from(seconds.is_none());
        seconds
    }

    /// Says what was not measured, and why.
    pub fn report(&self, sink: &mut Diagnostics) {
        let starts = [
            (self.restarted, "whose containers were restarted"),
            (self.disturbed, "whose readiness was interrupted"),
            (self.late, "that took more than an hour"),
        ];
        for (count, which) in starts.into_iter().filter(|(count, _)| *count > 0) {
            sink.note(format!("not measured: the start of {} {which}", counted(count, "pod")));
        }
        if self.backwards > 0 {
            sink.note(format!("not measured: {} that clocks disagree about", counted(self.backwards, "time")));
        }
    }
}

/// A number of things.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Whether a pod became ready so long after its containers started that it was ready before.
fn is_ready_again(pod: &Pod, ready: i64) -> bool {
    let longest = if pod.is_probed { PROBED } else { UNPROBED };
    pod.started.is_some_and(|started| ready.saturating_sub(started) > longest)
}

/// The workload that a pod is of, as people know it.
fn workload(pod: &Pod, seen: &Seen) -> ObjectKey {
    let Some(owner) = &pod.owner else { return pod.key.clone() };
    let above = seen.owner(owner).and_then(|it| it.owner.as_ref());
    above.map_or_else(|| named(owner, pod.hash.as_deref()), |above| above.identity.1.clone())
}

/// An owner's name; of a ReplicaSet that of the Deployment which made it.
fn named(owner: &Reference, hash: Option<&str>) -> ObjectKey {
    let (kind, key) = &owner.identity;
    let end = hash.filter(|_| kind == "ReplicaSet").map(|hash| format!("-{hash}"));
    let name = end.and_then(|end| key.name.strip_suffix(&end)).unwrap_or(&key.name);
    ObjectKey { name: name.to_owned(), ..key.clone() }
}
