//! How many rows an engine decides, if each may take so long.

use svg::node::element::{Group, Path};
use svg::{Document, Node};

use super::frame::{self, AREA, line, mark, round, series, text};
use super::scale::Scale;
use super::time;
use crate::report::render::layout::seconds;
use crate::workbench::measurement::Measurement;

/// An engine's rows that were decided, the quickest first: times and names.
struct Series<'a> {
    engine: &'a str,
    decided: Vec<(f64, &'a str)>,
    /// How many rows it has.
    rows: usize,
}

/// The picture.
pub fn picture(rows: &[Measurement], engines: &[&str]) -> String {
    let all: Vec<Series<'_>> = engines.iter().map(|engine| of(rows, engine)).collect();
    let counts = all.iter().map(|it| format!("{} decides {} of {} rows", it.engine, it.decided.len(), it.rows));
    let counts = counts.collect::<Vec<String>>().join(", ");
    let description =
        format!("Rows that each engine decides, over the median time of the slowest one of them: {counts}.");
    let mut document = frame::picture("Rows decided over time", &description);
    let (left, top, right, bottom) = AREA;
    let most = all.iter().map(|it| it.decided.len()).max().unwrap_or(0).max(1);
    let x = |number: usize| left + (right - left) * number as f64 / most as f64;
    let scale = Scale::of(all.iter().flat_map(|it| it.decided.iter().map(|(time, _)| *time)), (bottom, top));
    let mut axes = Group::new();
    let numbers: Vec<(f64, String)> = steps(most).map(|number| (x(number), number.to_string())).collect();
    frame::horizontal(&mut axes, &numbers, &[], "rows decided");
    frame::vertical(&mut axes, &scale.ticks(), &scale.between(), "median time of a row");
    document.append(axes);
    for (number, series) in all.iter().enumerate() {
        draw(&mut document, number, series, &x, &scale);
        legend(&mut document, number, series);
    }
    frame::written(&document)
}

fn of<'a>(rows: &'a [Measurement], engine: &'a str) -> Series<'a> {
    let own: Vec<&Measurement> = rows.iter().filter(|row| row.row.engine == engine).collect();
    let decided = own.iter().filter_map(|row| Some((time(row)?, row.row.task.name.as_str())));
    let mut decided: Vec<(f64, &str)> = decided.collect();
    decided.sort_by(|one, two| one.0.total_cmp(&two.0));
    Series { engine, decided, rows: own.len() }
}

/// Round numbers of rows, about ten of them.
fn steps(most: usize) -> impl Iterator<Item = usize> {
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].into_iter().find(|step| most / step <= 12).unwrap_or(most);
    (0..=most).step_by(step.max(1))
}

fn draw(document: &mut Document, number: usize, all: &Series<'_>, x: &impl Fn(usize) -> f64, scale: &Scale) {
    let places = all.decided.iter().enumerate().map(|(at, (time, name))| ((x(at + 1), scale.at(*time)), *time, *name));
    let places: Vec<((f64, f64), f64, &str)> = places.collect();
    let corner = |(at, ((x, y), ..)): (usize, &((f64, f64), f64, &str))| {
        format!("{}{} {}", if at == 0 { "M" } else { "L" }, round(*x), round(*y))
    };
    let way: String = places.iter().enumerate().map(corner).collect();
    if !way.is_empty() {
        document.append(Path::new().set("class", format!("line {}", series(number))).set("d", way));
    }
    for (at, (place, time, name)) in places.iter().enumerate() {
        let says = format!("{}: {} rows in up to {} each, the last is {name}", all.engine, at + 1, seconds(*time));
        document.append(mark(number, *place, &says));
    }
}

fn legend(document: &mut Document, number: usize, series_of: &Series<'_>) {
    let (x, y) = (AREA.0 + 16.0, AREA.1 + 18.0 + 20.0 * number as f64);
    document.append(line(&format!("line {}", series(number)), (x, y), (x + 34.0, y)));
    document.append(mark(number, (x + 17.0, y), series_of.engine));
    let label = format!("{}: {} of {}", series_of.engine, series_of.decided.len(), series_of.rows);
    document.append(text(x + 44.0, y + 4.0, "start", &label));
}
