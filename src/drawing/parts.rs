//! Divides groups into frames.

use super::Picture;

/// Nodes of one group that stand in one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) group: usize,
    /// In the order of ranks.
    pub(super) members: Vec<usize>,
    /// Whether no arrow leads to them or from them.
    pub(super) alone: bool,
}

/// The frames, such that each needs earlier ones only. As few as a simple rule finds: from the bottom up,
/// the group comes next that can be finished, or else the one of which most can be placed. Nodes without
/// arrows come last, each group in a frame of its own.
pub(super) fn parts(picture: &Picture) -> Vec<Part> {
    let mut division = Division::new(picture);
    let mut parts = vec![];
    while let Some(part) = division.next() {
        part.members.iter().for_each(|&node| division.placed[node] = true);
        division.waiting[part.group].retain(|node| !division.placed[*node]);
        parts.push(part);
    }
    parts.extend(division.alone());
    parts
}

struct Division {
    needs: Vec<Vec<usize>>,
    /// Per group, its nodes not yet placed, in the order of ranks.
    waiting: Vec<Vec<usize>>,
    /// The same of nodes without arrows.
    lonely: Vec<Vec<usize>>,
    placed: Vec<bool>,
}

impl Division {
    fn new(picture: &Picture) -> Self {
        let mut joined = vec![false; picture.nodes.len()];
        for arrow in &picture.arrows {
            (joined[arrow.from], joined[arrow.to]) = (true, true);
        }
        let mut nodes: Vec<usize> = (0..picture.nodes.len()).collect();
        nodes.sort_by_key(|node| picture.nodes[*node].rank);
        let mut waiting = vec![vec![]; picture.groups.len()];
        let mut lonely = waiting.clone();
        for node in nodes {
            let list = if joined[node] { &mut waiting } else { &mut lonely };
            list[picture.nodes[node].group].push(node);
        }
        let placed = vec![false; picture.nodes.len()];
        Self { needs: picture.needs(), waiting, lonely, placed }
    }

    fn next(&self) -> Option<Part> {
        let groups = (0..self.waiting.len()).filter(|group| !self.waiting[*group].is_empty());
        let parts = groups.map(|group| Part { group, members: self.ready(group), alone: false });
        parts.max_by_key(|part| {
            let finished = part.members.len() == self.waiting[part.group].len();
            (finished, part.members.len(), std::cmp::Reverse(part.group))
        })
    }

    /// All of a group that needs nothing but what is placed and each other. What is needed has a smaller
    /// rank, so it was looked at before.
    fn ready(&self, group: usize) -> Vec<usize> {
        let mut ready = vec![];
        let mut is_ready = vec![false; self.placed.len()];
        for &node in &self.waiting[group] {
            if self.needs[node].iter().all(|&other| self.placed[other] || is_ready[other]) {
                is_ready[node] = true;
                ready.push(node);
            }
        }
        ready
    }

    fn alone(self) -> impl Iterator<Item = Part> {
        let groups = self.lonely.into_iter().enumerate();
        let groups = groups.filter(|(_, members)| !members.is_empty());
        groups.map(|(group, members)| Part { group, members, alone: true })
    }
}
