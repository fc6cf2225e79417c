//! What careful teams deploy holds: every directory under `examples/sane/`, under the scenario that `kubound init` writes for its
//! manifests, in `settled` and in `racing`. A directory may add events to that scenario.

use std::path::{Path, PathBuf};

use kubound::check::{self, Answer, Options, source};
use kubound::engine::Budget;
use kubound::engine::explicit::Explicit;
use kubound::input::init::init_scenario;
use kubound::input::{LoadOptions, load_strings};
use serde_yaml::{Mapping, Value};

fn directories() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/sane");
    let entries = std::fs::read_dir(root).expect("the examples").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn text(directory: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(directory.join(name)).ok()
}

fn spec(scenario: &mut Value) -> &mut Mapping {
    scenario.get_mut("spec").and_then(Value::as_mapping_mut).expect("a spec")
}

/// What `init` writes, with what the directory adds to it.
fn scenario(directory: &Path, manifests: &str, interleaving: &str) -> String {
    let options = LoadOptions { need_nodes: false };
    let alone = load_strings(&[("manifests.yaml", manifests)], options).unwrap_or_else(|error| panic!("{error}"));
    let mut written: Value = serde_yaml::from_str(&init_scenario(&alone.spec)).expect("a scenario");
    let spec_of_init = spec(&mut written);
    spec_of_init.insert("interleaving".into(), interleaving.into());
    if let Some(more) = text(directory, "scenario.yaml") {
        let mut more: Value = serde_yaml::from_str(&more).expect("a scenario");
        for (key, value) in std::mem::take(spec(&mut more)) {
            spec_of_init.insert(key, value);
        }
    }
    serde_yaml::to_string(&written).expect("a text")
}

/// Everything that is not known to hold.
fn complaints(directory: &Path, interleaving: &str) -> Vec<String> {
    let manifests = text(directory, "manifests.yaml").expect("manifests");
    let scenario = scenario(directory, &manifests, interleaving);
    let mut files = vec![("manifests.yaml", manifests.as_str()), ("scenario.yaml", &scenario)];
    let next = text(directory, "next.yaml");
    files.extend(next.iter().map(|text| ("next.yaml", text.as_str())));
    let input = source::of_texts(&files).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let options = Options { all: true, ..Options::new(&Explicit, Budget::bound(input.spec.scenario.bound)) };
    let checked = check::check(&input, &options, &mut |_| ());
    let (results, _) = checked.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    assert!(!results.is_empty(), "{}: nothing was checked", directory.display());
    let bad = results.iter().filter(|result| !matches!(result.answer, Answer::Holds(_)));
    bad.map(|result| format!("{}: {} {}", result.property, result.subject, result.answer.word())).collect()
}

fn all_hold(interleaving: &str) {
    let directories = directories();
    assert!(directories.len() >= 20, "{}", directories.len());
    for directory in directories {
        let name = directory.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(complaints(&directory, interleaving), Vec::<String>::new(), "{name}, {interleaving}");
    }
}

#[test]
fn what_careful_teams_deploy_holds_in_order() {
    all_hold("settled");
}

#[test]
fn what_careful_teams_deploy_holds_where_controllers_race() {
    all_hold("racing");
}
