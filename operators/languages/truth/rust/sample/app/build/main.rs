mod steps;

fn main() {
    steps::run();
}
