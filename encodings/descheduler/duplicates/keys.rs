//! Who is a duplicate of whom: pods of one namespace with the same owners and the same images.
//!
//! Duplicates are found by the complete list of owners, but counted for each single owner: pods with two owners are
//! handled twice.

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
        book
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
        self.sets.iter().flat_map(move |set| {
            let times = set.keys.iter().filter(|&&other| other == key).count();
            set.templates.iter().flat_map(move |&id| std::iter::repeat_n(id, times))
        })
    }

    /// The keys under which a template is handled.
    pub fn keys_of(&self, template: TemplateId) -> &[usize] {
        let set = self.sets.iter().find(|set| set.templates.contains(&template));
        set.map_or(&[], |set| set.keys.as_slice())
    }

    /// The first key before this one under which the same pods are handled.
    pub fn twin(&self, key: usize) -> Option<usize> {
        let handled = |key: usize| self.of_key(key).sorted().collect::<Vec<_>>();
        (0..key).find(|&other| handled(other) == handled(key))
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
