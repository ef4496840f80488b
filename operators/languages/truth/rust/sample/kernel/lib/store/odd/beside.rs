use super::Key;
use super::super::Store;

pub struct Name(pub Key, pub Store);
