use base::store;
use base::ids::Name;

fn main() {
    let _: Option<(store::Store, Name)> = None;
}
