//! What may be said of a few measured times: their middle, how far they scatter, and whether others are larger.
//!
//! Whether a sample tends to be larger is asked with the one-sided Mann-Whitney U test (Mann, Whitney: *On a test of whether
//! one of two random variables is stochastically larger than the other*, 1947): it looks at ranks only, because times are
//! not normally distributed. For small samples the distribution of the sum of ranks is exact, that of all ways to deal the
//! ranks that there are, with middle ranks where times are equal; for large ones it is the normal approximation with
//! corrections for ties and continuity. Where many rows are asked, Holm's procedure (1979) keeps the probability that any of
//! them raises a false alarm below the level, whatever they depend on.

use itertools::Itertools;

/// Samples that are larger together are approximated.
const LARGEST_EXACT: usize = 80;

/// The middle of some numbers: the mean of both middle ones if their number is even. `None` of none.
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted: Vec<f64> = values.iter().copied().sorted_by(f64::total_cmp).collect();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The median of the distances from the median.
pub fn median_absolute_deviation(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    median(&values.iter().map(|value| (value - middle).abs()).collect::<Vec<f64>>())
}

/// The probability that `now` has ranks as large as these, or larger, if both samples came from the same distribution: the
/// p-value of the one-sided Mann-Whitney test. 1 if one of them is empty.
pub fn larger(before: &[f64], now: &[f64]) -> f64 {
    if before.is_empty() || now.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(before, now);
    let sum: usize = ranks[before.len()..].iter().sum();
    match ranks.len() <= LARGEST_EXACT {
        true => exact(&ranks, now.len(), sum),
        false => approximate(&ranks, before.len(), now.len(), sum),
    }
}

/// Twice the rank of each, first of `before`, then of `now`; equal ones share the middle of their ranks.
fn doubled_ranks(before: &[f64], now: &[f64]) -> Vec<usize> {
    let all: Vec<f64> = before.iter().chain(now).copied().collect();
    let rank = |value: &f64| {
        let below = all.iter().filter(|it| it.total_cmp(value).is_lt()).count();
        let equal = all.iter().filter(|it| it.total_cmp(value).is_eq()).count();
        2 * below + equal + 1
    };
    all.iter().map(rank).collect()
}

