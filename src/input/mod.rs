//! Manifests, dumps and scenarios: from text to a [`ClusterSpec`].
//!
//! The way of an input: texts ([`source`], [`places`]) become positioned trees ([`yaml`], [`tree`]), trees become objects ([`object`]), objects
//! are sorted by kind, checked ([`validate`]) and typed ([`kinds`], [`typed`]) one by one, and typed objects are resolved against each other
//! ([`workloads`], [`autoscalers`], [`scenario`], …). Everything that is wrong is reported into one [`Diagnostics`], with
//! its place; a spec is returned only if nothing is.

pub mod apply;
pub mod autoscalers;
pub mod census;
pub mod config;
pub mod daemon_sets;
pub mod defaults;
pub mod descheduler;
pub mod diagnostics;
mod embedded;
pub mod family;
mod fields;
pub mod gitops;
pub mod ignore;
mod influence;
pub mod init;
pub mod jobs;
mod karpenter;
pub mod keda;
pub mod kinds;
pub mod locate;
mod missing;
pub mod object;
mod object_counts;
mod owner;
pub mod path;
mod pieces;
pub mod places;
mod references;
mod resolve;
mod rest;
pub mod scenario;
pub mod scheduler;
pub mod schema;
mod selecting;
pub mod source;
pub mod stateful_sets;
mod strangers;
pub mod suggest;
pub mod templates;
pub mod timing;
pub mod tree;
pub mod typed;
pub mod unique;
pub mod units;
pub mod validate;
pub mod vertical;
pub mod visible;
pub mod volumes;
pub mod workloads;
pub mod yaml;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::object::spec::{ClusterSpec, ObjectKey};
use crate::term::Limit;

pub use config::Config;
pub use defaults::describe_defaults;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use family::{Amounts, Family};
pub use ignore::{Ignore, Whom};
pub use init::init_scenario;
pub use scenario::dimension::{Dimension, Size};
pub use schema::{config_schema, scenario_schema};

use source::Source;

/// How to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// Whether input without any node is an error. `kubound init` does without.
    pub need_nodes: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions { need_nodes: true }
    }
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The cluster; of a family the largest member.
    pub spec: ClusterSpec,
    /// All members, if the scenario leaves sizes open.
    pub family: Option<Family>,
    /// Warnings and notes; never errors.
    pub diagnostics: Diagnostics,
    /// Whether there was a `kind: Scenario` document.
    pub scenario_given: bool,
    /// What annotations of objects ignore.
    pub ignores: Vec<Ignore>,
}

/// Reads files, directories ([`places`]) and standard input (`-`).
pub fn load(paths: &[PathBuf], options: LoadOptions) -> Result<Loaded, Diagnostics> {
    load_configured(paths, None, options, &Limit::default())
}

/// The same, with the scenario of a configuration, for inputs that have none, and a limit for the programs that render what
/// is in directories.
pub fn load_configured(
    paths: &[PathBuf],
    config: Option<&Path>,
    options: LoadOptions,
    limit: &Limit,
) -> Result<Loaded, Diagnostics> {
    let mut sink = Diagnostics::default();
    let sources = sources(paths, config, limit, &mut sink);
    resolve::resolve(&sources, options, sink)
}

/// The texts of paths, and what a configuration has for inputs that do not say it themselves: a scenario, and what takes how
/// long.
pub fn sources(paths: &[PathBuf], config: Option<&Path>, limit: &Limit, sink: &mut Diagnostics) -> Vec<Arc<Source>> {
    let mut sources = places::read(paths, limit, sink);
    let mut configured = config.map_or_else(Vec::new, |config| config::sources(config, sink));
    let is_there = |it: &Source| sources.iter().any(|known| known.is_file(&it.name, Path::new(&it.name)));
    configured.retain(|it| !is_there(it));
    sources.extend(configured.into_iter().map(Arc::new));
    sources
}

/// Reads texts that are there already, such as those of files that somebody changed on paper.
pub fn load_sources(sources: &[Arc<Source>], options: LoadOptions) -> Result<Loaded, Diagnostics> {
    resolve::resolve(sources, options, Diagnostics::default())
}

/// Reads texts from memory: pairs of name and text.
pub fn load_strings(texts: &[(&str, &str)], options: LoadOptions) -> Result<Loaded, Diagnostics> {
    let sources: Vec<Arc<Source>> =
        texts.iter().map(|(name, text)| Arc::new(Source::from_memory(name, text))).collect();
    resolve::resolve(&sources, options, Diagnostics::default())
}

/// Namespace and name of an object.
fn key_of(metadata: &ObjectMeta) -> ObjectKey {
    ObjectKey {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    }
}
