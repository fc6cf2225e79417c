//! Integer arithmetic as circuits: vectors of literals, lowest bit first.

use super::aig::{Aig, Lit};

/// An integer: as many literals as its format has bits, lowest first.
pub type Bits = Vec<Lit>;

/// A constant of a given width, in two's complement.
pub fn constant(value: i64, width: u32) -> Bits {
    (0..width).map(|bit| Lit::constant(value >> bit.min(63) & 1 == 1)).collect()
}

/// Extends by the sign or by zeros, or cuts off high bits that are known not to matter.
pub fn resize(bits: &[Lit], signed: bool, width: u32) -> Bits {
    let fill = match bits.last() {
        Some(&sign) if signed => sign,
        _ => Lit::FALSE,
    };
    bits.iter().copied().chain(std::iter::repeat(fill)).take(width as usize).collect()
}

/// Sum and carry of three bits.
fn full_adder(aig: &mut Aig, a: Lit, b: Lit, carry: Lit) -> (Lit, Lit) {
    let half = aig.xor(a, b);
    let sum = aig.xor(half, carry);
    let both = aig.and(a, b);
    let passed = aig.and(half, carry);
    (sum, aig.or(both, passed))
}

/// `a + b + carry`, of the width of both, and the carry out.
pub fn add(aig: &mut Aig, a: &[Lit], b: &[Lit], mut carry: Lit) -> (Bits, Lit) {
    let mut sum = Bits::with_capacity(a.len());
    for (&a, &b) in a.iter().zip(b) {
        let (bit, next) = full_adder(aig, a, b, carry);
        sum.push(bit);
        carry = next;
    }
    (sum, carry)
}

/// `a - b`, of the width of both; the carry out says `a >= b` (unsigned).
pub fn subtract(aig: &mut Aig, a: &[Lit], b: &[Lit]) -> (Bits, Lit) {
    let complement: Bits = b.iter().map(|&bit| !bit).collect();
    add(aig, a, &complement, Lit::TRUE)
}

/// `a * b` modulo two to the width of both.
pub fn multiply(aig: &mut Aig, a: &[Lit], b: &[Lit]) -> Bits {
    let width = a.len();
    // Constants have most zeros: let them decide which rows there are.
    let zeros = |bits: &[Lit]| bits.iter().filter(|&&bit| bit == Lit::FALSE).count();
    let (rows, row) = if zeros(b) >= zeros(a) { (b, a) } else { (a, b) };
    let mut product = vec![Lit::FALSE; width];
    for (shift, &bit) in rows.iter().enumerate().filter(|&(_, &bit)| bit != Lit::FALSE) {
        let part: Bits = row[..width - shift].iter().map(|&it| aig.and(it, bit)).collect();
        let (high, _) = add(aig, &product[shift..], &part, Lit::FALSE);
        product.truncate(shift);
        product.extend(high);
    }
    product
}

/// The quotient of unsigned numbers of one width, rounded down; all ones where the divisor is 0.
pub fn divide(aig: &mut Aig, a: &[Lit], b: &[Lit]) -> Bits {
    let width = a.len();
    let divisor: Bits = b.iter().copied().chain([Lit::FALSE]).collect();
    let mut rest = vec![Lit::FALSE; width + 1];
    let mut quotient = vec![Lit::FALSE; width];
    for bit in (0..width).rev() {
        rest.pop();
        rest.insert(0, a[bit]);
        let (less, fits) = subtract(aig, &rest, &divisor);
        quotient[bit] = fits;
        rest = select(aig, fits, &less, &rest);
    }
    quotient
}

/// `then` where the condition holds, else `otherwise`; both of one width.
pub fn select(aig: &mut Aig, condition: Lit, then: &[Lit], otherwise: &[Lit]) -> Bits {
    then.iter().zip(otherwise).map(|(&then, &otherwise)| aig.mux(condition, then, otherwise)).collect()
}

/// Whether two numbers of one width are equal.
pub fn equal(aig: &mut Aig, a: &[Lit], b: &[Lit]) -> Lit {
    let same: Bits = a.iter().zip(b).map(|(&a, &b)| !aig.xor(a, b)).collect();
    aig.all(&same)
}

/// Whether `a <= b`, both of one width.
pub fn at_most(aig: &mut Aig, a: &[Lit], b: &[Lit], signed: bool) -> Lit {
    let last = a.len().wrapping_sub(1);
    let mut result = Lit::TRUE;
    for (position, (&a, &b)) in a.iter().zip(b).enumerate() {
        // The sign weighs negatively: there, 1 is the smaller bit.
        let (low, high) = if signed && position == last { (b, a) } else { (a, b) };
        let differ = aig.xor(low, high);
        result = aig.mux(differ, high, result);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of constant bits.
    fn value(bits: &[Lit], signed: bool) -> i64 {
        let raw = bits.iter().rev().fold(0i64, |sum, bit| sum << 1 | bit.as_constant().expect("a constant") as i64);
        let shift = 64 - bits.len();
        if signed { raw << shift >> shift } else { raw }
    }

    #[test]
    fn constants_compute_like_integers() {
        let mut aig = Aig::default();
        for a in 0..16 {
            for b in 0..16 {
                let (x, y) = (constant(a, 8), constant(b, 8));
                assert_eq!(value(&add(&mut aig, &x, &y, Lit::FALSE).0, false), a + b);
                assert_eq!(value(&subtract(&mut aig, &x, &y).0, true), a - b);
                assert_eq!(value(&multiply(&mut aig, &x, &y), false), a * b);
                assert_eq!(at_most(&mut aig, &x, &y, false), Lit::constant(a <= b));
                assert_eq!(equal(&mut aig, &x, &y), Lit::constant(a == b));
                if b > 0 {
                    assert_eq!(value(&divide(&mut aig, &x, &y), false), a / b);
                }
                let (x, y) = (constant(a - 8, 5), constant(b - 8, 5));
                assert_eq!(at_most(&mut aig, &x, &y, true), Lit::constant(a <= b));
            }
        }
        assert!(aig.is_empty());
    }
}
