//! Times as pictures: SVG, each a file that needs no other.
//!
//! A `cactus` plot shows how many rows each engine decides in which time, a `scatter` plot one engine against
//! another, task by task. Times are medians, on logarithmic scales (`scale`). What is not decided in time is on the border.
//!
//! Pictures can be read in dark and in light, without colours (lines and marks differ in form), and by programs that read
//! aloud: each has a title and a description, and each mark says what it is.

mod cactus;
mod frame;
mod scale;
mod scatter;

use itertools::Itertools;

use crate::workbench::measurement::Measurement;

/// All pictures of some rows: names of files, and their texts. None if no row was decided.
pub fn of(rows: &[Measurement]) -> Vec<(String, String)> {
    let engines: Vec<&str> = rows.iter().map(|row| row.row.engine.as_str()).unique().collect();
    if !rows.iter().any(|row| time(row).is_some()) {
        return Vec::new();
    }
    let mut pictures = vec![("cactus.svg".to_owned(), cactus::picture(rows, &engines))];
    for (&x, &y) in engines.iter().tuple_combinations() {
        let picture = scatter::picture(rows, x, y);
        pictures.extend(picture.map(|text| (format!("scatter-{x}-{y}.svg"), text)));
    }
    pictures
}

/// The median time of a row in seconds, if it was decided.
fn time(row: &Measurement) -> Option<f64> {
    row.median().filter(|_| row.is_decided()).map(|time| time.as_secs_f64())
}
