//! Durations, sizes of memory and ranges as users write them: on the command line, and in suites of tasks.
//!
//! Errors are texts that say what is wrong and what is possible.

use std::time::Duration;

/// `30s`, `1.5m`, `2h`, `500ms`; a bare number is in seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(format!("`{unit}` is no unit of time; use ms, s, m or h")),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is too long"))
}

/// `2GiB`, `500M`, `1.5G`; a bare number is in bytes.
pub fn memory(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "ki" | "kib" => 1024.0,
        "mi" | "mib" => 1024.0 * 1024.0,
        "gi" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{unit}` is no unit of memory; use MiB or GiB")),
    };
    let bytes = number * factor;
    if !(1.0..1e18).contains(&bytes) {
        return Err(format!("`{text}` is not a sensible amount of memory"));
    }
    Ok(bytes as u64)
}

/// `7`, or `1..100`.
pub fn range(text: &str) -> Result<(usize, usize), String> {
    let number = |text: &str| {
        text.trim().parse::<usize>().map_err(|_| format!("`{text}` is neither a number nor a range such as `1..100`"))
    };
    let (min, max) = match text.split_once("..") {
        Some((min, max)) => (number(min)?, number(max)?),
        None => (number(text)?, number(text)?),
    };
    if min > max { Err(format!("the range starts at {min}, above its end {max}")) } else { Ok((min, max)) }
}

fn split(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    let end = text.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
    Ok((number, text[end..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        assert!(duration("soon").is_err() && duration("3 weeks").is_err() && duration("-1s").is_err());
        assert!(duration("99999999999999999999999h").is_err());
    }

    #[test]
    fn ranges() {
        assert_eq!((range("7"), range("1..100")), (Ok((7, 7)), Ok((1, 100))));
        assert!(range("9..1").is_err() && range("1..").is_err() && range("-1").is_err() && range("a").is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!((memory("2GiB"), memory("500M"), memory("64")), (Ok(2 << 30), Ok(500_000_000), Ok(64)));
        assert!(memory("lots").is_err() && memory("2 parsecs").is_err() && memory("0").is_err());
        assert!(memory("999999999999999999999G").is_err());
    }
}
