//! Which resources of a cluster are asked for: all that can be listed, but for those that cannot matter and those that
//! are nobody's business.

/// A resource as `kubectl api-resources` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Name with its group, such as `deployments.apps`.
    pub name: String,
}

/// What happened when, which only matters to whoever asks about time.
const EVENTS: &str = "events";

/// Secret, or about the control plane itself: nothing that decides where pods run or how many there are.
const LEFT_ALONE: [&str; 19] = [
    "secrets",
    "leases",
    "endpoints",
    "endpointslices",
    "componentstatuses",
    "serviceaccounts",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "certificatesigningrequests",
    "customresourcedefinitions",
    "apiservices",
    "flowschemas",
    "prioritylevelconfigurations",
    "ingresses",
    "ingressclasses",
    "networkpolicies",
    "csistoragecapacities",
];

/// Groups whose objects are computed from others.
const COMPUTED: [&str; 2] = ["metrics.k8s.io", "custom.metrics.k8s.io"];

impl Resource {
    /// Name without the group.
    pub fn short(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    fn group(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, group)| group)
    }

    fn is_wanted(&self, without: &[String], events: bool) -> bool {
        let is_one_of = |names: &[&str]| names.contains(&self.short());
        let is_declined = without.iter().any(|name| *name == self.name || name == self.short());
        (events || self.short() != EVENTS)
            && !is_one_of(&LEFT_ALONE)
            && !COMPUTED.contains(&self.group())
            && !is_declined
    }
}

/// The resources to ask for, by what `kubectl api-resources --output name` printed. Of a resource in several groups, such as
/// events are, each is asked for.
pub fn wanted(listing: &str, without: &[String], events: bool) -> Vec<Resource> {
    let names = listing.lines().map(str::trim).filter(|line| !line.is_empty());
    names.map(|name| Resource { name: name.to_owned() }).filter(|it| it.is_wanted(without, events)).collect()
}

/// Names in `without` that are no resource of the cluster.
pub fn unknown<'a>(listing: &str, without: &'a [String]) -> Vec<&'a str> {
    let known: Vec<Resource> = wanted(listing, &[], true);
    let is_known = |name: &&String| known.iter().any(|it| it.name == **name || it.short() == name.as_str());
    without.iter().filter(|name| !is_known(name)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "nodes\npods\nsecrets\nevents\nevents.events.k8s.io\ndeployments.apps\npods.metrics.k8s.io\n";

    #[test]
    fn secrets_and_what_is_computed_are_left_alone_and_events_mostly() {
        let names: Vec<String> = wanted(LISTING, &[], false).into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["nodes", "pods", "deployments.apps"]);
        let names: Vec<String> = wanted(LISTING, &[], true).into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["nodes", "pods", "events", "events.events.k8s.io", "deployments.apps"]);
    }

    #[test]
    fn what_somebody_does_without_is_named_either_way() {
        for name in ["deployments", "deployments.apps"] {
            let names = wanted(LISTING, &[name.to_owned()], false).into_iter().map(|it| it.name);
            assert_eq!(names.collect::<Vec<_>>(), ["nodes", "pods"]);
        }
        assert_eq!(unknown(LISTING, &["nodes".to_owned(), "nods".to_owned()]), ["nods"]);
    }
}
