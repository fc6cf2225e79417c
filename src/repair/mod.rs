//! Repairs.

pub mod edit;
pub mod grammar;
pub mod objects;
pub mod text;
