//! Kustomizations: which files they are made of, and which of them others include.
//!
//! A kustomization that another one of the input includes is built with that one. What none includes is built by itself, so
//! every file is read once, by kustomize or as it is. Fields that name files:
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::input::diagnostics::Diagnostics;
use crate::input::tree::Tree;
use crate::input::yaml::parse;

use super::walk::Item;
use super::{real, some};

/// What the file may be called.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Group of kustomizations; other objects called so, such as Flux's, are objects of the cluster.
const GROUP: &str = "kustomize.config.k8s.io/";
/// Fields that list files or directories.
const LISTS: [&str; 9] = [
    "resources",
    "bases",
    "components",
    "patchesStrategicMerge",
    "crds",
    "configurations",
    "transformers",
    "generators",
    "validators",
];
/// Fields that list what has a file in one of its own fields.
const NESTED: [(&str, &[&str]); 7] = [
    ("patches", &["path"]),
    ("patchesJson6902", &["path"]),
    ("replacements", &["path"]),
    ("configMapGenerator", &["files", "envs", "env"]),
    ("secretGenerator", &["files", "envs", "env"]),
    ("helmCharts", &["valuesFile", "additionalValuesFiles"]),
    ("helmChartInflationGenerator", &["values"]),
];

/// The file that makes a directory a kustomization, if there is one.
pub fn file_of(directory: &Path) -> Option<PathBuf> {
    let file = NAMES.iter().map(|name| directory.join(name)).find(|path| path.is_file())?;
    let is_other = read(&file).is_some_and(|tree| version(&tree).is_some_and(|it| !it.starts_with(GROUP)));
    (!is_other).then_some(file)
}

/// What the file says; nothing if it cannot be read, which is for kustomize to explain.
fn read(file: &Path) -> Option<Tree> {
    parse(&fs::read_to_string(file).ok()?).ok()?.into_iter().next()
}

fn version(tree: &Tree) -> Option<&str> {
    tree.get("apiVersion").and_then(Tree::as_str)
}

/// All paths that a kustomization names, relative to its directory.
fn paths(tree: &Tree) -> Vec<&str> {
    let listed = LISTS.iter().filter_map(|key| tree.get(key)).flat_map(texts);
    let nested = NESTED.iter().flat_map(|(key, fields)| {
        let elements = tree.get(key).map(Tree::elements).unwrap_or_default();
        elements.iter().flat_map(|element| fields.iter().filter_map(|field| element.get(field)).flat_map(texts))
    });
    let schema = tree.get("openapi").and_then(|it| it.get("path")).and_then(Tree::as_str);
    // Generators take `key=path`, too.
    listed
        .chain(nested)
        .chain(schema)
        .flat_map(|text| [Some(text), text.split_once('=').map(|(_, path)| path)])
        .flatten()
        .collect()
}

/// The text, or the texts of a list.
fn texts(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.as_str().into_iter().chain(tree.elements().iter().filter_map(Tree::as_str))
}

/// A kustomization, and what it is made of, by real paths.
#[derive(Debug, Default)]
struct Node {
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    is_component: bool,
}

impl Node {
    fn new(directory: &Path) -> Self {
        let Some(file) = file_of(directory) else { return Node::default() };
        let mut node = Node { files: vec![real(&file)], ..Node::default() };
        let Some(tree) = read(&file) else { return node };
        node.is_component = tree.get("kind").and_then(Tree::as_str) == Some("Component");
        for path in paths(&tree).into_iter().map(|path| directory.join(path)) {
            if path.is_dir() {
                node.directories.push(real(&path));
            } else if path.is_file() {
                node.files.push(real(&path));
            }
        }
        node
    }
}

/// The kustomizations of an input.
#[derive(Debug, Default)]
pub struct Kustomizations {
    /// Those that are built by themselves, by their real directories.
    roots: HashSet<PathBuf>,
    /// Files that belong to one.
    covered: HashSet<PathBuf>,
    /// Components that none includes.
    unused: BTreeSet<String>,
    /// Those that are built by themselves and have a base in common.
    related: BTreeSet<String>,
}

