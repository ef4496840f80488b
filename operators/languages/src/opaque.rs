//! Source languages without a grammar: their files are told apart and nothing is known of what is in them.

use crate::files::file_name;

/// Endings of file names without the dot, and the language.
const EXTENSIONS: &[(&str, &str)] = &[
    ("adb", "ada"),
    ("ads", "ada"),
    ("asm", "assembly"),
    ("astro", "astro"),
    ("awk", "awk"),
    ("clj", "clojure"),
    ("cljc", "clojure"),
    ("cljs", "clojure"),
    ("coffee", "coffeescript"),
    ("cr", "crystal"),
    ("css", "css"),
    ("cu", "cuda"),
    ("cuh", "cuda"),
    ("d", "d"),
    ("el", "elisp"),
    ("elm", "elm"),
    ("erl", "erlang"),
    ("f90", "fortran"),
    ("f95", "fortran"),
    ("fs", "fsharp"),
    ("fsx", "fsharp"),
    ("glsl", "glsl"),
    ("graphql", "graphql"),
    ("groovy", "groovy"),
    ("hrl", "erlang"),
    ("hx", "haxe"),
    ("less", "less"),
    ("lisp", "lisp"),
    ("metal", "metal"),
    
    ("nim", "nim"),
    ("nix", "nix"),
    ("pas", "pascal"),
    ("pl", "perl"),
    ("pm", "perl"),
    ("proto", "protobuf"),
    ("ps1", "powershell"),
    ("rkt", "racket"),
    ("s", "assembly"),
    ("S", "assembly"),
    ("sass", "sass"),
    ("scm", "scheme"),
    ("scss", "scss"),
    ("sol", "solidity"),
    ("svelte", "svelte"),
    ("tcl", "tcl"),
    ("thrift", "thrift"),
    ("v", "verilog"),
    ("vb", "visual-basic"),
    ("vhd", "vhdl"),
    ("vhdl", "vhdl"),
    ("vim", "vim"),
    ("vue", "vue"),
    ("wgsl", "wgsl"),
];

/// The language of a file, by its path.
pub(crate) fn language(path: &str) -> Option<&'static str> {
    let (_, extension) = file_name(path).rsplit_once('.')?;
    let found = EXTENSIONS.iter().find(|(known, _)| *known == extension);
    found.map(|(_, language)| *language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::all;

    #[test]
    fn nothing_is_opaque_that_has_a_grammar() {
        for (extension, name) in EXTENSIONS {
            let mut grammars = all().iter();
            assert!(!grammars.any(|known| known.extensions().contains(extension)), "{extension}");
            assert_eq!(language(&format!("a/b.{extension}")), Some(*name));
        }
        assert_eq!(language("css"), None);
    }
}
