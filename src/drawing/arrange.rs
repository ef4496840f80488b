//! Puts frames into rows and the boxes of a frame into lines, without coordinates.

use super::measure::{BOLD, BOX_HEIGHT, LETTERS, box_width, short_path, width};
use super::parts::{Part, parts};
use super::{Picture, Rect};

/// Between boxes of a line: at least, and at most, if they have many arrows.
const BETWEEN_BOXES: (f64, f64) = (16.0, 44.0);
/// Between frames of a row.
pub(super) const BETWEEN_FRAMES: f64 = 22.0;
/// Between the sides of a frame and what is in it.
pub(super) const INSIDE: f64 = 14.0;
/// For the name of a group, at the top of its frame.
pub(super) const NAME: f64 = 24.0;
/// A line of boxes and the space below it, roughly.
const LINE: f64 = BOX_HEIGHT + 34.0;
/// Width over height that a drawing should have.
const SHAPE: f64 = 1.5;
/// Boxes in a line that is never divided.
const FEW: usize = 6;

/// A frame with the boxes in it.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) group: usize,
    /// From the top; nodes of a layer do not need each other. A layer is one line or more.
    pub(super) layers: Vec<Vec<usize>>,
    /// Most boxes of a line.
    pub(super) columns: usize,
    /// Between boxes of a line.
    pub(super) between: f64,
    pub(super) width: f64,
    pub(super) alone: bool,
}

impl Frame {
    /// What is written above it.
    pub(super) fn name(&self, picture: &Picture) -> String {
        let name = short_path(&picture.groups[self.group]);
        if self.alone { format!("{name} · without edges") } else { name }
    }

    /// How many lines each layer takes.
    pub(super) fn lines_of(&self, layer: &[usize]) -> usize {
        layer.len().div_ceil(self.columns)
    }

    pub(super) fn lines(&self) -> usize {
        self.layers.iter().map(|layer| self.lines_of(layer)).sum()
    }
}

/// Frames in rows, from the top; each needs frames of later rows only.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) frames: Vec<Frame>,
    pub(super) rows: Vec<Vec<usize>>,
    /// How wide a row may become.
    pub(super) width: f64,
}

pub(super) fn arrange(picture: &Picture) -> Plan {
    let needs = picture.needs();
    let parts = parts(picture);
    let levels = levels(picture, &parts, &needs);
    let frames: Vec<_> = parts.iter().map(|part| frame(picture, part, &needs)).collect();
    let area: f64 = frames.iter().map(|frame| rough(frame).width * rough(frame).height).sum();
    let widest = frames.iter().map(|frame| frame.width).fold(0.0, f64::max);
    let width = (area * SHAPE).sqrt().max(widest).ceil();
    let mut rows = vec![];
    for level in levels {
        rows.extend(divide(level, &frames, width));
    }
    Plan { frames, rows, width }
}

/// A frame with the space around it.
fn rough(frame: &Frame) -> Rect {
    let height = frame.lines() as f64 * LINE + NAME + INSIDE;
    Rect { width: frame.width + BETWEEN_FRAMES, height, ..Rect::default() }
}

/// Numbers of parts by level, from the top. A part is as low as it can be, unless more depends on it than
/// it needs: then it is as high as it can be. Parts of nodes that stand alone are the last level.
fn levels(picture: &Picture, parts: &[Part], needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut part_of = vec![0; picture.nodes.len()];
    for (number, part) in parts.iter().enumerate() {
        part.members.iter().for_each(|&node| part_of[node] = number);
    }
    let mut below = vec![vec![]; parts.len()];
    let mut above = vec![vec![]; parts.len()];
    for (node, needed) in needs.iter().enumerate() {
        for (upper, lower) in needed.iter().map(|&other| (part_of[node], part_of[other])) {
            if upper != lower {
                below[upper].push(lower);
                above[lower].push(upper);
            }
        }
    }
    let mut level = vec![0_usize; parts.len()];
    for part in 0..parts.len() {
        level[part] = below[part].iter().map(|&lower| level[lower] + 1).max().unwrap_or(0);
    }
    for part in (0..parts.len()).rev() {
        if let Some(lowest) = above[part].iter().map(|&upper| level[upper] - 1).min()
            && above[part].len() > below[part].len()
        {
            level[part] = lowest;
        }
    }
    let top = level.iter().max().map_or(0, |top| top + 1);
    let mut levels = vec![vec![]; top + 1];
    for (number, part) in parts.iter().enumerate() {
        levels[if part.alone { top } else { top - 1 - level[number] }].push(number);
    }
    levels.retain(|level| !level.is_empty());
    levels
}

/// The layers of a part by the longest path down in it.
fn frame(picture: &Picture, part: &Part, needs: &[Vec<usize>]) -> Frame {
    let mut depth = vec![None; picture.nodes.len()];
    for &node in &part.members {
        let below = needs[node].iter().filter_map(|&other| depth[other]).max();
        depth[node] = Some(below.map_or(0, |below: usize| below + 1));
    }
    let most = part.members.iter().filter_map(|&node| depth[node]).max().unwrap_or(0);
    let mut layers = vec![vec![]; most + 1];
    for &node in &part.members {
        layers[most - depth[node].unwrap_or(0)].push(node);
    }
    let arrows = part.members.iter().map(|&node| needs[node].len()).sum::<usize>() as f64;
    let square = (part.members.len() as f64).sqrt() * 1.2;
    let mut frame = Frame {
        group: part.group,
        layers,
        columns: FEW.max(square.ceil() as usize),
        between: (BETWEEN_BOXES.0 + 3.0 * (arrows / part.members.len() as f64 - 2.0))
            .clamp(BETWEEN_BOXES.0, BETWEEN_BOXES.1),
        width: 0.0,
        alone: part.alone,
    };
    frame.width = frame_width(picture, &frame);
    frame
}

/// Wide enough for every way to divide layers into lines.
fn frame_width(picture: &Picture, frame: &Frame) -> f64 {
    let widest = |layer: &Vec<usize>| {
        let mut widths: Vec<f64> =
            layer.iter().map(|&node| box_width(&picture.nodes[node].label)).collect();
        widths.sort_by(|a, b| b.total_cmp(a));
        let count = layer.len().div_ceil(frame.lines_of(layer).max(1));
        widths[..count].iter().sum::<f64>() + count.saturating_sub(1) as f64 * frame.between
    };
    let boxes = frame.layers.iter().map(widest).fold(0.0, f64::max);
    let name = width(&frame.name(picture), LETTERS) * BOLD;
    (boxes.max(name) + 2.0 * INSIDE).ceil()
}

/// A level in rows that are no wider than they may be, frames of like height together.
fn divide(mut level: Vec<usize>, frames: &[Frame], width: f64) -> Vec<Vec<usize>> {
    let space = |frame: usize| frames[frame].width + BETWEEN_FRAMES;
    let total: f64 = level.iter().map(|&frame| space(frame)).sum();
    if total - BETWEEN_FRAMES <= width {
        return vec![level];
    }
    level.sort_by_key(|&frame| std::cmp::Reverse(frames[frame].lines()));
    let mut rows = vec![vec![]];
    let mut used = 0.0;
    for frame in level {
        if used + frames[frame].width > width && used > 0.0 {
            rows.push(vec![]);
            used = 0.0;
        }
        used += space(frame);
        rows.last_mut().expect("there is a row").push(frame);
    }
    rows
}
