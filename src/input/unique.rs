//! Objects that are given more than once.
//!
//! An object of a running cluster and a manifest of the same name go together: the manifest is what somebody is about to
//! apply. Two manifests of the same name contradict each other; two dumps of the same object do not.

use std::collections::HashMap;

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::diagnostics::Diagnostics;
use super::key_of;
use super::object::Located;

/// Objects with unique names, and manifests of those that are live.
pub struct Unique<T> {
    /// One object per name, in input order; the live one where there is one.
    pub objects: Vec<Located<T>>,
    /// Manifests of objects that are live too.
    pub manifests: Vec<Located<T>>,
}

/// Sorts out objects that are given more than once.
pub fn unique<T: Metadata<Ty = ObjectMeta>>(given: Vec<Located<T>>, sink: &mut Diagnostics) -> Unique<T> {
    let (live, manifests): (Vec<_>, Vec<_>) =
        given.into_iter().enumerate().partition(|(_, object)| object.raw.is_live());
    let mut places = HashMap::new();
    let mut unique = Unique { objects: Vec::new(), manifests: Vec::new() };
    let mut positions = Vec::new();
    let live_count = live.len();
    for (number, (position, object)) in live.into_iter().chain(manifests).enumerate() {
        let key = key_of(object.value.metadata());
        let seen = places.get(&key).copied();
        match (seen, number < live_count) {
            (None, _) => {
                places.insert(key, (unique.objects.len(), number >= live_count));
                unique.objects.push(object);
                positions.push(position);
            }
            (Some(_), true) => {
                let message = format!("{} `{key}` is given twice; the first is taken", object.raw.kind);
                sink.push(object.raw.warning(&"metadata.name".into(), message, "dump the cluster once"));
            }
            (Some((index, true)), false) => {
                let first = unique.objects[index].origin();
                let message = format!("{} `{key}` is given twice", object.raw.kind);
                let help = format!(
                    "the first is at {}:{}; keep one of them, or apply the other in a scenario's commands",
                    first.file, first.line
                );
                sink.push(object.raw.error(&"metadata.name".into(), message, help));
            }
            (Some((index, false)), false) => {
                places.insert(key, (index, true));
                unique.manifests.push(object);
            }
        }
    }
    let mut ordered: Vec<_> = positions.into_iter().zip(unique.objects).collect();
    ordered.sort_by_key(|(position, _)| *position);
    unique.objects = ordered.into_iter().map(|(_, object)| object).collect();
    unique
}

impl<T: Metadata<Ty = ObjectMeta>> Unique<T> {
    /// The objects as they will be once the manifests are applied, which a note says.
    pub fn applied(mut self, sink: &mut Diagnostics) -> Vec<Located<T>> {
        for manifest in self.manifests {
            let key = key_of(manifest.value.metadata());
            sink.note(format!(
                "{} {key} is taken from its manifest in {}, not from the dump",
                manifest.raw.kind, manifest.raw.source.name
            ));
            if let Some(object) = self.objects.iter_mut().find(|object| key_of(object.value.metadata()) == key) {
                *object = manifest;
            }
        }
        self.objects
    }
}
