//! The term language: a hash-consed graph of typed terms over Booleans and bounded integers.
//!
//! One file per meaning: [`arena`] stores terms, [`construct`] builds them, [`simplify`] rewrites them as they are
//! built, [`eval`] is the meaning of the language, [`follow`] the same along a run, [`limit`] ends building in time, [`program`] compiles a set of terms into straight-line code (in an order of `batches`), [`lines`]
//! runs that code on many equidistant values at once,
//! [`reach`] finds what terms are made of, [`substitute`] replaces variables by terms, [`mod@print`] writes them down.
//!
//! Invariants:
//! * Every integer term has a range that contains all its values; ranges decide widths and nothing overflows silently.
//! * A term's children have smaller indices than the term: index order is a topological order.
//! * Two structurally equal terms are one term; equality of handles is equality of terms.

pub mod arena;
mod batches;
pub mod construct;
pub mod eval;
pub mod follow;
pub mod limit;
pub mod lines;
pub mod print;
pub mod program;
pub mod reach;
mod rebuild;
pub mod simplify;
pub mod substitute;

pub use arena::{Arena, Node, Range, Sort, Table, TableId, TermId, VarId};
pub use construct::{Bool, Ctx, Int};
pub use eval::{Evaluate, Evaluator, Valuation};
pub use follow::{Dependents, Follower};
pub use limit::{Guarded, Limit, Stopped};
pub use lines::Line;
pub use program::{Compiler, Program, Segment, StagedProgram};
pub use reach::Reach;
pub use substitute::Substitution;
