use crate::shapes::Shape;

pub struct Gated(pub Shape);
