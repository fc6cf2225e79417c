//! Questions that are asked apart from the others, because a violation there counts for something else.
//!
//! An engine that is asked about a property finds one violation, of one workload. If that were one that does not count,
//! it would hide those of other workloads; so what does not count is left out of the question, and is a question of its
//! own. Both are selections like any other: properties with a workload as their target.

use std::collections::BTreeSet;

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::ObjectKey;

use super::{Selection, about};

/// A property that is asked apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aside {
    /// Its name.
    pub property: String,
    /// Of this workload; `None`: all of it.
    pub workload: Option<ObjectKey>,
}

impl Selection {
    /// What is left without some questions. `workloads` are all that there are. What is left need not apply to anything.
    #[must_use]
    pub fn without(self, asides: &BTreeSet<Aside>, workloads: &[ObjectKey]) -> Self {
        self.parted(workloads, &|property, workload| !is_aside(asides, property, workload))
    }

    /// Only these questions. They need not apply to anything.
    #[must_use]
    pub fn only_asides(self, asides: &BTreeSet<Aside>, workloads: &[ObjectKey]) -> Self {
        self.parted(workloads, &|property, workload| is_aside(asides, property, workload))
    }

    /// The questions of which something is so; a property of which it is so everywhere stays as it is.
    fn parted(self, workloads: &[ObjectKey], is_kept: &dyn Fn(&str, Option<&ObjectKey>) -> bool) -> Self {
        let part = |property: PropertySpec| -> Vec<PropertySpec> {
            let keeps = |key: &ObjectKey| is_kept(&property.name, Some(key));
            match &property.target {
                _ if about(&property.name).whole => {
                    let kept = is_kept(&property.name, None);
                    kept.then_some(property).into_iter().collect()
                }
                Some(target) if keeps(target) => vec![property],
                Some(_) => Vec::new(),
                None if workloads.iter().all(keeps) => vec![property],
                None => {
                    let kept: BTreeSet<&ObjectKey> = workloads.iter().filter(|key| keeps(key)).collect();
                    let of = |key: &ObjectKey| PropertySpec { target: Some(key.clone()), ..property.clone() };
                    kept.into_iter().map(of).collect()
                }
            }
        };
        Selection { properties: self.properties.into_iter().flat_map(part).collect(), chosen: false }
    }
}

fn is_aside(asides: &BTreeSet<Aside>, property: &str, workload: Option<&ObjectKey>) -> bool {
    let has = |workload: Option<&ObjectKey>| {
        asides.contains(&Aside { property: property.to_owned(), workload: workload.cloned() })
    };
    has(None) || workload.is_some_and(|it| has(Some(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: "default".to_owned(), name: name.to_owned() }
    }

    fn shown(selection: &Selection) -> Vec<String> {
        let target = |it: &PropertySpec| it.target.as_ref().map_or("all".to_owned(), ToString::to_string);
        selection.properties.iter().map(|it| format!("{} of {}", it.name, target(it))).collect()
    }

    #[test]
    fn what_is_aside_and_what_is_left_are_all_there_is() {
        let workloads = ["a", "b", "c"].map(key);
        let properties = ["pods-schedulable", "min-replicas", "settles"].map(PropertySpec::named);
        let asked = Selection::of(&properties);
        let aside =
            |property: &str, name: Option<&str>| Aside { property: property.to_owned(), workload: name.map(key) };
        let asides = BTreeSet::from([aside("pods-schedulable", Some("b")), aside("settles", None)]);
        let left = asked.clone().without(&asides, &workloads);
        assert_eq!(shown(&left), ["pods-schedulable of a", "pods-schedulable of c", "min-replicas of all"]);
        let apart = asked.clone().only_asides(&asides, &workloads);
        assert_eq!(shown(&apart), ["pods-schedulable of b", "settles of all"]);
        assert!(asked.chosen && !left.chosen && !apart.chosen);
        assert_eq!(shown(&asked.clone().without(&BTreeSet::new(), &workloads)), shown(&asked));
    }

    #[test]
    fn targets_of_scenarios_stay() {
        let of = |name: &str| PropertySpec { target: Some(key(name)), ..PropertySpec::named("min-replicas") };
        let asked = Selection::of(&[of("a"), of("b")]);
        let asides = BTreeSet::from([Aside { property: "min-replicas".to_owned(), workload: Some(key("a")) }]);
        assert_eq!(shown(&asked.clone().without(&asides, &["a", "b", "c"].map(key))), ["min-replicas of b"]);
        assert_eq!(shown(&asked.only_asides(&asides, &["a", "b", "c"].map(key))), ["min-replicas of a"]);
    }
}
