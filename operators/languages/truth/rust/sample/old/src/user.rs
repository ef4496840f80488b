use names::Named;
use ::names as all;
use base::Root;

pub fn user() -> (Named, Root) {
    use self::inner::Inner;
    let _ = (Inner, all::store());
    (Named, Root)
}

mod inner {
    use names::store;

    pub struct Inner;

    pub fn inner() {
        store();
    }
}
