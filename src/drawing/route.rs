//! Leads arrows around boxes: through the gaps of each line on their way.

use super::place::{Placed, spread};
use super::{Arrow, Picture};

/// Between an arrow and a box that it passes.
const CLEAR: f64 = 5.0;
/// Between arrows in a gap, if there is room.
const APART: f64 = 4.0;
/// More arrows than fit into so much run closer together, as a bundle.
const BUNDLE: f64 = 36.0;
/// Between the side of a box and its first arrow.
const CORNER: f64 = 8.0;

/// A point and the line it belongs to: a place in a gap, or an end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pass {
    pub(super) x: f64,
    pub(super) line: usize,
}

/// The way of an arrow: where it begins, which gaps it goes through, where it ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Route {
    pub(super) passes: Vec<Pass>,
    /// From top to bottom, from bottom to top, or beside each other.
    pub(super) direction: Direction,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Direction {
    #[default]
    Down,
    Up,
    Beside,
}

/// One route per arrow.
pub(super) fn routes(picture: &Picture, placed: &Placed) -> Vec<Route> {
    let mut routes: Vec<_> = picture.arrows.iter().map(|arrow| ends(arrow, placed)).collect();
    ports(picture, placed, &mut routes);
    let mut gaps = Gaps::new(placed);
    for (number, route) in routes.iter_mut().enumerate() {
        gaps.lead(number, route);
    }
    gaps.spread(&mut routes);
    routes
}

/// From the middle of one box to the middle of the other.
fn ends(arrow: &Arrow, placed: &Placed) -> Route {
    let end = |node: usize| Pass { x: placed.boxes[node].middle(), line: placed.line_of[node] };
    let (from, to) = (end(arrow.from), end(arrow.to));
    let direction = match from.line.cmp(&to.line) {
        std::cmp::Ordering::Less => Direction::Down,
        std::cmp::Ordering::Greater => Direction::Up,
        std::cmp::Ordering::Equal => Direction::Beside,
    };
    Route { passes: vec![from, to], direction }
}

/// Spreads the arrows of a box over its sides, in the order of where they come from.
fn ports(picture: &Picture, placed: &Placed, routes: &mut [Route]) {
    // Per node, those at its top and at its bottom: where the other end is, the arrow, which end.
    let mut sides = vec![[vec![], vec![]]; picture.nodes.len()];
    for (number, (arrow, route)) in picture.arrows.iter().zip(&*routes).enumerate() {
        let [from, to] = [route.passes[0].x, route.passes[1].x];
        let (begin, end) = match route.direction {
            Direction::Down => (1, 0),
            Direction::Up => (0, 1),
            Direction::Beside => (1, 1),
        };
        sides[arrow.from][begin].push((to, number, 0));
        sides[arrow.to][end].push((from, number, 1));
    }
    for (node, sides) in sides.iter_mut().enumerate() {
        let rect = placed.boxes[node];
        for side in sides {
            side.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            let room = (rect.width - 2.0 * CORNER) / side.len() as f64;
            for (place, (_, number, end)) in side.iter().enumerate() {
                let x = rect.x + CORNER + (place as f64 + 0.5) * room;
                routes[*number].passes[*end].x = x;
            }
        }
    }
}

/// The gaps of all lines, and who goes through them.
struct Gaps {
    /// Per line, from the left: from where to where.
    gaps: Vec<Vec<(f64, f64)>>,
    /// Per line and gap: arrow and index of the pass.
    users: Vec<Vec<Vec<(usize, usize)>>>,
}

impl Gaps {
    fn new(placed: &Placed) -> Self {
        let gaps: Vec<Vec<_>> = placed.lines.iter().map(|line| gaps(placed, line)).collect();
        let users = gaps.iter().map(|gaps| vec![vec![]; gaps.len()]).collect();
        Self { gaps, users }
    }

    /// Chooses a gap in every line between the ends: the one nearest to the straight way.
    fn lead(&mut self, number: usize, route: &mut Route) {
        let [from, to] = [route.passes[0], route.passes[1]];
        let (top, bottom) = (from.line.min(to.line), from.line.max(to.line));
        let lines: Vec<usize> = match route.direction {
            Direction::Down => (top + 1..bottom).collect(),
            Direction::Up => (top + 1..bottom).rev().collect(),
            Direction::Beside => vec![],
        };
        let mut x = from.x;
        let mut passes = vec![from];
        for (step, &line) in lines.iter().enumerate() {
            let ahead = (lines.len() - step + 1) as f64;
            let straight = x + (to.x - x) / ahead;
            let off = |(begin, end): &(f64, f64)| (straight.clamp(*begin, *end) - straight).abs();
            let gaps = self.gaps[line].iter().enumerate();
            let nearest = gaps.min_by(|(_, a), (_, b)| off(a).total_cmp(&off(b)));
            let Some((gap, (begin, end))) = nearest else { continue };
            x = straight.clamp(*begin, *end);
            self.users[line][gap].push((number, passes.len()));
            passes.push(Pass { x, line });
        }
        passes.push(to);
        route.passes = passes;
    }

    /// Keeps arrows in the same gap apart.
    fn spread(&self, routes: &mut [Route]) {
        for (gaps, users) in self.gaps.iter().zip(&self.users) {
            for (&(begin, end), users) in gaps.iter().zip(users) {
                let mut users = users.clone();
                let x = |user: &(usize, usize)| routes[user.0].passes[user.1].x;
                // Where they come from and go to decides between those that want the same place.
                let around = |user: &(usize, usize)| {
                    let passes = &routes[user.0].passes;
                    passes[user.1 - 1].x + passes[user.1 + 1].x
                };
                let order = |a: &_, b: &_| {
                    x(a).total_cmp(&x(b)).then(around(a).total_cmp(&around(b))).then(a.cmp(b))
                };
                users.sort_by(order);
                let wishes: Vec<f64> = users.iter().map(x).collect();
                let apart = APART.min((end - begin).min(BUNDLE) / users.len() as f64);
                let placed = spread(&wishes, &vec![0.0; users.len()], apart, (begin, end));
                for (user, x) in users.iter().zip(placed) {
                    routes[user.0].passes[user.1].x = x;
                }
            }
        }
    }
}

/// Where an arrow can go through a line of boxes. Outside of the outermost boxes there is as much room as
/// the margin has.
fn gaps(placed: &Placed, line: &[usize]) -> Vec<(f64, f64)> {
    let mut gaps = vec![];
    let mut begin = CLEAR;
    for &node in line {
        let rect = placed.boxes[node];
        let end = rect.x - CLEAR;
        if end > begin {
            gaps.push((begin, end));
        }
        begin = rect.right() + CLEAR;
    }
    if placed.width - CLEAR > begin {
        gaps.push((begin, placed.width - CLEAR));
    }
    gaps
}
