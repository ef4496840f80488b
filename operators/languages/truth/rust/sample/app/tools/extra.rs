mod parts;

fn main() {
    parts::all();
}
