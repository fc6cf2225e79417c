//! What the tests read of a page: its fenced blocks, its headings and its links.

use std::path::{Path, PathBuf};

/// A page of the documentation.
pub struct Page {
    /// From the root of the package, with `/`.
    pub name: String,
    pub text: String,
}

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of its fence.
    pub line: usize,
    /// The first word behind the fence.
    pub language: String,
    /// What follows that word.
    pub remark: String,
    pub text: String,
}

/// README, CHANGELOG and whatever is below `docs/`.
pub fn pages() -> Vec<Page> {
    let root = root();
    let below = walkdir::WalkDir::new(root.join("docs")).sort_by_file_name().into_iter();
    let below = below.map(|entry| entry.expect("a readable directory").into_path());
    let top = ["README.md", "CHANGELOG.md"].map(|name| root.join(name));
    let all = top.into_iter().chain(below.filter(|path| path.extension().is_some_and(|it| it == "md")));
    all.map(|path| Page::read(&path)).collect()
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    pub fn read(path: &Path) -> Page {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(root()).expect("a page of the package");
        let name = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        Page { name, text }
    }

    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (line, text) in (1..).zip(self.text.lines()) {
            match (text.strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(info), None) => {
                    let (language, remark) = info.split_once(' ').unwrap_or((info, ""));
                    let (language, remark) = (language.to_owned(), remark.trim().to_owned());
                    open = Some(Block { line, language, remark, text: String::new() });
                }
                (None, Some(block)) => block.text.extend([text, "\n"]),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.name);
        blocks
    }

    /// Lines outside of fenced blocks, with their numbers.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut fenced = false;
        (1..).zip(self.text.lines()).filter(move |(_, line)| {
            let is_fence = line.starts_with("```");
            fenced ^= is_fence;
            !fenced && !is_fence
        })
    }

    /// The anchors of its headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self.prose().filter_map(|(_, line)| line.strip_prefix('#'));
        headings.map(|heading| anchor(heading.trim_start_matches('#').trim())).collect()
    }

    /// Targets of its links, with their lines.
    pub fn links(&self) -> Vec<(usize, &str)> {
        let targets = |line| str::split(line, "](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        self.prose().flat_map(|(number, line)| targets(line).map(move |target| (number, target))).collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.map(|it| if it == ' ' { '-' } else { it.to_ascii_lowercase() }).collect()
}
