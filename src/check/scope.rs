//! The part of a cluster that is asked about: workloads of a namespace, or a share of all questions (a *shard*).
//!
//! The model is that of the whole cluster, whatever is asked: a scope leaves out questions, never behaviour. So what is
//! said of a workload does not depend on the scope, and the answers of all shards together are those to all questions.
//! That a property of one workload is a property of its own is the [`target`](PropertySpec::target) of properties.

use std::fmt;
use std::str::FromStr;

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, WorkloadKind};
use crate::property::{NAMES, Selection, about};

/// What is asked about; everything by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Workloads of this namespace only, and nothing about the cluster as a whole.
    pub namespace: Option<String>,
    /// Only this share of the questions.
    pub shard: Option<Shard>,
}

/// One of several equal shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    /// Which, from 0, below `of`.
    pub index: usize,
    /// How many there are; at least 1.
    pub of: usize,
}

impl Shard {
    /// Whether the question in this place of the list of all questions falls to it.
    ///
    /// Neighbours go to different shards: what is written side by side is often alike, and equally hard.
    pub fn takes(self, position: usize) -> bool {
        position % self.of == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` is not of the form `0/4`, the first of four");
        let (index, of) = text.split_once('/').ok_or_else(malformed)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| malformed());
        let (index, of) = (number(index)?, number(of)?);
        match index < of {
            true => Ok(Shard { index, of }),
            false => Err(format!("there is no shard {index} of {of}: they are counted from 0")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Scope {
    /// Whether it is everything.
    pub fn is_whole(&self) -> bool {
        *self == Scope::default()
    }

    /// What of a selection is in scope. A property of workloads is asked about each of those by name; none of what is
    /// left has to apply, because what it applies to may be somebody else's.
    pub fn narrow(&self, spec: &ClusterSpec, selection: Selection) -> Selection {
        if self.is_whole() {
            return selection;
        }
        let mine = self.workloads(spec);
        let properties = selection.properties.iter().flat_map(|property| self.share(property, &mine)).collect();
        Selection { properties, chosen: false }
    }

    /// Workloads in scope, in the order of the input.
    fn workloads(&self, spec: &ClusterSpec) -> Vec<ObjectKey> {
        let moved = spec.workloads.iter().filter(|it| it.kind != WorkloadKind::Fixed).map(|it| &it.key);
        let places = moved.enumerate().filter(|&(position, _)| self.shard.is_none_or(|shard| shard.takes(position)));
        places.map(|(_, key)| key).filter(|key| self.is_in_namespace(key)).cloned().collect()
    }

    fn is_in_namespace(&self, key: &ObjectKey) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
    }

    /// A property as far as it is about these workloads.
    fn share(&self, property: &PropertySpec, mine: &[ObjectKey]) -> Vec<PropertySpec> {
        if about(&property.name).whole {
            let place = NAMES.iter().position(|name| *name == property.name).unwrap_or(0);
            let is_mine = self.namespace.is_none() && self.shard.is_none_or(|shard| shard.takes(place));
            return if is_mine { vec![property.clone()] } else { Vec::new() };
        }
        let meant = mine.iter().filter(|key| property.target.as_ref().is_none_or(|target| target == *key));
        meant.map(|key| PropertySpec { target: Some(key.clone()), ..property.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_zero() {
        assert_eq!("1/4".parse(), Ok(Shard { index: 1, of: 4 }));
        for wrong in ["4/4", "0/0", "1", "a/b", "-1/2", "", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_question_falls_to_exactly_one_shard() {
        for of in 1..6 {
            for position in 0..20 {
                let takers = (0..of).filter(|&index| Shard { index, of }.takes(position)).count();
                assert_eq!(takers, 1);
            }
        }
    }
}
