//! Text from input as it may be shown: nothing in it moves a cursor, changes a colour, ends a line or turns letters round.
//!
//! Names, labels, messages and files may hold any character. They are made visible where they enter what people are told:
//! diagnostics ([`super::diagnostics`]), stories and results ([`crate::check`]). What leaves the program passes
//! [`visible_lines`] or [`visible_styled`] once more, which finds nothing left to do unless somebody forgot.

use std::borrow::Cow;

/// Whether a character does something to text instead of being seen: control characters, line and paragraph separators,
/// what turns the direction of writing (UAX #9), what has no width, and tags.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with hidden characters written as in Rust: `\n`, `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    but(text, |_| false)
}

/// [`visible`], but lines stay lines: of text that is ours and quotes what is not.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    but(text, |character| character == '\n')
}

/// Replaces a text by what is visible of it.
pub fn make_visible(text: &mut String) {
    if let Cow::Owned(shown) = visible(text) {
        *text = shown;
    }
}

/// A source line, column by column: what is hidden is a space.
pub fn columns(line: &str) -> Vec<char> {
    line.chars().map(|character| if is_hidden(character) { ' ' } else { character }).collect()
}

/// [`visible_lines`] of text that has styles for terminals in it.
pub fn visible_styled(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|it| it != '\n' && is_hidden(it)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let (before, from) = rest.split_at(at);
        let style = style(from);
        shown += &visible_lines(before);
        match style {
            0 => shown.extend('\u{1b}'.escape_default()),
            length => shown += &from[..length],
        }
        rest = &from[style.max(1)..];
    }
    shown += &visible_lines(rest);
    Cow::Owned(shown)
}

/// The length of the style (`ESC [ … m`) that a text begins with; 0 if it begins with something else.
fn style(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    match parameters.find(|it: char| !it.is_ascii_digit() && it != ';') {
        Some(end) if parameters[end..].starts_with('m') => end + 3,
        _ => 0,
    }
}

/// JSON in which nothing is hidden, and nothing lost: outside of strings there is nothing to hide but line breaks.
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|it| it != '\n' && is_hidden(it)) {
        return Cow::Borrowed(text);
    }
    let mut units = [0; 2];
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !is_hidden(character) {
            shown.push(character);
        } else {
            shown.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(shown)
}

fn but(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |character: char| is_hidden(character) && !stays(character);
    if !text.chars().any(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_escaped(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_written_out_and_everything_else_stays() {
        assert!(matches!(visible("größer → 5 % `web`\\"), Cow::Borrowed("größer → 5 % `web`\\")));
        assert_eq!(visible("a\u{1b}[2J\n\0\u{7f}\u{9b}b"), "a\\u{1b}[2J\\n\\u{0}\\u{7f}\\u{9b}b");
        assert_eq!(visible("\u{202e}cod\u{2069}\u{feff}"), "\\u{202e}cod\\u{2069}\\u{feff}");
        assert_eq!(visible_lines("a\r\nb\u{2028}"), "a\\r\nb\\u{2028}");
    }

    #[test]
    fn styles_are_all_that_terminals_obey() {
        let styled = "\u{1b}[1mweb\u{1b}[0m\n";
        assert_eq!(visible_styled(styled), styled);
        let text = "\u{1b}[32;1m✓\u{1b}[0m \u{1b}[2J\u{1b}]0;title\u{7}\u{1b}\u{202e}\n";
        assert_eq!(visible_styled(text), "\u{1b}[32;1m✓\u{1b}[0m \\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{1b}\\u{202e}\n");
    }

    #[test]
    fn json_says_the_same_when_nothing_is_hidden() {
        let value = serde_json::json!({"a\u{202e}": ["\u{9b}\u{7f}\0\n", "\u{e0001}"]});
        let shown = json(&format!("{value:#}\n")).into_owned();
        assert!(!shown.chars().any(|it| it != '\n' && is_hidden(it)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }
}
