//! Difference constraints: the earliest moments that keep to all of them, or a circle of constraints that contradict each other.
//!
//! Longest paths from moment 0 (Bellman and Ford); a path that comes back to where it began, longer, is a contradiction. Whether
//! there is one is seen in the graph of predecessors after each round over all constraints.
//!
//! Reference: Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", 3rd edition, MIT Press 2009, section 24.4.

/// A point is at least so many seconds after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The other point.
    pub from: usize,
    /// The point.
    pub to: usize,
    /// Seconds; negative where it may be before, but not by more.
    pub least: i64,
}

/// The earliest moments of points that keep to all constraints, none before 0; else positions of constraints that form a circle
/// without a solution.
pub fn earliest(points: usize, constraints: &[Difference]) -> Result<Vec<i64>, Vec<usize>> {
    let mut moments = vec![0; points];
    // By point: the constraint that moved it last.
    let mut moved_by: Vec<Option<usize>> = vec![None; points];
    loop {
        let mut moved = false;
        for (position, it) in constraints.iter().enumerate() {
            let moment = moments[it.from] + it.least;
            if moment > moments[it.to] {
                moments[it.to] = moment;
                moved_by[it.to] = Some(position);
                moved = true;
            }
        }
        if !moved {
            return Ok(moments);
        }
        if let Some(circle) = circle(constraints, &moved_by) {
            return Err(circle);
        }
    }
}

/// A circle in the graph of predecessors, if there is one.
fn circle(constraints: &[Difference], moved_by: &[Option<usize>]) -> Option<Vec<usize>> {
    // By point: in which walk it was visited.
    let mut walk = vec![usize::MAX; moved_by.len()];
    for start in 0..moved_by.len() {
        let mut point = start;
        while walk[point] == usize::MAX {
            walk[point] = start;
            match moved_by[point] {
                Some(position) => point = constraints[position].from,
                None => break,
            }
        }
        if walk[point] == start && moved_by[point].is_some() {
            return Some(around(constraints, moved_by, point));
        }
    }
    None
}

/// The constraints of the circle that a point is on.
fn around(constraints: &[Difference], moved_by: &[Option<usize>], start: usize) -> Vec<usize> {
    let mut circle = Vec::new();
    let mut point = start;
    while let Some(position) = moved_by[point] {
        circle.push(position);
        point = constraints[position].from;
        if point == start {
            break;
        }
    }
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(from: usize, to: usize, least: i64) -> Difference {
        Difference { from, to, least }
    }

    #[test]
    fn moments_are_the_earliest_ones() {
        let constraints = [after(0, 1, 5), after(1, 2, 0), after(0, 2, 15), after(2, 1, -4)];
        assert_eq!(earliest(3, &constraints), Ok(vec![0, 11, 15]));
        assert_eq!(earliest(2, &[]), Ok(vec![0, 0]));
    }

    #[test]
    fn contradictions_are_named() {
        // 1 is 10 after 0, 2 not before 1, and no later than 5 after 0.
        let constraints = [after(0, 1, 10), after(0, 1, 3), after(1, 2, 0), after(2, 0, -5)];
        let mut circle = earliest(3, &constraints).expect_err("contradictory");
        circle.sort_unstable();
        assert_eq!(circle, [0, 2, 3]);
        assert_eq!(earliest(1, &[after(0, 0, 1)]), Err(vec![0]));
    }

    /// Against trying all moments of a small grid.
    #[test]
    fn small_systems_agree_with_a_search() {
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % below
        };
        for _ in 0..300 {
            let constraints: Vec<Difference> =
                (0..1 + next(6)).map(|_| after(next(4) as usize, next(4) as usize, next(9) as i64 - 5)).collect();
            let keeps = |moments: &[i64]| constraints.iter().all(|it| moments[it.to] >= moments[it.from] + it.least);
            let mut grid =
                (0..10_i64.pow(4)).map(|code| (0..4).map(|it| code / 10_i64.pow(it) % 10).collect::<Vec<_>>());
            match earliest(4, &constraints) {
                Ok(moments) => assert!(keeps(&moments), "{constraints:?}"),
                Err(circle) => {
                    assert!(circle.iter().map(|&it| constraints[it].least).sum::<i64>() > 0, "{constraints:?}");
                    assert!(!grid.any(|moments| keeps(&moments)), "{constraints:?}");
                }
            }
        }
    }
}
