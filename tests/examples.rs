//! Every directory under `examples/` gives the verdict that its name promises, on every engine, with the same shortest k; those
//! of public issues are for `tests/failures.rs`.

use std::path::PathBuf;

use kubound::check::{Answer, InputName, Options, check as check_input, source};
use kubound::engine::auto::Auto;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict};
use kubound::input::{LoadOptions, load};
use kubound::model::build;
use kubound::property::Selection;
use kubound::system::{PropertyId, System, replay};

/// What an engine says of a property: the k of a shortest violation, or that there is none.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Violated { k: u32 },
    Holds,
}

/// The example that no engine decides as a whole: it has too many workloads.
const MANY: &str = "boutique";
/// Directories of examples that `tests/sane.rs` and `tests/failures.rs` are about.
const OTHERS: [&str; 2] = ["sane", "failures"];

fn directories() -> Vec<(String, PathBuf)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = std::fs::read_dir(&root).expect("the examples").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<(String, PathBuf)> = entries
        .filter(|path| path.is_dir() && !path.ends_with(MANY) && !OTHERS.iter().any(|other| path.ends_with(other)))
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}

fn ask(engine: &dyn Engine, system: &System, bound: u32, what: &str) -> Finding {
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    match engine.check(system, &properties, &Budget::bound(bound), &Silent).verdict {
        Verdict::Holds(_) => Finding::Holds,
        Verdict::Violated { property, trace, k, .. } => {
            let run = replay(system, &trace, system.property(property));
            let run = run.unwrap_or_else(|error| panic!("{what}: the trace does not replay: {error}"));
            assert_eq!(run.k(), k, "{what}: the trace has another length");
            Finding::Violated { k }
        }
        Verdict::Unknown { reason, .. } => panic!("{what}: {reason:?}"),
    }
}

/// Checks one example. Each property that its scenario names is asked by itself.
fn check(name: &str, path: PathBuf) {
    let loaded = load(&[path], LoadOptions::default()).unwrap_or_else(|errors| panic!("{name}: {errors}"));
    assert_eq!(loaded.diagnostics.to_string(), "", "{name}: nothing to remark on");
    let scenario = &loaded.spec.scenario;
    assert!(!scenario.properties.is_empty(), "{name} names its properties");
    let model = build(&loaded.spec, &Selection::of(&scenario.properties)).expect("a model");
    for asked in &scenario.properties {
        let is_asked = |id: &PropertyId| model.system.property(*id).name == asked.name;
        let ids: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).filter(is_asked).collect();
        let slice = model.system.slice(&ids);
        let what = |engine: &dyn Engine| format!("{name}, {}, {}", asked.name, engine.name());
        // What is wide takes Z3 long.
        let engines: &[&dyn Engine] = match name.starts_with('w') {
            true => &[&Explicit, &Sat::default(), &Auto::default()],
            false => &[&Explicit, &Smt::default(), &Sat::default(), &Auto::default()],
        };
        let found: Vec<Finding> =
            engines.iter().map(|&engine| ask(engine, &slice.system, scenario.bound, &what(engine))).collect();
        let explicit = &found[0];
        assert!(found.iter().all(|other| other == explicit), "{name}, {}: {found:?}", asked.name);
        let is_violated = matches!(explicit, Finding::Violated { .. });
        assert_eq!(is_violated, name.ends_with("-violating"), "{name}, {}: {explicit:?}", asked.name);
    }
}

fn wanted_cases() -> impl Iterator<Item = String> {
    (1..=8).map(|case| format!("c{case}")).chain((1..=4).map(|case| format!("w{case}")))
}

#[test]
fn there_are_two_variants_of_every_case() {
    let names: Vec<String> = directories().into_iter().map(|(name, _)| name).collect();
    let mut wanted: Vec<String> = wanted_cases()
        .chain(
            ["crashloop", "cronjob", "daemons", "drain", "family", "gitops", "nodegroup", "pinned", "quota"]
                .map(str::to_owned),
        )
        .chain(["karpenter", "readiness", "restarts", "scaledown", "statefulset", "vpa"].map(str::to_owned))
        .flat_map(|subject| [format!("{subject}-fixed"), format!("{subject}-violating")])
        .collect();
    wanted.sort();
    assert_eq!(names, wanted);
    for (name, path) in directories() {
        assert!(path.join("README.md").is_file() && path.join("scenario.yaml").is_file(), "{name} is complete");
    }
}

#[test]
fn a_shop_of_twelve_workloads_holds() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(MANY);
    let request = InputName::Paths { paths: vec![path.display().to_string()], sizes: Default::default(), config: None };
    let input = source::read(&request).expect("an input");
    let engine = Auto::default();
    let budget = Budget::bound(input.spec.scenario.bound);
    let options = Options { all: true, explain: true, ..Options::new(&engine, budget) };
    let (results, skipped) = check_input(&input, &options, &mut |_| ()).expect("results");
    assert!(skipped.is_empty());
    for result in &results {
        assert!(
            matches!(result.answer, Answer::Holds(Extent::Complete(_))),
            "{}: {:?}",
            result.property,
            result.answer
        );
        let focus = result.focus.as_ref().expect("it was decided in focus");
        assert_eq!(focus.tallies.values().sum::<usize>(), 12, "{}", result.property);
    }
    let names: Vec<&str> = results.iter().map(|result| result.property.as_str()).collect();
    assert_eq!(names, ["pods-schedulable", "no-eviction-loop", "settles"]);
}

#[test]
fn examples_keep_the_promise_of_their_names() {
    for (name, path) in directories() {
        check(&name, path);
    }
}
