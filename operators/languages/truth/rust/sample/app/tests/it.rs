mod common;

use common::helper;
use base::gated::Gated;

#[test]
fn works() {
    use common::Kind::*;
    let _ = (helper(), First);
    let _: Option<Gated> = None;
}
