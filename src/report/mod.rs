//! From what a command answers to what people and programs read: one model ([`document`]), many formats ([`render`]).

pub mod document;
pub mod merge;
pub mod plot;
pub mod render;

pub use document::{Document, Part};
pub use render::{Detail, FORMATS, Format, Needs};
