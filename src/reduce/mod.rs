//! Passes that make what has to be searched smaller, and the maps that carry traces back.

pub mod family;
