//! What the plugin remembers while it is at work.

use crate::cluster::TemplateId;
use crate::cluster::view::Cluster;
use crate::system::{BoolVar, IntVar, State};
use crate::term::{Bool, Int};

use super::keys::Book;

/// The state variables of the plugin, and who is a duplicate of whom.
pub struct Memory {
    /// Sets and keys.
    pub book: Book,
    /// Whether the lists are made.
    pub begun: BoolVar,
    /// Duplicates that are handled together.
    pub lists: Vec<List>,
    /// The list that was handled last, + 1.
    pub last: IntVar,
}

/// The duplicates of some keys on one node.
pub struct List {
    /// Position of the cell.
    pub at: usize,
    /// The keys, and of each how many more of the listed pods stay.
    pub keys: Vec<(usize, IntVar)>,
    /// The pods.
    pub entries: Vec<Entry>,
    /// Another key has the same pods everywhere and so the same list, which is repeated here: of the pods that went from
    /// there, only the number matters.
    pub repeats: Option<usize>,
}

/// Duplicates of one template in a list.
pub struct Entry {
    /// Their template.
    pub template: TemplateId,
    /// Those that are still to be handled.
    pub left: IntVar,
    /// Where the same pods are in several lists: those that were passed over, and those that were evicted after them.
    pub past: Option<(IntVar, IntVar)>,
}

impl Memory {
    /// Declares the variables; every cell is a node. Keys that share pods have one list on each node, unless their order
    /// matters (`apart`): then each has its own.
    pub fn declare(cluster: &Cluster<'_>, book: Book, apart: bool) -> Memory {
        let builder = &cluster.builder;
        let cells = cluster.cells(&cluster.state());
        let groups = if apart { (0..book.keys.len()).map(|key| vec![key]).collect() } else { book.groups() };
        let mut lists = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            for keys in &groups {
                let node = &cluster.classes[cell.class].names[cell.slot];
                let list =
                    declare_list(cluster, &book, (at, node), keys, &|id| cluster.holding_on(cell, id).range().hi);
                lists.extend(list);
            }
        }
        Memory {
            book,
            begun: builder.bool("duplicates: begun", Some(false)),
            last: builder.int("duplicates: last list", 0, lists.len() as i64, Some(0)),
            lists,
        }
    }

    /// Forgets everything.
    pub fn forget<'c>(&self, cluster: &Cluster<'c>, next: &mut State<'c>) {
        let none = cluster.ctx().int(0);
        for list in &self.lists {
            list.keys.iter().for_each(|&(_, var)| next.set(var, none));
            for entry in &list.entries {
                let past = entry.past.iter().flat_map(|&(passed, gone)| [passed, gone]);
                past.chain([entry.left]).for_each(|var| next.set(var, none));
            }
        }
        next.set_bool(self.begun, cluster.ctx().bool(false));
        next.set(self.last, none);
    }
}

impl List {
    /// Whether some pod is still to be handled.
    pub fn waits<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>) -> Bool<'c> {
        cluster.ctx().any(self.entries.iter().map(|entry| state.get(entry.left).ge(1)))
    }

    /// Leaves those that are still to be handled alone where `when` holds.
    pub fn leave<'c>(&self, next: &mut State<'c>, when: Bool<'c>) {
        for entry in &self.entries {
            let left: Int<'c> = when.ite(0, next.get(entry.left));
            next.set(entry.left, left);
        }
    }
}

fn declare_list(
    cluster: &Cluster<'_>,
    book: &Book,
    (at, node): (usize, &str),
    keys: &[usize],
    most: &dyn Fn(TemplateId) -> i64,
) -> Option<List> {
    let builder = &cluster.builder;
    let repeats = book.twin(*keys.first()?).filter(|twin| !keys.contains(twin));
    let handled = |id: &TemplateId| book.keys_of(*id).iter().any(|key| keys.contains(key)) && most(*id) > 0;
    let templates: Vec<TemplateId> = cluster.movable().filter(handled).collect();
    let owner = |key: usize| book.keys[key].describe();
    let name = format!("{node}: duplicates of {}", owner(*keys.first()?));
    let declare = |&template: &TemplateId| {
        let about = |what: &str| format!("{name}: {} {what}", cluster.templates[template.0].name);
        let int = |what: &str| builder.int(about(what), 0, most(template), Some(0));
        let twins = |key: &usize| book.twin(*key).is_some_and(|twin| keys.contains(&twin));
        let shared = book.keys_of(template).iter().any(|key| !keys.contains(key) && !twins(key));
        let past = shared.then(|| (int("passed over"), int("evicted")));
        Entry { template, left: int("left"), past }
    };
    let all: i64 = templates.iter().map(|&id| most(id) * book.keys_of(id).len() as i64).sum();
    let entries: Vec<Entry> = match (repeats, templates.first()) {
        (Some(_), Some(&template)) => {
            vec![Entry { template, left: builder.int(format!("{name}: again"), 0, all, Some(0)), past: None }]
        }
        _ => templates.iter().map(declare).collect(),
    };
    let stay = |&key: &usize| {
        let name = format!("{node}: duplicates of {} that stay", owner(key));
        (key, builder.int(name, 0, all, Some(0)))
    };
    (!entries.is_empty()).then(|| List { at, keys: keys.iter().map(stay).collect(), entries, repeats })
}
