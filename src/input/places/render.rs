//! Renders charts and kustomizations with the programs that people have for that.
//!
//! Where a program is missing or fails, what it was to render is absent: a note or a warning says so, and so does every
//! verdict that holds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cluster::object::spec::Origin;
use crate::input::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::input::source::{Source, Standing};
use crate::term::Limit;

use super::chart::{Chart, by_template};
use super::program::{ProgramError, run};
use super::some;

/// Stands behind the file that rendered text comes from.
const BY_HELM: &str = " (as helm renders it)";
/// The same of kustomizations.
const BY_KUSTOMIZE: &str = " (as kustomize builds it)";
/// The name of releases of charts whose own name cannot be one; helm's own choice.
const RELEASE: &str = "release-name";

/// The file that rendered text comes from, by the name of that text; `None` of text that is not rendered.
pub fn template_of(name: &str) -> Option<&str> {
    name.strip_suffix(BY_HELM).or(name.strip_suffix(BY_KUSTOMIZE))
}

/// Renders.
pub struct Renderer<'a> {
    limit: &'a Limit,
    /// What nobody could render, because there is no program for it: charts and kustomizations.
    charts: BTreeSet<String>,
    kustomizations: BTreeSet<String>,
}

impl<'a> Renderer<'a> {
    /// Renders as long as a limit is not reached.
    pub fn new(limit: &'a Limit) -> Self {
        Renderer { limit, charts: BTreeSet::new(), kustomizations: BTreeSet::new() }
    }

    /// The texts of a chart's templates, with its own values.
    pub fn chart(&mut self, directory: &Path, sink: &mut Diagnostics) -> Vec<Arc<Source>> {
        let shown = directory.display().to_string();
        let chart = Chart::of(directory);
        if chart.is_library {
            sink.note(format!("{shown} is a chart for other charts, and has no objects of its own"));
            return Vec::new();
        }
        let (release, place) = (chart.release.as_deref().unwrap_or(RELEASE), operand(directory));
        let arguments = ["template".as_ref(), "--skip-tests".as_ref(), release.as_ref(), place.as_os_str()];
        match run("helm", &arguments, self.limit) {
            Ok(text) => by_template(&text).into_iter().map(|part| of_template(directory, part)).collect(),
            Err(ProgramError::Missing) => {
                self.charts.insert(shown.clone());
                vec![absent(format!("chart {shown}"))]
            }
            Err(error) => {
                let message = format!("this chart is left out: `helm template` {error}");
                let help = "correct it, or render it yourself: helm template … | kubound check -";
                sink.push(warning(&directory.join("Chart.yaml"), message, help));
                vec![absent(format!("chart {shown}"))]
            }
        }
    }

    /// The text of the kustomization in whose directory a file is.
    pub fn kustomization(&mut self, file: &Path, sink: &mut Diagnostics) -> Arc<Source> {
        let directory = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let what = format!("kustomization {}", directory.display());
        match self.build(&operand(directory)) {
            Ok(text) => Arc::new(Source::from_memory(&format!("{}{BY_KUSTOMIZE}", file.display()), &text)),
            Err((_, ProgramError::Missing)) => {
                self.kustomizations.insert(directory.display().to_string());
                absent(what)
            }
            Err((command, error)) => {
                let message = format!("this kustomization is left out: `{command}` {error}");
                let help = "correct it, or build it yourself: kubectl kustomize … | kubound check -";
                sink.push(warning(file, message, help));
                absent(what)
            }
        }
    }

    /// What `kustomize` makes of a directory, or `kubectl` where there is no such program; or which of them failed.
    fn build(&self, directory: &Path) -> Result<String, (&'static str, ProgramError)> {
        match run("kustomize", &["build".as_ref(), directory.as_os_str()], self.limit) {
            Err(ProgramError::Missing) => {
                let arguments = ["kustomize".as_ref(), directory.as_os_str()];
                run("kubectl", &arguments, self.limit).map_err(|error| ("kubectl kustomize", error))
            }
            other => other.map_err(|error| ("kustomize build", error)),
        }
    }

    /// Says for what there was no program.
    pub fn tell(&self, sink: &mut Diagnostics) {
        if !self.charts.is_empty() {
            let text = "left out, because there is no `helm` on the PATH to render charts with";
            sink.note(format!("{text}: {}", some(&self.charts)));
        }
        if !self.kustomizations.is_empty() {
            let text =
                "left out, because there is neither `kustomize` nor `kubectl` on the PATH to build kustomizations with";
            sink.note(format!("{text}: {}", some(&self.kustomizations)));
        }
    }
}

/// A directory as a program takes it for no option.
fn operand(directory: &Path) -> PathBuf {
    match directory.as_os_str().as_encoded_bytes().starts_with(b"-") {
        true => Path::new(".").join(directory),
        false => directory.to_owned(),
    }
}

fn of_template(directory: &Path, (template, text): (String, String)) -> Arc<Source> {
    let file = if template.is_empty() { "Chart.yaml" } else { template.as_str() };
    Arc::new(Source::from_memory(&format!("{}{BY_HELM}", directory.join(file).display()), &text))
}

/// What stands for a text that could not be had.
fn absent(what: String) -> Arc<Source> {
    Arc::new(Source::default().with_standing(Standing::Absent(what)))
}

fn warning(file: &Path, message: String, help: &str) -> Diagnostic {
    let origin = Origin { file: file.display().to_string(), ..Origin::default() };
    Diagnostic::new(Severity::Warning, message).with_help(help).at(origin, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendered_text_is_named_after_its_template() {
        let source = of_template(Path::new("shop"), ("templates/web.yaml".to_owned(), String::new()));
        assert_eq!(source.name, "shop/templates/web.yaml (as helm renders it)");
        assert_eq!(template_of(&source.name), Some("shop/templates/web.yaml"));
        assert_eq!(template_of("shop/web.yaml"), None);
    }

    #[test]
    fn directories_are_no_options() {
        assert_eq!(operand(Path::new("-f")).display().to_string(), "./-f");
        assert_eq!(operand(Path::new("a/-f")).display().to_string(), "a/-f");
    }
}