impl Kustomizations {
    /// Those among what was found.
    pub fn new<'a>(items: impl Iterator<Item = &'a Item>) -> Self {
        let files = items.filter_map(|item| match item {
            Item::Kustomization(file) => Some(file),
            _ => None,
        });
        let found: Vec<(PathBuf, String)> = files
            .map(|file| {
                let directory = file.parent().unwrap_or(Path::new(""));
                let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
                (real(directory), directory.display().to_string())
            })
            .collect();
        let graph = graph(found.iter().map(|(directory, _)| directory.clone()).collect());
        let mut all = Kustomizations {
            covered: graph.values().flat_map(|node| node.files.iter().cloned()).collect(),
            ..Kustomizations::default()
        };
        all.choose(&found, &graph);
        all
    }

    /// Chooses what to build: what nobody includes first, and then, of circles, what comes first.
    fn choose(&mut self, found: &[(PathBuf, String)], graph: &HashMap<PathBuf, Node>) {
        let included: HashSet<&PathBuf> = graph.values().flat_map(|node| &node.directories).collect();
        let (inner, outer): (Vec<_>, Vec<_>) = found.iter().partition(|(directory, _)| included.contains(directory));
        let mut users: HashMap<PathBuf, &str> = HashMap::new();
        for (directory, name) in outer.into_iter().chain(inner) {
            if users.contains_key(directory) {
                continue;
            }
            if graph.get(directory).is_some_and(|node| node.is_component) {
                self.unused.insert(name.clone());
                continue;
            }
            self.roots.insert(directory.clone());
            for part in reached(directory, graph) {
                if let Some(other) = users.insert(part, name) {
                    self.related.extend([other.to_owned(), name.clone()]);
                }
            }
        }
    }

    /// Whether a file belongs to a kustomization.
    pub fn covers(&self, file: &Path) -> bool {
        !self.covered.is_empty() && self.covered.contains(&real(file))
    }

    /// Whether the kustomization of a file is built by itself.
    pub fn is_root(&self, file: &Path) -> bool {
        let directory = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.roots.contains(&real(directory))
    }

    /// Says what may be meant in another way.
    pub fn tell(&self, sink: &mut Diagnostics) {
        if !self.related.is_empty() {
            let names = some(&self.related);
            sink.note(format!("all of these kustomizations are built, which share a base: {names}; give one of them if they are for different clusters"));
        }
        if !self.unused.is_empty() {
            sink.note(format!("no kustomization includes these components: {}", some(&self.unused)));
        }
    }
}

/// All kustomizations that can be come to from some.
fn graph(mut open: Vec<PathBuf>) -> HashMap<PathBuf, Node> {
    let mut graph = HashMap::new();
    while let Some(directory) = open.pop() {
        if let Entry::Vacant(place) = graph.entry(directory) {
            let node = Node::new(place.key());
            open.extend(node.directories.iter().cloned());
            place.insert(node);
        }
    }
    graph
}

/// A kustomization with all that it includes.
fn reached(directory: &Path, graph: &HashMap<PathBuf, Node>) -> HashSet<PathBuf> {
    let (mut reached, mut open) = (HashSet::new(), vec![directory.to_owned()]);
    while let Some(directory) = open.pop() {
        let within = graph.get(&directory).map(|node| node.directories.clone()).unwrap_or_default();
        if reached.insert(directory) {
            open.extend(within);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with files that say something.
    fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            fs::write(path, text).expect("written");
        }
        place
    }

    fn found(place: &tempfile::TempDir, directories: &[&str]) -> Kustomizations {
        let items: Vec<Item> =
            directories.iter().filter_map(|it| file_of(&place.path().join(it))).map(Item::Kustomization).collect();
        Kustomizations::new(items.iter())
    }

    #[test]
    fn what_is_included_is_built_with_what_includes_it() {
        let place = place(&[
            ("base/kustomization.yaml", "resources: [web.yaml]\nconfigMapGenerator:\n- files: [a.json, key=b.json]\n"),
            ("base/web.yaml", "kind: A\n"),
            ("base/other.yaml", "kind: A\n"),
            ("base/b.json", "{}"),
            ("prod/kustomization.yml", "bases: [../base]\npatches: [{path: more.yaml}]\nnamespace: base\n"),
            ("prod/more.yaml", "kind: A\n"),
            ("test/Kustomization", "resources: [../base]\n"),
        ]);
        let all = found(&place, &["base", "prod", "test"]);
        let at = |name: &str| place.path().join(name);
        assert!(all.is_root(&at("prod/x")) && all.is_root(&at("test/x")) && !all.is_root(&at("base/x")));
        for name in ["base/web.yaml", "base/b.json", "base/kustomization.yaml", "prod/more.yaml"] {
            assert!(all.covers(&at(name)), "{name}");
        }
        assert!(!all.covers(&at("base/other.yaml")) && !all.covers(&at("base/a.json")));
        assert_eq!(all.related.len(), 2);
    }

    #[test]
    fn circles_and_components_lose_nothing() {
        let place = place(&[
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a]\n"),
            ("c/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"),
            ("f/kustomization.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"),
        ]);
        assert_eq!(file_of(&place.path().join("f")), None);
        let all = found(&place, &["a", "b", "c", "f"]);
        assert_eq!((all.roots.len(), all.unused.len()), (1, 1));
    }
}
