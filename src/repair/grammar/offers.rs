//! How groups of the grammar offer edits: fields, values to try, and the places where a field is written.

use serde_json::Value;

use crate::input::path::FieldPath;
use crate::repair::edit::{Edit, Preference};
use crate::repair::objects::{Object, Objects, Place, below};
use crate::repair::text::{Action, Change, yaml};

/// Fields of one concern.
pub struct Group {
    /// The rules that read them: ids, or what they begin with if that ends with `/`.
    pub rules: &'static [&'static str],
    /// Offers their edits.
    pub offer: fn(&mut Offers<'_>),
}

/// Collects edits.
pub struct Offers<'a> {
    /// The objects.
    pub objects: &'a Objects,
    rules: &'static [&'static str],
    /// What was offered.
    pub edits: Vec<Edit>,
}

/// A field that edits are offered of.
pub struct Field<'a> {
    object: &'a Object,
    /// As people write it.
    shown: FieldPath,
    /// Where it is written: each place, and the field there.
    written: Vec<(&'a Place, FieldPath)>,
    about: Vec<String>,
}

/// A value to try.
pub struct Try {
    /// What becomes of the field.
    pub action: Action,
    /// Whether that hurts.
    pub preference: Preference,
    /// How far it is from today's value.
    pub distance: u32,
    /// What it costs.
    pub costs: String,
}

impl Try {
    /// A value that is so far from today's.
    pub fn put(value: impl Into<Value>, distance: u32, preference: Preference, costs: impl Into<String>) -> Self {
        Try { action: Action::Put(value.into()), preference, distance, costs: costs.into() }
    }

    /// Nothing in the place of what is there.
    pub fn remove(distance: u32, preference: Preference, costs: impl Into<String>) -> Self {
        Try { action: Action::Remove, preference, distance, costs: costs.into() }
    }
}

impl<'a> Field<'a> {
    /// A field of an object itself.
    pub fn own(object: &'a Object, path: impl Into<FieldPath>) -> Self {
        let shown = path.into();
        let written = object.places.iter().map(|place| (place, shown.clone())).collect();
        Field { object, shown, written, about: vec![object.name.clone()] }
    }

    /// A field of the pod template of a workload, below its template.
    pub fn of_template(objects: &'a Objects, workload: &'a Object, path: &FieldPath) -> Self {
        let shown = below(&workload.template().unwrap_or_default(), path);
        let written = objects.templates(workload).into_iter();
        let written = written.map(|(place, template)| (place, below(&template, path))).collect();
        Field { object: workload, shown, written, about: vec![workload.name.clone()] }
    }

    /// A field that is about all workloads.
    #[must_use]
    pub fn about_all(self) -> Self {
        Field { about: Vec::new(), ..self }
    }

    /// A field that is about these, too.
    #[must_use]
    pub fn about(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.about.extend(names);
        self
    }

    /// What is there; `null` if nothing is.
    pub fn value(&self) -> &'a Value {
        let (place, path) = &self.written[0];
        place.get(path)
    }

    /// The places that say of the field what the first one says.
    fn copies(&self) -> impl Iterator<Item = &(&'a Place, FieldPath)> {
        let (first, there) = &self.written[0];
        let is_copy = |(place, path): &&(&Place, FieldPath)| {
            place.get(path) == self.value() && place.is_alike(path, first, there)
        };
        self.written.iter().filter(is_copy)
    }
}

impl<'a> Offers<'a> {
    /// Nothing yet.
    pub fn new(objects: &'a Objects) -> Self {
        Offers { objects, rules: &[], edits: Vec::new() }
    }

    /// What a group offers.
    pub fn take(&mut self, group: &Group) {
        self.rules = group.rules;
        (group.offer)(self);
    }

    /// Offers edits of a field.
    pub fn offer(&mut self, field: &Field<'a>, tries: impl IntoIterator<Item = Try>) {
        tries.into_iter().for_each(|one| self.offer_one(field, one));
    }

    fn offer_one(&mut self, field: &Field<'a>, one: Try) {
        let changes = field.copies().map(|(place, path)| {
            let path = below(&place.root, path);
            (place.source, Change { document: place.document, path, action: one.action.clone() })
        });
        let changes = changes.collect();
        let (place, path) = &field.written[0];
        let page = self.objects.pages[place.source].as_ref();
        let line = page.map_or(0, |page| page.line(place.document, &below(&place.root, path)));
        self.edits.push(Edit {
            object: field.object.title(),
            field: field.shown.to_string(),
            place: (self.objects.sources[place.source].name.clone(), line),
            from: shown(field.value()),
            to: match &one.action {
                Action::Put(value) => shown(value),
                Action::Replace(key, value) => format!("{key}: {}", shown(value)),
                Action::Remove => String::new(),
            },
            distance: one.distance,
            preference: one.preference,
            costs: one.costs,
            rules: self.rules,
            about: field.about.clone(),
            changes,
        });
    }
}

/// A value in a line; nothing for one that is not there.
fn shown(value: &Value) -> String {
    if value.is_null() { String::new() } else { yaml(value) }
}
