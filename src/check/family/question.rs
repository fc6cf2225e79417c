//! What is asked about a family: below everybody who helps to answer it.

use crate::check::plan::Plan;
use crate::check::source::Input;
use crate::input::Size;
use crate::property::Selection;

use super::members::Members;

/// A family and how it is checked.
pub struct FamilyCheck<'a> {
    /// The members.
    pub members: &'a Members,
    /// Names of the properties asked for; none: those of the input.
    pub names: &'a [String],
    /// Which of the questions about them are asked.
    pub narrow: &'a dyn Fn(Selection) -> Selection,
    /// The engine and the budget for the whole family.
    pub plan: &'a Plan<'a>,
    /// Where a counterexample is tried again.
    pub lift_to: Size,
    /// Changes a member as the command line says.
    pub adjust: &'a dyn Fn(&mut Input),
}

impl FamilyCheck<'_> {
    /// What is asked of a member: everything, or only the properties of these names.
    pub fn selection(&self, member: &Input, names: &[String]) -> Selection {
        let all = (self.narrow)(member.selection(self.names));
        if names.is_empty() { all } else { all.only(names) }
    }
}
