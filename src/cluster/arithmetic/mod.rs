//! The arithmetic of the real controllers, as exact Rust functions of plain numbers.
//!
//! Every function follows Kubernetes v1.34 in its order of operations: integer divisions truncate where upstream's
//! do, and doubles are multiplied and compared in upstream's order, so that roundings agree too. Nothing here knows
//! objects, history or terms: the encodings tabulate these functions over the ranges of their state.
//!
//! Units: resource amounts are milli-values (`100m` is 100, `1` is 1000) and stay below 9·10¹⁶ so that a
//! percentage of them fits; replica and pod counts lie in the range of an int32; percentages are whole numbers.

pub mod hpa_rates;
pub mod hpa_replicas;
pub mod image_score;
pub mod node_lifecycle;
pub mod node_score;
pub mod recommendation;
pub mod rollout;
pub mod spread_score;
pub mod utilization;

/// `int32(x)` of Go on amd64: truncation, and the smallest int32 for what does not fit (infinities and NaN too).
fn go_int32(x: f64) -> i64 {
    let truncated = x.trunc();
    if truncated >= f64::from(i32::MIN) && truncated <= f64::from(i32::MAX) {
        truncated as i64
    } else {
        i64::from(i32::MIN)
    }
}

/// `a / b` of Go on integers: truncated towards zero; 0 where Go would panic or overflow.
fn quotient(a: i64, b: i64) -> i64 {
    a.checked_div(b).unwrap_or(0)
}

/// Greatest common divisor, which is not negative.
pub fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_become_integers_as_on_amd64() {
        assert_eq!(go_int32(2.9), 2);
        assert_eq!(go_int32(-2.9), -2);
        assert_eq!(go_int32(2_147_483_647.9), 2_147_483_647);
        for out_of_range in [2_147_483_648.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(go_int32(out_of_range), i64::from(i32::MIN));
        }
        assert_eq!(quotient(7, 0), 0);
        assert_eq!(quotient(-7, 2), -3);
    }
}
