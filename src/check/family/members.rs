//! The members of a family of topologies: of a scenario with ranges, or of a case at a range of scales.

use std::collections::BTreeMap;

use crate::cases;
use crate::check::InputName;
use crate::cluster::object::spec::ClusterSpec;
use crate::input::scenario::dimension::show;
use crate::input::{Amounts, Dimension, Family, Size};

use super::order::upward;
use crate::check::CheckError;
use crate::check::source::{self, Input};

/// All members, smallest first.
pub struct Members {
    /// What they differ in.
    pub dimensions: Vec<Dimension>,
    /// Their sizes, in the order of the search.
    pub sizes: Vec<Size>,
    /// Why some sizes within the ranges are no members, if so.
    pub omitted: Option<String>,
    origin: MadeFrom,
}

enum MadeFrom {
    /// With the same family as a scenario with ranges, if there is one.
    Case {
        case: String,
        fixed: bool,
        ranged: Option<Box<Family>>,
    },
    Paths {
        paths: Vec<String>,
        config: Option<String>,
        family: Box<Family>,
        scenario_given: bool,
    },
}

impl Members {
    /// A case at all scales of a range.
    pub fn of_case(case: &str, (min, max): (usize, usize), fixed: bool) -> Result<Self, CheckError> {
        let (scales, omitted) = cases::find(case)?.scales(min, max)?;
        let dimensions = vec![Dimension { name: "scale".to_owned(), min: min as i64, max: max as i64 }];
        let sizes = scales.into_iter().map(|scale| vec![scale as i64]).collect();
        let ranged = source::ranged(case, (min, max), fixed)?.map(Box::new);
        Ok(Members { dimensions, sizes, omitted, origin: MadeFrom::Case { case: case.to_owned(), fixed, ranged } })
    }

    /// The members of an input's family, within narrower ranges where `narrow` says so.
    pub fn of_paths(
        (paths, config): (Vec<String>, Option<String>),
        family: Family,
        scenario_given: bool,
        narrow: &[(String, (usize, usize))],
    ) -> Result<Self, CheckError> {
        let mut dimensions = family.dimensions().to_vec();
        for (name, (min, max)) in narrow {
            let dimension = dimensions.iter_mut().find(|it| it.name == *name);
            let dimension = dimension.ok_or_else(|| unknown(family.dimensions(), name))?;
            let (min, max) = (*min as i64, *max as i64);
            if min < dimension.min || max > dimension.max {
                return Err(CheckError::Usage(format!(
                    "{name} is {}..{} in this scenario",
                    dimension.min, dimension.max
                )));
            }
            (dimension.min, dimension.max) = (min, max);
        }
        let sizes = upward(&dimensions, |size| family.total(size));
        let origin = MadeFrom::Paths { paths, config, family: Box::new(family), scenario_given };
        Ok(Members { dimensions, sizes, omitted: None, origin })
    }

    /// The largest member's size.
    pub fn largest(&self) -> &Size {
        &self.sizes[self.sizes.len() - 1]
    }

    /// The size that values by name stand for; what is not named is as in the largest member. A value without a name
    /// is that of the only dimension. It has to be one of the members' sizes.
    pub fn size(&self, values: &[(String, i64)]) -> Result<Size, CheckError> {
        let mut size = self.largest().clone();
        for (name, value) in values {
            let position = match (name.as_str(), self.dimensions.as_slice()) {
                ("", [_]) => Some(0),
                _ => self.dimensions.iter().position(|it| it.name == *name),
            };
            let position = position.ok_or_else(|| unknown(&self.dimensions, name))?;
            size[position] = *value;
        }
        if !self.sizes.contains(&size) {
            let shown = show(&self.dimensions, &size);
            return Err(CheckError::Usage(format!("{shown} is none of the sizes that are checked")));
        }
        Ok(size)
    }

    /// The name of a member.
    pub fn name(&self, size: &[i64]) -> InputName {
        match &self.origin {
            MadeFrom::Case { case, fixed, .. } => {
                InputName::Case { case: case.clone(), scale: usize::try_from(size[0]).unwrap_or(0), fixed: *fixed }
            }
            MadeFrom::Paths { paths, config, .. } => {
                let names = self.dimensions.iter().map(|it| it.name.clone());
                let sizes: BTreeMap<String, i64> = names.zip(size.iter().copied()).collect();
                InputName::Paths { paths: paths.clone(), sizes, config: config.clone() }
            }
        }
    }

    /// A name for files that are about a member.
    pub fn part(&self, size: &[i64]) -> String {
        let plain = |it: char| if it.is_ascii_alphanumeric() || "-_.".contains(it) { it } else { '-' };
        let dimensions = self.dimensions.iter().zip(size);
        let parts = dimensions.map(|(it, value)| format!("{}={value}", it.name.chars().map(plain).collect::<String>()));
        parts.collect::<Vec<_>>().join(",")
    }

    /// What a size comes to; `None` where members are made one by one.
    pub fn amounts(&self, size: &[i64]) -> Option<Amounts> {
        match &self.origin {
            MadeFrom::Case { ranged, .. } => ranged.as_ref().map(|family| family.amounts(size)),
            MadeFrom::Paths { family, .. } => Some(family.amounts(size)),
        }
    }

    /// The cluster of such amounts, in the place of a member.
    pub fn cluster(&self, size: &[i64], amounts: &Amounts) -> Result<Input, CheckError> {
        match &self.origin {
            MadeFrom::Case { ranged: None, .. } => self.member(size),
            MadeFrom::Case { ranged: Some(family), .. } | MadeFrom::Paths { family, .. } => {
                Ok(self.input(size, family.cluster(amounts)?))
            }
        }
    }

    fn input(&self, size: &[i64], spec: ClusterSpec) -> Input {
        let scenario_given = !matches!(self.origin, MadeFrom::Paths { scenario_given: false, .. });
        let (name, diagnostics, ignores) = (self.name(size), Default::default(), Vec::new());
        Input { name, spec, diagnostics, scenario_given, ignores, members: None }
    }

    /// A member.
    pub fn member(&self, size: &[i64]) -> Result<Input, CheckError> {
        match &self.origin {
            MadeFrom::Case { .. } => source::read(&self.name(size)),
            MadeFrom::Paths { family, .. } => Ok(self.input(size, family.member(size)?)),
        }
    }
}

fn unknown(dimensions: &[Dimension], name: &str) -> CheckError {
    let known: Vec<&str> = dimensions.iter().map(|it| it.name.as_str()).collect();
    let name = if name.is_empty() { "a number alone".to_owned() } else { format!("`{name}`") };
    CheckError::Usage(format!("{name} is no size of this input; they are {}", known.join(", ")))
}
