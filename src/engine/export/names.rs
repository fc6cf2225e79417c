//! Names that every format can read: printable ASCII without spaces, and no two alike.
//!
//! Names of variables come from input. What has a meaning in some format (quotes, bars, comments) becomes `_`.

use rustc_hash::FxHashMap;

/// Names given so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: FxHashMap<String, u32>,
}

impl Names {
    /// A name like this one that nobody else has.
    pub fn unique(&mut self, name: &str) -> String {
        let plain = plain(name);
        let mut candidate = plain.clone();
        loop {
            if !self.given.contains_key(&candidate) {
                self.given.insert(candidate.clone(), 1);
                return candidate;
            }
            let count = self.given.entry(plain.clone()).or_insert(1);
            *count += 1;
            candidate = format!("{plain}~{count}");
        }
    }
}

/// A name without what some format could take for something else.
fn plain(name: &str) -> String {
    let keep = |it: char| if it.is_ascii_graphic() && !"|\\\";".contains(it) { it } else { '_' };
    let plain: String = name.chars().map(keep).collect();
    if plain.is_empty() { "_".to_owned() } else { plain }
}

/// A line of a comment, in one line whatever is in it.
pub(super) fn comment(line: &str) -> String {
    line.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_different() {
        let mut names = Names::default();
        let given = ["a b", "a_b", "a|b", "", "a_b~2", "größe"].map(|name| names.unique(name));
        assert_eq!(given, ["a_b", "a_b~2", "a_b~3", "_", "a_b~2~2", "gr__e"]);
        assert_eq!(comment("one\ntwo"), "one two");
    }
}
