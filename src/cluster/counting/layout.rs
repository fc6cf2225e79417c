//! What a node's state consists of: an ordered list of small attributes, the same for all nodes of a class.

use rustc_hash::FxHashMap;

use super::classes::NodeClass;
use super::templates::{Phase, Share, Template, TemplateId, Tenure};
use crate::cluster::arithmetic::gcd;
use crate::cluster::object::scenario::Scenario;

/// One attribute of a node's state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Attribute {
    /// Number of pods of a template in a phase.
    Pods(TemplateId, Phase),
    /// Whether it is cordoned (`spec.unschedulable`): 0 or 1.
    Cordoned,
    /// Whether it is down (Ready is not True): 0 or 1.
    Down,
    /// Number of waiting pods of a template that are nominated to it.
    Nominated(TemplateId),
    /// Number of waiting pods of a template for which their scheduler chose it, which nobody else knows yet.
    Assumed(TemplateId),
    /// Number of waiting pods of a template that were made for it, and may go nowhere else.
    Waiting(TemplateId),
    /// Whether its Node object was deleted: 0 or 1.
    Gone,
    /// Rolling maintenance: 0 to do, 1 under way, 2 done.
    Maintenance,
    /// Of a node group: whether it is there ([`Presence`]).
    Presence,
}

/// Whether a node of a node group is there: values of [`Attribute::Presence`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// It is there.
    Here,
    /// It is not.
    Absent,
    /// It is there, and being removed: it carries a taint.
    Going,
    /// It is not, but was asked for.
    Coming,
    /// It is there, tainted, and to be removed once the node that replaces it is there.
    Yielding,
    /// It is not, but was asked for, to replace another one.
    Replacing,
}

impl Presence {
    /// What they are called, by value.
    pub const NAMES: [&str; 6] = ["here", "absent", "going", "coming", "yielding", "replacing"];

    /// Its value.
    pub fn value(self) -> i64 {
        self as i64
    }

    /// Whether a node whose presence has that value is there.
    pub fn is_there(value: i64) -> bool {
        [Presence::Here, Presence::Going, Presence::Yielding].iter().any(|it| it.value() == value)
    }
}

/// The attributes of a class's nodes with their ranges `0..=max`.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// In a fixed order: pods first.
    pub attributes: Vec<Attribute>,
    /// Largest value of each.
    pub max: Vec<i64>,
    positions: FxHashMap<Attribute, usize>,
}

impl Layout {
    /// Position of an attribute.
    pub fn position(&self, attribute: Attribute) -> Option<usize> {
        self.positions.get(&attribute).copied()
    }

    /// Most pods of a template in a phase.
    pub fn most(&self, template: TemplateId, phase: Phase) -> i64 {
        self.position(Attribute::Pods(template, phase)).map_or(0, |position| self.max[position])
    }

