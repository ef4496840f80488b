//! The outline of any text in any language.

#![no_main]

use backstory_languages::testing::check;
use backstory_languages::{Limits, all, outline};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((language, text)) = data.split_first() else { return };
    let language = all()[usize::from(*language) % all().len()];
    let text = String::from_utf8_lossy(text);
    for extension in language.extensions() {
        let path = format!("a/b.{extension}");
        let Ok(outline) = outline(language.name(), &path, &text, Limits::default()) else { continue };
        check(&outline, &text);
        let _ = outline.digest(&text);
    }
});
