use kernel::Root;
use sample_derive::Nothing;

#[derive(Nothing)]
struct Own(#[allow(dead_code)] Root);

#[test]
fn is_nothing() {
    let _ = Own(Root);
}
