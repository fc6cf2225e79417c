//! A project's configuration, `.kubound.yaml`: which scenario, which properties, how far, and what is ignored.
//!
//! It is found from a directory upwards, up to the root of a repository. What is wrong in it is an error at its place. Its
//! scenario and its times become texts of the input like any other ([`sources`]), so that whoever reads or edits texts needs
//! to know nothing of them.

pub mod document;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::property::NAMES;
use crate::system::Interleaving;

use super::diagnostics::Diagnostics;
use super::ignore::Ignore;
use super::object::RawObject;
use super::path::FieldPath;
use super::scenario::timing;
use super::source::{self, Role, Source};
use super::suggest;
use super::tree::{Node, Position, Tree};
use super::units;
use super::yaml;

use document::{Amount, Document};

/// Its name.
pub const FILE: &str = ".kubound.yaml";
/// What marks the root of a repository.
const REPOSITORY: &str = ".git";

/// What a configuration says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Names of the properties to check; none: those of the input.
    pub properties: Vec<String>,
    /// The bound k.
    pub bound: Option<u32>,
    /// Wall-clock time.
    pub timeout: Option<Duration>,
    /// Bytes.
    pub memory: Option<u64>,
    /// How event-driven actions interleave.
    pub interleaving: Option<Interleaving>,
    /// The engine.
    pub engine: Option<document::Engine>,
    /// Violations that do not count.
    pub ignores: Vec<Ignore>,
    /// What there is to say about it; never errors.
    pub diagnostics: Diagnostics,
}

/// The configuration that belongs to the working directory: there, or in the closest directory above up to the root of a
/// repository. Named from the working directory, so that its name means the same on every machine.
pub fn find() -> Option<PathBuf> {
    let depth = std::env::current_dir().ok()?.components().count();
    find_from(Path::new(""), depth)
}

/// The same from a directory that has so many above it.
fn find_from(start: &Path, depth: usize) -> Option<PathBuf> {
    let mut directory = start.to_owned();
    for _ in 0..depth.max(1) {
        let file = directory.join(FILE);
        if fs::metadata(&file).is_ok_and(|it| it.is_file()) {
            return Some(file);
        }
        if directory.join(REPOSITORY).exists() {
            return None;
        }
        directory.push("..");
    }
    None
}

/// Reads a configuration.
///
/// # Errors
///
/// What is wrong with it, each at its place.
pub fn read(path: &Path) -> Result<Config, Diagnostics> {
    let mut sink = Diagnostics::default();
    let config = source::read_file(path, &mut sink).and_then(|source| of_source(&source, &mut sink));
    match config {
        Some(config) if !sink.has_errors() => Ok(Config { diagnostics: sink, ..config }),
        _ => Err(sink),
    }
}

fn of_source(source: &Arc<Source>, sink: &mut Diagnostics) -> Option<Config> {
    let Some(mut tree) = tree(source, sink)? else { return Some(Config::default()) };
    let scenario = tree.take("scenario").filter(|it| !it.is_null());
    let raw = RawObject::of_document(source, "configuration", tree);
    if let Some(scenario) = scenario {
        check_scenario(source, &scenario, sink);
    }
    let Document { properties, bound, timeout, memory, interleaving, engine, ignore, timing, .. } =
        raw.decode_at(&FieldPath::root(), sink)?;
    // What it says is read again with the input; here it is only that errors come before anything else is done.
    if let Some(timing) = &timing {
        timing::read(timing, &raw, &"timing".into(), sink);
    }
    let mut reader = Reader { raw: &raw, sink };
    properties
        .iter()
        .enumerate()
        .for_each(|(at, name)| reader.property(&FieldPath::from("properties").index(at), name));
    let timeout = reader.amount("timeout", timeout.as_ref(), units::duration);
    let memory = reader.amount("memory", memory.as_ref(), units::memory);
    let ignores = rules::resolve(&ignore, &mut reader);
    Some(Config { properties, bound, timeout, memory, interleaving, engine, ignores, ..Config::default() })
}

/// The one document of a file; the inner `None` if it says nothing, the outer one if it is none, which is reported.
fn tree(source: &Arc<Source>, sink: &mut Diagnostics) -> Option<Option<Tree>> {
    let trees = match yaml::parse(&source.text) {
        Ok(trees) => trees,
        Err(error) => match source.explain(error) {
            Ok(tree) => vec![tree],
            Err(problem) => {
                sink.push(problem);
                return None;
            }
        },
    };
    let problem = |position: Position, message: &str| {
        source.diagnostic(super::Severity::Error, position, message).with_help("write fields, such as `bound: 10`")
    };
    match trees.as_slice() {
        [] => Some(None),
        [only] if matches!(only.node, Node::Mapping(_)) => Some(Some(only.clone())),
        [only] => {
            sink.push(problem(only.position, "this is no configuration"));
            None
        }
        [_, second, ..] => {
            sink.push(problem(second.position, "a configuration is one document, and this is a second one"));
            None
        }
    }
}

/// That a scenario is a file that is there, or fields; what is wrong with these is said when it is read.
fn check_scenario(source: &Source, scenario: &Tree, sink: &mut Diagnostics) {
    let mut report = |message: String, help: &str| {
        sink.push(source.diagnostic(super::Severity::Error, scenario.position, message).with_help(help));
    };
    match (&scenario.node, scenario.as_str()) {
        (Node::Mapping(_), _) => {}
        (_, Some(name)) => {
            let path = beside(source, name);
            match fs::metadata(&path) {
                Ok(found) if found.is_file() => {}
                Ok(_) => report(format!("{} is no file", path.display()), "name the file of the Scenario"),
                Err(error) => report(
                    format!("cannot read {}: {error}", path.display()),
                    "paths are taken from the directory of this file; `kubound init PATH -o FILE` writes a Scenario",
                ),
            }
        }
        _ => report(
            "scenario: this is neither a path nor fields".to_owned(),
            "write a path, or the fields of a Scenario's `spec`",
        ),
    }
}

