//! Who is a duplicate of whom: pods of one namespace with the same owners and the same images.
//!
//! Part of the rule `descheduler/RemoveDuplicates`.
//!
//! Duplicates are found by the complete list of owners, but counted for each single owner: pods with two owners are
//! handled twice.

use std::collections::HashMap;

use itertools::Itertools;
use k8s_openapi::api::core::v1::Pod;

use crate::cluster::{Template, TemplateId};
use crate::encodings::descheduler::sight::Sight;

/// Kind and name.
pub type Owner = (String, String);

/// Templates whose pods are duplicates of each other.
#[derive(Debug)]
pub struct Set {
    /// The templates.
    pub templates: Vec<TemplateId>,
    /// The keys under which their pods are handled, one for each owner.
    pub keys: Vec<usize>,
    namespace: String,
    owners: Vec<Owner>,
    images: Vec<String>,
}

/// One owner and one list of images: what an average is taken over.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    namespace: String,
    owner: Owner,
    images: Vec<String>,
}

/// All sets and keys.
#[derive(Debug, Default)]
pub struct Book {
    /// Duplicates.
    pub sets: Vec<Set>,
    /// Owners with images.
    pub keys: Vec<Key>,
    /// Templates handled under each key, as often as their owners name it.
    handled: Vec<Vec<TemplateId>>,
    /// For each key the first one under which the same pods are handled.
    first_alike: Vec<usize>,
    set_of: HashMap<TemplateId, usize>,
}

impl Book {
    /// The duplicates among these templates; owners of an excluded kind exclude a pod.
    pub fn of(sight: &Sight<'_, '_>, templates: &[TemplateId], excluded: &[String]) -> Book {
        let mut book = Book::default();
        for &id in templates {
            let owners = owners(sight.pod(id));
            if !owners.is_empty() && !owners.iter().any(|(kind, _)| excluded.contains(kind)) {
                book.enter(id, &sight.cluster.templates[id.0], owners);
            }
        }
        book.index();
        book
    }

    /// Looks up once what is asked often.
    fn index(&mut self) {
        self.handled = vec![Vec::new(); self.keys.len()];
        for (position, set) in self.sets.iter().enumerate() {
            for &id in &set.templates {
                self.set_of.insert(id, position);
                set.keys.iter().for_each(|&key| self.handled[key].push(id));
            }
        }
        let mut first: HashMap<Vec<TemplateId>, usize> = HashMap::new();
        for (key, handled) in self.handled.iter_mut().enumerate() {
            handled.sort();
            self.first_alike.push(*first.entry(handled.clone()).or_insert(key));
        }
    }

    fn enter(&mut self, id: TemplateId, template: &Template, owners: Vec<Owner>) {
        let images: Vec<String> =
            template.spec.containers.iter().map(|it| it.image.clone().unwrap_or_default()).sorted().collect();
        let keys = owners.iter().map(|owner| self.key(&template.namespace, owner, &images)).collect();
        let same = |set: &&mut Set| set.namespace == template.namespace && set.owners == owners && set.images == images;
        match self.sets.iter_mut().find(same) {
            Some(set) => set.templates.push(id),
            None => {
                self.sets.push(Set { templates: vec![id], keys, namespace: template.namespace.clone(), owners, images })
            }
        }
    }

    fn key(&mut self, namespace: &str, owner: &Owner, images: &[String]) -> usize {
        let key = Key { namespace: namespace.to_owned(), owner: owner.clone(), images: images.to_vec() };
        self.keys.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// Templates handled under a key, as often as their owners name it.
    pub fn of_key(&self, key: usize) -> impl Iterator<Item = TemplateId> + '_ {
        self.handled[key].iter().copied()
    }

    /// The keys under which a template is handled.
    pub fn keys_of(&self, template: TemplateId) -> &[usize] {
        self.set_of.get(&template).map_or(&[], |&set| self.sets[set].keys.as_slice())
    }

    /// The first key before this one under which the same pods are handled.
    pub fn twin(&self, key: usize) -> Option<usize> {
        Some(self.first_alike[key]).filter(|&first| first != key)
    }

    /// The keys under which a template is handled, without those that have the same pods as another one.
    pub fn distinct_keys_of(&self, template: TemplateId) -> Vec<usize> {
        let keys = self.keys_of(template).iter().copied().unique();
        keys.filter(|&key| self.twin(key).is_none()).collect()
    }
}

/// The owners of a pod, sorted.
fn owners(pod: &Pod) -> Vec<Owner> {
    let references = pod.metadata.owner_references.iter().flatten();
    references.map(|reference| (reference.kind.clone(), reference.name.clone())).sorted().collect()
}

impl Key {
    /// In words.
    pub fn describe(&self) -> String {
        let (kind, name) = &self.owner;
        format!("{kind} {name}")
    }
}
