//! What formats for people share: the width of the page, and numbers in a readable unit.

use textwrap::{Options, WordSeparator, WordSplitter};

/// Columns of the page.
pub const WIDTH: usize = 80;

/// Wraps text, breaking it at spaces only.
pub fn indented(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(WIDTH).initial_indent(first).subsequent_indent(rest);
    let options = options.word_separator(WordSeparator::AsciiSpace).word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

/// A duration.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.1} s") }
}

/// A number of bytes in MiB, rounded up.
pub fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_for_people() {
        assert_eq!((seconds(0.0123), seconds(12.34)), ("12 ms".to_owned(), "12.3 s".to_owned()));
        assert_eq!(mebibytes(1), 1);
    }
}
