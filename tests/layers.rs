//! The order of layers, in which each knows only those to its left:
//!
//! `term → system → { engine | cluster } → { reduce, property → encodings → model } → input → cases → check → repair → reproduce → conformance → workbench → report → cli`
//!
//! Everything else that holds for all source files is asked here too: their length, and that nothing is unsafe.

#[path = "layers/circles.rs"]
mod circles;
#[path = "layers/scanner.rs"]
mod scanner;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use circles::{Source, circles, imports};
use scanner::scan;

/// Lines beyond which a file no longer reads in one sitting.
const LONGEST: usize = 500;

/// Most files that may import each other in a circle: a type and those who stand around it.
const LARGEST_CIRCLE: usize = 3;

/// What each layer may name besides itself.
const LAYERS: [(&str, &[&str]); 17] = [
    ("term", &[]),
    ("system", &["term"]),
    ("engine", &["term", "system"]),
    ("cluster", &["term", "system"]),
    ("reduce", &["term", "system", "cluster"]),
    ("property", &["term", "system", "cluster"]),
    ("encodings", &["term", "system", "cluster", "property"]),
    ("model", &["term", "system", "cluster", "property", "encodings"]),
    ("input", &["term", "system", "engine", "cluster", "reduce", "property", "encodings", "model"]),
    ("cases", &["term", "system", "engine", "cluster", "reduce", "property", "encodings", "model", "input"]),
    ("check", &["term", "system", "engine", "cluster", "reduce", "property", "encodings", "model", "input", "cases"]),
    ("repair", &["engine", "cluster", "encodings", "input", "check"]),
    ("reproduce", &["cluster", "input", "check", "repair"]),
    ("conformance", &["term", "system", "engine", "cluster", "property", "encodings", "model", "input"]),
    ("workbench", &["system", "property", "input", "cases", "check"]),
    (
        "report",
        &[
            "system",
            "engine",
            "cluster",
            "reduce",
            "property",
            "encodings",
            "input",
            "cases",
            "check",
            "repair",
            "conformance",
            "workbench",
        ],
    ),
    (
        "cli",
        &[
            "system",
            "engine",
            "cluster",
            "property",
            "encodings",
            "input",
            "cases",
            "check",
            "repair",
            "reproduce",
            "conformance",
            "workbench",
            "report",
        ],
    ),
];

/// Crates that only some layers may name: engines know no Kubernetes, only engines know solvers, and only the input
/// layer and what is right of it know file formats.
const FOREIGN: [(&str, &[&str]); 6] = [
    (
        "k8s_openapi",
        &[
            "cluster",
            "reduce",
            "property",
            "encodings",
            "input",
            "cases",
            "check",
            "reproduce",
            "report",
            "conformance",
            "cli",
        ],
    ),
    ("z3", &["engine"]),
    ("varisat", &["engine"]),
    ("varisat_checker", &["engine"]),
    ("serde_yaml", &["input", "cases", "reproduce", "report", "cli"]),
    ("saphyr_parser", &["input"]),
];

/// A source file.
struct File {
    /// From the root of the package, with `/`.
    path: String,
    text: String,
}

impl File {
    /// The names of its modules from the root of the crate: `["engine", "smt", "solver"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").or(self.path.strip_prefix("tests/")).unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let mut parts: Vec<&str> = path.split('/').collect();
        // The last two are binaries.
        parts.pop_if(|last| matches!(*last, "mod" | "lib" | "main" | "kubectl"));
        parts
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<File> {
    let mut files = Vec::new();
    let directories = ["src", "encodings", "tests/conformance"];
    let entries = directories.iter().flat_map(|directory| walkdir::WalkDir::new(root().join(directory)));
    for entry in entries.map(|entry| entry.expect("a readable directory")) {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path).expect("a readable file");
            files.push(File { path: relative(path), text });
        }
    }
    files
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).expect("a path inside the package");
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What is wrong with a file, a line each.
fn violations(file: &File) -> Vec<String> {
    let module = file.module();
    let names = scan(&file.text, &module);
    let mut wrong = Vec::new();
    let at = |line: usize, what: String| format!("{}:{line}: {what}", file.path);
    let Some(&layer) = module.first() else { return wrong };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![at(1, format!("`{layer}` is no layer: give it a place in tests/layers.rs"))];
    };
    for (name, line) in &names.modules {
        if name != layer && !allowed.contains(&name.as_str()) {
            wrong.push(at(*line, format!("{layer} must not know {name}")));
        }
    }
    for (word, line) in &names.words {
        let foreign = FOREIGN.iter().find(|(name, _)| name == word);
        if foreign.is_some_and(|(_, layers)| !layers.contains(&layer)) {
            wrong.push(at(*line, format!("{layer} must not know the crate {word}")));
        }
    }
    wrong.extend(names.path_attributes.iter().map(|&line| at(line, "a file is included from elsewhere".to_owned())));
    wrong
}

