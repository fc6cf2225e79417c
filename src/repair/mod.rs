//! Repairs.

pub mod text;
