//! Linear equations that hold in every row of a table of numbers: candidates for what every step keeps.
//!
//! Elimination is done modulo a prime, where numbers do not grow; coefficients are read back as fractions with small
//! denominators, and what comes of that is checked against the rows themselves.
//!
//! Reference: Karr, "Affine relationships among variables of a program", Acta Informatica 6, 1976.

/// 2^31 - 1: products of two residues fit 64 bits.
const PRIME: i64 = (1 << 31) - 1;
/// Largest coefficient.
const LARGEST: i64 = 1 << 12;
/// Largest constant.
const FARTHEST: i64 = 1 << 20;
/// Largest denominator.
const DENOMINATOR: i64 = 64;
/// Most columns of an equation.
const WIDEST: usize = 12;

/// A linear equation: the sum of columns times coefficients is `constant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equation {
    /// Columns and their coefficients, none of them 0.
    pub terms: Vec<(usize, i64)>,
    /// The sum.
    pub constant: i64,
}

/// Equations that hold in all rows, one for each column that depends on those before it. All rows are equally long.
pub fn equations(rows: &[Vec<i64>]) -> Vec<Equation> {
    let Some(columns) = rows.first().map(Vec::len) else { return Vec::new() };
    // The first column of the echelon form stands for the constant.
    let basis = echelon(rows, columns + 1);
    let pivots: Vec<usize> = basis.iter().map(|&(pivot, _)| pivot).collect();
    let dependent = (1..=columns).filter(|column| !pivots.contains(column));
    dependent.filter_map(|column| equation(&basis, column)).filter(|it| holds(it, rows)).collect()
}

fn holds(equation: &Equation, rows: &[Vec<i64>]) -> bool {
    let value = |row: &Vec<i64>| equation.terms.iter().map(|&(column, factor)| row[column] * factor).sum::<i64>();
    rows.iter().all(|row| value(row) == equation.constant)
}

/// Rows in reduced echelon form, with the columns of their pivots, in ascending order.
fn echelon(rows: &[Vec<i64>], columns: usize) -> Vec<(usize, Vec<i64>)> {
    let mut basis: Vec<(usize, Vec<i64>)> = Vec::new();
    for row in rows {
        if basis.len() == columns {
            break;
        }
        let mut row: Vec<i64> = std::iter::once(1).chain(row.iter().map(|value| value.rem_euclid(PRIME))).collect();
        basis.iter().for_each(|(pivot, other)| reduce(&mut row, *pivot, other));
        let Some(pivot) = row.iter().position(|&value| value != 0) else { continue };
        let inverse = power(row[pivot], PRIME - 2);
        row.iter_mut().for_each(|value| *value = *value * inverse % PRIME);
        basis.iter_mut().for_each(|(_, other)| reduce(other, pivot, &row));
        basis.push((pivot, row));
    }
    basis.sort_unstable_by_key(|&(pivot, _)| pivot);
    basis
}

/// Subtracts a multiple of `other`, whose pivot is 1, so that the pivot's column becomes 0.
fn reduce(row: &mut [i64], pivot: usize, other: &[i64]) {
    let factor = row[pivot];
    if factor != 0 {
        row.iter_mut()
            .zip(other)
            .for_each(|(value, other)| *value = (*value - factor * other % PRIME).rem_euclid(PRIME));
    }
}

fn power(base: i64, exponent: i64) -> i64 {
    let (mut result, mut square, mut left) = (1, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result = result * square % PRIME;
        }
        square = square * square % PRIME;
        left >>= 1;
    }
    result
}

/// A column as the sum of pivots' columns, if the coefficients are small.
fn equation(basis: &[(usize, Vec<i64>)], column: usize) -> Option<Equation> {
    let parts: Vec<(usize, i64)> =
        basis.iter().filter(|(_, row)| row[column] != 0).map(|(pivot, row)| (*pivot, row[column])).collect();
    if parts.len() > WIDEST {
        return None;
    }
    let scaled = |by: i64| -> Option<Vec<i64>> {
        let most = |pivot| if pivot == 0 { FARTHEST } else { LARGEST };
        parts.iter().map(|&(pivot, value)| small(value * by % PRIME, most(pivot))).collect()
    };
    let (denominator, factors) = (1..=DENOMINATOR).find_map(|by| Some((by, scaled(by)?)))?;
    let mut terms = vec![(column - 1, denominator)];
    let mut constant = 0;
    for (&(pivot, _), factor) in parts.iter().zip(factors) {
        match pivot.checked_sub(1) {
            None => constant = factor,
            Some(index) => terms.push((index, -factor)),
        }
    }
    terms.sort_unstable();
    Some(Equation { terms, constant })
}

/// The residue as a number near 0.
fn small(residue: i64, most: i64) -> Option<i64> {
    let value = if residue > PRIME / 2 { residue - PRIME } else { residue };
    (value.abs() <= most).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_of_all_rows_are_found_and_no_others() {
        let rows: Vec<Vec<i64>> =
            [(0, 3), (5, 1), (2, 2), (7, 7)].iter().map(|&(a, b)| vec![a, 4, b, 20 - 2 * a - 3 * b, a * b]).collect();
        let found = equations(&rows);
        assert_eq!(found[0], Equation { terms: vec![(1, 1)], constant: 4 });
        assert_eq!(found[1], Equation { terms: vec![(0, 2), (2, 3), (3, 1)], constant: 20 });
        // Four rows in four dimensions leave nothing more to say.
        assert_eq!(found.len(), 2);
        assert!(equations(&[]).is_empty());
    }

    #[test]
    fn halves_are_read_back() {
        let rows: Vec<Vec<i64>> = [1, 2, 5].iter().map(|&it| vec![2 * it, 3 * it + 1]).collect();
        assert_eq!(equations(&rows), [Equation { terms: vec![(0, -3), (1, 2)], constant: 2 }]);
    }
}
