//! Takes out of an output what differs from machine to machine: times, memory, sizes of formulas, and which engine of a
//! portfolio was first. Everything else has to be what the page says.

const TIMES: [&str; 3] = ["ms", "s", "min"];
const SIZES: [&str; 7] = ["MiB", "bytes", "clauses", "gates", "variables", "bits", "terms"];
const ENGINES: [&str; 4] = ["auto", "explicit", "sat", "smt"];

/// The lines of an output without figures and without widths of columns. Where a time makes the last words of a
/// paragraph go to the next line, they come back.
pub fn blanked(output: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in output.lines() {
        let line = line_blanked(line);
        match lines.last_mut() {
            Some(last) if line.trim() == "ENGINE, TIME" => last.push_str(" ENGINE, TIME"),
            _ => lines.push(line),
        }
    }
    lines
}

fn line_blanked(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let indentation = &line[..line.len() - line.trim_start().len()];
    let mut blank: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let unit = words.get(at + 1).map_or("", |word| word.trim_end_matches([',', ';', '.', ':', ')']));
        let rest = words.get(at + 1).map_or("", |word| &word[unit.len()..]);
        if is_number(words[at]) && TIMES.contains(&unit) {
            name_engine(blank.last_mut());
            blank.push(format!("TIME{rest}"));
            at += 2;
            // In tables memory follows.
            if at + 1 == words.len() && is_number(words[at]) {
                blank.push("MIB".to_owned());
                at += 1;
            }
        } else if is_number(words[at]) && SIZES.contains(&unit) {
            blank.push("N".to_owned());
            at += 1;
        } else {
            blank.push(words[at].to_owned());
            at += 1;
        }
    }
    format!("{indentation}{}", blank.join(" "))
}

/// `explicit,` before a time.
fn name_engine(word: Option<&mut String>) {
    if let Some(word) = word
        && word.strip_suffix(',').is_some_and(|name| ENGINES.contains(&name))
    {
        *word = "ENGINE,".to_owned();
    }
}

fn is_number(word: &str) -> bool {
    word.starts_with(|it: char| it.is_ascii_digit()) && word.chars().all(|it| it.is_ascii_digit() || it == '.')
}
