use crate::Root;

pub struct Handle(pub Root);
