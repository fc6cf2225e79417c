//! Finds out which parts of the crate a source file names, by reading its tokens.
//!
//! Comments and literals do not count. Paths count wherever they stand, in `use` or in the middle of an expression, and
//! however they are written: `crate::a::b`, `crate::{a, b}`, `super::super::a`, `use super::{super::a}`.

/// What a file names outside of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Top-level modules of the crate, with the line on which each is named; `*` for all, `crate` for the crate itself.
    pub modules: Vec<(String, usize)>,
    /// All identifiers with their lines, for crates from elsewhere.
    pub words: Vec<(String, usize)>,
    /// Lines of `#[path = …]` attributes, which could hide a file from the scan.
    pub path_attributes: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    text: String,
    line: usize,
}

/// Scans a file whose module path within the crate is `module`.
pub fn scan(source: &str, module: &[&str]) -> Names {
    let tokens = tokens(source);
    let mut scanner = Scanner { tokens: &tokens, names: Names::default() };
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let is = |offset: usize, text: &str| tokens.get(at + offset).is_some_and(|token| token.text == text);
        match tokens[at].text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.pop_if(|(_, opened)| *opened == depth);
            }
            "mod" if is(2, "{") => inline.push((tokens[at + 1].text.clone(), depth)),
            "#" if is(1, "[") && is(2, "path") => scanner.names.path_attributes.push(tokens[at].line),
            "crate" | "super" | "self" if !follows_path(&tokens, at) => {
                let mut here: Vec<String> = module.iter().map(|&part| part.to_owned()).collect();
                here.extend(inline.iter().map(|(name, _)| name.clone()));
                at = scanner.path(at, here);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let is_word = |token: &&Token| token.text.starts_with(|first: char| first.is_alphabetic() || first == '_');
    scanner.names.words = tokens.iter().filter(is_word).map(|token| (token.text.clone(), token.line)).collect();
    scanner.names
}

fn follows_path(tokens: &[Token], at: usize) -> bool {
    at > 0 && tokens[at - 1].text == "::"
}

struct Scanner<'a> {
    tokens: &'a [Token],
    names: Names,
}

impl Scanner<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Follows the path or the `use` tree that begins at a token, starting from a module; returns where it ends.
    fn path(&mut self, mut at: usize, mut here: Vec<String>) -> usize {
        let start = at;
        loop {
            match self.text(at) {
                "crate" => {
                    here.clear();
                    let is_visibility = self.text(at.wrapping_sub(1)) == "(" && self.text(at + 1) == ")";
                    if self.text(at + 1) != "::" && !is_visibility {
                        self.names.modules.push(("crate".to_owned(), self.tokens[at].line));
                    }
                }
                "super" => {
                    here.pop();
                }
                "self" => {}
                "*" => {
                    if here.is_empty() {
                        self.names.modules.push(("*".to_owned(), self.tokens[at].line));
                    }
                    return at + 1;
                }
                "{" => return self.group(at, &here),
                word => {
                    here.push(word.to_owned());
                    if here.len() == 1 {
                        self.names.modules.push((word.to_owned(), self.tokens[at].line));
                    }
                }
            }
            let goes_on = self.text(at + 1) == "::" && self.text(at + 2) != "<" && at + 2 < self.tokens.len();
            if !goes_on {
                return (at + 1).max(start + 1);
            }
            at += 2;
        }
    }

    /// The members of `{a, b::c, …}` after `path::`.
    fn group(&mut self, open: usize, here: &[String]) -> usize {
        let mut at = open + 1;
        while at < self.tokens.len() && self.text(at) != "}" {
            at = match self.text(at) {
                "," => at + 1,
                "as" => at + 2,
                _ => self.path(at, here.to_vec()),
            };
        }
        at + 1
    }
}

/// A path within the crate that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// From the root of the crate.
    pub names: Vec<String>,
    /// What it is called in the file.
    pub alias: String,
    /// Whether a `use` declaration names it.
    pub imported: bool,
    /// Whether it is only handed on: `pub use`.
    pub handed_on: bool,
}

