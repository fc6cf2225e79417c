//! Which files of an input change.
//!
//! Directories are watched with all that is below them, files by the directory that they are in: editors write a new file
//! and give it the name of the old one. So is whatever a path would be in that is not there. Reading is no change, and
//! neither is the file that answers are written to, nor what is hidden or kept by editors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::cli::CliError;

/// Changes that follow each other as quickly as this are one.
const QUIET: Duration = Duration::from_millis(150);
/// But nobody waits longer than this.
const LONGEST: Duration = Duration::from_secs(2);
/// So many names are told.
const TOLD: usize = 3;

/// Watches an input.
pub struct Changes {
    paths: Vec<Watched>,
    /// The file that answers are written to.
    output: Option<PathBuf>,
    events: Receiver<notify::Result<Event>>,
    /// Watches as long as it is there.
    _watcher: RecommendedWatcher,
}

/// A path that was given.
struct Watched {
    /// As it was given.
    given: PathBuf,
    /// The same from the root on, as it was written and as links lead to it.
    whole: BTreeSet<PathBuf>,
}

impl Changes {
    /// Watches paths from now on, without a file that is written to.
    pub fn of(paths: &[PathBuf], output: Option<&Path>) -> Result<Self, CliError> {
        let (sender, events) = channel();
        let failed = |path: &Path, error: notify::Error| CliError::File(path.to_owned(), std::io::Error::other(error));
        let send = move |event| {
            // Nobody listens any more when the next watch has begun.
            let _ = sender.send(event);
        };
        let mut watcher = notify::recommended_watcher(send).map_err(|error| failed(Path::new("."), error))?;
        for path in paths {
            for (place, mode) in places(path) {
                watcher.watch(&place, mode).map_err(|error| failed(&place, error))?;
            }
        }
        let paths = paths.iter().map(|path| Watched { given: path.clone(), whole: whole(path) }).collect();
        Ok(Changes { paths, output: output.map(beside), events, _watcher: watcher })
    }

    /// Waits so long for a change, and then until all is quiet. The files that changed, as people would name them.
    pub fn wait(&mut self, time: Duration) -> Result<BTreeSet<String>, CliError> {
        let mut changed = BTreeSet::new();
        let began = Instant::now();
        let mut patience = time;
        loop {
            match self.events.recv_timeout(patience) {
                Ok(Ok(event)) => changed.extend(self.named(&event)),
                // Too many changes to tell: something has changed.
                Ok(Err(_)) => changed.extend(self.paths.first().map(|path| path.given.display().to_string())),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(changed),
            }
            let is_over = began.elapsed() > LONGEST || (changed.is_empty() && began.elapsed() > time);
            if is_over {
                return Ok(changed);
            }
            patience = if changed.is_empty() { time.saturating_sub(began.elapsed()) } else { QUIET };
        }
    }

    /// What an event changes of the input.
    fn named(&self, event: &Event) -> Vec<String> {
        if event.need_rescan() {
            return self.paths.iter().map(|path| path.given.display().to_string()).collect();
        }
        match event.kind {
            EventKind::Access(_) => Vec::new(),
            _ => event.paths.iter().filter_map(|path| self.name(path)).collect(),
        }
    }

    /// A path that changed, as somebody would name it who gave the paths of the input; `None` if it is none of its.
    fn name(&self, changed: &Path) -> Option<String> {
        let changed = std::path::absolute(changed).ok()?;
        if self.output.as_ref().is_some_and(|output| *output == beside(&changed)) {
            return None;
        }
        self.paths.iter().find_map(|path| path.name(&changed))
    }
}

impl Watched {
    fn name(&self, changed: &Path) -> Option<String> {
        let below = self.whole.iter().find_map(|whole| changed.strip_prefix(whole).ok())?;
        let is_left_aside = below.components().any(|part| is_left_aside(&part.as_os_str().to_string_lossy()));
        let named = if below.as_os_str().is_empty() { self.given.clone() } else { self.given.join(below) };
        (!is_left_aside).then(|| named.display().to_string())
    }
}

/// What is no part of an input although it is in its directory: hidden files, and what editors keep or try out.
fn is_left_aside(name: &str) -> bool {
    name.starts_with('.') || name.starts_with('#') || name.ends_with('~') || name == "4913"
}

/// What has to be watched to see a path change.
fn places(path: &Path) -> Vec<(PathBuf, RecursiveMode)> {
    let mut places = Vec::new();
    if path.is_dir() {
        places.push((path.to_owned(), RecursiveMode::Recursive));
    }
    for whole in whole(path) {
        let around = whole.ancestors().skip(1).find(|it| it.is_dir());
        // The whole file system is not watched for a path in its root.
        places.extend(around.map(|it| (it.to_owned(), RecursiveMode::NonRecursive)));
    }
    places
}

/// A path from the root on, as it is written, and as links lead to it.
fn whole(path: &Path) -> BTreeSet<PathBuf> {
    [std::path::absolute(path).ok(), std::fs::canonicalize(path).ok()].into_iter().flatten().collect()
}

/// A file by the real directory that it is in: it need not be there itself.
fn beside(file: &Path) -> PathBuf {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let directory = whole.parent().and_then(|it| std::fs::canonicalize(it).ok());
    directory.zip(whole.file_name()).map_or(whole.clone(), |(directory, name)| directory.join(name))
}

/// What changed, in a few words.
pub fn told(changed: &BTreeSet<String>) -> String {
    let names: Vec<&str> = changed.iter().take(TOLD).map(String::as_str).collect();
    match changed.len().saturating_sub(TOLD) {
        0 => format!("{} changed", names.join(", ")),
        more => format!("{} and {more} more changed", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn changes(paths: &[&Path], output: Option<&Path>) -> Changes {
        let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
        Changes::of(&paths, output).expect("it can be watched")
    }

    #[test]
    fn names_are_those_below_the_paths_and_nothing_else() {
        let place = tempfile::tempdir().expect("a directory");
        let shop = place.path().join("shop");
        fs::create_dir_all(shop.join("sub")).expect("made");
        fs::write(place.path().join("one.yaml"), "").expect("written");
        let one = place.path().join("one.yaml");
        let watched = changes(&[&shop, &one], Some(&shop.join("out.json")));
        let named = |name: &str| {
            watched.name(&place.path().join(name)).map(|it| it.replace(&place.path().display().to_string(), ""))
        };
        assert_eq!(named("shop/sub/a.yaml").as_deref(), Some("/shop/sub/a.yaml"));
        assert_eq!(named("one.yaml").as_deref(), Some("/one.yaml"));
        for other in
            ["two.yaml", "shop/out.json", "shop/.git/HEAD", "shop/sub/.a.yaml.swp", "shop/a.yaml~", "shop/4913"]
        {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn few_names_are_told() {
        let names = |count: usize| (0..count).map(|it| format!("{it}.yaml")).collect::<BTreeSet<_>>();
        assert_eq!(told(&names(1)), "0.yaml changed");
        assert_eq!(told(&names(5)), "0.yaml, 1.yaml, 2.yaml and 2 more changed");
    }
}
