//! Argo CD: Applications, and the ConfigMap `argocd-cm` with what all of them ignore.

use serde::Deserialize;

use crate::cluster::object::gitops::Tool;
use crate::cluster::object::spec::ObjectKey;
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::fields;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::tree::Tree;
use crate::input::yaml;

use super::ignoring::{Fields, Ignore, Pattern, Selection};
use super::manager::{Claim, Manager};
use super::tracking;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    source: Option<Source>,
    sources: Vec<Source>,
    destination: Destination,
    sync_policy: Option<SyncPolicy>,
    ignore_differences: Vec<Difference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    path: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    server: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SyncPolicy {
    automated: Option<Automated>,
    sync_options: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Automated {
    self_heal: Option<bool>,
    enabled: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Difference {
    group: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    #[serde(flatten)]
    fields: Ignored,
}

/// What is ignored of an object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ignored {
    #[serde(rename = "jsonPointers")]
    json_pointers: Vec<String>,
    #[serde(rename = "jqPathExpressions")]
    jq_path_expressions: Vec<String>,
    #[serde(rename = "managedFieldsManagers")]
    managed_fields_managers: Vec<String>,
}

/// Fields of Applications, by where they are.
const FIELDS: [(&str, &[&str]); 4] = [
    (
        "spec",
        &[
            "project",
            "source",
            "sources",
            "sourceHydrator",
            "destination",
            "syncPolicy",
            "ignoreDifferences",
            "info",
            "revisionHistoryLimit",
        ],
    ),
    ("spec.syncPolicy", &["automated", "syncOptions", "retry", "managedNamespaceMetadata"]),
    ("spec.syncPolicy.automated", &["prune", "selfHeal", "allowEmpty", "enabled"]),
    (
        "spec.ignoreDifferences",
        &["group", "kind", "name", "namespace", "jsonPointers", "jqPathExpressions", "managedFieldsManagers"],
    ),
];

/// What an Application manages and puts back; `None` if it cannot be read, or is about another cluster.
pub fn read(raw: &RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Manager> {
    FIELDS.iter().for_each(|(path, known)| fields::report(raw, path, known, census, sink));
    let spec: Spec = raw.decode_at(&"spec".into(), sink)?;
    if spec.destination.is_elsewhere() {
        census.count("Application for another cluster");
        return None;
    }
    let policy = spec.sync_policy.unwrap_or_default();
    let automated = policy.automated.filter(|it| it.enabled != Some(false));
    let heals = automated.is_some_and(|it| it.self_heal == Some(true));
    let key = raw.key();
    let paths = spec.source.iter().chain(&spec.sources).filter_map(|source| source.path.clone()).collect();
    Some(Manager {
        name: format!("Argo CD Application {}", key.name),
        kind: "Application",
        claim: Claim { listed: managed(raw), paths, ..Claim::default() },
        key,
        tool: Tool::ArgoCd {
            respects_ignored: policy.sync_options.iter().any(|it| it == "RespectIgnoreDifferences=true"),
        },
        puts_back: heals && !tracking::says(raw, "argocd.argoproj.io/skip-reconcile", "true"),
        ignores: spec.ignore_differences.into_iter().map(Difference::ignore).collect(),
        origin: raw.origin(&FieldPath::root()),
    })
}

impl Destination {
    /// Whether it is another cluster than the one that Argo CD runs in.
    fn is_elsewhere(&self) -> bool {
        let here = |server: &str| server.contains("kubernetes.default.svc");
        !self.server.is_empty() && !here(&self.server) || !self.name.is_empty() && self.name != "in-cluster"
    }
}

impl Difference {
    fn ignore(self) -> Ignore {
        let of = Selection {
            group: Pattern::glob(self.group.as_deref()),
            kind: Pattern::glob(self.kind.as_deref()),
            name: Pattern::glob(self.name.as_deref()),
            namespace: Pattern::glob(self.namespace.as_deref()),
        };
        self.fields.ignore(of)
    }
}

impl Ignored {
    fn ignore(&self, of: Selection) -> Ignore {
        Ignore {
            of,
            fields: Fields::at_all(self.json_pointers.iter().chain(&self.jq_path_expressions)),
            of_controller_manager: self.managed_fields_managers.iter().any(|it| it == "kube-controller-manager"),
        }
    }
}

/// The objects that the status of an Application lists.
fn managed(raw: &RawObject) -> Vec<(String, ObjectKey)> {
    let tree = raw.tree();
    let listed = tree.at(&"status.resources".into()).map(Tree::elements).unwrap_or_default();
    let entry = |it: &Tree| {
        let text = |field: &str| it.get(field).and_then(Tree::as_str).unwrap_or_default().to_owned();
        (text("kind"), ObjectKey { namespace: text("namespace"), name: text("name") })
    };
    listed.iter().map(entry).collect()
}

/// What the settings of Argo CD let all Applications ignore. What cannot be read is warned of.
pub fn ignored_by_all(settings: &RawObject, sink: &mut Diagnostics) -> Vec<Ignore> {
    const PREFIX: &str = "resource.customizations.ignoreDifferences.";
    let tree = settings.tree();
    let mut rules = Vec::new();
    for entry in tree.get("data").map(Tree::entries).unwrap_or_default() {
        let (Some(about), Some(text)) = (entry.key.strip_prefix(PREFIX), entry.value.as_str()) else { continue };
        let parsed = yaml::parse(text).ok().and_then(|mut trees| trees.pop());
        match parsed.and_then(|tree| serde_json::from_value::<Ignored>(tree.to_json()).ok()) {
            Some(ignored) => rules.push(ignored.ignore(selection(about))),
            None => {
                let path = FieldPath::from("data").key(&entry.key);
                let help = "give `jsonPointers`, `jqPathExpressions` or `managedFieldsManagers`";
                sink.push(settings.warning(&path, format!("`{}` cannot be read; it is left out", entry.key), help));
            }
        }
    }
    rules
}

/// What `apps_Deployment` or `all` selects.
fn selection(about: &str) -> Selection {
    match about.split_once('_') {
        Some((group, kind)) => {
            Selection { group: Pattern::glob(Some(group)), kind: Pattern::glob(Some(kind)), ..Selection::default() }
        }
        None if about == "all" => Selection::default(),
        None => Selection { group: Pattern::glob(Some("-")), ..Selection::default() },
    }
}
