//! Kubernetes quantities, read exactly: `1500m`, `64Mi`, `2e3`, `.5`.
//!
//! A quantity is a decimal number with a suffix: a power of ten (`n u m k M G T P E`, or an exponent such as `e-3`) or
//! of two (`Ki` to `Ei`). Readers ask for whole units or for thousandths; what does not divide is rounded away from
//! zero, as upstream rounds. Unlike upstream, which caps what exceeds 64 bits, too large a number is an error.
//!
//! Reference: `k8s.io/apimachinery/pkg/api/resource/quantity.go` (v1.34).

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use thiserror::Error;

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// Not a number with a known suffix.
    #[error("`{0}` is not a quantity")]
    Malformed(String),
    /// More than 64 bits can hold.
    #[error("`{0}` is too large for a quantity")]
    Overflow(String),
}

/// Digits that are kept exactly; further ones of the fraction only decide about rounding.
const MAX_DIGITS: usize = 27;

/// A parsed quantity: `±mantissa × 10^ten × 2^two`, and a little more when `inexact`.
struct Number {
    negative: bool,
    mantissa: i128,
    ten: i64,
    two: u32,
    inexact: bool,
}

/// The quantity in thousandths, rounded away from zero.
///
/// ```
/// assert_eq!(kubound::cluster::object::quantity::milli_value("1.5"), Ok(1500));
/// ```
pub fn milli_value(text: &str) -> Result<i64, QuantityError> {
    parse(text)?.scaled(3).ok_or_else(|| QuantityError::Overflow(text.to_owned()))
}

/// The quantity in whole units, rounded away from zero.
///
/// ```
/// assert_eq!(kubound::cluster::object::quantity::value("64Mi"), Ok(64 << 20));
/// ```
pub fn value(text: &str) -> Result<i64, QuantityError> {
    parse(text)?.scaled(0).ok_or_else(|| QuantityError::Overflow(text.to_owned()))
}

/// [`milli_value`] of a quantity in an object.
pub fn milli(quantity: &Quantity) -> Result<i64, QuantityError> {
    milli_value(&quantity.0)
}

/// [`value`] of a quantity in an object.
pub fn whole(quantity: &Quantity) -> Result<i64, QuantityError> {
    value(&quantity.0)
}

/// Prints thousandths as Kubernetes prints cpu: `2`, `1500m`.
pub fn format_cpu(milli: i64) -> String {
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

/// Prints bytes as Kubernetes prints memory: the largest binary suffix that divides, `64Mi`, `1500`.
pub fn format_memory(bytes: i64) -> String {
    let fits = |shift: u32| bytes != 0 && bytes % (1_i64 << shift) == 0;
    match [(60, "Ei"), (50, "Pi"), (40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")]
        .into_iter()
        .find(|(shift, _)| fits(*shift))
    {
        Some((shift, suffix)) => format!("{}{suffix}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// Prints an amount of the resource `name`, which is in thousandths for `cpu`, in bytes or whole units otherwise.
pub fn format_resource(name: &str, amount: i64) -> String {
    match name {
        "cpu" => format_cpu(amount),
        "memory" | "ephemeral-storage" => format_memory(amount),
        _ if name.starts_with("hugepages-") => format_memory(amount),
        _ => amount.to_string(),
    }
}

impl Number {
    /// The number times `10^scale`, rounded away from zero; `None` on overflow.
    fn scaled(&self, scale: i64) -> Option<i64> {
        let binary = self.mantissa.checked_mul(1_i128.checked_shl(self.two)?)?;
        let exponent = self.ten.checked_add(scale)?;
        let power = u32::try_from(exponent.unsigned_abs()).ok().and_then(|n| 10_i128.checked_pow(n));
        let magnitude = match (exponent >= 0, power) {
            _ if binary == 0 => i128::from(self.inexact),
            (true, power) => binary.checked_mul(power?)?.checked_add(i128::from(self.inexact))?,
            (false, Some(power)) => binary / power + i128::from(binary % power != 0 || self.inexact),
            (false, None) => 1,
        };
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }
}

fn parse(text: &str) -> Result<Number, QuantityError> {
    let malformed = || QuantityError::Malformed(text.to_owned());
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || integer.len() + fraction.len() == 0 {
        return Err(malformed());
    }
    let (ten, two) = exponent(suffix).ok_or_else(malformed)?;
    let integer = integer.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if integer.len() > MAX_DIGITS {
        return Err(QuantityError::Overflow(text.to_owned()));
    }
    let kept = fraction.len().min(MAX_DIGITS - integer.len());
    let digits = format!("0{integer}{}", &fraction[..kept]);
    let mantissa = digits.parse().map_err(|_| malformed())?;
    Ok(Number { negative, mantissa, ten: ten - kept as i64, two, inexact: kept < fraction.len() })
}

/// Powers of ten and of two that a suffix stands for.
fn exponent(suffix: &str) -> Option<(i64, u32)> {
    Some(match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => (i64::from(suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?), 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_thousandths_are_exact_and_round_up() {
        for (text, whole, milli) in [
            ("0", 0, 0),
            ("1", 1, 1000),
            ("+3", 3, 3000),
            ("-2", -2, -2000),
            (".5", 1, 500),
            ("1.", 1, 1000),
            ("100m", 1, 100),
            ("1500m", 2, 1500),
            ("-1500m", -2, -1500),
            ("0.1m", 1, 1),
            ("1n", 1, 1),
            ("1u", 1, 1),
            ("2000u", 1, 2),
            ("1k", 1000, 1_000_000),
            ("2M", 2_000_000, 2_000_000_000),
            ("1Ki", 1024, 1_024_000),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
            ("1e3", 1000, 1_000_000),
            ("1E3", 1000, 1_000_000),
            ("12e-1", 2, 1200),
            ("0.0000000000000000000000000000000000001", 1, 1),
            ("1e-400", 1, 1),
            ("0e400", 0, 0),
        ] {
            assert_eq!(value(text), Ok(whole), "{text}");
            assert_eq!(milli_value(text), Ok(milli), "{text}");
        }
        assert_eq!(value("1E"), Ok(1_000_000_000_000_000_000));
        assert_eq!(value("7Ei"), Ok(7 << 60));
        assert_eq!(value("9223372036854775807"), Ok(i64::MAX));
    }

    #[test]
    fn nonsense_and_overflow_are_told_apart() {
        for text in ["", "-", ".", "m", "1.2.3", "1K", "1mi", "1 Gi", " 1", "1e", "1e1.5", "--1", "1Gib", "0x10", "１"]
        {
            assert_eq!(value(text), Err(QuantityError::Malformed(text.to_owned())), "{text}");
        }
        for text in ["8Ei", "10E", "1e400", "9223372036854775808", "1e99999999999"] {
            assert!(value(text).is_err(), "{text}");
        }
        assert_eq!(milli_value("7Ei"), Err(QuantityError::Overflow("7Ei".to_owned())));
    }

    #[test]
    fn amounts_print_as_kubernetes_prints_them() {
        assert_eq!((format_cpu(2000), format_cpu(1500)), ("2".to_owned(), "1500m".to_owned()));
        assert_eq!((format_memory(64 << 20), format_memory(1500)), ("64Mi".to_owned(), "1500".to_owned()));
        assert_eq!((format_memory(0), format_memory(3 << 29)), ("0".to_owned(), "1536Mi".to_owned()));
    }
}
