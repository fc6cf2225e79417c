//! Names and sizes as users write them; amounts are read in [`crate::input::units`].

use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use itertools::Itertools;

use crate::report::{FORMATS, Format};
use crate::system::Interleaving;

use super::CliError;

pub use crate::input::units::{duration, memory, range};

/// An interleaving by its name.
pub fn interleaving() -> impl TypedValueParser<Value = Interleaving> {
    let names = Interleaving::ALL.map(|it| PossibleValue::new(it.name()).help(it.meaning()));
    PossibleValuesParser::new(names).map(|name| Interleaving::named(&name).unwrap_or_default())
}

/// A format by its name: of those that fit.
pub fn format(fits: fn(&Format) -> bool) -> impl TypedValueParser<Value = &'static Format> {
    let names = FORMATS.iter().filter(|it| fits(it)).map(|it| PossibleValue::new(it.name).help(it.help));
    PossibleValuesParser::new(names).map(|name| Format::named(&name).unwrap_or(FORMATS[0]))
}

/// The format that somebody asks for, or that a file has by its suffix; the default one for files without suffix.
pub fn format_of(
    asked: Option<&'static Format>,
    file: Option<&Path>,
    fits: fn(&Format) -> bool,
) -> Result<&'static Format, CliError> {
    let Some(file) = asked.is_none().then_some(file).flatten() else { return Ok(asked.unwrap_or(FORMATS[0])) };
    if file.extension().is_none() {
        return Ok(FORMATS[0]);
    }
    let fitting = || FORMATS.iter().filter(|format| fits(format));
    match Format::of_file(&file.to_string_lossy()) {
        Some(format) if fits(format) => Ok(format),
        Some(format) => {
            let names = fitting().map(|format| format.name).join(", ");
            let problem = format!("{} is for answers of {}; others are written as {names}", format.name, whose(format));
            Err(CliError::Format(file.to_owned(), problem))
        }
        None => {
            let known = fitting().flat_map(|format| format.suffixes).join(", ");
            let problem =
                format!("no format has files that end like this; name it with --format, or end it in {known}");
            Err(CliError::Format(file.to_owned(), problem))
        }
    }
}

/// The commands whose answers are written so, where these are not all.
fn whose(format: &Format) -> &'static str {
    if format.has_checks() { "`kubound check`" } else { "`kubound bench` and `kubound compare`" }
}

/// `worker=7`, or `worker=1..100`.
pub fn size(text: &str) -> Result<(String, (usize, usize)), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not of the form `worker=7`"))?;
    Ok((name.trim().to_owned(), range(value)?))
}

/// `worker=7`, or a number alone, which has an empty name.
pub fn single_size(text: &str) -> Result<(String, i64), String> {
    let (name, value) = text.split_once('=').unwrap_or(("", text));
    let value = value.trim().parse().map_err(|_| format!("`{text}` is neither a number nor of the form `worker=7`"))?;
    Ok((name.trim().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_by_name() {
        assert_eq!(size("worker=2..5"), Ok(("worker".to_owned(), (2, 5))));
        assert!(size("worker").is_err() && size("worker=many").is_err());
        assert_eq!((single_size("7"), single_size("a=3")), (Ok((String::new(), 7)), Ok(("a".to_owned(), 3))));
        assert!(single_size("a=b").is_err());
    }
}
