//! Quantities in their native forms.

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

#[test]
fn native_forms_are_read() {
    for (text, want) in [("100m", 100), ("1", 1000), ("1.5", 1500), ("1Ki", 1_024_000), ("1e3", 1_000_000)] {
        assert_eq!(scaled(&Value::from(text), 1000), want, "{text}");
    }
    assert_eq!(scaled(&Value::from("1n"), 1000), 1, "rounded up");
}
