//! Names of inputs: what to read, now and again, and how people are told of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::input::visible::visible;

/// Where the cluster came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputName {
    /// One of the cases.
    Case {
        /// Its id.
        case: String,
        /// Its number of nodes.
        scale: usize,
        /// Whether it is the fixed variant.
        fixed: bool,
    },
    /// Files and directories.
    Paths {
        /// As the user gave them.
        paths: Vec<String>,
        /// Of a family: the member, by dimension.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sizes: BTreeMap<String, i64>,
        /// The configuration that was used; its scenario counts if the files have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        config: Option<String>,
    },
}

impl InputName {
    /// In a few words.
    pub fn short(&self) -> String {
        match self {
            InputName::Case { case, scale, fixed } => {
                format!("{case}, {scale} nodes{}", if *fixed { ", fixed" } else { "" })
            }
            InputName::Paths { paths, sizes, .. } if sizes.is_empty() => shown(paths),
            InputName::Paths { paths, sizes, .. } => {
                let sizes: Vec<String> =
                    sizes.iter().map(|(name, value)| format!("{} = {value}", visible(name))).collect();
                format!("{} ({})", shown(paths), sizes.join(", "))
            }
        }
    }

    /// The case, or the paths.
    pub fn place(&self) -> String {
        match self {
            InputName::Case { case, .. } => case.clone(),
            InputName::Paths { paths, .. } => shown(paths),
        }
    }
}

fn shown(paths: &[String]) -> String {
    visible(&paths.join(" ")).into_owned()
}
