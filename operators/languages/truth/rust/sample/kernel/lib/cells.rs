use super::Root;

pub struct Cell(pub Root);
