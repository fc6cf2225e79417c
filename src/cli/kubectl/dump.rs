//! The cluster as a file: everything that can be listed, in one JSON document.
//!
//! All namespaces are read, whatever is asked about, because pods of all of them take room on the same nodes. What cannot
//! be listed is an error unless the user does without it: a cluster with unknown parts is another cluster.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::cli::CliError;
use crate::input::visible::visible_lines;

use super::Connection;
use super::resources::{unknown, wanted};

/// What was read of a cluster. The file goes when it does, unless it is kept.
pub struct Cluster {
    path: PathBuf,
    remarks: Vec<String>,
    _directory: Option<TempDir>,
}

impl Cluster {
    /// Reads the cluster, with its events or without.
    ///
    /// # Errors
    ///
    /// If `kubectl` is not there, fails, or may not list something.
    pub fn read(connection: &Connection, events: bool) -> Result<Self, CliError> {
        let listing = said(connection, &["api-resources", "--verbs=list", "--output=name"])?;
        if let [name, ..] = unknown(&listing, &connection.without).as_slice() {
            return Err(CliError::Usage(format!("--without {name}: the cluster has no such resource")));
        }
        let names: Vec<String> = wanted(&listing, &connection.without, events).into_iter().map(|it| it.name).collect();
        let list = names.join(",");
        let text = said(connection, &["get", &list, "--all-namespaces", "--output=json"])?;
        let without = match connection.without.as_slice() {
            [] => None,
            names => Some(format!(
                "note: without {} of the cluster: verdicts are about one that has none\n",
                names.join(", ")
            )),
        };
        let (path, directory) = Self::file(connection.keep.as_deref(), &text)?;
        Ok(Cluster { path, remarks: without.into_iter().collect(), _directory: directory })
    }

    /// Where the text is written to: a new file that is kept, or one that is not.
    fn file(keep: Option<&Path>, text: &str) -> Result<(PathBuf, Option<TempDir>), CliError> {
        if let Some(path) = keep {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
            return written.map(|()| (path.to_owned(), None)).map_err(|error| CliError::File(path.to_owned(), error));
        }
        let failed = |error| CliError::File(std::env::temp_dir(), error);
        let directory = TempDir::with_prefix("kubound-").map_err(failed)?;
        let path = directory.path().join("cluster.json");
        fs::write(&path, text).map_err(failed)?;
        Ok((path, Some(directory)))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What there is to say about it.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        self.remarks.iter().map(String::as_str)
    }
}

/// What `kubectl` prints.
fn said(connection: &Connection, arguments: &[&str]) -> Result<String, CliError> {
    let mut command = Command::new("kubectl");
    command.args(arguments).stdin(Stdio::inherit());
    command.args(connection.context.iter().map(|name| format!("--context={name}")));
    if let Some(file) = &connection.kubeconfig {
        command.arg("--kubeconfig").arg(file);
    }
    let Output { status, stdout, stderr } = command.output().map_err(|error| CliError::Usage(absent(&error)))?;
    if !status.success() {
        let problem = String::from_utf8_lossy(&stderr);
        let advice = "what you may not list can be left out with --without, as in --without secrets,nodes";
        return Err(CliError::Usage(format!("kubectl {}: {}; {advice}", arguments[0], visible_lines(problem.trim()))));
    }
    String::from_utf8(stdout).map_err(|_| CliError::Usage(format!("kubectl {} printed no text", arguments[0])))
}

fn absent(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "kubectl is not on the PATH".to_owned(),
        _ => format!("kubectl cannot be run: {error}"),
    }
}
