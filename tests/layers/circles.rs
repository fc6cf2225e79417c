//! Which files of the crate import which, and the circles that they form.
//!
//! A file imports another if it names something that stands there, in `use` or in the middle of an expression. What a file
//! only hands on (`pub use`) is an import of whoever names it there, not of the file that hands it on.

use std::collections::{BTreeMap, BTreeSet};

use super::scanner::{Path, paths};

/// A source file: its module path, and what is in it.
pub struct Source<'a> {
    /// Names of modules from the root of the crate; empty for the root itself.
    pub module: Vec<&'a str>,
    /// The code.
    pub text: &'a str,
}

/// The files that each file imports, by position.
pub fn imports(sources: &[Source<'_>]) -> Vec<BTreeSet<usize>> {
    let known: BTreeMap<Vec<&str>, usize> =
        sources.iter().enumerate().map(|(at, it)| (it.module.clone(), at)).collect();
    let children = |at: usize| {
        let depth = sources[at].module.len();
        let is_child = |module: &&Vec<&str>| module.len() == depth + 1 && module.starts_with(&sources[at].module);
        known.keys().filter(is_child).map(|module| module[depth]).collect::<Vec<&str>>()
    };
    let paths: Vec<Vec<Path>> =
        sources.iter().enumerate().map(|(at, source)| paths(source.text, &source.module, &children(at))).collect();
    let house = House { known, paths: &paths };
    let of = |(at, named): (usize, &Vec<Path>)| {
        let own = named.iter().filter(|path| !path.handed_on);
        let found = own.filter_map(|path| house.home(&path.names, 0));
        let is_part = |other: usize| sources[other].module.starts_with(&sources[at].module);
        found.filter(|&other| !is_part(other)).collect()
    };
    paths.iter().enumerate().map(of).collect()
}

struct House<'a> {
    known: BTreeMap<Vec<&'a str>, usize>,
    paths: &'a [Vec<Path>],
}

impl House<'_> {
    /// The file where what a path names stands: the deepest module on the way, or where that has it from.
    fn home(&self, names: &[String], depth: usize) -> Option<usize> {
        const DEEPEST: usize = 8;
        let prefix = |length: usize| names[..length].iter().map(String::as_str).collect::<Vec<&str>>();
        let (length, at) = (0..=names.len()).rev().find_map(|it| Some((it, *self.known.get(&prefix(it))?)))?;
        let Some(name) = names.get(length).filter(|_| depth < DEEPEST) else { return Some(at) };
        let from = self.paths[at].iter().find(|path| path.imported && path.alias == *name && path.names != *names);
        let further = from.and_then(|path| self.home(&path.names, depth + 1));
        further.or(Some(at))
    }
}

/// Sets of files that import each other in circles, the largest first: strongly connected components of more than one
/// file, found by reachability, which is quick enough for some hundreds of files.
pub fn circles(imports: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
    let reach: Vec<BTreeSet<usize>> = (0..imports.len()).map(|at| reachable(imports, at)).collect();
    let component = |at: usize| reach[at].iter().copied().filter(|&other| reach[other].contains(&at)).collect();
    let components: BTreeSet<BTreeSet<usize>> = (0..imports.len()).map(component).collect();
    let mut circles: Vec<BTreeSet<usize>> = components.into_iter().filter(|it| it.len() > 1).collect();
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    circles
}

fn reachable(imports: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = imports[from].iter().copied().collect();
    while let Some(at) = open.pop() {
        if seen.insert(at) {
            open.extend(&imports[at]);
        }
    }
    seen
}
