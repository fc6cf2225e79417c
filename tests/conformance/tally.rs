//! Agreement, counted by family.

use std::fmt;

/// How one record fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything recorded was computed.
    Agrees,
    /// What differs.
    Differs(String),
    /// What the encodings leave out.
    NotModelled(String),
}

impl Verdict {
    /// Agreement if nothing is listed.
    pub fn from_differences(differences: Vec<String>) -> Self {
        match differences.is_empty() {
            true => Verdict::Agrees,
            false => Verdict::Differs(differences.join("; ")),
        }
    }
}

/// The records of one family.
#[derive(Clone, Debug, Default)]
pub struct Family {
    /// Its name in the recordings.
    pub name: String,
    /// Records that agree.
    pub agree: usize,
    /// Identifier and difference of those that do not.
    pub differ: Vec<(String, String)>,
    /// Demands of paces and timers that hold of recorded times; 0 where none are compared.
    pub demands: usize,
    /// Identifier and reason of those that were not compared.
    pub not_modelled: Vec<(String, String)>,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (agree, differ, not_modelled) = (self.agree, self.differ.len(), self.not_modelled.len());
        write!(f, "{}: {agree} agree, {differ} differ, {not_modelled} not modelled", self.name)?;
        if self.demands > 0 { write!(f, ", {} demands kept", self.demands) } else { Ok(()) }
    }
}

/// One component and its families, in the order of the recordings.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name.
    pub name: &'static str,
    /// The upstream version that was recorded.
    pub version: &'static str,
    /// In the order of their first records.
    pub families: Vec<Family>,
}

impl Component {
    /// A component without records.
    pub fn new(name: &'static str, version: &'static str) -> Self {
        Component { name, version, families: Vec::new() }
    }

    /// Counts one record.
    pub fn count(&mut self, family: &str, id: &str, verdict: Verdict) {
        let family = self.family(family);
        match verdict {
            Verdict::Agrees => family.agree += 1,
            Verdict::Differs(what) => family.differ.push((id.to_owned(), what)),
            Verdict::NotModelled(why) => family.not_modelled.push((id.to_owned(), why)),
        }
    }

    /// Counts one record whose times keep to so many demands.
    pub fn count_demands(&mut self, family: &str, id: &str, demands: usize) {
        self.count(family, id, Verdict::Agrees);
        self.family(family).demands += demands;
    }

    /// The family of that name, a new one if there is none yet.
    fn family(&mut self, name: &str) -> &mut Family {
        let position = self.families.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.families.push(Family { name: name.to_owned(), ..Family::default() });
            self.families.len() - 1
        });
        &mut self.families[position]
    }
}

/// All components.
#[derive(Clone, Debug)]
pub struct Report {
    /// In a fixed order.
    pub components: Vec<Component>,
}

impl Report {
    fn families(&self) -> impl Iterator<Item = &Family> {
        self.components.iter().flat_map(|component| &component.families)
    }

    /// Records that agree.
    pub fn passed(&self) -> usize {
        self.families().map(|family| family.agree).sum()
    }

    /// Records that differ.
    pub fn failed(&self) -> usize {
        self.families().map(|family| family.differ.len()).sum()
    }

    /// Demands that hold of recorded times.
    pub fn demands(&self) -> usize {
        self.families().map(|family| family.demands).sum()
    }

    /// Records that were not compared.
    pub fn not_modelled(&self) -> usize {
        self.families().map(|family| family.not_modelled.len()).sum()
    }
}
