//! Finds an order in rows and lines with short arrows, and coordinates.

use super::arrange::{BETWEEN_FRAMES, INSIDE, NAME, Plan};
use super::measure::{BOX_HEIGHT, box_width};
use super::{Picture, Rect};

/// How often the order is improved.
const SWEEPS: usize = 16;
/// Around the drawing.
const MARGIN: f64 = 28.0;
/// For title and legend.
const HEAD: f64 = 64.0;
/// Between lines of a row, if no arrow has far to go.
const BETWEEN_LINES: f64 = 26.0;
/// Between a frame and the row below, if no arrow has far to go.
const BETWEEN_ROWS: f64 = 26.0;

/// Boxes and frames on paper.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    /// Per node.
    pub(super) boxes: Vec<Rect>,
    /// In the order of the plan.
    pub(super) frames: Vec<Rect>,
    /// Nodes by line, from the top, from the left.
    pub(super) lines: Vec<Vec<usize>>,
    /// Per node, its line.
    pub(super) line_of: Vec<usize>,
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) fn place(picture: &Picture, plan: &Plan) -> Placed {
    let mut placing = Placing::new(picture, plan);
    let mut best = (f64::INFINITY, placing.clone());
    for sweep in 0..SWEEPS {
        placing.sweep(sweep % 2 == 0);
        let length = placing.length();
        if length < best.0 {
            best = (length, placing.clone());
        }
    }
    best.1.finish()
}

#[derive(Clone)]
struct Placing<'a> {
    picture: &'a Picture,
    plan: &'a Plan,
    neighbours: Vec<Vec<usize>>,
    widths: Vec<f64>,
    /// Per node, its left side.
    left: Vec<f64>,
    /// Per frame, its left side.
    frame_left: Vec<f64>,
    /// Per frame, its lines.
    lines: Vec<Vec<Vec<usize>>>,
}

impl<'a> Placing<'a> {
    fn new(picture: &'a Picture, plan: &'a Plan) -> Self {
        let mut neighbours = vec![vec![]; picture.nodes.len()];
        for arrow in &picture.arrows {
            neighbours[arrow.from].push(arrow.to);
            neighbours[arrow.to].push(arrow.from);
        }
        let widths: Vec<_> = picture.nodes.iter().map(|node| box_width(&node.label)).collect();
        let mut placing = Self {
            picture,
            plan,
            neighbours,
            left: widths.iter().map(|width| (plan.width - width) / 2.0).collect(),
            widths,
            frame_left: vec![0.0; plan.frames.len()],
            lines: vec![vec![]; plan.frames.len()],
        };
        placing.sweep(false);
        placing
    }

    fn middle(&self, node: usize) -> f64 {
        self.left[node] + self.widths[node] / 2.0
    }

    /// How far arrows go to the side, all of them together.
    fn length(&self) -> f64 {
        let across = |from: usize, to: usize| (self.middle(from) - self.middle(to)).abs();
        self.picture.arrows.iter().map(|arrow| across(arrow.from, arrow.to)).sum()
    }

    /// Moves every row to where its neighbours are.
    fn sweep(&mut self, down: bool) {
        let count = self.plan.rows.len();
        for step in 0..count {
            self.row(if down { step } else { count - 1 - step });
        }
    }

    /// Where the middle of a node should be: amid its neighbours.
    fn wish(&self, node: usize) -> f64 {
        let neighbours = &self.neighbours[node];
        if neighbours.is_empty() {
            return self.middle(node);
        }
        neighbours.iter().map(|&other| self.middle(other)).sum::<f64>() / neighbours.len() as f64
    }

    fn row(&mut self, row: usize) {
        let plan = self.plan;
        let wishes: Vec<f64> = (0..self.widths.len()).map(|node| self.wish(node)).collect();
        let wish = |frame: &usize| {
            let nodes = plan.frames[*frame].layers.iter().flatten();
            let sum: f64 = nodes.clone().map(|&node| wishes[node]).sum();
            sum / nodes.count() as f64 - plan.frames[*frame].width / 2.0
        };
        let mut frames: Vec<_> = plan.rows[row].iter().map(|frame| (wish(frame), *frame)).collect();
        frames.sort_by(|(a, i), (b, j)| a.total_cmp(b).then(i.cmp(j)));
        let (left, frames): (Vec<f64>, Vec<usize>) = frames.into_iter().unzip();
        let widths: Vec<_> = frames.iter().map(|&frame| plan.frames[frame].width).collect();
        let left = spread(&left, &widths, BETWEEN_FRAMES, (0.0, plan.width));
        for (frame, left) in frames.into_iter().zip(left) {
            self.frame(frame, left, &wishes);
        }
    }

    fn frame(&mut self, number: usize, left: f64, wishes: &[f64]) {
        let frame = &self.plan.frames[number];
        let inside = (left + INSIDE, left + frame.width - INSIDE);
        self.frame_left[number] = left;
        self.lines[number].clear();
        for layer in &frame.layers {
            let mut layer = layer.clone();
            let rank = |node: usize| self.picture.nodes[node].rank;
            if frame.alone {
                layer.sort_by_key(|&node| rank(node));
            } else {
                let by_wish = |a: &usize, b: &usize| wishes[*a].total_cmp(&wishes[*b]);
                layer.sort_by(|a, b| by_wish(a, b).then(rank(*a).cmp(&rank(*b))));
            }
            let lines = frame.lines_of(&layer);
            for line in 0..lines {
                let line = line_of(&layer, line, lines, frame.alone);
                let widths: Vec<_> = line.iter().map(|&node| self.widths[node]).collect();
                let wish = |node: &usize| wishes[*node] - self.widths[*node] / 2.0;
                let wish = |node| if frame.alone { inside.0 } else { wish(node) };
                let left: Vec<_> = line.iter().map(wish).collect();
                let left = spread(&left, &widths, frame.between, inside);
                line.iter().zip(left).for_each(|(&node, left)| self.left[node] = left);
                self.lines[number].push(line);
            }
        }
    }

