//! What was recorded, as losses by node and template, against what the model does.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Losses;
use super::explore::Sequence;
use super::situation::{Built, Situation};

/// More rounds than this are not followed.
pub const MOST_ROUNDS: usize = 20;

/// The losses of cycle after cycle.
pub type Path = Vec<Losses>;

/// All that was seen.
pub struct Expected {
    paths: BTreeSet<Path>,
    /// Whether that is all there is.
    complete: bool,
    /// The orders of eviction, where they were recorded.
    sequences: Option<BTreeSet<Sequence>>,
}

impl Expected {
    /// Reads an expectation: of one cycle, or of rounds.
    pub fn read(expected: &Value, situation: &Situation, built: &Built) -> Result<Self, String> {
        let reader = Reader { expected, built };
        let known = situation.pods.iter().filter(|(_, node)| !node.is_empty());
        if let Some((pod, _)) = known.clone().find(|(pod, _)| !built.places.contains_key(pod) && reader.names(pod)) {
            return Err(format!("the model does not know {pod}"));
        }
        let complete = expected["saturated"].as_bool().unwrap_or(true);
        let paths: Result<BTreeSet<Path>, String> = if let Some(rounds) = expected["rounds"].as_array() {
            rounds.iter().map(|round| reader.set(round)).collect::<Result<Path, _>>().map(|path| [path].into())
        } else if let Some(paths) = expected["paths_any_of"].as_array() {
            paths.iter().map(|path| list(path).iter().map(|shape| reader.shape(shape)).collect()).collect()
        } else if let Some(evicted) = expected.get("evicted") {
            Ok([vec![reader.set(evicted)?]].into())
        } else {
            list(&expected["shapes_any_of"]).iter().map(|shape| Ok(vec![reader.shape(shape)?])).collect()
        };
        Ok(Expected { paths: paths?, complete, sequences: reader.sequences()? })
    }

    /// Whether orders of eviction were recorded.
    pub fn has_sequences(&self) -> bool {
        self.sequences.is_some()
    }

    /// What differs in the order of evictions, if something does. Only what was recorded is required: where upstream walks
    /// over a hash map, a few entries come in few of the orders that are possible.
    pub fn difference_in_order(&self, found: &BTreeSet<Sequence>) -> Option<String> {
        let missing = self.sequences.as_ref()?.difference(found).next()?;
        Some(format!("an order of eviction, by node and template, is only recorded: {missing:?}"))
    }

    /// What differs, if something does.
    pub fn difference(&self, found: &[Path], built: &Built) -> Option<String> {
        let found: BTreeSet<&Path> = found.iter().collect();
        let known: BTreeSet<&Path> = self.paths.iter().collect();
        let show = |path: &&Path| path.iter().map(|losses| built.show(losses)).collect::<Vec<_>>().join(", then ");
        let show_all = |paths: Vec<&&Path>| paths.into_iter().take(3).map(&show).collect::<Vec<_>>().join(" | ");
        let missing: Vec<&&Path> = known.difference(&found).collect();
        let surplus: Vec<&&Path> = found.difference(&known).filter(|_| self.complete).collect();
        if missing.is_empty() && surplus.is_empty() {
            return None;
        }
        let (recorded, modelled) = (known.len(), found.len());
        Some(format!(
            "{recorded} outcomes recorded, {modelled} modelled; only recorded: {}; only modelled: {}",
            show_all(missing),
            show_all(surplus)
        ))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

struct Reader<'r> {
    expected: &'r Value,
    built: &'r Built,
}

impl Reader<'_> {
    /// Whether the expectation mentions a pod.
    fn names(&self, pod: &str) -> bool {
        self.expected.to_string().contains(&format!("\"{pod}\""))
    }

    fn place(&self, pod: &Value) -> Result<(usize, usize), String> {
        let name = pod.as_str().unwrap_or_default();
        self.built.places.get(name).copied().ok_or_else(|| format!("the model does not know pod {name}"))
    }

    /// A list of pods.
    fn set(&self, pods: &Value) -> Result<Losses, String> {
        let mut losses = Losses::new();
        for pod in list(pods) {
            *losses.entry(self.place(pod)?).or_default() += 1;
        }
        Ok(losses)
    }

    /// The one order of a fixed sequence, or all orders of groups that were seen.
    fn sequences(&self) -> Result<Option<BTreeSet<Sequence>>, String> {
        if self.expected["ordered"].as_bool() == Some(true) {
            let pods = list(&self.expected["evicted"]).iter().map(|pod| self.place(pod));
            return pods.collect::<Result<Sequence, _>>().map(|only| Some([only].into()));
        }
        let Some(all) = self.expected["sequences_any_of"].as_array() else { return Ok(None) };
        let group = |group: &Value| {
            let members = list(&self.expected["groups"][group.as_str().unwrap_or_default()]);
            members.first().map_or_else(|| Err(format!("there is no group {group}")), |pod| self.place(pod))
        };
        let sequence = |groups: &Value| list(groups).iter().map(group).collect::<Result<Sequence, String>>();
        all.iter().map(sequence).collect::<Result<_, _>>().map(Some)
    }

    /// Numbers by group.
    fn shape(&self, shape: &Value) -> Result<Losses, String> {
        let mut losses = Losses::new();
        for (group, count) in shape.as_object().unwrap_or(&Map::new()) {
            let members = list(&self.expected["groups"][group]);
            let places: BTreeSet<(usize, usize)> =
                members.iter().map(|pod| self.place(pod)).collect::<Result<_, _>>()?;
            let [place] = places.iter().copied().collect::<Vec<_>>()[..] else {
                return Err(format!("the model tells pods of group {group} apart"));
            };
            *losses.entry(place).or_default() += count.as_i64().unwrap_or(0);
        }
        losses.retain(|_, count| *count != 0);
        Ok(losses)
    }
}
