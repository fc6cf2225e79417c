//! Reads the input of a command: paths, or a case that comes with Kubound.

use crate::cases::{self, CASES};
use crate::cluster::scenario::PropertySpec;
use crate::cluster::spec::ClusterSpec;
use crate::input::{self, Diagnostics, LoadOptions, Loaded};
use crate::property::Selection;
use crate::report::InputName;
use crate::report::text::Detail;

use super::CliError;
use super::args::Source;
use super::output::remark;

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
}

/// Everything that the arguments name: one input, or with `--case all` or `wide` one for each case.
pub fn names(source: &Source) -> Result<Vec<InputName>, CliError> {
    let case = |id: &str| InputName::Case { case: id.to_owned(), scale: source.scale, fixed: source.fixed };
    match source.case.as_deref() {
        None => Ok(vec![InputName::Paths { paths: source.paths.iter().map(|it| it.display().to_string()).collect() }]),
        Some("all") => Ok(CASES.iter().filter(|it| it.is_published()).map(|it| case(it.id)).collect()),
        Some("wide") => Ok(CASES.iter().filter(|it| !it.is_published()).map(|it| case(it.id)).collect()),
        Some(id) => {
            cases::find(id)?;
            Ok(vec![case(id)])
        }
    }
}

/// The one input that the arguments name.
pub fn single(source: &Source) -> Result<Input, CliError> {
    match names(source)?.as_slice() {
        [name] => read(name),
        _ => Err(CliError::Usage("`all` and `wide` are for `check` only; name one case".to_owned())),
    }
}

/// Reads an input.
pub fn read(name: &InputName) -> Result<Input, CliError> {
    let options = LoadOptions::default();
    let Loaded { spec, diagnostics, scenario_given } = match name {
        InputName::Paths { paths } => input::load(&paths.iter().map(Into::into).collect::<Vec<_>>(), options)?,
        InputName::Case { case, scale, fixed } => {
            let files = cases::generate(case, *scale, *fixed)?;
            let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            input::load_strings(&texts, options)?
        }
    };
    Ok(Input { name: name.clone(), spec, diagnostics, scenario_given })
}

impl Input {
    /// Tells on standard error how the input was understood.
    pub fn remark(&self, detail: Detail) {
        if detail > Detail::Quiet {
            remark(&self.diagnostics.to_string());
        }
    }

    /// The properties to check: those named, as the scenario has them where it has them; else the scenario's.
    pub fn selection(&self, names: &[String]) -> Selection {
        let given = &self.spec.scenario.properties;
        if names.is_empty() {
            return Selection::of(given);
        }
        let plain = |name: &String| PropertySpec {
            name: name.clone(),
            target: None,
            arguments: Default::default(),
            origin: Default::default(),
        };
        let named = names.iter().flat_map(|name| {
            let own: Vec<PropertySpec> = given.iter().filter(|it| it.name == *name).cloned().collect();
            if own.is_empty() { vec![plain(name)] } else { own }
        });
        Selection::of(&named.collect::<Vec<PropertySpec>>())
    }
}
