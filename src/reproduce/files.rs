//! Files for commands that apply or create something: one for each command of the cluster.

use serde_json::Value;

use crate::cluster::object::command::{Command, CommandAction};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey};

use super::cast::Cast;

/// What commands apply, by position among the commands of the cluster.
#[derive(Debug, Default)]
pub struct CommandFiles(Vec<Option<CommandFile>>);

#[derive(Debug)]
struct CommandFile {
    verb: &'static str,
    name: String,
    values: Vec<Value>,
}

impl CommandFiles {
    /// A command as it is written may be several of the cluster, one for each object in its file: each gets that, and the first
    /// of them what is no command of its own.
    pub fn new(cluster: &ClusterSpec, cast: &Cast) -> Self {
        let commands = &cluster.scenario.commands;
        let (mut files, mut written) = (Vec::new(), 0);
        for (position, command) in commands.iter().enumerate() {
            let is_first = position == 0 || commands[position - 1].origin != command.origin;
            written += usize::from(position > 0 && is_first);
            let siblings: Vec<Option<Named>> =
                commands.iter().filter(|it| it.origin == command.origin).map(|it| named(cluster, it)).collect();
            let applied = cast.commands.get(written).and_then(Option::as_ref);
            files.push(applied.map(|(verb, values)| {
                let own = named(cluster, command);
                let is_own = |value: &&Value| match siblings.iter().flatten().find(|it| it.is(value)) {
                    Some(named) => own.as_ref() == Some(named),
                    None => is_first,
                };
                let values = values.iter().filter(is_own).cloned().collect();
                CommandFile { verb, name: format!("commands/{:02}.yaml", position + 1), values }
            }));
        }
        CommandFiles(files)
    }

    /// The verb and the file of a command, if it has one.
    pub fn of(&self, position: usize) -> Option<(&'static str, &str)> {
        let file = self.0.get(position)?.as_ref()?;
        Some((file.verb, &file.name))
    }

    /// All of them, with what is in them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.0.iter().flatten().map(|file| (file.name.as_str(), file.values.as_slice()))
    }
}

/// An object that a command brings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    is_budget: bool,
    key: ObjectKey,
}

impl Named {
    fn is(&self, value: &Value) -> bool {
        let metadata = &value["metadata"];
        let namespace = metadata["namespace"].as_str().filter(|it| !it.is_empty()).unwrap_or("default");
        let same = metadata["name"] == self.key.name.as_str() && namespace == self.key.namespace;
        same && (value["kind"] == "PodDisruptionBudget") == self.is_budget
    }
}

fn named(cluster: &ClusterSpec, command: &Command) -> Option<Named> {
    if let Some(target) = command.action.target() {
        return Some(Named { is_budget: false, key: target.clone() });
    }
    let CommandAction::Budget { begins, .. } = &command.action else { return None };
    let metadata = &cluster.disruption_budgets.get((*begins)?)?.metadata;
    let namespace = metadata.namespace.clone().filter(|it| !it.is_empty()).unwrap_or_else(|| "default".to_owned());
    Some(Named { is_budget: true, key: ObjectKey { namespace, name: metadata.name.clone()? } })
}
