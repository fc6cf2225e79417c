//! What the check of a family of topologies says beyond the verdict: which sizes were covered and how, and whether the
//! smallest counterexample is one of the topology that was asked about.

use super::Coverage;
use crate::check::Answer;
use crate::input::Dimension;

/// The sizes behind a result.
#[derive(Clone, Debug)]
pub struct FamilyReport {
    /// What members differ in.
    pub dimensions: Vec<Dimension>,
    /// What is known of which sizes.
    pub coverage: Coverage,
    /// Why some sizes are no members, if so.
    pub omitted: Option<String>,
    /// Whether many sizes were covered by one query; `None` if it was not tried, or decided nothing.
    pub query: Option<OneQuery>,
    /// What became of the smallest counterexample elsewhere.
    pub lift: Option<Lift>,
}

/// Many sizes in one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneQuery {
    /// So many sizes are covered by one query.
    Covers {
        /// The first of them.
        first: Vec<i64>,
        /// The last of them.
        last: Vec<i64>,
        /// How many they are, neighbours in the order of the search or not.
        count: usize,
    },
    /// Each size was checked alone; why.
    Impossible(String),
}

/// The smallest counterexample, carried to another member.
#[derive(Clone, Debug)]
pub struct Lift {
    /// That member.
    pub size: Vec<i64>,
    /// How it was decided.
    pub how: How,
    /// What is known of that member.
    pub answer: Answer,
    /// Time it took.
    pub seconds: f64,
}

/// How a member was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its own check found the counterexample: it is the smallest violating size itself.
    Itself,
    /// By repeating the choices of the smallest counterexample.
    Followed,
    /// By a check of its own, because the choices could not be repeated.
    Searched,
}

impl How {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            How::Itself => "itself",
            How::Followed => "followed",
            How::Searched => "searched",
        }
    }
}
