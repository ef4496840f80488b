//! Synthetic repositories: all languages, dependencies and cycles, and every kind of trouble that a run
//! survives.

use std::fmt::Write as _;

use crate::common::{Place, plan};

/// Numbers that look random and are the same every time.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A place with a plan and `count` repositories.
pub fn place_with_corpus(count: u64) -> Place {
    let plan = plan().replace("kind = \"parse\"", "kind = \"parse\"\ndepth = 4");
    let place = Place::with_plan(&plan);
    (0..count).for_each(|number| write_repository(&place, number));
    place
}

/// How a language writes a file that needs others.
struct Language {
    manifest: (&'static str, &'static str),
    path: fn(usize) -> String,
    import: fn(usize) -> String,
    function: fn(usize, u64) -> String,
    /// A source file that is not UTF-8.
    broken: (&'static str, &'static [u8]),
}

const LANGUAGES: [Language; 4] = [
    Language {
        manifest: ("pyproject.toml", "[project]\nname = \"app\"\nlicense = \"MIT\"\n"),
        path: |file| format!("app/part_{file}.py"),
        import: |file| format!("from app.part_{file} import step_{file}\n"),
        function: |file, number| {
            format!(
                "\n\ndef step_{file}(value: int) -> int:\n    \"\"\"Adds {number} to a value.\"\"\"\n    return value + {number}\n"
            )
        },
        broken: ("app/latin.py", b"name = 'caf\xe9'\n"),
    },
    Language {
        manifest: ("Cargo.toml", "[package]\nname = \"app\"\nlicense = \"Apache-2.0\"\n"),
        path: |file| if file == 0 { "src/lib.rs".into() } else { format!("src/part_{file}.rs") },
        import: |file| {
            if file == 0 {
                String::new()
            } else {
                format!("use crate::part_{file}::step_{file};\n")
            }
        },
        function: |file, number| {
            format!(
                "\n/// Adds {number} to a value.\npub fn step_{file}(value: u64) -> u64 {{\n    value + {number}\n}}\n"
            )
        },
        broken: ("src/latin.rs", b"const NAME: &str = \"caf\xe9\";\n"),
    },
    Language {
        manifest: ("package.json", "{\"name\": \"app\", \"license\": \"ISC\"}\n"),
        path: |file| format!("src/part{file}.ts"),
        import: |file| format!("import {{ step{file} }} from \"./part{file}\";\n"),
        function: |file, number| {
            format!(
                "\n/** Adds {number} to a value. */\nexport function step{file}(value: number): number {{\n  return value + {number};\n}}\n"
            )
        },
        broken: ("src/latin.ts", b"const name = 'caf\xe9';\n"),
    },
    Language {
        manifest: ("go.mod", "module example.com/app\n\ngo 1.22\n"),
        path: |file| format!("part{file}/part{file}.go"),
        import: |file| format!("import \"example.com/app/part{file}\"\n"),
        function: |file, number| {
            format!(
                "\n// Step adds {number} to a value.\nfunc Step{file}(value int) int {{\n\treturn value + {number}\n}}\n"
            )
        },
        broken: ("latin/latin.go", b"package latin // caf\xe9\n"),
    },
];

/// Deeper than the plan of the corpus allows.
const TOO_DEEP: &[u8] = b"\
class A:
    class B:
        class C:
            class D:
                class E:
                    class F:
                        pass
";

/// Every fourth repository is of the same language; of ten, two are rejected and two have files that
/// fail.
fn write_repository(place: &Place, number: u64) {
    let language = &LANGUAGES[number as usize % LANGUAGES.len()];
    let mut dice = Dice(number);
    let root = format!("repositories/repo-{number:03}");
    let write = |path: &str, contents: &[u8]| place.write(&format!("{root}/{path}"), contents);
    let readme = format!("# App {number}\n\nAdds numbers to values, {number} times.\n");
    write("README.md", readme.as_bytes());
    write(language.manifest.0, language.manifest.1.as_bytes());
    write(".gitignore", b"build/\n");
    write("build/left_out.py", b"x = 1\n");
    write("logo.png", b"\x89PNG\0");
    match number % 10 {
        6 => return,
        7 => return write(language.broken.0, language.broken.1),
        8 => write(language.broken.0, language.broken.1),
        9 => write("deep.py", TOO_DEEP),
        _ => {}
    }
    let files = 2 + dice.roll(6) as usize;
    for file in 0..files {
        let mut text =
            if number % 4 == 3 { format!("package part{file}\n\n") } else { String::new() };
        for needed in (0..file).filter(|_| dice.roll(3) == 0) {
            text += &(language.import)(needed);
        }
        // The first file needs the last one, which often needs the first: a cycle.
        if file == 0 && number.is_multiple_of(3) {
            text += &(language.import)(files - 1);
        }
        for _ in 0..=dice.roll(6) {
            let _ = write!(text, "{}", (language.function)(file, dice.roll(1_000)));
        }
        write(&(language.path)(file), text.as_bytes());
    }
}
