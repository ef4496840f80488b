//! Layered drawings of directed graphs, as SVG.
//!
//! What a box needs is below it. Boxes of a group stand together in a frame, of which a group has several
//! if what is between them would otherwise have to be above and below at once. The work is done in these
//! steps, each bounded, so that a few hundred boxes take milliseconds:
//!
//! - `parts` divides the groups into frames that do not need each other in a circle
//! - `arrange` puts frames into rows and the boxes of a frame into lines
//! - `place` finds an order in rows and lines with short arrows, and coordinates
//! - `route` leads arrows around boxes
//! - `svg` writes it down
//!
//! Not responsible for what boxes and arrows mean. Equal pictures give equal bytes on every machine: there
//! is no chance in it, and no function of numbers that machines compute differently.

mod arrange;
mod measure;
mod parts;
mod place;
mod route;
mod svg;

#[cfg(test)]
mod tests;

/// A graph to be drawn.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// What else is to be known about it.
    pub note: String,
    /// Names of groups, sorted.
    pub groups: Vec<String>,
    /// What arrows join.
    pub nodes: Vec<Node>,
    /// At most one per pair of nodes.
    pub arrows: Vec<Arrow>,
    /// Samples of lines with what they mean.
    pub legend: Vec<(Line, bool, String)>,
}

/// A box.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// What is written in it.
    pub label: String,
    /// What is shown when it is pointed at.
    pub title: String,
    /// Index of its group.
    pub group: usize,
    /// Its place in an order in which what is needed comes first, as far as that is possible: no two are
    /// equal.
    pub rank: u32,
    /// Whether it is highlighted.
    pub striking: bool,
}

/// One node needs another.
#[derive(Clone, Debug, Default)]
pub struct Arrow {
    /// The node that needs.
    pub from: usize,
    /// The node that is needed, never the same.
    pub to: usize,
    /// How it is drawn.
    pub line: Line,
    /// How many things it stands for.
    pub weight: u64,
    /// What is shown when it is pointed at.
    pub title: String,
    /// Whether it is highlighted.
    pub striking: bool,
    /// Whether what it leads to has to be below, if ranks allow.
    pub firm: bool,
}

/// How an arrow is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// Drawn through.
    #[default]
    Solid,
    /// In dashes.
    Dashed,
    /// In dots.
    Dotted,
}

/// A box on paper.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Rect {
    fn right(&self) -> f64 {
        self.x + self.width
    }

    fn bottom(&self) -> f64 {
        self.y + self.height
    }

    fn middle(&self) -> f64 {
        self.x + self.width / 2.0
    }
}

impl Picture {
    /// Whether an arrow has to lead downwards.
    fn is_down(&self, arrow: &Arrow) -> bool {
        arrow.firm && self.nodes[arrow.to].rank < self.nodes[arrow.from].rank
    }

    /// Per node, what has to be below it.
    fn needs(&self) -> Vec<Vec<usize>> {
        let mut needs = vec![vec![]; self.nodes.len()];
        for arrow in self.arrows.iter().filter(|arrow| self.is_down(arrow)) {
            needs[arrow.from].push(arrow.to);
        }
        needs
    }

    /// The drawing.
    pub fn svg(&self) -> String {
        let plan = arrange::arrange(self);
        let placed = place::place(self, &plan);
        let routes = route::routes(self, &placed);
        svg::write(self, &plan, &placed, &routes)
    }
}
