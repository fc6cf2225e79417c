//! What all pictures have: size, colours, titles, axes, marks.

use svg::node::Text as Plain;
use svg::node::element::{Description, Group, Line, Path, Rectangle, Style, Text, Title};
use svg::{Document, Node};

use crate::input::visible::visible;

/// Width of a picture.
pub const WIDTH: f64 = 640.0;
/// Height of a picture.
pub const HEIGHT: f64 = 480.0;
/// Where the axes are: left, top, right, bottom.
pub const AREA: (f64, f64, f64, f64) = (76.0, 48.0, 616.0, 424.0);

/// Colours that people tell apart who see few (Okabe and Ito), on light and on dark paper, and forms of lines.
const STYLE: &str = "
svg { color-scheme: light dark; background: #fff; font: 13px system-ui, sans-serif }
text { fill: #222 } .paper { fill: #fff } .axis { stroke: #555; fill: none } .grid { stroke: #ddd } .fine { stroke: #f0f0f0 }
.help { stroke: #999; stroke-dasharray: 2 4; fill: none } .head { font-size: 16px; font-weight: 600 }

.s0 { stroke: #0072b2 } .s1 { stroke: #d55e00; stroke-dasharray: 8 3 } .s2 { stroke: #00785a; stroke-dasharray: 2 3 }
.s3 { stroke: #a6568a; stroke-dasharray: 10 3 2 3 } .line { fill: none; stroke-width: 2 }
.mark { fill-opacity: .35; fill: #0072b2; stroke-width: 1.5; stroke-dasharray: none } .mark.s1 { fill: #d55e00 }
.mark.s2 { fill: #00785a } .mark.s3 { fill: #a6568a }
@media (prefers-color-scheme: dark) {
svg { background: #16181c } text { fill: #e6e6e6 } .paper { fill: #16181c } .axis { stroke: #aaa } .grid { stroke: #3a3d42 }
.fine { stroke: #24272b } .help { stroke: #888 } .s0 { stroke: #56b4e9 } .s1 { stroke: #e69f00 } .s2 { stroke: #2fc29a }
.s3 { stroke: #e79ac8 } .mark { fill: #56b4e9 } .mark.s1 { fill: #e69f00 } .mark.s2 { fill: #2fc29a } .mark.s3 { fill: #e79ac8 }
}
";

/// How many forms there are.
const FORMS: usize = 4;

/// An empty picture.
pub fn picture(title: &str, description: &str) -> Document {
    let paper = Rectangle::new().set("class", "paper").set("width", WIDTH).set("height", HEIGHT);
    Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("width", WIDTH)
        .set("height", HEIGHT)
        .set("role", "img")
        .set("aria-labelledby", "title desc")
        .add(Title::new(shown(title)).set("id", "title"))
        .add(Description::new().set("id", "desc").add(Plain::new(shown(description))))
        .add(Style::new(STYLE))
        .add(paper)
        .add(text((AREA.0 + AREA.2) / 2.0, 28.0, "middle", title).set("class", "head"))
}

/// Text as it may stand in a picture.
fn shown(text: &str) -> String {
    visible(text).into_owned()
}

/// A text at a place.
pub fn text(x: f64, y: f64, anchor: &str, text: &str) -> Text {
    Text::new(shown(text)).set("x", round(x)).set("y", round(y)).set("text-anchor", anchor)
}

/// A line of a class.
pub fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Line {
    let line = Line::new().set("class", class).set("x1", round(x1)).set("y1", round(y1));
    line.set("x2", round(x2)).set("y2", round(y2))
}

/// Places to a tenth: nobody sees more.
pub fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

/// The class of the series of a number.
pub fn series(number: usize) -> String {
    format!("s{}", number % FORMS)
}

/// A mark whose form tells the series, which says what it is.
pub fn mark(number: usize, (x, y): (f64, f64), says: &str) -> Group {
    let (x, y) = (round(x), round(y));
    let form = match number % FORMS {
        0 => format!("M{} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", x - 4.0),
        1 => format!("M{} {}h7v7h-7z", x - 3.5, y - 3.5),
        2 => format!("M{x} {}l4.5 8h-9z", y - 5.0),
        _ => format!("M{x} {}l5 5l-5 5l-5 -5z", y - 5.0),
    };
    let path = Path::new().set("class", format!("mark {}", series(number))).set("d", form);
    Group::new().add(Title::new(shown(says))).add(path)
}

/// The vertical axis with its ticks, lines through the area, and what it is.
pub fn vertical(group: &mut Group, ticks: &[(f64, String)], fine: &[f64], label: &str) {
    let (left, top, right, bottom) = AREA;
    fine.iter().for_each(|&y| group.append(line("fine", (left, y), (right, y))));
    for (y, label) in ticks {
        group.append(line("grid", (left, *y), (right, *y)));
        group.append(text(left - 8.0, y + 4.0, "end", label));
    }
    group.append(line("axis", (left, top), (left, bottom)));
    let (x, y) = (18.0, (top + bottom) / 2.0);
    group.append(text(x, y, "middle", label).set("transform", format!("rotate(-90 {x} {y})")));
}

/// The horizontal axis, likewise.
pub fn horizontal(group: &mut Group, ticks: &[(f64, String)], fine: &[f64], label: &str) {
    let (left, top, right, bottom) = AREA;
    fine.iter().for_each(|&x| group.append(line("fine", (x, top), (x, bottom))));
    for (x, label) in ticks {
        group.append(line("grid", (*x, top), (*x, bottom)));
        group.append(text(*x, bottom + 18.0, "middle", label));
    }
    group.append(line("axis", (left, bottom), (right, bottom)));
    group.append(text((left + right) / 2.0, bottom + 40.0, "middle", label));
}

/// A picture as the text of a file.
pub fn written(document: &Document) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}\n")
}
