//! Image locality scores of kube-scheduler: `pkg/scheduler/framework/plugins/imagelocality/image_locality.go`, v1.34.

use super::node_score::MAX_SCORE;
use super::quotient;

const MIB: i64 = 1024 * 1024;
/// Sums below score 0.
const LOWEST: i64 = 23 * MIB;
/// Sums above, for each container, score the most.
const HIGHEST: i64 = 1000 * MIB;

/// What an image of `size` bytes adds where it is present on `nodes` of `all` nodes.
pub fn scaled(size: i64, nodes: i64, all: i64) -> i64 {
    (size as f64 * (nodes as f64 / all as f64)) as i64
}

/// Score of a node from the sum over the images that it has, for a pod of so many containers.
pub fn image_score(sum: i64, containers: i64) -> i64 {
    let highest = HIGHEST.saturating_mul(containers.max(1));
    let sum = sum.clamp(LOWEST, highest);
    quotient(MAX_SCORE.saturating_mul(sum - LOWEST), highest - LOWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_clamped_and_stretched() {
        assert_eq!(image_score(10 * MIB, 1), 0);
        assert_eq!(image_score(2000 * MIB, 1), 100);
        assert_eq!(image_score(1000 * MIB, 2), 49);
        assert_eq!(scaled(100, 1, 3), 33);
    }
}
