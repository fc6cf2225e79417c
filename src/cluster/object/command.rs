//! What users do with kubectl in a scenario: each command once, in the order given.

use std::fmt;

use super::spec::{ObjectKey, Origin};

/// Something that a user does.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is done.
    pub action: CommandAction,
    /// Where it was written.
    pub origin: Origin,
    /// What `kubectl` would be told, for the story.
    pub text: String,
}

/// The modelled user commands.
#[derive(Clone, Debug)]
pub enum CommandAction {
    /// `kubectl apply`/`create` of an object that is there at the start only as `created_later`.
    Create {
        /// The workload (in `ClusterSpec::workloads`, with `created_later`).
        target: ObjectKey,
    },
    /// `kubectl apply` of a changed Deployment: its new template is the workload's revision `revision`.
    Apply {
        /// The workload.
        target: ObjectKey,
        /// Index into [`Workload::revisions`](super::spec::Workload::revisions) of the template after the command.
        revision: usize,
        /// What kubectl's three-way merge does to `spec.replicas`: a value, or `None` to leave it as it is.
        replicas: Option<i64>,
    },
    /// `kubectl delete`.
    Delete {
        /// The workload.
        target: ObjectKey,
    },
    /// `kubectl scale`.
    Scale {
        /// The workload.
        target: ObjectKey,
        /// The new `spec.replicas`.
        replicas: i64,
    },
    /// `kubectl apply` or `patch` of a Job or CronJob that is there.
    Adjust {
        /// The workload.
        target: ObjectKey,
        /// The new `spec.parallelism`, if it is another one.
        parallelism: Option<i64>,
        /// The new `spec.suspend`, if it is another one.
        suspended: Option<bool>,
    },
    /// `kubectl cordon`.
    Cordon {
        /// The node.
        node: String,
    },
    /// `kubectl uncordon`.
    Uncordon {
        /// The node.
        node: String,
    },
    /// `kubectl drain` (cordon, then evict).
    Drain {
        /// The node.
        node: String,
        /// What it is told.
        flags: DrainFlags,
    },
    /// `kubectl delete node`.
    DeleteNode {
        /// The node.
        node: String,
    },
    /// `kubectl apply`, `create` or `delete` of a PodDisruptionBudget, each by its position in
    /// [`ClusterSpec::disruption_budgets`](super::spec::ClusterSpec::disruption_budgets).
    Budget {
        /// The one that is in force no more.
        ends: Option<usize>,
        /// The one that is in force from then on.
        begins: Option<usize>,
    },
}

impl CommandAction {
    /// The node that it is about; none if it is about a workload.
    pub fn node(&self) -> Option<&str> {
        match self {
            CommandAction::Cordon { node }
            | CommandAction::Uncordon { node }
            | CommandAction::Drain { node, .. }
            | CommandAction::DeleteNode { node } => Some(node),
            _ => None,
        }
    }

    /// The budget that it ends.
    pub fn ended(&self) -> Option<usize> {
        match self {
            CommandAction::Budget { ends, .. } => *ends,
            _ => None,
        }
    }

    /// Whether it deletes a node.
    pub fn deletes(&self, name: &str) -> bool {
        matches!(self, CommandAction::DeleteNode { node } if node == name)
    }

    /// The workload that it is about; none if it is about a node.
    pub fn target(&self) -> Option<&ObjectKey> {
        match self {
            CommandAction::Create { target }
            | CommandAction::Delete { target }
            | CommandAction::Apply { target, .. }
            | CommandAction::Adjust { target, .. }
            | CommandAction::Scale { target, .. } => Some(target),
            CommandAction::Cordon { .. }
            | CommandAction::Uncordon { .. }
            | CommandAction::Drain { .. }
            | CommandAction::DeleteNode { .. }
            | CommandAction::Budget { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn target_mut(&mut self) -> Option<&mut ObjectKey> {
        match self {
            CommandAction::Create { target }
            | CommandAction::Delete { target }
            | CommandAction::Apply { target, .. }
            | CommandAction::Adjust { target, .. }
            | CommandAction::Scale { target, .. } => Some(target),
            CommandAction::Cordon { .. }
            | CommandAction::Uncordon { .. }
            | CommandAction::Drain { .. }
            | CommandAction::DeleteNode { .. }
            | CommandAction::Budget { .. } => None,
        }
    }
}

/// Flags of `kubectl drain`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrainFlags {
    /// `--force`: pods that no controller owns are evicted, too.
    pub force: bool,
    /// `--delete-emptydir-data`: so are pods with volumes of that kind.
    pub delete_emptydir_data: bool,
    /// `--ignore-daemonsets`: pods of DaemonSets are left alone.
    pub ignore_daemonsets: bool,
    /// `--disable-eviction`: pods are deleted, whatever budgets say.
    pub disable_eviction: bool,
}

impl DrainFlags {
    /// Those that nobody does without: what a drain is told where nothing is said.
    pub const USUAL: DrainFlags =
        DrainFlags { force: false, delete_emptydir_data: true, ignore_daemonsets: true, disable_eviction: false };
}

impl fmt::Display for DrainFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = [
            (self.ignore_daemonsets, "--ignore-daemonsets"),
            (self.delete_emptydir_data, "--delete-emptydir-data"),
            (self.force, "--force"),
            (self.disable_eviction, "--disable-eviction"),
        ];
        given.into_iter().filter(|(given, _)| *given).try_for_each(|(_, flag)| write!(f, " {flag}"))
    }
}
