//! Quantities, times and durations in their native forms.

use serde_json::Value;

const SUFFIXES: [(&str, i128, i128); 15] = [
    ("Ki", 1 << 10, 1),
    ("Mi", 1 << 20, 1),
    ("Gi", 1 << 30, 1),
    ("Ti", 1 << 40, 1),
    ("Pi", 1 << 50, 1),
    ("Ei", 1 << 60, 1),
    ("n", 1, 1_000_000_000),
    ("u", 1, 1_000_000),
    ("m", 1, 1000),
    ("k", 1000, 1),
    ("M", 1_000_000, 1),
    ("G", 1_000_000_000, 1),
    ("T", 1_000_000_000_000, 1),
    ("P", 1_000_000_000_000_000, 1),
    ("", 1, 1),
];

/// A quantity times `scale` (1000: milli-value, 1: value), rounded up as Kubernetes does.
pub fn scaled(value: &Value, scale: i128) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("not a quantity: {value}"));
    let (text, exponent) = match text.find(['e', 'E']).filter(|&at| !text[at..].ends_with('i') && at + 1 < text.len()) {
        Some(at) => (&text[..at], text[at + 1..].parse::<u32>().expect("a positive exponent")),
        None => (text, 0),
    };
    let (digits, up, down) = SUFFIXES
        .iter()
        .find_map(|&(suffix, up, down)| text.strip_suffix(suffix).map(|digits| (digits, up, down)))
        .expect("the empty suffix matches");
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number: i128 = format!("{whole}{fraction}").parse().expect("digits");
    let numerator = number * up * scale * 10i128.pow(exponent);
    let denominator = down * 10i128.pow(u32::try_from(fraction.len()).expect("short"));
    let quotient = numerator.div_euclid(denominator) + i128::from(numerator.rem_euclid(denominator) != 0);
    i64::try_from(quotient).expect("fits")
}

/// The milli-value of a quantity.
pub fn milli(value: &Value) -> i64 {
    scaled(value, 1000)
}

/// Nanoseconds since an arbitrary instant of an RFC 3339 time in UTC; all recordings use dates of 2000.
pub fn time(value: &Value) -> Option<i64> {
    let text = value.as_str()?.strip_suffix('Z')?;
    let (date, clock) = text.split_once('T')?;
    let days: Vec<i64> = date.split('-').map(|part| part.parse().expect("a date")).collect();
    let parts: Vec<&str> = clock.split(':').collect();
    let (seconds, fraction) = parts[2].split_once('.').unwrap_or((parts[2], "0"));
    let number = |part: &str| part.parse::<i64>().expect("a number");
    let day = days[2] + 31 * (days[1] + 12 * days[0]) - 31 * 12 * 1999;
    let second = ((day * 24 + number(parts[0])) * 60 + number(parts[1])) * 60 + number(seconds);
    Some(second * 1_000_000_000 + number(&format!("{fraction:0<9}")))
}

/// Nanoseconds of a Go duration such as `1m0s` or `1.5s`.
pub fn duration(value: &Value) -> i64 {
    let mut rest = value.as_str().expect("a duration");
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).expect("a unit");
        let end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let unit = match &rest[digits..end] {
            "h" => 3600e9,
            "m" => 60e9,
            "s" => 1e9,
            "ms" => 1e6,
            other => panic!("unit {other}"),
        };
        total += rest[..digits].parse::<f64>().expect("a number") * unit;
        rest = &rest[end..];
    }
    total as i64
}

#[test]
fn native_forms_are_read() {
    for (text, want) in [("100m", 100), ("1", 1000), ("1.5", 1500), ("1Ki", 1_024_000), ("1e3", 1_000_000)] {
        assert_eq!(milli(&Value::from(text)), want, "{text}");
    }
    assert_eq!(milli(&Value::from("1n")), 1, "rounded up");
    assert_eq!(duration(&Value::from("1m0s")), 60_000_000_000);
}
