use sample_app::{App, cli::run};

fn main() {
    run(App);
}
