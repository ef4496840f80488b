mod beside;

pub use self::beside::Name;

#[derive(Default)]
pub struct Key;
