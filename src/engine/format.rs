//! How integers become bits: the width that a range needs, and whether it has a sign.
//!
//! A range that holds negative numbers is in two's complement, any other is unsigned. Sums, differences and products are
//! computed modulo two to the width of their result, which is exact because the result fits.

use crate::term::Range;

/// Bits that a range needs, and whether they are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// Number of bits, the sign included; 1 to 65.
    pub width: u32,
    /// Whether the highest bit is a sign.
    pub signed: bool,
}

impl Format {
    /// The smallest format that holds all values of a range.
    pub fn of(range: Range) -> Format {
        let magnitude = |value: i64| 64 - (if value < 0 { !value } else { value }).leading_zeros();
        let bits = magnitude(range.lo).max(magnitude(range.hi)).max(1);
        let signed = range.lo < 0;
        Format { width: bits + signed as u32, signed }
    }

    /// A format that holds both.
    pub fn join(self, other: Format) -> Format {
        let signed = self.signed || other.signed;
        let width = |format: Format| format.width + (signed && !format.signed) as u32;
        Format { width: width(self).max(width(other)), signed }
    }

    /// Whether every pattern of bits is a value of the range.
    pub fn is_filled_by(self, range: Range) -> bool {
        range.size() == 1u64.checked_shl(self.width).unwrap_or(0)
    }
}
