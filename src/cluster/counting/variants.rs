//! Pods of one revision that request different amounts, because a VerticalPodAutoscaler changed some of them: each variant is
//! a template of its own, with the labels and the owner of the others.

use crate::cluster::object::spec::Revision;

/// What pods of a variant are called, of which others are called `name`.
pub fn name(revision: &Revision, name: &str, variant: usize) -> String {
    match revision.variants.get(variant).filter(|it| revision.variants.len() > 1 && !it.text.is_empty()) {
        Some(it) => format!("{name} ({})", it.text),
        None => name.to_owned(),
    }
}

/// How many pods of a variant there may be at a time, of which there are `members` and of whose revision there may be `all`.
pub fn most(revision: &Revision, variant: usize, members: usize, all: i64) -> i64 {
    match revision.variants.get(variant).filter(|it| it.levels.is_empty()) {
        None => all,
        // Nobody makes more of them.
        Some(it) if it.is_usual => revision.size.max(members as i64),
        Some(_) => members as i64,
    }
}

/// How many pods of a variant run, if pods of its revision run anywhere.
pub fn running(revision: &Revision, variant: usize) -> i64 {
    let is_usual = revision.variants.get(variant).is_none_or(|it| it.is_usual);
    if is_usual { revision.size } else { 0 }
}
