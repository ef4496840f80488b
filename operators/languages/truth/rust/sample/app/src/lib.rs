pub mod cli;
pub mod load;

pub struct App;
