use crate::plan::Segment;

/// Which slots for attention state are free.
#[derive(Debug)]
pub(super) struct Arena {
    /// Ascending, apart from each other.
    free: Vec<Segment>,
}

impl Arena {
    pub(super) fn new(slots: usize) -> Self {
        Self { free: vec![Segment { start: 0, len: slots as u32 }] }
    }

    /// How many slots are free.
    pub(super) fn free(&self) -> usize {
        self.free.iter().map(|segment| segment.len as usize).sum()
    }

    /// Takes `len` slots: in one piece from the smallest gap that has them, or else in as few pieces
    /// as there can be. Takes fewer if fewer are free.
    pub(super) fn take(&mut self, len: usize) -> Vec<Segment> {
        let mut left = len as u32;
        let mut taken = vec![];
        while left > 0 {
            let fitting = self.free.iter().enumerate().filter(|(_, gap)| gap.len >= left);
            let best = fitting.min_by_key(|(_, gap)| gap.len);
            let largest = || self.free.iter().enumerate().rev().max_by_key(|(_, gap)| gap.len);
            let Some((index, _)) = best.or_else(largest) else { break };
            let piece = self.cut(index, left);
            left -= piece.len;
            taken.push(piece);
        }
        taken
    }

    /// Takes up to `len` slots from the start of a gap.
    fn cut(&mut self, index: usize, len: u32) -> Segment {
        let gap = &mut self.free[index];
        let piece = Segment { start: gap.start, len: gap.len.min(len) };
        *gap = Segment { start: piece.end(), len: gap.len - piece.len };
        if gap.len == 0 {
            self.free.remove(index);
        }
        piece
    }

    /// Gives slots back.
    pub(super) fn give(&mut self, segment: Segment) {
        let index = self.free.partition_point(|gap| gap.start < segment.start);
        debug_assert!(self.free.get(index).is_none_or(|next| segment.end() <= next.start));
        debug_assert!(index == 0 || self.free[index - 1].end() <= segment.start);
        self.free.insert(index, segment);
        self.join(index + 1);
        self.join(index);
    }

    /// Makes one gap of that at `index` and the one before it, if they touch.
    fn join(&mut self, index: usize) {
        let (Some(before), Some(gap)) = (index.checked_sub(1), self.free.get(index).copied())
        else {
            return;
        };
        if self.free[before].end() == gap.start {
            self.free[before].len += gap.len;
            self.free.remove(index);
        }
    }
}
