//! Finds the free time of a day that is given as meetings, one `start..end` per argument.

use intervals::{Interval, IntervalSet, IntervalTree};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut texts: Vec<String> = std::env::args().skip(1).collect();
    if texts.is_empty() {
        texts = ["9..10", "9..12", "14..15"].map(String::from).to_vec();
    }
    let mut busy = IntervalSet::new();
    let mut meetings = IntervalTree::new();
    for text in &texts {
        let meeting: Interval<u32> = text.parse()?;
        let clashes = meetings.overlapping(meeting).count();
        if clashes > 0 {
            println!("{meeting} clashes with {clashes} earlier meeting(s)");
        }
        busy.insert(meeting);
        meetings.insert(meeting, text.as_str());
    }
    for free in busy.gaps(Interval::new(8, 18)?).iter() {
        println!("free: {free}");
    }
    Ok(())
}
