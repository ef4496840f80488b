use super::super::keys;

pub struct Deep(pub keys::Key);
