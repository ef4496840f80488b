use sample_app::cli::run;

use crate::main as start;

pub fn show() {
    let _ = (run, start);
}