    fn finish(self) -> Placed {
        let mut placed = Placed {
            boxes: vec![Rect::default(); self.widths.len()],
            line_of: vec![0; self.widths.len()],
            ..Placed::default()
        };
        // Which frames share lines, and which line is the first of a row.
        let mut firsts = vec![];
        for row in &self.plan.rows {
            firsts.push(placed.lines.len());
            let count = row.iter().map(|&frame| self.lines[frame].len()).max().unwrap_or(0);
            for line in 0..count {
                let frames = row.iter().filter_map(|&frame| self.lines[frame].get(line));
                let mut nodes: Vec<usize> = frames.flatten().copied().collect();
                nodes.sort_by(|a, b| self.left[*a].total_cmp(&self.left[*b]));
                for &node in &nodes {
                    placed.line_of[node] = placed.lines.len();
                }
                placed.lines.push(nodes);
            }
        }
        let room = self.room(&placed);
        let mut y = HEAD;
        for (line, nodes) in placed.lines.iter().enumerate() {
            if firsts.contains(&line) {
                y += NAME + if line == 0 { 0.0 } else { INSIDE + BETWEEN_ROWS - BETWEEN_LINES };
            }
            for &node in nodes {
                let (x, width) = (self.left[node] + MARGIN, self.widths[node]);
                placed.boxes[node] = Rect { x, y, width, height: BOX_HEIGHT };
            }
            y += BOX_HEIGHT + room[line];
        }
        self.frames(&mut placed);
        placed.width = self.plan.width + 2.0 * MARGIN;
        let bottom = placed.frames.iter().map(Rect::bottom);
        placed.height = bottom.fold(HEAD, f64::max) + MARGIN;
        placed
    }

    /// Per line, the space below it: more where arrows have far to go to the side.
    fn room(&self, placed: &Placed) -> Vec<f64> {
        let mut reach = vec![0.0_f64; placed.lines.len()];
        for arrow in &self.picture.arrows {
            let ends = [placed.line_of[arrow.from], placed.line_of[arrow.to]];
            let (top, bottom) =
                (ends[0].min(ends[1]), ends[0].max(ends[1]).max(ends[0].min(ends[1]) + 1));
            let across = (self.middle(arrow.from) - self.middle(arrow.to)).abs();
            let across = across / (bottom - top) as f64;
            let crossed = reach.iter_mut().take(bottom).skip(top);
            crossed.for_each(|reach| *reach = reach.max(across));
        }
        reach.iter().map(|reach| BETWEEN_LINES + (reach / 14.0).min(44.0)).collect()
    }

    fn frames(&self, placed: &mut Placed) {
        for (frame, lines) in self.plan.frames.iter().zip(&self.lines) {
            let number = placed.frames.len();
            let boxes = lines.iter().flatten().map(|&node| placed.boxes[node]);
            let top = boxes.clone().map(|it| it.y).fold(f64::INFINITY, f64::min) - NAME;
            let bottom = boxes.map(|it| it.bottom()).fold(0.0, f64::max) + INSIDE;
            let x = self.frame_left[number] + MARGIN;
            let rect = Rect { x, y: top, width: frame.width, height: bottom - top };
            placed.frames.push(rect);
        }
    }
}

/// The nodes of one of the lines that a layer is divided into. With arrows, nodes that are near each other
/// stand below each other; without, they are read like words.
fn line_of(layer: &[usize], line: usize, lines: usize, alone: bool) -> Vec<usize> {
    if alone {
        let longest = layer.len().div_ceil(lines);
        return layer.chunks(longest).nth(line).unwrap_or_default().to_vec();
    }
    layer.iter().skip(line).step_by(lines).copied().collect()
}

/// Where things of these widths begin, in their order, `gap` apart, within bounds, and each as near as may
/// be to where it wishes to begin: least squares, by pooling neighbours that are in each other's way.
pub(super) fn spread(wishes: &[f64], widths: &[f64], gap: f64, bounds: (f64, f64)) -> Vec<f64> {
    // Beginnings, less all that stands before: these must not fall.
    let mut before = Vec::with_capacity(widths.len());
    let mut sum = 0.0;
    for width in widths {
        before.push(sum);
        sum += width + gap;
    }
    let mut pools: Vec<(f64, usize)> = vec![];
    for (wish, before) in wishes.iter().zip(&before) {
        let mut pool = (wish - before, 1);
        while let Some(last) = pools.pop_if(|last| last.0 > pool.0) {
            let count = last.1 + pool.1;
            let mean = (last.0 * last.1 as f64 + pool.0 * pool.1 as f64) / count as f64;
            pool = (mean, count);
        }
        pools.push(pool);
    }
    let last = bounds.1 - (sum - gap);
    let at = |wish: f64| wish.min(last).max(bounds.0);
    let starts = pools.iter().flat_map(|(wish, count)| std::iter::repeat_n(at(*wish), *count));
    starts.zip(before).map(|(start, before)| start + before).collect()
}
