//! What events tell of pods. They are kept for an hour, so most pods have none.
//!
//! References: `Event` of the groups core/v1 (`involvedObject`, `firstTimestamp`, `lastTimestamp`) and events.k8s.io/v1
//! (`regarding`, `deprecatedFirstTimestamp`, `deprecatedLastTimestamp`); both have `eventTime` and `series`.

use crate::cluster::object::spec::ObjectKey;
use crate::input::object::RawObject;
use crate::input::tree::Tree;

use super::fields::{is_same, text};
use super::stamps::Stamps;

/// Where an event says when it happened last, the latest first where it has several.
const TIMES: [&str; 6] = [
    "series.lastObservedTime",
    "lastTimestamp",
    "deprecatedLastTimestamp",
    "eventTime",
    "firstTimestamp",
    "deprecatedFirstTimestamp",
];

/// What happened to a pod.
#[derive(Debug, Default)]
pub struct Happened {
    uid: Option<String>,
    /// When the scheduler last found no node for it.
    pub refused: Option<i64>,
    /// When it was bound.
    pub bound: Option<i64>,
    /// Whether its node was gone for a while, which took its readiness away.
    pub is_disturbed: bool,
}

impl Happened {
    /// What an event tells of a pod, if it tells of one.
    pub fn of(raw: &RawObject, stamps: &mut Stamps) -> Option<(ObjectKey, Self)> {
        let tree = raw.tree();
        let about = tree.get("involvedObject").or_else(|| tree.get("regarding"))?;
        if about.get("kind").and_then(Tree::as_str) != Some("Pod") {
            return None;
        }
        let key = ObjectKey {
            namespace: text(about, "namespace").unwrap_or_else(|| raw.full_key().namespace),
            name: text(about, "name")?,
        };
        let mut when = || TIMES.iter().find_map(|path| stamps.read(raw, &(*path).into()));
        let event = Happened { uid: text(about, "uid"), ..Happened::default() };
        let event = match text(&tree, "reason")?.as_str() {
            "FailedScheduling" => Happened { refused: when(), ..event },
            "Scheduled" => Happened { bound: when(), ..event },
            "NodeNotReady" => Happened { is_disturbed: true, ..event },
            _ => return None,
        };
        Some((key, event))
    }

    /// Adds what another event tells. Of two pods of one name the later one is taken.
    pub fn merge(&mut self, other: Self) {
        if !is_same(self.uid.as_deref(), other.uid.as_deref()) {
            if other.refused.max(other.bound) > self.refused.max(self.bound) {
                *self = other;
            }
            return;
        }
        self.uid = self.uid.take().or(other.uid);
        self.refused = self.refused.max(other.refused);
        self.bound = self.bound.max(other.bound);
        self.is_disturbed |= other.is_disturbed;
    }

    /// Whether this is about the pod with a uid.
    pub fn is_of(&self, uid: Option<&str>) -> bool {
        is_same(self.uid.as_deref(), uid)
    }
}