#[test]
fn each_layer_knows_only_those_to_its_left() {
    let files = sources();
    for layer in ["term", "system", "engine", "cluster", "property", "encodings", "input"] {
        assert!(files.iter().any(|file| file.module().first() == Some(&layer)), "no file of {layer} was found");
    }
    let wrong: Vec<String> = files.iter().flat_map(violations).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn few_files_import_each_other_in_a_circle() {
    let files = sources();
    let sources: Vec<Source<'_>> =
        files.iter().map(|file| Source { module: file.module(), text: &file.text }).collect();
    let imports = imports(&sources);
    assert!(imports.iter().map(BTreeSet::len).sum::<usize>() > files.len(), "hardly any import was found");
    let large: Vec<String> = circles(&imports)
        .iter()
        .filter(|circle| circle.len() > LARGEST_CIRCLE)
        .map(|circle| in_words(&files, &imports, circle))
        .collect();
    assert!(large.is_empty(), "more than {LARGEST_CIRCLE} files import each other:\n{}", large.join("\n"));
}

/// The rooms of the cluster, each of which knows only those before it.
const ROOMS: [&str; 4] = ["object", "arithmetic", "counting", "view"];

#[test]
fn each_room_of_the_cluster_knows_only_those_before_it() {
    let files = sources();
    let sources: Vec<Source<'_>> =
        files.iter().map(|file| Source { module: file.module(), text: &file.text }).collect();
    let room = |at: usize| match sources[at].module.as_slice() {
        ["cluster", room, ..] => ROOMS.iter().position(|known| known == room),
        _ => None,
    };
    for (position, name) in ROOMS.iter().enumerate() {
        assert!((0..files.len()).any(|at| room(at) == Some(position)), "no file of {name} was found");
    }
    let imports = imports(&sources);
    let pairs = imports.iter().enumerate().flat_map(|(at, named)| named.iter().map(move |&other| (at, other)));
    let wrong = pairs.filter(|&(at, other)| room(at).zip(room(other)).is_some_and(|(own, named)| named > own));
    let wrong: Vec<String> = wrong.map(|(at, other)| format!("{} -> {}", files[at].path, files[other].path)).collect();
    assert!(wrong.is_empty(), "a room names one after it:\n{}", wrong.join("\n"));
}

/// A circle, with who imports whom.
fn in_words(files: &[File], imports: &[BTreeSet<usize>], circle: &BTreeSet<usize>) -> String {
    let line = |&at: &usize| {
        let within = imports[at].intersection(circle).map(|&other| files[other].path.as_str());
        format!("  {} -> {}", files[at].path, within.collect::<Vec<&str>>().join(", "))
    };
    format!("{} files:\n{}", circle.len(), circle.iter().map(line).collect::<Vec<String>>().join("\n"))
}

#[test]
fn files_read_in_one_sitting() {
    let long = |file: &File| file.text.lines().count() > LONGEST;
    let long: Vec<String> = sources().iter().filter(|file| long(file)).map(|file| file.path.clone()).collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {}", long.join(", "));
}

#[test]
fn nothing_is_unsafe() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let lints = manifest.split("[lints.rust]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or_default();
    assert!(lints.lines().any(|line| line.trim() == "unsafe_code = \"forbid\""), "unsafe code is not forbidden");
}

/// Violations of a made-up file.
fn of(path: &str, text: &str) -> Vec<String> {
    violations(&File { path: path.to_owned(), text: text.to_owned() })
}

#[test]
fn the_scan_finds_every_way_to_name_a_layer() {
    let plain = "use std::fmt;\n\nuse crate::input::load;\n";
    assert_eq!(of("encodings/scheduler.rs", plain), ["encodings/scheduler.rs:3: encodings must not know input"]);
    for text in [
        "fn f() -> crate::engine::Budget { todo!() }",
        "use crate::{cluster::Cell, engine::{Budget, Engine}};",
        "use super::super::engine::Budget;",
        "use super::super::{engine};",
        "use super::{super::engine::Budget, limits};",
        "mod tests {\n    fn f() { super::super::super::engine::run(); }\n}",
        "use self::super::super::engine;",
        "pub(in crate::engine) fn f() {}",
        "fn f<'c>(x: &'c str) -> char { let y = 'c'; let z = '\\''; crate::engine::f(x, y, z) }",
        "const TEXT: &str = r#\"crate::cluster \"#; use crate::engine;",
    ] {
        let found = of("encodings/kubelet.rs", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].ends_with("encodings must not know engine"), "{text}: {found:?}");
    }
    assert_eq!(of("src/term/eval.rs", "use crate as all;").len(), 1);
    assert_eq!(of("src/term/eval.rs", "use crate::*;").len(), 1);
    assert_eq!(of("src/engine/mod.rs", "use k8s_openapi::api;").len(), 1);
    assert_eq!(of("src/system/mod.rs", "use z3::Solver;").len(), 1);
    assert_eq!(of("src/term/mod.rs", "#[path = \"../cli/mod.rs\"]\nmod cli;").len(), 1);
    assert_eq!(of("src/elsewhere/mod.rs", "").len(), 1);
}

