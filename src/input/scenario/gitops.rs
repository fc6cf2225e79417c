//! `gitops`: what Argo CD and Flux put back, as users write it, and who that is.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::cluster::object::gitops::Tool as Controller;
use crate::cluster::object::spec::ObjectKey;
use crate::input::gitops::ignoring::{Fields, Ignore};
use crate::input::gitops::manager::{Claim, Manager};
use crate::input::path::FieldPath;
use crate::input::source::{self, Source};

use super::document::Target;
use super::{Context, commands, key_of};

/// Declared objects that Argo CD or Flux puts back, again and again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GitOps {
    /// Which controller.
    pub tool: Tool,
    /// The name of its Application, Kustomization or HelmRelease, whose settings are taken if it is in the input.
    pub name: Option<String>,
    /// Whether what differs from Git is put back; yes unless given, or unless the object of that name says otherwise.
    pub self_heal: Option<bool>,
    /// Files that Git has, relative to this one.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Workloads of which Git has the manifests of the input. Without this and `manifests`: all that nobody else manages.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Fields that are left to others: `spec.replicas`, `spec.template`.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Of Argo CD: whether ignored fields stay when another one is put back.
    pub respect_ignore_differences: Option<bool>,
}

/// A GitOps controller.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Argo CD.
    ArgoCd,
    /// Flux.
    Flux,
}

/// What an entry says that is looked up later: what it names has to be there.
pub struct Wanted {
    /// Which manager it became.
    pub manager: usize,
    /// Where it is in the scenario.
    pub path: FieldPath,
    /// Workloads that it names, and where.
    pub targets: Vec<(FieldPath, ObjectKey)>,
    /// Files that it names, and where.
    pub files: Vec<(FieldPath, Arc<Source>)>,
}

/// Makes entries of a scenario managers, or parts of those that they name.
pub fn resolve(
    entries: &[GitOps],
    sources: &[Arc<Source>],
    managers: &mut Vec<Manager>,
    context: &mut Context<'_>,
) -> Vec<Wanted> {
    let resolve = |(index, entry): (usize, &GitOps)| {
        let path = FieldPath::from("spec.gitops").index(index);
        let targets = targets(entry, &path, context);
        let files = files(entry, &path, sources, context);
        let manager = entry.manager(managers, &path, context);
        let claim = &mut managers[manager].claim;
        claim.rest |= entry.manifests.is_empty() && entry.targets.is_empty();
        claim.targets.extend(targets.iter().map(|(_, key)| key.clone()));
        claim.sources.extend(files.iter().map(|(_, source)| source.name.clone()));
        Wanted { manager, path, targets, files }
    };
    entries.iter().enumerate().map(resolve).collect()
}

fn targets(entry: &GitOps, path: &FieldPath, context: &mut Context<'_>) -> Vec<(FieldPath, ObjectKey)> {
    let at = |index: usize| path.field("targets").index(index);
    let mut keys = Vec::new();
    for (index, target) in entry.targets.iter().enumerate() {
        let key = context.value(&at(index), key_of(target), "write `deployment/name`, or `namespace/deployment/name`");
        keys.extend(key.map(|key| (at(index), key)));
    }
    keys
}

fn files(
    entry: &GitOps,
    path: &FieldPath,
    sources: &[Arc<Source>],
    context: &mut Context<'_>,
) -> Vec<(FieldPath, Arc<Source>)> {
    let mut found = Vec::new();
    for (index, file) in entry.manifests.iter().enumerate() {
        let place = commands::locate(context.raw, file);
        let known = sources.iter().find(|source| source.is_file(file, &place)).cloned();
        let source = known.or_else(|| source::read_file(&place, context.sink));
        found.extend(source.map(|source| (path.field("manifests").index(index), source)));
    }
    found
}

impl GitOps {
    /// The manager that it names, changed as it says, or one of its own.
    fn manager(&self, managers: &mut Vec<Manager>, path: &FieldPath, context: &mut Context<'_>) -> usize {
        let is_named = |it: &Manager| self.name.as_deref() == Some(it.key.name.as_str()) && self.tool.is(it.tool);
        let at = managers.iter().position(is_named).unwrap_or_else(|| {
            managers.push(self.own(path, context));
            managers.len() - 1
        });
        let fields = self.ignored(path, context);
        let manager = &mut managers[at];
        manager.puts_back = self.self_heal.unwrap_or(manager.puts_back);
        manager.ignores.push(Ignore { fields, ..Ignore::default() });
        match (&mut manager.tool, self.respect_ignore_differences) {
            (Controller::ArgoCd { respects_ignored }, Some(given)) => *respects_ignored = given,
            (Controller::Flux, Some(_)) => {
                let problem = "`respectIgnoreDifferences` is an option of Argo CD; Flux always leaves ignored fields";
                context.error(&path.field("respectIgnoreDifferences"), problem, "leave it out");
            }
            (_, None) => {}
        }
        at
    }

    fn own(&self, path: &FieldPath, context: &Context<'_>) -> Manager {
        let (tool, word, kind) = match self.tool {
            Tool::ArgoCd => (Controller::ArgoCd { respects_ignored: false }, "Argo CD", "Application"),
            Tool::Flux => (Controller::Flux, "Flux", "Kustomization"),
        };
        let name = self.name.as_ref().map_or(word.to_owned(), |name| format!("{word} {kind} {name}"));
        Manager {
            name,
            kind,
            key: ObjectKey { namespace: String::new(), name: self.name.clone().unwrap_or_default() },
            tool,
            puts_back: true,
            ignores: Vec::new(),
            claim: Claim::default(),
            origin: context.raw.origin(path),
        }
    }

    fn ignored(&self, path: &FieldPath, context: &mut Context<'_>) -> Fields {
        for (index, field) in self.ignore.iter().enumerate() {
            let at = Fields::at(field);
            if !at.replicas && !at.template {
                let problem = format!("`{field}` is no field that is modelled as declared");
                context.error(&path.field("ignore").index(index), problem, "write `spec.replicas` or `spec.template`");
            }
        }
        Fields::at_all(&self.ignore)
    }
}

impl Tool {
    fn is(self, controller: Controller) -> bool {
        matches!((self, controller), (Tool::ArgoCd, Controller::ArgoCd { .. }) | (Tool::Flux, Controller::Flux))
    }
}