/// All paths within the crate that a file names, given its module path and the modules that it declares.
pub fn paths(source: &str, module: &[&str], children: &[&str]) -> Vec<Path> {
    let tokens = tokens(source);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0, 0);
    let mut declaration: Option<bool> = None;
    while at < tokens.len() {
        match text(at) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.pop_if(|(_, opened)| *opened == depth);
            }
            "mod" if text(at + 2) == "{" => inline.push((text(at + 1).to_owned(), depth)),
            "use" => declaration = Some(at > 0 && matches!(text(at - 1), "pub" | ")")),
            ";" => declaration = None,
            word if !follows_path(&tokens, at) => {
                let is_own = children.contains(&word) && inline.is_empty() && text(at + 1) == "::";
                if is_own || matches!(word, "crate" | "super" | "self") {
                    let here = module.iter().map(|&part| part.to_owned()).chain(inline.iter().map(|it| it.0.clone()));
                    let mut collector = Collector { tokens: &tokens, declaration, found: &mut found };
                    at = collector.path(at, here.collect());
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Follows paths and `use` trees to their ends.
struct Collector<'a> {
    tokens: &'a [Token],
    /// Whether a `use` declaration is being read, and whether it hands on what it names.
    declaration: Option<bool>,
    found: &'a mut Vec<Path>,
}

impl Collector<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn path(&mut self, mut at: usize, mut here: Vec<String>) -> usize {
        loop {
            match self.text(at) {
                "crate" => here.clear(),
                "super" => drop(here.pop()),
                "self" | "*" => {}
                "{" => return self.group(at, &here),
                word => here.push(word.to_owned()),
            }
            if self.text(at + 1) != "::" || self.text(at + 2) == "<" {
                break;
            }
            at += 2;
        }
        let renamed = self.text(at + 1) == "as";
        let alias = if renamed { self.text(at + 2).to_owned() } else { here.last().cloned().unwrap_or_default() };
        let (imported, handed_on) = (self.declaration.is_some(), self.declaration == Some(true));
        self.found.push(Path { names: here, alias, imported, handed_on });
        at + if renamed { 3 } else { 1 }
    }

    fn group(&mut self, open: usize, here: &[String]) -> usize {
        let mut at = open + 1;
        while at < self.tokens.len() && self.text(at) != "}" {
            at = if self.text(at) == "," { at + 1 } else { self.path(at, here.to_vec()) };
        }
        at + 1
    }
}

/// Words, `::` and single other characters, without comments, literals and lifetimes.
fn tokens(source: &str) -> Vec<Token> {
    let characters: Vec<char> = source.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(next) = reader.peek(0) {
        let line = reader.line;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if reader.skip_comment() || reader.skip_literal() {
            continue;
        }
        let text = if is_word(next) {
            let mut word = String::new();
            while let Some(letter) = reader.peek(0).filter(|&c| is_word(c)) {
                word.push(letter);
                reader.advance(1);
            }
            word
        } else {
            let pair = next == ':' && reader.peek(1) == Some(':');
            reader.advance(1 + usize::from(pair));
            if next.is_whitespace() {
                continue;
            }
            if pair { "::".to_owned() } else { next.to_string() }
        };
        tokens.push(Token { text, line });
    }
    tokens
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self, offset: usize) -> Option<char> {
        self.characters.get(self.at + offset).copied()
    }

    fn advance(&mut self, count: usize) {
        let end = (self.at + count).min(self.characters.len());
        self.line += self.characters[self.at..end].iter().filter(|&&c| c == '\n').count();
        self.at = end;
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.peek(offset) == Some(c))
    }

    fn skip_comment(&mut self) -> bool {
        if self.starts_with("//") {
            while self.peek(0).is_some_and(|c| c != '\n') {
                self.advance(1);
            }
            return true;
        }
        if !self.starts_with("/*") {
            return false;
        }
        let mut depth = 0;
        while self.peek(0).is_some() {
            if self.starts_with("/*") {
                depth += 1;
                self.advance(2);
            } else if self.starts_with("*/") {
                depth -= 1;
                self.advance(2);
                if depth == 0 {
                    break;
                }
            } else {
                self.advance(1);
            }
        }
        true
    }

    /// Skips a text, a raw text, a character or a lifetime.
    fn skip_literal(&mut self) -> bool {
        let follows_word = self.at > 0 && {
            let before = self.characters[self.at - 1];
            before.is_alphanumeric() || before == '_'
        };
        let prefix = (0..3).find(|&prefix| !matches!(self.peek(prefix), Some('b' | 'c' | 'r'))).unwrap_or(0);
        let is_raw = !follows_word && (0..prefix).any(|offset| self.peek(offset) == Some('r'));
        let hashes = (0..).take_while(|&hash| is_raw && self.peek(prefix + hash) == Some('#')).count();
        if is_raw && self.peek(prefix + hashes) == Some('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            self.advance(prefix + hashes + 1);
            while self.peek(0).is_some() && !self.starts_with(&end) {
                self.advance(1);
            }
            self.advance(end.len());
            return true;
        }
        match self.peek(0) {
            Some('"') => {
                self.quoted('"');
                true
            }
            Some('\'') if self.peek(1) == Some('\\') || self.peek(2) == Some('\'') => {
                self.quoted('\'');
                true
            }
            Some('\'') => {
                self.advance(1);
                while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    self.advance(1);
                }
                true
            }
            _ => false,
        }
    }

    fn quoted(&mut self, quote: char) {
        self.advance(1);
        while let Some(next) = self.peek(0) {
            self.advance(if next == '\\' { 2 } else { 1 });
            if next == quote {
                break;
            }
        }
    }
}
