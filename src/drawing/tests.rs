//! What every drawing has to be, tried on random graphs.

use proptest::prelude::*;

use super::place::{Placed, spread};
use super::route::Direction;
use super::*;

const LABELS: [&str; 4] =
    ["a.rs", "__init__.py", "a-rather-long-name-for-a-file.test.ts", "é & <b>"];

fn picture(count: usize, groups: usize, ends: &[(usize, usize, bool)], seed: u64) -> Picture {
    // Some permutation as ranks.
    let mut ranks: Vec<u32> = (0..count as u32).collect();
    ranks.sort_by_key(|rank| (u64::from(*rank) + 1).wrapping_mul(seed | 1).rotate_left(20));
    let node = |number: usize| Node {
        label: LABELS[number % LABELS.len()].to_owned(),
        title: format!("group/{number}"),
        group: number * 7 % groups,
        rank: ranks[number],
        striking: number.is_multiple_of(9),
    };
    let mut pairs: Vec<_> = ends.iter().map(|(a, b, firm)| (a % count, b % count, *firm)).collect();
    pairs.retain(|(from, to, _)| from != to);
    pairs.sort_unstable();
    pairs.dedup_by_key(|(from, to, _)| (*from, *to));
    let arrow = |&(from, to, firm): &(usize, usize, bool)| Arrow {
        from,
        to,
        firm,
        weight: (from + 1) as u64,
        ..Arrow::default()
    };
    Picture {
        title: "random".into(),
        note: "a graph".into(),
        groups: (0..groups).map(|group| format!("folder/{group}")).collect(),
        nodes: (0..count).map(node).collect(),
        arrows: pairs.iter().map(arrow).collect(),
        legend: vec![(Line::Dashed, false, "some".into())],
    }
}

fn pictures() -> impl Strategy<Value = Picture> {
    let ends = prop::collection::vec((0..80_usize, 0..80_usize, prop::bool::weighted(0.8)), 0..200);
    (1..80_usize, 1..8_usize, ends, any::<u64>())
        .prop_map(|(count, groups, ends, seed)| picture(count, groups, &ends, seed))
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

fn no_overlap(rects: &[Rect]) -> bool {
    let later = |at: usize| &rects[at + 1..];
    rects.iter().enumerate().all(|(at, a)| !later(at).iter().any(|b| overlap(a, b)))
}

fn is_within(inner: &Rect, outer: &Rect) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.right() <= outer.right()
        && inner.bottom() <= outer.bottom()
}

/// Whether an arrow goes around the boxes of the lines that it passes.
fn is_clear(placed: &Placed, route: &route::Route) -> bool {
    let passed = &route.passes[1..route.passes.len() - 1];
    passed.iter().all(|pass| {
        let boxes = placed.lines[pass.line].iter().map(|&node| placed.boxes[node]);
        boxes.into_iter().all(|rect| pass.x <= rect.x || pass.x >= rect.right())
    })
}

