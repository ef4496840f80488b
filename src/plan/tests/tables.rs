//! Each table by itself: syntax, keys, types, values.

use std::fs;

use super::super::load::from_file;
use super::super::shape::plan_schema;
use super::fakes::FAKES;
use super::{GOOD, changed, errors, good, snapshot};

#[test]
fn a_good_plan_has_nothing_to_tell() {
    let plan = good(GOOD, &[]);
    assert!(plan.warnings().is_empty());
    assert_eq!(plan.run().seal_seconds, 1);
    assert_eq!(plan.run().in_flight_repositories, 1024);
}

#[test]
fn syntax() {
    snapshot!(
        "syntax",
        errors("[source\nkind = \"dir\npath = ..\n[[operator]]\nkind = 'x'\nkind = 'y'\n", &[])
    );
    snapshot!("syntax_binary", errors("\u{0}\u{1}PNG\r\n\u{1a}", &[]));
    snapshot!(
        "syntax_numbers",
        errors("[run]\nseal_bytes = 99999999999999999999\nseal_seconds = nan\n", &[])
    );
}

#[test]
fn an_empty_plan() {
    snapshot!("empty", errors("", &[]));
    snapshot!(
        "no_operators",
        errors(&changed("[run]", "[ran]").replace("[[operator]]", "[[operators]]"), &[])
    );
    snapshot!(
        "empty_operators",
        errors("operator = []\n[source]\nkind = 'dir'\npath = 'a'\n[sink]\nuri = 'b'\n", &[])
    );
}

#[test]
fn wrong_tables() {
    let plan = "source = 5\nmodels = { kind = 'facts' }\nsink = []\nrun = true\n[operator]\nkind = 'parse'\n";
    snapshot!("wrong_tables", errors(plan, &[]));
}

#[test]
fn kinds() {
    snapshot!("kind_unknown", errors(&changed("\"parse\"", "\"prase\""), &[]));
    snapshot!("kind_of_source", errors(&changed("\"dir\"", "\"s3\""), &[]));
    snapshot!("kind_of_model", errors(&changed("\"facts\"", "3"), &[]));
    snapshot!("kind_missing", errors(&changed("kind = \"parse\"\n", ""), &[]));
}

#[test]
fn keys() {
    snapshot!("key_unknown", errors(&changed("languages", "langauges"), &[]));
    snapshot!(
        "key_stranger",
        errors(&changed("path = \"repositories\"", "path = \"a\"\nbucket = 1"), &[])
    );
    snapshot!(
        "key_of_none",
        errors(&changed("[models.author]", "[models.author]\nqqqqqqqq = 1\nschool = 'x'"), &[])
    );
    snapshot!("key_missing", errors(&changed("path = \"repositories\"\n", ""), &[]));
    snapshot!("key_nested", errors(&changed("side = \"end\"", "side = \"ent\", extra = 1"), &[]));
    snapshot!("key_nested_missing", errors(&changed("side = \"end\"", ""), &[]));
}

#[test]
fn types() {
    let plan = changed("tokenizer = \"${TOKENIZERS}/tokenizer.json\"", "tokenizer = 5")
        .replace(
            "train = [\"write\", \"think\"]",
            "train = \"write\"\nbegin = \"true\"\nweight = true",
        )
        .replace("cut = { side = \"end\" }", "cut = [1]\nweights = { think = 'x', write = 1 }");
    snapshot!("types", errors(&plan, &[]));
    snapshot!("type_date", errors(&changed("arm = \"raw-repos\"", "arm = 2026-01-01"), &[]));
    snapshot!("type_sink", errors(&changed("[\"raw-tokens\", \"mask\"]", "\"mask\""), &[]));
}

#[test]
fn values() {
    let plan = changed(
        "model = \"author\"\n\n[[operator]]\nkind = \"flatten\"\n",
        "model = \"author\"\nreads = 65\n\n[[operator]]\nkind = \"flatten\"\narm = \"\"\n",
    )
    .replace("train = [\"write\", \"think\"]", "train = [\"wirte\", \"code\", 3]\nweight = 1.5")
    .replace("cut = { side = \"end\" }", "cut = -1")
    .replace("\"raw-repos\"", "\"a name of more than twenty letters\"")
    .replace("[\"rust\", \"python\"]", "[\"rust\", \"rust\"]");
    snapshot!("values", errors(&plan, &[]));
    snapshot!("value_empty_list", errors(&changed("[\"write\", \"think\"]", "[]"), &[]));
    snapshot!(
        "value_range",
        errors(
            &changed(
                "seal_seconds = 1",
                "seal_seconds = 0\nin_flight_repositories = 4_294_967_296\nseal_bytes = -1"
            ),
            &[]
        )
    );
}

#[test]
fn variables() {
    let plan = changed("path = \"repositories\"", "path = \"${HOME}/${USER}/${a-b}\"")
        .replace("arm = \"raw-repos\"", "arm = \"${\"");
    snapshot!("variables", errors(&plan, &[]));
    let plan = good(&changed("\"repositories\"", "\"${TOKENIZERS}$$\""), &[]);
    assert_eq!(plan.source.config["path"], ".$");
}

#[test]
fn sinks() {
    let plan = good(&changed("uri = \"out\"", "uri = \"s3://bucket/out\""), &[]);
    assert_eq!(plan.sink().unwrap().to_string(), "s3://bucket/out");
    snapshot!("sink_empty", errors(&changed("uri = \"out\"", "uri = \"\""), &[]));
    let plan = good(&changed("uri = \"out\"", "uri = \"./repositories/../repositories/out\""), &[]);
    snapshot!("sink_in_source", plan.warnings().to_plain_string());
}

#[test]
fn many_errors_at_once() {
    let plan = changed("\"dir\"", "\"dri\"")
        .replace("path = \"repositories\"", "path = 1")
        .replace("input = \"graph\"", "input = \"grahp\"")
        .replace("model = \"author\"", "model = \"auther\"")
        .replace("train = [\"write\", \"think\"]", "trian = []")
        .replace("[\"raw-tokens\", \"mask\"]", "[\"raw\", \"mask\"]")
        .replace("seal_seconds", "seal_second");
    snapshot!("many", errors(&plan, &["run.seal_bytes=many"]));
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str| {
        let path = folder.path().join(name);
        let wrong = from_file(&FAKES, &path, &[], &|_| None, false).err().unwrap();
        wrong.to_plain_string().replace(&folder.path().display().to_string(), "FOLDER")
    };
    snapshot!("file_missing", message("plan.toml"));
    snapshot!("file_folder", message(""));
    fs::write(folder.path().join("latin.toml"), b"[source]\n# caf\xe9\n").unwrap();
    snapshot!("file_latin", message("latin.toml"));
    fs::write(folder.path().join("large.toml"), vec![b'#'; 2 << 20]).unwrap();
    snapshot!("file_large", message("large.toml"));
    #[cfg(unix)]
    assert!(message("/dev/zero").contains("too large"));
    let deep = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    fs::write(folder.path().join("deep.toml"), deep).unwrap();
    assert!(message("deep.toml").contains("this is not TOML"));
}

#[test]
fn editors_schema() {
    let schema = plan_schema(&FAKES);
    snapshot!("schema", serde_json::to_string_pretty(&schema).unwrap());
}
