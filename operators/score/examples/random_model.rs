//! A model of random weights: it knows nothing, and is there to try out what needs a model.
//!
//! ```text
//! cargo run -p backstory-score --example random_model -- datasets/tokenizer.json out/random-model
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool of developers stops at the first surprise"
)]

#[path = "../tests/made/mod.rs"]
mod made;

use std::fs;
use std::path::Path;

fn main() {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let [tokenizer, folder] = &arguments[..] else {
        panic!("name a tokenizer.json and the folder to make");
    };
    fs::create_dir_all(folder).unwrap();
    made::with_tokenizer(Path::new(folder), Path::new(tokenizer));
    println!("a model of random weights in {folder}");
}
