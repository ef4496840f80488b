use crate::store::{self, keys::Key};

pub struct Circle;

pub fn key() -> (Key, store::Store) {
    Default::default()
}
