mod screen;

use sample_app::{App, cli};
use screen::show;

fn main() {
    show();
    cli::run(App);
}