/// A file as a configuration names it.
fn beside(config: &Source, name: &str) -> PathBuf {
    config.directory.as_deref().unwrap_or(Path::new("")).join(name)
}

/// The texts that a configuration adds to an input: its scenario, and its `timing`. What is wrong with them is reported.
pub fn sources(config: &Path, sink: &mut Diagnostics) -> Vec<Source> {
    let Some(source) = source::read_file(config, sink) else { return Vec::new() };
    let Some(Some(mut tree)) = tree(&source, sink) else { return Vec::new() };
    let timing = tree.take("timing").filter(|it| !it.is_null()).map(|_| source.with_role(Role::Timing));
    scenario(&source, &mut tree, sink).into_iter().chain(timing).collect()
}

fn scenario(source: &Source, tree: &mut Tree, sink: &mut Diagnostics) -> Option<Source> {
    let scenario = tree.take("scenario")?;
    match (&scenario.node, scenario.as_str()) {
        (Node::Mapping(_), _) => Some(source.with_role(Role::Configuration)),
        (_, Some(name)) => {
            let file = source::read_file(&beside(source, name), sink)?;
            Some(file.with_role(Role::Scenario))
        }
        _ => None,
    }
}

/// Reads values, and reports what is wrong with them at their places.
struct Reader<'a> {
    raw: &'a RawObject,
    sink: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn error(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.sink.push(self.raw.error(path, message, help));
    }

    fn property(&mut self, path: &FieldPath, name: &str) {
        if !NAMES.contains(&name) {
            self.error(path, format!("there is no property `{name}`"), suggest::help(name, NAMES));
        }
    }

    fn amount<T>(&mut self, field: &str, given: Option<&Amount>, read: fn(&str) -> Result<T, String>) -> Option<T> {
        let read = read(&given?.text());
        read.map_err(|problem| self.error(&field.into(), format!("{field}: {problem}"), "correct it, or leave it out"))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(FILE);
        fs::write(&path, text).expect("written");
        read(&path).map_err(|errors| errors.to_string())
    }

    #[test]
    fn all_fields_are_read() {
        let text = "scenario: {bound: 3}\nproperties: [settles]\nbound: 4\ntimeout: 90s\nmemory: 2GiB\n\
                    interleaving: settled\nengine: sat\nignore:\n- {property: settles, reason: known}\n";
        let config = read_text(text).expect("a configuration");
        assert_eq!((config.properties, config.bound), (vec!["settles".to_owned()], Some(4)));
        assert_eq!((config.timeout, config.memory), (Some(Duration::from_secs(90)), Some(2 << 30)));
        assert_eq!((config.interleaving, config.engine), (Some(Interleaving::Settled), Some(document::Engine::Sat)));
        assert_eq!(config.ignores.len(), 1);
        let bare = read_text("timeout: 7\n").expect("a configuration");
        assert_eq!(bare.timeout, Some(Duration::from_secs(7)));
        assert!(read_text("").is_ok() && read_text("# nothing\n").is_ok());
    }

    #[test]
    fn errors_have_places() {
        for (text, told) in [
            ("bound: 1\nboud: 2\n", ".kubound.yaml:2:1: error: boud: unknown field `boud`"),
            ("bound: many\n", ".kubound.yaml:1:8: error: bound: invalid type"),
            ("bound: -1\n", ".kubound.yaml:1:8: error: bound:"),
            ("timeout: soon\n", ".kubound.yaml:1:10: error: timeout: `soon`"),
            ("memory: 0\n", ".kubound.yaml:1:9: error: memory:"),
            ("timing: soon\n", ".kubound.yaml:1:9: error: timing: invalid value"),
            ("timing: {podstart: 1s}\n", ".kubound.yaml:1:10: error: timing.podstart: unknown field `podstart`"),
            ("timing:\n  pause: 5s..1s\n", ".kubound.yaml:2:10: error: timing.pause: `5s..1s` ends before it begins"),
            ("engine: quantum\n", ".kubound.yaml:1:9: error: engine: unknown variant"),
            ("properties: [settle]\n", "did you mean `settles`?"),
            ("scenario: nowhere.yaml\n", ".kubound.yaml:1:11: error: cannot read"),
            ("scenario: 3\n", "neither a path nor fields"),
            ("scenario: .\n", "is no file"),
            ("- a\n", "this is no configuration"),
            ("bound: 1\n---\nbound: 2\n", ".kubound.yaml:3:1: error: a configuration is one document"),
            ("bound: [\n", "this is not valid YAML"),
        ] {
            let said = read_text(text).expect_err(text);
            assert!(said.contains(told), "{text}: {said}");
        }
        let missing = read(Path::new("/nowhere/.kubound.yaml")).expect_err("it is not there").to_string();
        assert!(missing.contains("cannot read /nowhere/.kubound.yaml"), "{missing}");
    }

    #[test]
    fn it_is_looked_for_upwards_to_the_root_of_a_repository() {
        let root = tempfile::tempdir().expect("a directory");
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).expect("made");
        fs::write(root.path().join(FILE), "").expect("written");
        assert_eq!(find_from(&inner, 3), Some(inner.join("../..").join(FILE)));
        assert_eq!(find_from(&inner, 2), None);
        fs::create_dir(root.path().join("a").join(REPOSITORY)).expect("made");
        assert_eq!(find_from(&inner, 3), None);
        fs::write(root.path().join("a").join(FILE), "").expect("written");
        assert_eq!(find_from(&inner, 3), Some(inner.join("..").join(FILE)));
    }
}
