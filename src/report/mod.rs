//! From verdicts to what people and programs read: one model ([`crate::check`]), many renderers.
//!
//! [`family`] says which sizes a verdict covers, [`focus`] in what company workloads were decided, [`reduction`] how a model was made smaller, [`rules`] what encodings say of their decisions; [`text`], [`json`] and
//! [`table`] render.

pub mod family;
pub mod focus;
pub mod json;
pub mod reduction;
pub mod rules;
pub mod table;
pub mod text;
