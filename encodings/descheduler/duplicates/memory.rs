//! What the plugin remembers while it is at work.
//!
//! Part of the rule `descheduler/RemoveDuplicates`.

use itertools::Itertools;

use crate::cluster::TemplateId;
use crate::cluster::view::{Cluster, Declaring};
use crate::system::{BoolVar, IntVar, State};
use crate::term::{Bool, Int};

use super::keys::Book;

/// The state variables of the plugin, and who is a duplicate of whom.
pub struct Memory {
    /// Sets and keys.
    pub book: Book,
    /// Whether the lists are made.
    pub begun: BoolVar,
    /// Duplicates of every key on every node.
    pub lists: Vec<List>,
    /// The list that was handled last, + 1.
    pub last: IntVar,
    /// What is known of the order of pods that are in the lists of several keys.
    pub orders: Vec<Order>,
}

/// The duplicates of one key on one node.
pub struct List {
    /// Position of the cell.
    pub at: usize,
    /// The key.
    pub key: usize,
    /// How many more of the listed pods stay.
    pub stay: IntVar,
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
    /// Where the same pods are in other lists: what has been done to them.
    pub past: Option<Past>,
    /// The order that unlike ones of them keep in all lists.
    pub order: Option<usize>,
}

/// What has been done to the pods of an entry: first some stay, then some go, and when limits are reached, the rest is
/// refused.
pub struct Past {
    /// Those that were handled.
    pub handled: IntVar,
    /// Those that stay.
    pub stayed: IntVar,
    /// Those that went.
    pub gone: IntVar,
}

/// Pods of unlike templates that are in the lists of the same keys on one node are in the same order in all of them.
pub struct Order {
    /// Position of the cell.
    at: usize,
    /// The keys.
    keys: Vec<usize>,
    /// The templates.
    pub templates: Vec<TemplateId>,
    /// The template of each pod, first to last, as its position + 1; 0 where nothing is known yet.
    pub places: Vec<IntVar>,
}

impl Memory {
    /// Declares the variables; every cell is a node.
    pub fn declare(cluster: &Declaring<'_>, book: Book) -> Memory {
        let cells = cluster.cells(&cluster.state());
        let (mut lists, mut orders) = (Vec::new(), Vec::new());
        for (at, cell) in cells.iter().enumerate() {
            let node = cluster.node(cell).title(cell.slot);
            let most = |id: TemplateId| cluster.holding_on(cell, id).range().hi;
            let declarer = Declarer { cluster, book: &book, at, node, most: &most };
            orders.extend(declarer.orders());
            lists.extend((0..book.keys.len()).filter_map(|key| declarer.list(key, &orders)));
        }
        Memory {
            begun: cluster.bool("duplicates: begun", Some(false)),
            last: cluster.int("duplicates: last list", 0, lists.len() as i64, Some(0)),
            book,
            lists,
            orders,
        }
    }

    /// Forgets everything.
    pub fn forget<'c>(&self, cluster: &Cluster<'c>, next: &mut State<'c>) {
        let none = cluster.ctx().int(0);
        for list in &self.lists {
            next.set(list.stay, none);
            for entry in &list.entries {
                let past = entry.past.iter().flat_map(|past| [past.handled, past.stayed, past.gone]);
                past.chain([entry.left]).for_each(|var| next.set(var, none));
            }
        }
        self.orders.iter().flat_map(|order| &order.places).for_each(|&place| next.set(place, none));
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

/// Declares the variables of one node.
struct Declarer<'d, 'c> {
    cluster: &'d Declaring<'c>,
    book: &'d Book,
    at: usize,
    node: &'d str,
    /// The most pods of a template that the node can have.
    most: &'d dyn Fn(TemplateId) -> i64,
}

impl Declarer<'_, '_> {
    fn int(&self, what: &str, most: i64) -> IntVar {
        self.cluster.int(format!("{}: {what}", self.node), 0, most, Some(0))
    }

    /// One order for all unlike templates whose pods may be here and are handled under the same several keys.
    fn orders(&self) -> Vec<Order> {
        let present = self.cluster.movable().filter(|&id| (self.most)(id) > 0);
        let by_keys = present.map(|id| (self.book.distinct_keys_of(id), id)).into_group_map();
        let shared = by_keys.into_iter().filter(|(keys, templates)| keys.len() > 1 && templates.len() > 1);
        shared.sorted().map(|(keys, templates)| self.order(keys, templates)).collect()
    }

    fn order(&self, keys: Vec<usize>, templates: Vec<TemplateId>) -> Order {
        let pods: i64 = templates.iter().map(|&id| (self.most)(id)).sum();
        let owner = self.book.keys[keys[0]].describe();
        let place = |place: i64| self.int(&format!("duplicate {place} of {owner}"), templates.len() as i64);
        Order { at: self.at, places: (0..pods).map(place).collect(), keys, templates }
    }

    fn list(&self, key: usize, orders: &[Order]) -> Option<List> {
        let present = self.book.of_key(key).filter(|&id| (self.most)(id) > 0);
        let templates: Vec<TemplateId> = present.dedup().collect();
        let all = self.book.of_key(key).map(self.most).sum();
        let name = format!("duplicates of {}", self.book.keys[key].describe());
        let repeats = self.book.twin(key);
        let entries = match repeats {
            Some(_) => {
                let left = self.int(&format!("{name}, again"), all);
                vec![Entry { template: *templates.first()?, left, past: None, order: None }]
            }
            None => templates.iter().map(|&id| self.entry(&name, id, orders)).collect(),
        };
        let stay = self.int(&format!("{name} that stay"), all);
        (!entries.is_empty()).then_some(List { at: self.at, key, stay, entries, repeats })
    }

    fn entry(&self, list: &str, template: TemplateId, orders: &[Order]) -> Entry {
        let name = &self.cluster.templates[template.0].name;
        let int = |what: &str| self.int(&format!("{list}: {name} {what}"), (self.most)(template));
        let keys = self.book.distinct_keys_of(template);
        let order = orders.iter().position(|order| order.at == self.at && order.keys == keys);
        let past = (keys.len() > 1).then(|| Past { handled: int("handled"), stayed: int("stayed"), gone: int("gone") });
        Entry { template, left: int("left"), past, order }
    }
}
