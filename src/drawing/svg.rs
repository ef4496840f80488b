//! Writes a drawing down.

use std::fmt::Write as _;

use super::arrange::Plan;
use super::measure::{BOLD, BOX_HEIGHT, LETTERS, short, width};
use super::place::Placed;
use super::route::{Direction, Route};
use super::{Line, Picture, Rect};

/// Colours of groups, told apart on light and on dark ground.
const COLOURS: [&str; 12] = [
    "#6366f1", "#10b981", "#f59e0b", "#0ea5e9", "#d946ef", "#84cc16", "#14b8a6", "#f97316",
    "#8b5cf6", "#64748b", "#ec4899", "#a3762e",
];

/// More arrows than these are drawn fainter.
const MANY: usize = 150;

const STYLE: &str = "\
text{font-family:ui-sans-serif,system-ui,sans-serif;fill:#1f2937}
.bg{fill:#ffffff} .h{font-size:17px;font-weight:600} .s{font-size:12px;fill:#6b7280}
.n text{font-size:12px;text-anchor:middle} .n rect{fill-opacity:.16;stroke-width:1.2}
.f{fill-opacity:.05;stroke-opacity:.35;stroke-dasharray:5 4}
.g{font-size:12px;font-weight:600;fill:#6b7280;stroke:#ffffff;stroke-width:3px;stroke-opacity:.75;paint-order:stroke}
.e{fill:none;stroke-width:1.3;stroke-opacity:.75} .many .e{stroke-width:1;stroke-opacity:.42}
.x.n rect{stroke:#dc2626;stroke-width:2} .e.x{stroke:#dc2626} .e.u,.many .e.u{stroke:#dc2626;stroke-opacity:.9;stroke-width:1.6}
.k{stroke:#6b7280} .da{stroke-dasharray:6 4} .do{stroke-dasharray:1.5 4;stroke-linecap:round}
.n:hover rect{fill-opacity:.4} .e:hover{stroke-opacity:1;stroke-width:3}
svg:has(.n:hover) .e{stroke-opacity:.06}
@media (prefers-color-scheme:dark){text{fill:#e5e7eb} .bg{fill:#111827} .s,.g{fill:#9ca3af} .g{stroke:#111827} .n rect{fill-opacity:.3} .k{stroke:#9ca3af}}
";

pub(super) fn write(picture: &Picture, plan: &Plan, placed: &Placed, routes: &[Route]) -> String {
    let mut out = String::new();
    let legend = legend(picture);
    let width = placed.width.max(legend.1 + 56.0).max(head_width(picture) + 56.0);
    let height = placed.height;
    let title = escaped(&format!("{}: {}", picture.title, picture.note));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">"
    );
    let _ = writeln!(out, "<style>\n{STYLE}{}</style>\n{}", rules(picture), markers());
    let _ = writeln!(out, "<rect class=\"bg\" width=\"{width:.0}\" height=\"{height:.0}\"/>");
    head(picture, &legend.0, &mut out);
    frames(plan, placed, &mut out);
    arrows(picture, placed, routes, &mut out);
    names(picture, plan, placed, &mut out);
    nodes(picture, placed, &mut out);
    out.push_str("</svg>\n");
    out
}

/// Pointing at a box shows its arrows alone.
fn rules(picture: &Picture) -> String {
    let mut rules = String::new();
    for (number, colour) in COLOURS.iter().enumerate() {
        let _ = writeln!(
            rules,
            ".c{number}{{fill:{colour};stroke:{colour}}} .a{number}{{stroke:{colour}}}"
        );
    }
    let mut joined = vec![false; picture.nodes.len()];
    for arrow in &picture.arrows {
        (joined[arrow.from], joined[arrow.to]) = (true, true);
    }
    for node in (0..joined.len()).filter(|node| joined[*node]) {
        let _ =
            writeln!(rules, "svg:has(#n{node}:hover) .v{node}{{stroke-opacity:1;stroke-width:2}}");
    }
    rules
}

fn markers() -> String {
    let marker = |id: &str, colour: &str| {
        format!(
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" \
             markerHeight=\"6\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path d=\"M0 0.5L8 4L0 7.5z\" fill=\"{colour}\"/></marker>"
        )
    };
    let groups = COLOURS.iter().enumerate().map(|(at, colour)| marker(&format!("m{at}"), colour));
    let groups: String = groups.collect();
    format!("<defs>{groups}{}{}</defs>", marker("mx", "#dc2626"), marker("mk", "#6b7280"))
}

fn head_width(picture: &Picture) -> f64 {
    width(&picture.title, 17.0) * BOLD + 18.0 + width(&picture.note, 12.0)
}

fn head(picture: &Picture, legend: &str, out: &mut String) {
    let (title, note) = (escaped(&picture.title), escaped(&picture.note));
    let _ = writeln!(out, "<text class=\"h\" x=\"28\" y=\"30\">{title}</text>");
    let at = 28.0 + width(&picture.title, 17.0) * BOLD + 18.0;
    let _ = writeln!(out, "<text class=\"s\" x=\"{at:.0}\" y=\"30\">{note}</text>{legend}");
}

/// Samples of lines, and where the last one ends.
fn legend(picture: &Picture) -> (String, f64) {
    let (mut text, mut x) = (String::new(), 28.0);
    for (line, striking, meaning) in &picture.legend {
        let (class, marker) = if *striking { (" x", "mx") } else { ("", "mk") };
        let line = line_class(*line);
        let end = x + 30.0;
        let _ = write!(
            text,
            "\n<path class=\"e k{line}{class}\" d=\"M{x:.0} 48H{end:.0}\" marker-end=\"url(#{marker})\"/>\
             <text class=\"s\" x=\"{:.0}\" y=\"52\">{}</text>",
            end + 7.0,
            escaped(meaning)
        );
        x = end + 7.0 + width(meaning, 12.0) + 24.0;
    }
    (text, x)
}

fn line_class(line: Line) -> &'static str {
    match line {
        Line::Solid => "",
        Line::Dashed => " da",
        Line::Dotted => " do",
    }
}

fn frames(plan: &Plan, placed: &Placed, out: &mut String) {
    for (frame, rect) in plan.frames.iter().zip(&placed.frames) {
        let class = format!("f c{}", frame.group % COLOURS.len());
        let _ = writeln!(out, "{}", rectangle(rect, 10.0, &class));
    }
}

/// Names of groups, above arrows.
fn names(picture: &Picture, plan: &Plan, placed: &Placed, out: &mut String) {
    for (frame, rect) in plan.frames.iter().zip(&placed.frames) {
        let (x, y) = (rect.x + 12.0, rect.y + 16.0);
        let (name, title) = (escaped(&frame.name(picture)), escaped(&picture.groups[frame.group]));
        let _ = writeln!(
            out,
            "<text class=\"g\" x=\"{x:.1}\" y=\"{y:.1}\">{name}<title>{title}</title></text>"
        );
    }
}

fn rectangle(rect: &Rect, round: f64, class: &str) -> String {
    let Rect { x, y, width, height } = rect;
    format!(
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{height:.1}\" rx=\"{round}\"/>"
    )
}

fn arrows(picture: &Picture, placed: &Placed, routes: &[Route], out: &mut String) {
    let many = if picture.arrows.len() > MANY { " class=\"many\"" } else { "" };
    let _ = writeln!(out, "<g{many}>");
    for (arrow, route) in picture.arrows.iter().zip(routes) {
        let colour = picture.nodes[arrow.from].group % COLOURS.len();
        let (striking, marker) = match (arrow.striking, picture.is_down(arrow)) {
            (true, true) => (" x", "mx".into()),
            (true, false) => (" u", "mx".into()),
            (false, _) => ("", format!("m{colour}")),
        };
        let heavy = arrow.weight.max(1).ilog2();
        let heavy = match heavy {
            0 => String::new(),
            _ => format!(" style=\"stroke-width:{:.1}\"", 1.0 + f64::from(heavy) * 0.45),
        };
        let _ = writeln!(
            out,
            "<path class=\"e a{colour}{} v{} v{}{striking}\" d=\"{}\" marker-end=\"url(#{marker})\"{heavy}>\
             <title>{}</title></path>",
            line_class(arrow.line),
            arrow.from,
            arrow.to,
            way(placed, route),
            escaped(&arrow.title)
        );
    }
    out.push_str("</g>\n");
}

/// The path of an arrow: straight through gaps, in curves between lines.
fn way(placed: &Placed, route: &Route) -> String {
    let top = |line: usize| placed.boxes[placed.lines[line][0]].y;
    let bottom = |line: usize| top(line) + BOX_HEIGHT;
    let passes = &route.passes;
    let (first, last) = (passes[0], passes[passes.len() - 1]);
    if route.direction == Direction::Beside {
        let y = bottom(first.line);
        let deep = y + 18.0;
        let (a, b) = (first.x, last.x);
        return format!("M{a:.1} {y:.1}C{a:.1} {deep:.1} {b:.1} {deep:.1} {b:.1} {y:.1}");
    }
    let down = route.direction == Direction::Down;
    // Where a line is entered and left, on the way.
    let enter = |line| if down { top(line) } else { bottom(line) };
    let leave = |line| if down { bottom(line) } else { top(line) };
    let mut text = format!("M{:.1} {:.1}", first.x, leave(first.line));
    let mut at = (first.x, leave(first.line));
    for pass in &passes[1..] {
        let y = enter(pass.line);
        let middle = f64::midpoint(at.1, y);
        let _ =
            write!(text, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {y:.1}", at.0, pass.x, pass.x);
        at = (pass.x, leave(pass.line));
        if pass != &last {
            let _ = write!(text, "V{:.1}", at.1);
        }
    }
    text
}

fn nodes(picture: &Picture, placed: &Placed, out: &mut String) {
    for (number, (node, rect)) in picture.nodes.iter().zip(&placed.boxes).enumerate() {
        let striking = if node.striking { " x" } else { "" };
        let _ = writeln!(
            out,
            "<g class=\"n{striking}\" id=\"n{number}\"><title>{}</title>{}<text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            escaped(&node.title),
            rectangle(rect, 7.0, &format!("c{}", node.group % COLOURS.len())),
            rect.middle(),
            rect.y + rect.height / 2.0 + LETTERS * 0.35,
            escaped(&short(&node.label))
        );
    }
}

/// A text as XML has it; characters that it cannot have are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}
