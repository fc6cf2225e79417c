//! Reads an input: paths, or a case that comes with Kubound.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cases;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::ClusterSpec;
use crate::input::source::Source;
use crate::input::{self, Diagnostics, Family, Ignore, LoadOptions, Loaded};
use crate::property::Selection;
use crate::term::Limit;

use super::family::Members;
use super::{CheckError, InputName};

/// What a command works on.
pub struct Input {
    /// Where it came from.
    pub name: InputName,
    /// The cluster.
    pub spec: ClusterSpec,
    /// Warnings and notes.
    pub diagnostics: Diagnostics,
    /// Whether a scenario came with it.
    pub scenario_given: bool,
    /// What annotations of its objects ignore.
    pub ignores: Vec<Ignore>,
    /// If it is a family: its members; the rest is that of one of them.
    pub members: Option<Members>,
}

/// One thing that arguments ask for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where it comes from.
    pub name: InputName,
    /// Scales of a case.
    pub scale: (usize, usize),
    /// Sizes of a scenario, by name.
    pub sizes: Vec<(String, (usize, usize))>,
}

/// Reads what is asked for, which may be a family.
pub fn open(asked: &Asked) -> Result<Input, CheckError> {
    open_within(asked, &Limit::default())
}

/// [`open`], with a limit for the programs that render what is in directories.
pub fn open_within(asked: &Asked, limit: &Limit) -> Result<Input, CheckError> {
    match &asked.name {
        InputName::Case { case, fixed, .. } if asked.scale.0 < asked.scale.1 => {
            let members = Members::of_case(case, asked.scale, *fixed)?;
            let input = members.member(&members.sizes[0])?;
            Ok(Input { members: Some(members), ..input })
        }
        name => read_within(name, &asked.sizes, limit),
    }
}

/// Reads manifests, a dump or a scenario that are there as text, each with a name for errors.
///
/// # Errors
///
/// If something in it cannot be read, with its place.
pub fn of_texts(files: &[(&str, &str)]) -> Result<Input, CheckError> {
    let names: Vec<String> = files.iter().map(|&(name, _)| name.to_owned()).collect();
    family(Files::named(&names), input::load_strings(files, LoadOptions::default())?, &[])
}

/// Reads an input by its name.
pub fn read(name: &InputName) -> Result<Input, CheckError> {
    read_within(name, &[], &Limit::default())
}

/// The texts that are asked for, to be changed and checked ([`of_sources`]); with a limit for programs that render them.
///
/// # Errors
///
/// If one of them cannot be read, or if a case has no texts for such a range.
pub fn texts_of(asked: &Asked, limit: &Limit) -> Result<Vec<Arc<Source>>, CheckError> {
    let InputName::Case { case, scale, fixed } = &asked.name else {
        let InputName::Paths { paths, config, .. } = &asked.name else { return Ok(Vec::new()) };
        let mut sink = Diagnostics::default();
        let files: Vec<PathBuf> = paths.iter().map(Into::into).collect();
        let sources = input::sources(&files, config.as_deref().map(Path::new), limit, &mut sink);
        return if sink.has_errors() { Err(sink.into()) } else { Ok(sources) };
    };
    let files = match asked.scale.0 < asked.scale.1 {
        false => cases::generate(case, *scale, *fixed)?,
        true => cases::family::ranged(case, asked.scale, *fixed)?.ok_or_else(|| {
            CheckError::Usage(format!("{case} is not one text at all of these scales: give a single one"))
        })?,
    };
    Ok(files.iter().map(|(name, text)| Arc::new(Source::from_memory(name, text))).collect())
}

/// Makes an input of texts.
///
/// # Errors
///
/// If something in them cannot be read, with its place.
pub fn of_sources(sources: &[Arc<Source>], sizes: &[(String, (usize, usize))]) -> Result<Input, CheckError> {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    family(Files::named(&names), input::load_sources(sources, LoadOptions::default())?, sizes)
}

fn read_within(name: &InputName, narrow: &[(String, (usize, usize))], limit: &Limit) -> Result<Input, CheckError> {
    let options = LoadOptions::default();
    match name {
        InputName::Paths { paths, sizes, config } => {
            let files: Vec<PathBuf> = paths.iter().map(Into::into).collect();
            let mut loaded = input::load_configured(&files, config.as_deref().map(Path::new), options, limit)?;
            let exact = sizes.iter().map(|(name, &value)| {
                let value = usize::try_from(value).unwrap_or(0);
                (name.clone(), (value, value))
            });
            if let Some(config) = config {
                loaded.diagnostics.note(format!("using {config}"));
            }
            let files = Files { paths, config: config.clone() };
            family(files, loaded, &narrow.iter().cloned().chain(exact).collect::<Vec<_>>())
        }
        InputName::Case { case, scale, fixed } => {
            let files = cases::generate(case, *scale, *fixed)?;
            let Loaded { spec, diagnostics, scenario_given, ignores, .. } =
                input::load_strings(&texts(&files), options)?;
            Ok(Input { name: name.clone(), spec, diagnostics, scenario_given, ignores, members: None })
        }
    }
}

/// A case at a range of scales as one input with ranges, if its files can say that.
pub fn ranged(case: &str, scales: (usize, usize), fixed: bool) -> Result<Option<Family>, CheckError> {
    let Some(files) = cases::family::ranged(case, scales, fixed)? else { return Ok(None) };
    Ok(input::load_strings(&texts(&files), LoadOptions::default())?.family)
}

fn texts(files: &[cases::File]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// What names an input of files.
struct Files<'a> {
    paths: &'a [String],
    config: Option<String>,
}

impl<'a> Files<'a> {
    fn named(paths: &'a [String]) -> Self {
        Files { paths, config: None }
    }
}

/// What was loaded, with its members if there are several of them.
fn family(files: Files<'_>, loaded: Loaded, narrow: &[(String, (usize, usize))]) -> Result<Input, CheckError> {
    let Loaded { spec, family, diagnostics, scenario_given, ignores } = loaded;
    let Files { paths, config } = files;
    let Some(family) = family else {
        if let Some((name, _)) = narrow.first() {
            return Err(CheckError::Usage(format!("this input has no size `{name}`: its scenario has no ranges")));
        }
        let name = InputName::Paths { paths: paths.to_vec(), sizes: BTreeMap::new(), config };
        return Ok(Input { name, spec, diagnostics, scenario_given, ignores, members: None });
    };
    let members = Members::of_paths((paths.to_vec(), config), family, scenario_given, narrow)?;
    let largest = members.member(members.largest())?;
    let members = Some(members).filter(|members| members.sizes.len() > 1);
    Ok(Input { diagnostics, members, ignores, ..largest })
}

impl Input {
    /// The properties to check: those named, as the scenario has them where it has them; else the scenario's.
    pub fn selection(&self, names: &[String]) -> Selection {
        let given = &self.spec.scenario.properties;
        if names.is_empty() {
            return Selection::of(given);
        }
        let named = names.iter().flat_map(|name| {
            let own: Vec<PropertySpec> = given.iter().filter(|it| it.name == *name).cloned().collect();
            if own.is_empty() { vec![PropertySpec::named(name)] } else { own }
        });
        Selection::of(&named.collect::<Vec<PropertySpec>>())
    }
}
