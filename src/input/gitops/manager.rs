//! Who puts back what: an object of a GitOps controller, or an entry of a scenario.

use std::collections::BTreeSet;

use crate::cluster::object::gitops::Tool;
use crate::cluster::object::spec::{ObjectKey, Origin};

use super::ignoring::Ignore;
use super::tracking::Tracker;

/// An object of a GitOps controller.
#[derive(Clone, Debug)]
pub struct Manager {
    /// What it is called in stories.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Namespace and name.
    pub key: ObjectKey,
    /// Which controller acts on it.
    pub tool: Tool,
    /// Whether what differs from Git is put back.
    pub puts_back: bool,
    /// What it leaves to others.
    pub ignores: Vec<Ignore>,
    /// What it manages.
    pub claim: Claim,
    /// Where it was written.
    pub origin: Origin,
}

/// Which workloads an object of a GitOps controller manages.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Those that its status lists.
    pub listed: Vec<(String, ObjectKey)>,
    /// Those in directories of the repository.
    pub paths: Vec<String>,
    /// Those that a scenario names.
    pub targets: Vec<ObjectKey>,
    /// Those in files that a scenario names, by names of sources.
    pub sources: BTreeSet<String>,
    /// All that nobody else manages.
    pub rest: bool,
}

/// A workload that may be managed.
pub struct Candidate<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Namespace and name.
    pub key: &'a ObjectKey,
    /// The file of its manifest.
    pub source: &'a str,
    /// Whether it is of a running cluster, and no manifest.
    pub is_live: bool,
    /// What it says about who manages it.
    pub trackers: &'a [Tracker],
}

impl Manager {
    /// Whether it manages a workload, as far as is known.
    pub fn manages(&self, it: &Candidate<'_>) -> bool {
        let Claim { listed, paths, targets, sources, .. } = &self.claim;
        let is_listed = |(kind, key): &(String, ObjectKey)| kind == it.kind && key == it.key;
        listed.iter().any(is_listed)
            || targets.contains(it.key)
            || sources.contains(it.source)
            || it.trackers.iter().any(|tracker| self.is_named_by(tracker))
            || !it.is_live && paths.iter().any(|path| is_in(it.source, path))
    }

    fn is_named_by(&self, tracker: &Tracker) -> bool {
        let is_near = tracker.key.namespace.is_empty() || tracker.key.namespace == self.key.namespace;
        tracker.kind == self.kind && tracker.key.name == self.key.name && is_near
    }
}

/// Whether a file is in a directory of the repository, which may be anywhere in the file's own path. The root of a repository
/// says nothing.
fn is_in(file: &str, directory: &str) -> bool {
    let wanted: Vec<&str> = directory.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
    let steps: Vec<&str> = file.split('/').collect();
    let parents = &steps[..steps.len() - 1];
    !wanted.is_empty() && parents.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_the_repository_is_found_in_paths() {
        assert!(is_in("/home/me/repo/apps/web/deploy.yaml", "./apps/web"));
        assert!(is_in("apps/web/base/deploy.yaml", "apps/web"));
        assert!(!is_in("apps/website/deploy.yaml", "apps/web"));
        assert!(!is_in("apps/web", "apps/web"));
        assert!(!is_in("deploy.yaml", "."));
    }
}