#[test]
fn the_scan_is_not_misled() {
    for text in [
        "// use crate::engine::Budget;",
        "/* outer /* crate::engine */ crate::engine */",
        "//! See [`crate::engine`].",
        "const TEXT: &str = \"crate::engine \\\" crate::engine\";",
        "const TEXT: &str = r##\"\"# crate::engine\"##;",
        "pub(crate) fn f() {}",
        "use crate::cluster::engine::power;",
        "use super::engine;",
        "mod tests { use super::super::engine; }",
        "use crate::{cluster::Cell as engine, term::Int};",
        "fn f(self) -> Self { self.engine }",
    ] {
        let found = of("encodings/hpa.rs", text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

/// Which of some made-up files import which, by position.
fn imports_of(files: &[(&str, &str)]) -> Vec<Vec<usize>> {
    let of = |&(path, text): &(&str, &str)| File { path: path.to_owned(), text: text.to_owned() };
    let files: Vec<File> = files.iter().map(of).collect();
    let sources: Vec<Source<'_>> =
        files.iter().map(|file| Source { module: file.module(), text: &file.text }).collect();
    imports(&sources).into_iter().map(|it| it.into_iter().collect()).collect()
}

#[test]
fn imports_are_followed_to_where_things_stand() {
    let found = imports_of(&[
        ("encodings/mod.rs", "pub mod a; pub mod b;"),
        (
            "encodings/a/mod.rs",
            "mod part; pub use part::{Part, other as renamed}; pub struct Own; fn f() { part::g() }",
        ),
        ("encodings/a/part.rs", "use super::{Own, super::b::f}; pub struct Part;"),
        ("encodings/b.rs", "use super::a::Part; fn f(own: &crate::encodings::a::Own) { a::b::c() }"),
        ("encodings/c.rs", "pub use super::b::f; // crate::encodings::a::Own"),
        ("encodings/d.rs", "use super::c::f; use crate::encodings::{a::renamed, b};"),
    ]);
    let nothing: Vec<usize> = Vec::new();
    assert_eq!(found, [nothing.clone(), nothing.clone(), vec![1, 3], vec![1, 2], nothing, vec![2, 3]]);
    let circles = circles(&found.iter().map(|it| it.iter().copied().collect()).collect::<Vec<BTreeSet<usize>>>());
    assert_eq!(circles, [BTreeSet::from([2, 3])]);
}

/// How many replicas an owner has at the start differs between the sizes that a model stands for, so whoever builds terms asks the
/// view for it ([`View::fixed_replicas`](kubound::cluster::view::View::fixed_replicas)).
#[test]
fn replicas_at_the_start_are_asked_for() {
    let reads = |line: &str| {
        ["object", "owner", "workload"].iter().any(|name| {
            let read = format!("{name}.replicas");
            line.match_indices(&read)
                .any(|(at, _)| !line[at + read.len()..].starts_with(|it: char| it.is_alphanumeric() || it == '_'))
        })
    };
    let built = sources().into_iter().filter(|it| matches!(it.module().first(), Some(&"encodings" | &"property")));
    let found: Vec<String> = built
        .flat_map(|file| {
            file.text
                .lines()
                .filter(|line| reads(line))
                .map(|line| format!("{}: {line}", file.path))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    assert!(reads("let most = workload.replicas;") && !reads("cluster.replicas_by_size(workload)"));
}
