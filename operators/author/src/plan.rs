//! The file-level plan.

use backstory_core::FilePlan;

use crate::facts::Facts;

/// Most entries in the interface of one file.
const OFFERS: usize = 12;

/// One entry per file, in the order of implementation.
pub(crate) fn files(facts: &Facts<'_>) -> Vec<FilePlan> {
    facts.structure.graph.order.iter().map(|&file| entry(facts, file)).collect()
}

/// The entry of one file.
pub(crate) fn entry(facts: &Facts<'_>, file: u32) -> FilePlan {
    let mut relies_on = facts.needs(file);
    relies_on.retain(|&other| facts.precedes(other, file));
    FilePlan { file, purpose: facts.purpose(file), interface: interface(facts, file), relies_on }
}

/// What a file offers to others; what others never see of a test or a program is no interface.
fn interface(facts: &Facts<'_>, file: u32) -> Vec<String> {
    if facts.is_test(file) {
        return vec![];
    }
    let mut offers = facts.distinct_offers(file);
    let mut interface: Vec<_> = offers.by_ref().take(OFFERS).map(|o| o.signature()).collect();
    let more = offers.count();
    if more > 0 {
        interface.push(format!("and {more} more"));
    }
    interface
}
