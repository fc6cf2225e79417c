//! Decides.

pub mod focus;