proptest! {
    #[test]
    fn boxes_lie_apart_and_in_their_frames(picture in pictures()) {
        let plan = arrange::arrange(&picture);
        let placed = place::place(&picture, &plan);
        prop_assert!(no_overlap(&placed.boxes));
        prop_assert!(no_overlap(&placed.frames));
        let page = Rect { width: placed.width, height: placed.height, ..Rect::default() };
        let mut seen = vec![0; picture.nodes.len()];
        for (frame, rect) in plan.frames.iter().zip(&placed.frames) {
            prop_assert!(is_within(rect, &page));
            for &node in frame.layers.iter().flatten() {
                seen[node] += 1;
                prop_assert_eq!(picture.nodes[node].group, frame.group);
                prop_assert!(is_within(&placed.boxes[node], rect));
            }
        }
        prop_assert!(seen.iter().all(|times| *times == 1));
    }

    #[test]
    fn what_is_needed_is_below(picture in pictures()) {
        let placed = place::place(&picture, &arrange::arrange(&picture));
        for arrow in picture.arrows.iter().filter(|arrow| picture.is_down(arrow)) {
            prop_assert!(placed.boxes[arrow.from].bottom() < placed.boxes[arrow.to].y);
        }
    }

    #[test]
    fn every_arrow_leads_from_box_to_box_around_others(picture in pictures()) {
        let placed = place::place(&picture, &arrange::arrange(&picture));
        let routes = route::routes(&picture, &placed);
        prop_assert_eq!(routes.len(), picture.arrows.len());
        for (arrow, route) in picture.arrows.iter().zip(&routes) {
            let (from, to) = (&placed.boxes[arrow.from], &placed.boxes[arrow.to]);
            let (first, last) = (route.passes[0], route.passes[route.passes.len() - 1]);
            prop_assert!(first.x > from.x && first.x < from.right());
            prop_assert!(last.x > to.x && last.x < to.right());
            prop_assert_eq!(route.direction == Direction::Up, from.y > to.y);
            prop_assert!(is_clear(&placed, route));
            let lines = placed.line_of[arrow.from].abs_diff(placed.line_of[arrow.to]);
            prop_assert_eq!(route.passes.len(), lines.max(1) + 1);
        }
    }

    #[test]
    fn the_drawing_is_sound_and_always_the_same(picture in pictures()) {
        let text = picture.svg();
        let arrows = text.matches("<path class=\"e ").count() - picture.legend.len();
        prop_assert_eq!(arrows, picture.arrows.len());
        prop_assert_eq!(text.matches("<g class=\"n").count(), picture.nodes.len());
        prop_assert!(!text.contains("NaN") && !text.contains("inf"));
        prop_assert!(tags_match(&text));
        prop_assert_eq!(picture.svg(), text);
    }

    #[test]
    fn things_are_spread_in_order_and_within_bounds(
        things in prop::collection::vec((-50.0..150.0_f64, 0.0..9.0_f64), 1..10),
    ) {
        let (wishes, widths): (Vec<_>, Vec<_>) = things.into_iter().unzip();
        let starts = spread(&wishes, &widths, 1.0, (0.0, 100.0));
        prop_assert!(starts[0] >= 0.0);
        prop_assert!(starts[starts.len() - 1] + widths[widths.len() - 1] <= 100.0 + 1e-9);
        for (at, pair) in starts.windows(2).enumerate() {
            prop_assert!(pair[0] + widths[at] + 1.0 <= pair[1] + 1e-9);
        }
    }
}

/// Whether every element is closed by its own name, and no text has a sign that XML keeps for itself.
fn tags_match(text: &str) -> bool {
    let mut open = vec![];
    for part in text.split('<').skip(1) {
        let Some((tag, words)) = part.split_once('>') else { return false };
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        let escaped = words.split('&').skip(1).all(|rest| rest.contains(';'));
        if words.contains('>') || !escaped {
            return false;
        }
    }
    open.is_empty()
}

#[test]
fn things_that_have_room_stand_where_they_wish() {
    assert_eq!(spread(&[5.0, 50.0], &[10.0, 10.0], 2.0, (0.0, 100.0)), [5.0, 50.0]);
    assert_eq!(spread(&[40.0, 40.0], &[10.0, 10.0], 2.0, (0.0, 100.0)), [34.0, 46.0]);
    assert_eq!(spread(&[-9.0], &[10.0], 2.0, (0.0, 100.0)), [0.0]);
}

#[test]
fn a_picture_of_nothing_is_a_picture() {
    assert!(tags_match(&Picture::default().svg()));
}

#[test]
fn a_group_has_one_frame_if_nothing_comes_between() {
    let ends: Vec<_> = (0..10).map(|at| (at * 2, at * 2 + 2, true)).collect();
    let mut picture = picture(30, 2, &ends, 1);
    for (rank, node) in (0..).zip(picture.nodes.iter_mut().rev()) {
        node.rank = rank;
        node.group = usize::from(rank >= 15);
    }
    let parts = parts::parts(&picture);
    assert_eq!(parts.iter().filter(|part| !part.alone).count(), 2);
}

#[test]
fn three_hundred_boxes_take_little_time() {
    let ends: Vec<_> = (0..3_000).map(|at| (at * 7919, at * 104_729 + 1, true)).collect();
    let picture = picture(300, 20, &ends, 77);
    let begin = std::time::Instant::now();
    assert!(!picture.svg().is_empty());
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}
