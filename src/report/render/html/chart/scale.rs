//! Positions in a chart, in pixels.

use super::lanes::{Content, Lane};

/// Width of a step: that of a finger.
pub const COLUMN: usize = 30;
/// Width of the state at the start, before the first step.
const START: usize = 96;
/// Width of the state at the end, after the last step.
const END: usize = 40;
/// Height of the part above all lanes.
pub const HEAD: usize = 70;
/// Height of the numbers of steps, at the bottom of it.
pub const NUMBERS: usize = 26;
/// Height of a row of bars, and of the space between rows.
pub const ROW: usize = 15;
/// Space above and below the content of a lane.
pub const MARGIN: usize = 6;
/// Height of a lane in which somebody acts.
const MARKS: usize = 26;
/// Width of names.
pub const NAMES: usize = 190;

/// Where steps are.
pub struct Scale {
    steps: usize,
}

impl Scale {
    /// For so many steps.
    pub fn of(steps: usize) -> Self {
        Scale { steps }
    }

    /// All of it.
    pub fn width(&self) -> usize {
        START + self.steps * COLUMN + END
    }

    /// The left edge of a step's column.
    pub fn left(&self, step: usize) -> usize {
        START + (step - 1) * COLUMN
    }

    /// The middle of a step's column, where the state after it begins; of 0 the left edge of all.
    pub fn x(&self, step: usize) -> usize {
        if step == 0 { 0 } else { self.left(step) + COLUMN / 2 }
    }

    /// Where the state ends in which something is no more; the right edge if it lasts.
    pub fn end(&self, until: Option<usize>) -> usize {
        until.map_or(self.width(), |until| self.x(until))
    }
}

/// Height of a lane.
pub fn height(lane: &Lane) -> usize {
    match &lane.content {
        Content::Marks(_) => MARKS,
        Content::Bars(rows) => rows.len().max(1) * ROW + 2 * MARGIN,
    }
}

/// How much of a text fits into so many pixels, in the font of bars.
pub fn fitting(text: &str, width: usize) -> String {
    let room = (width * 10 / 62).saturating_sub(1);
    match text.chars().count() {
        length if length <= room => text.to_owned(),
        _ if room < 4 => String::new(),
        _ => text.chars().take(room - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_columns_between_start_and_end() {
        let scale = Scale::of(2);
        assert_eq!((scale.x(0), scale.x(1), scale.left(2)), (0, START + COLUMN / 2, START + COLUMN));
        assert_eq!((scale.end(None), scale.end(Some(1))), (scale.width(), scale.x(1)));
    }

    #[test]
    fn text_that_does_not_fit_is_cut() {
        assert_eq!(fitting("web", 100), "web");
        assert_eq!(fitting("storefront", 50), "storef…");
        assert_eq!(fitting("storefront", 20), "");
    }
}
