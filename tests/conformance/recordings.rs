//! Where recordings come from: a directory, or the copy that is built in.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

/// Why recordings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The directory holds none of the files.
    #[error(
        "no recordings in {0}: expected kube-scheduler/, controllers/, descheduler/ or control-plane/ with .jsonl or \
         .jsonl.gz files"
    )]
    Missing(PathBuf),
    /// A file could not be read.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// Which one.
        file: String,
        /// Why.
        reason: String,
    },
    /// A line is not a JSON object.
    #[error("{file}:{line}: {reason}")]
    Malformed {
        /// Which file.
        file: String,
        /// 1-based.
        line: usize,
        /// Why.
        reason: String,
    },
}

/// The built-in files: name below the root, gzip-compressed lines.
const EMBEDDED: &[(&str, &[u8])] = &[
    ("kube-scheduler/cases.jsonl", include_bytes!("../oracle/kube-scheduler/cases.jsonl.gz")),
    ("kube-scheduler/sequences.jsonl", include_bytes!("../oracle/kube-scheduler/sequences.jsonl.gz")),
    ("kube-scheduler/preemption.jsonl", include_bytes!("../oracle/kube-scheduler/preemption.jsonl.gz")),
    ("controllers/hpa_replicas.jsonl", include_bytes!("../oracle/controllers/hpa_replicas.jsonl.gz")),
    ("controllers/hpa_normalize.jsonl", include_bytes!("../oracle/controllers/hpa_normalize.jsonl.gz")),
    ("controllers/rollout.jsonl", include_bytes!("../oracle/controllers/rollout.jsonl.gz")),
    ("controllers/pod_deletion_rank.jsonl", include_bytes!("../oracle/controllers/pod_deletion_rank.jsonl.gz")),
    ("controllers/taint_eviction.jsonl", include_bytes!("../oracle/controllers/taint_eviction.jsonl.gz")),
    ("controllers/node_lifecycle.jsonl", include_bytes!("../oracle/controllers/node_lifecycle.jsonl.gz")),
    ("descheduler/cases.jsonl", include_bytes!("../oracle/descheduler/cases.jsonl.gz")),
    ("descheduler/rounds.jsonl", include_bytes!("../oracle/descheduler/rounds.jsonl.gz")),
    ("control-plane/rollout.jsonl", include_bytes!("../oracle/control-plane/rollout.jsonl.gz")),
    ("control-plane/deadlock.jsonl", include_bytes!("../oracle/control-plane/deadlock.jsonl.gz")),
    ("control-plane/spread.jsonl", include_bytes!("../oracle/control-plane/spread.jsonl.gz")),
    ("control-plane/scale-down.jsonl", include_bytes!("../oracle/control-plane/scale-down.jsonl.gz")),
    ("control-plane/hpa.jsonl", include_bytes!("../oracle/control-plane/hpa.jsonl.gz")),
    ("control-plane/statefulset.jsonl", include_bytes!("../oracle/control-plane/statefulset.jsonl.gz")),
    (
        "control-plane/statefulset-maxunavailable.jsonl",
        include_bytes!("../oracle/control-plane/statefulset-maxunavailable.jsonl.gz"),
    ),
    ("control-plane/node-failure.jsonl", include_bytes!("../oracle/control-plane/node-failure.jsonl.gz")),
    ("control-plane/taint-eviction.jsonl", include_bytes!("../oracle/control-plane/taint-eviction.jsonl.gz")),
    ("control-plane/drain.jsonl", include_bytes!("../oracle/control-plane/drain.jsonl.gz")),
    ("control-plane/eviction.jsonl", include_bytes!("../oracle/control-plane/eviction.jsonl.gz")),
    ("control-plane/preemption.jsonl", include_bytes!("../oracle/control-plane/preemption.jsonl.gz")),
    ("control-plane/quota.jsonl", include_bytes!("../oracle/control-plane/quota.jsonl.gz")),
    ("control-plane/mixed.jsonl", include_bytes!("../oracle/control-plane/mixed.jsonl.gz")),
    ("control-plane/daemonset.jsonl", include_bytes!("../oracle/control-plane/daemonset.jsonl.gz")),
    ("control-plane/node-deletion.jsonl", include_bytes!("../oracle/control-plane/node-deletion.jsonl.gz")),
    ("control-plane/job.jsonl", include_bytes!("../oracle/control-plane/job.jsonl.gz")),
    ("control-plane/job-disruption.jsonl", include_bytes!("../oracle/control-plane/job-disruption.jsonl.gz")),
];

/// A set of recordings.
#[derive(Clone, Debug)]
pub struct Recordings {
    /// `None`: the built-in copy.
    root: Option<PathBuf>,
}

impl Recordings {
    /// The built-in copy.
    pub fn embedded() -> Self {
        Recordings { root: None }
    }

    /// A directory with the layout `kube-scheduler/`, `controllers/`, `descheduler/`, `control-plane/`. Files may be
    /// missing, or compressed (`.gz`).
    pub fn in_directory(root: PathBuf) -> Result<Self, RecordingError> {
        let is_there = |file: &str| root.join(file).is_file() || packed(&root, file).is_file();
        if EMBEDDED.iter().any(|(file, _)| is_there(file)) {
            return Ok(Recordings { root: Some(root) });
        }
        Err(RecordingError::Missing(root))
    }

    /// In words.
    pub fn describe(&self) -> Cow<'static, str> {
        match &self.root {
            None => "the built-in recordings".into(),
            Some(root) => root.display().to_string().into(),
        }
    }

    /// The records of a file, in order; none if a directory does not have it.
    pub fn read(&self, file: &str) -> Result<Vec<Value>, RecordingError> {
        let text = self.text(file)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let parse = |(index, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| RecordingError::Malformed {
                file: file.to_owned(),
                line: index + 1,
                reason: error.to_string(),
            })
        };
        lines.map(parse).collect()
    }

    fn text(&self, file: &str) -> Result<String, RecordingError> {
        let unreadable =
            |error: std::io::Error| RecordingError::Unreadable { file: file.to_owned(), reason: error.to_string() };
        let mut text = String::new();
        if let Some(root) = &self.root {
            let (path, packed) = (root.join(file), packed(root, file));
            if path.is_file() {
                return std::fs::read_to_string(path).map_err(unreadable);
            }
            if packed.is_file() {
                let opened = std::fs::File::open(packed).map_err(unreadable)?;
                GzDecoder::new(opened).read_to_string(&mut text).map_err(unreadable)?;
            }
            return Ok(text);
        }
        if let Some((_, bytes)) = EMBEDDED.iter().find(|(name, _)| *name == file) {
            GzDecoder::new(*bytes).read_to_string(&mut text).map_err(unreadable)?;
        }
        Ok(text)
    }
}

/// Where a file is if it is compressed.
fn packed(root: &Path, file: &str) -> PathBuf {
    root.join(format!("{file}.gz"))
}
