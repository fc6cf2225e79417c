//! Violating examples and their fixed twins: how many fields were changed by whoever published the fix.

use std::path::Path;
use std::sync::Arc;

use kubound::input::Diagnostics;
use kubound::input::places::read;
use kubound::repair::Objects;
use kubound::repair::objects::Object;
use kubound::term::Limit;
use serde_json::Value;

/// All violating examples that have a fixed twin, by their paths below the directory of examples.
pub fn violating(examples: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for below in ["", "failures/"] {
        let entries = std::fs::read_dir(examples.join(below)).expect("examples");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        found.extend(names.filter(|name| name.ends_with("-violating")).map(|name| format!("{below}{name}")));
    }
    found.sort();
    found
}

/// In how many fields an example and its twin differ: fields that go or come with all below them are one, and so are
/// objects. What a workload made says the same as its template, and is not counted again.
pub fn changed_fields(violating: &Path) -> usize {
    let twin = violating.display().to_string().replace("-violating", "-fixed");
    let (old, new) = (objects(violating), objects(Path::new(&twin)));
    let made = |object: &&Object| object.owners().next().is_some();
    let find = |all: &Objects, title: &str| all.iter().find(|it| it.title() == title).cloned();
    let changed = old.iter().filter(|it| !made(it)).map(|object| match find(&new, &object.title()) {
        Some(twin) => differences(&object.places[0].value, &twin.places[0].value),
        None => 1,
    });
    let added = new.iter().filter(|it| !made(it)).filter(|object| find(&old, &object.title()).is_none()).count();
    changed.sum::<usize>() + added
}

fn objects(directory: &Path) -> Objects {
    let mut sink = Diagnostics::default();
    let sources: Vec<Arc<_>> = read(&[directory.to_owned()], &Limit::default(), &mut sink);
    assert!(!sink.has_errors(), "{sink}");
    Objects::new(sources)
}

fn differences(old: &Value, new: &Value) -> usize {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let both = old.iter().filter_map(|(key, value)| Some(differences(value, new.get(key)?)));
            let gone = old.keys().filter(|key| !new.contains_key(*key)).count();
            let come = new.keys().filter(|key| !old.contains_key(*key)).count();
            both.sum::<usize>() + gone + come
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            old.iter().zip(new).map(|(old, new)| differences(old, new)).sum()
        }
        (old, new) => usize::from(old != new),
    }
}