/// How many of all choices of `chosen` ranks have at least this sum.
fn exact(ranks: &[usize], chosen: usize, sum: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    // ways[n][s]: choices of n of the ranks so far whose sum is s.
    let mut ways = vec![vec![0.0_f64; total + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for &rank in ranks {
        for number in (1..=chosen).rev() {
            let (fewer, more) = ways.split_at_mut(number);
            for at in (rank..=total).rev() {
                more[0][at] += fewer[number - 1][at - rank];
            }
        }
    }
    let all: f64 = ways[chosen].iter().sum();
    ways[chosen][sum.min(total)..].iter().sum::<f64>() / all
}

/// The normal approximation.
fn approximate(ranks: &[usize], before: usize, now: usize, sum: usize) -> f64 {
    let (m, n, total) = (before as f64, now as f64, ranks.len() as f64);
    let u = sum as f64 / 2.0 - n * (n + 1.0) / 2.0;
    let ties: f64 = ranks.iter().counts().values().map(|&count| (count as f64).powi(3) - count as f64).sum();
    let variance = m * n / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (u - m * n / 2.0 - 0.5) / variance.sqrt();
    libm::erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// The p-values, each made as large as it has to be because there are so many (Holm).
pub fn holm(values: &[f64]) -> Vec<f64> {
    let order: Vec<usize> = (0..values.len()).sorted_by(|&a, &b| values[a].total_cmp(&values[b])).collect();
    let mut adjusted = vec![1.0; values.len()];
    let mut largest: f64 = 0.0;
    for (position, &at) in order.iter().enumerate() {
        largest = largest.max((values[at] * (values.len() - position) as f64).min(1.0));
        adjusted[at] = largest;
    }
    adjusted
}

/// How many runs each of two samples needs at least, so that one row among `rows` can be told from noise at this level.
pub fn runs_needed(rows: usize, level: f64) -> usize {
    let mut choices = 1.0;
    let mut runs = 0;
    while choices * level < rows as f64 {
        runs += 1;
        let n = runs as f64;
        // From C(2n - 2, n - 1) to C(2n, n).
        choices *= (2.0 * n) * (2.0 * n - 1.0) / (n * n);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, two: f64) -> bool {
        (one - two).abs() < 1e-9 * two.abs().max(1.0)
    }

    #[test]
    fn middles_and_scatter() {
        assert_eq!((median(&[]), median(&[9.0, 1.0, 5.0]), median(&[4.0, 1.0])), (None, Some(5.0), Some(2.5)));
        assert_eq!(median_absolute_deviation(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), Some(1.0));
    }

    /// The counts of Mann and Whitney's table: of 20 orders of three and three, of 252 of five and five.
    #[test]
    fn exact_probabilities_are_those_of_the_published_tables() {
        assert!(close(larger(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 1.0 / 20.0));
        assert!(close(larger(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0]), 2.0 / 20.0));
        assert!(close(larger(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]), 1.0));
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!(close(larger(&low, &high), 1.0 / 252.0));
        // U = 4 for five and five: 12 of 252, the critical value at 0.05 in the one-sided table.
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 9.0], [5.0, 6.0, 7.0, 8.0, 10.0]);
        assert!(close(larger(&low, &high), 12.0 / 252.0));
        // Permeability of chorioamnion at term and before (Hollander, Wolfe: Nonparametric Statistical Methods), as in the
        // manual of R's wilcox.test: W = 35, p = 0.1272.
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let before = [1.15, 0.88, 0.90, 0.74, 1.21];
        assert!((larger(&before, &term) - 0.1272).abs() < 5e-5, "{}", larger(&before, &term));
    }

    #[test]
    fn equal_times_share_their_ranks() {
        assert!(close(larger(&[1.0, 1.0], &[1.0, 1.0]), 1.0));
        // Ranks 1.5, 1.5, 3.5, 3.5: one of the six choices of two has the largest sum.
        assert!(close(larger(&[1.0, 1.0], &[2.0, 2.0]), 1.0 / 6.0));
        // Ranks 1, 2.5, 2.5, 4: two choices of six reach 6.5.
        assert!(close(larger(&[1.0, 2.0], &[2.0, 3.0]), 2.0 / 6.0));
        assert_eq!((larger(&[], &[1.0]), larger(&[1.0], &[])), (1.0, 1.0));
    }

    #[test]
    fn the_approximation_is_close_to_what_is_exact() {
        let before: Vec<f64> = (0..30).map(|it| f64::from(it * 7 % 30)).collect();
        for shift in [0.0, 0.5, 4.5, 9.5] {
            let now: Vec<f64> = before.iter().map(|it| it + shift).collect();
            let ranks = doubled_ranks(&before, &now);
            let sum: usize = ranks[30..].iter().sum();
            let (exact, near) = (exact(&ranks, 30, sum), approximate(&ranks, 30, 30, sum));
            assert!((exact - near).abs() < 5e-3, "{shift}: {exact} {near}");
        }
    }

    /// The example of Holm's procedure: four values at 0.05.
    #[test]
    fn many_rows_need_smaller_values() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(adjusted.iter().zip(expected).all(|(&one, two)| close(one, two)), "{adjusted:?}");
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn a_few_runs_cannot_tell_one_row_of_many() {
        assert_eq!((runs_needed(1, 0.05), runs_needed(2, 0.05), runs_needed(12, 0.05)), (3, 4, 5));
        assert_eq!((runs_needed(46, 0.05), runs_needed(47, 0.05)), (6, 7));
    }
}
