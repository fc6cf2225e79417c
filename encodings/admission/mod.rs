//! Admission: what the API server makes of pods that controllers create.
//!
//! Part of the rule `admission/ResourceQuota`.

mod limit_range;
mod quota;

use crate::cluster::view::rule::Rule;

pub use quota::{RULE as QUOTA, Room, room, seen};

/// The rules of admission.
pub static RULES: &[&Rule] = &[&quota::RULE, &limit_range::RULE];