    /// The layout of a class. `initial` is the largest value of an attribute that any member starts with.
    pub fn of(
        class: &NodeClass,
        templates: &[Template],
        scenario: &Scenario,
        initial: &dyn Fn(Attribute) -> i64,
    ) -> Layout {
        let mut layout = Layout::default();
        let movable = templates.iter().enumerate().filter(|(_, template)| template.tenure != Tenure::Resident);
        for (index, template) in movable {
            let id = TemplateId(index);
            // Where others of its revision are already, some may be resized to it.
            let is_kin = |other: &Template| {
                other.levels.is_some() && (other.workload, other.revision) == (template.workload, template.revision)
            };
            let kin = |(index, other): (usize, &Template)| {
                is_kin(other) && initial(Attribute::Pods(TemplateId(index), Phase::Running)) > 0
            };
            let has_kin = || template.levels.is_some() && templates.iter().enumerate().any(kin);
            let runnable = class.names.iter().any(|name| template.may_run_on(name, &class.node)) || has_kin();
            let pods = |phase: Phase| initial(Attribute::Pods(id, phase));
            let waiting = initial(Attribute::Waiting(id)).max(i64::from(runnable && template.grows));
            let comes = if template.is_daemon() { waiting > 0 } else { runnable };
            let fitting = if comes && template.may_be_placed() { fitting(class, template) } else { 0 };
            let present: i64 = template.phases.iter().map(|&phase| pods(phase)).sum();
            for &phase in &template.phases {
                // Pods that are starting when it begins will run, whether others may follow them or not.
                let started = match phase {
                    Phase::Running | Phase::Unready => pods(Phase::Running) + pods(Phase::Starting),
                    _ => pods(phase),
                };
                let most = match phase {
                    // The next pod comes once none is there, or at least once the last one is being deleted.
                    _ if template.share == Share::One => fitting.min(1).max(present),
                    Phase::Starting | Phase::Running | Phase::Unready if template.is_daemon() => {
                        fitting.min(1).max(present)
                    }
                    Phase::Terminating if template.is_daemon() && comes => room(class, template).max(present),
                    // So is one that holds the name of its StatefulSet's pod.
                    Phase::Terminating if template.tenure == Tenure::Loose || template.ordinal.is_some() => {
                        (fitting + present).min(template.max_pods)
                    }
                    // Pods that are being deleted are not among the workload's: only the node bounds them.
                    Phase::Terminating if fitting > 0 || present > 0 => class.free("pods").max(started),
                    _ => fitting.max(started).min(template.max_pods),
                };
                if most > 0 {
                    layout.push(Attribute::Pods(id, phase), most);
                }
            }
            if fitting > 0 && template.may_be_nominated(templates) {
                layout.push(Attribute::Nominated(id), if template.is_daemon() { waiting } else { fitting });
            }
            if fitting > 0 && template.cache.is_some() {
                layout.push(Attribute::Assumed(id), if template.is_daemon() { waiting } else { fitting });
            }
            if template.is_daemon() && waiting > 0 {
                layout.push(Attribute::Waiting(id), waiting);
            }
        }
        if class.may_be_cordoned() {
            layout.push(Attribute::Cordoned, 1);
        }
        if class.may_fail || class.may_panic || class.starts_not_ready {
            layout.push(Attribute::Down, 1);
        }
        if class.may_be_deleted {
            layout.push(Attribute::Gone, 1);
        }
        if class.maintained || class.commanded {
            let once = scenario.maintenance.as_ref().is_some_and(|maintenance| maintenance.once);
            layout.push(Attribute::Maintenance, if once { 2 } else { 1 });
        }
        if class.comes_and_goes() {
            let most = if class.replaced { Presence::Replacing } else { Presence::Coming };
            layout.push(Attribute::Presence, most.value());
        }
        layout
    }

    fn push(&mut self, attribute: Attribute, max: i64) {
        self.positions.insert(attribute, self.attributes.len());
        self.attributes.push(attribute);
        self.max.push(max);
    }
}

/// How many pods of one template fit an empty node of the class, if there are as many.
pub fn fitting(class: &NodeClass, template: &Template) -> i64 {
    room(class, template).min(template.max_pods)
}

/// For how many pods of one template an empty node of the class has room.
fn room(class: &NodeClass, template: &Template) -> i64 {
    let amounts = requested(template).filter(|&(_, amount)| amount > 0);
    amounts.map(|(name, amount)| class.free(name).max(0) / amount).fold(i64::MAX, i64::min)
}

/// When a node has room for one more pod, as far as one resource is concerned, in a unit that divides all requests.
#[derive(Clone, Debug)]
pub struct Room {
    /// What pods on the node may take at most, so that one more fits.
    pub most: i64,
    /// What a pod of each template takes; 0 for those that are not listed.
    pub requests: Vec<(TemplateId, i64)>,
}

impl Room {
    /// The room on nodes of a class for a pod that requests `amount` of a resource, which is more than 0.
    pub fn of(class: &NodeClass, templates: &[Template], resource: &str, amount: i64) -> Room {
        let movable = templates.iter().enumerate().filter(|(_, template)| template.tenure != Tenure::Resident);
        let requests = movable.map(|(index, template)| (TemplateId(index), template.requests.get(resource)));
        let requests: Vec<(TemplateId, i64)> = requests.filter(|&(_, each)| each > 0).collect();
        let unit = requests.iter().fold(amount, |unit, &(_, each)| gcd(unit, each));
        Room {
            most: Room::most(class, resource, amount, unit),
            requests: requests.into_iter().map(|(id, each)| (id, each / unit)).collect(),
        }
    }

    /// The same in a given unit, which divides all requests, and without saying who requests what.
    pub fn most(class: &NodeClass, resource: &str, amount: i64, unit: i64) -> i64 {
        class.free(resource).div_euclid(unit) - amount / unit
    }

    /// What a pod of a template takes.
    pub fn each(&self, template: TemplateId) -> i64 {
        self.requests.iter().find(|(id, _)| *id == template).map_or(0, |&(_, each)| each)
    }
}

/// The resources that a template requests, by name, in the order in which the scheduler complains about them.
pub fn requested(template: &Template) -> impl Iterator<Item = (&str, i64)> {
    let plain = ["pods", "cpu", "memory", "ephemeral-storage"];
    let extended = template.requests.extended.iter().map(|(name, &amount)| (name.as_str(), amount));
    plain.into_iter().map(|name| (name, template.requests.get(name))).chain(extended)
}
