use old::names::*;
use sample_derive::Nothing;

#[derive(Nothing)]
pub struct Loader;

pub fn load() -> Loader {
    let _ = Named;
    Loader
}
