use crate::javascript::outline::missing;
use std::time::Duration;

use backstory_core::EdgeKind;

use crate::testing::{Sample, ThreadClock, render, truth};

const SHOP: &str = r#"#!/usr/bin/env node
/** @file Sells things. */
/** Not of the import. */
import fs, { readFile as read } from "fs";
import * as all from './all.js';
import "./effect";
export * from "./again";
export { one, two as zwei } from './numbers';
const { join } = require("path"), util = require('./util');
// require("./never") and import "./never";

/**
 * A thing.
 */
export default class Thing extends Base {
  #secret = 1;
  static count = 0;
  handler = async (event) => { await import("./lazy"); };
  /** Makes one. */
  constructor(name) { super(require("./inner")); }
  get value() { return "require('./no')"; }
  static async *each() {}
}

/** Too far away. */

export async function run(a, { b }) { return a; }
function* items() {}
const add = (a, b) => a + b;
/** Doc of limit. */
// eslint-disable-next-line
export const limit = { a: 1 }, other = 2;
let state;
var Named = class Inner { m() {} };
if (state) { const hidden = require("./cond"); }
export { add, state as renamed };
import(`./template`); import(dynamic);
"#;

const COMMON: &str = r"'use strict';
var dep = require('./dep');
function visible() {}
function hidden() {}
exports.named = function (a) { return a; };
module.exports.value = 3;
exports.dep = require('./other');
exports.visible = visible;
Thing.prototype.go = function go(x) {};
module.exports = { hidden2, key: hidden3, other: 1 };
function hidden2() {}
function hidden3() {}
";

#[test]
fn the_grammar_has_every_word() {
    const ONLY_TYPESCRIPT: [&str; 18] = [
        "abstract_class_declaration",
        "abstract_method_signature",
        "accessibility_modifier",
        "ambient_declaration",
        "enum_assignment",
        "enum_body",
        "enum_declaration",
        "function_signature",
        "import_alias",
        "import_require_clause",
        "interface_body",
        "interface_declaration",
        "internal_module",
        "method_signature",
        "module",
        "property_signature",
        "public_field_definition",
        "type_alias_declaration",
    ];
    let mut missing = missing(&super::GRAMMAR);
    missing.retain(|word| !ONLY_TYPESCRIPT.contains(word));
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("javascript", SHOP));
}

#[test]
fn common_modules() {
    insta::assert_snapshot!(render("javascript", COMMON));
}

const MODULE: &str = r#"import a, { b as c } from "./a";
import * as d from "./d";
export { c, own };
export { default as e } from "./e";
export * as f from "./f";
const own = 1;
const { g, h: i } = require("./g"), j = require(`./j`);
exports.k = require("./k").k;
__exportStar(require("./l"), exports);
module.exports = {
  /** Runs. */
  run() {},
  walk: function (a) { require("./m"); },
  Class: class { go() {} },
  n: require("./n"),
  g,
};
define(["require", "./o"], function () {});
import("./p", { with: { type: "json" } });
require.resolve("./no");
require(`./${no}`);
jest.mock("./no");
module.exports = require("./q");
"#;

#[test]
fn what_modules_take_and_offer() {
    insta::assert_snapshot!(render("javascript", MODULE));
}

#[test]
fn types_of_flow_are_understood() {
    let source = "// @flow\nimport type {A} from './a';\nexport type B = {| +c: ?A |};\nexport function f(b: B): void { require('./b'); }\n";
    let outline = render("javascript", source);
    assert!(outline.contains("import ./a [A]") && outline.contains("import ./b"), "{outline}");
}

#[test]
fn imports_in_broken_code_are_none_of_comments() {
    let source = "export const a: {\n  /** import { b } from 'c' */\n};\nimport { d } from './d'\n@@@ (\nexport { e } from './e'\n";
    let outline = render("typescript", source);
    assert!(outline.contains("import ./d") && outline.contains("import ./e"), "{outline}");
    assert!(!outline.contains("import c"), "{outline}");
}

#[test]
fn relative_specifiers() {
    let sample = Sample::new(&[
        (
            "src/a.js",
            "import './b'; import './c.js'; import '../lib'; import './d.mjs?raw'; require('.')",
        ),
        ("src/b.jsx", "import '../../outside'; import '/absolute'; import './b'"),
        ("src/c.ts", "import './d.mjs'; import type { T } from './types'"),
        ("src/d.mts", ""),
        ("src/index.js", ""),
        ("src/types.d.ts", ""),
        ("lib/index.tsx", "import '../pkg'"),
        ("pkg/package.json", "{\"main\": \"./start\"}"),
        ("pkg/start.cjs", ""),
        ("pkg/index.js", ""),
    ]);
    assert_eq!(
        sample.needs("src/a.js"),
        ["lib/index.tsx", "src/b.jsx", "src/c.ts", "src/d.mts", "src/index.js"]
    );
    assert!(sample.needs("src/b.jsx").is_empty());
    assert_eq!(sample.needs("src/c.ts"), ["src/d.mts", "src/types.d.ts"]);
    assert_eq!(sample.needs("lib/index.tsx"), ["pkg/start.cjs"]);
}

#[test]
fn packages_of_the_repository() {
    let sample = Sample::new(&[
        (
            "packages/a/package.json",
            r#"{"name": "@x/a", "main": "dist/index.js", "exports": {".": {"import": "./dist/index.mjs"}, "./*": "./dist/*.js"}}"#,
        ),
        ("packages/a/src/index.ts", ""),
        ("packages/a/src/util.ts", ""),
        ("packages/b/package.json", r#"{"name": "b", "exports": {".": "./index.js"}}"#),
        (
            "packages/b/index.js",
            "import '@x/a'; import '@x/a/util'; import 'react'; import '@x/none'",
        ),
        ("packages/b/deep/file.js", "const b = require('b'); require('b/deep/other')"),
        ("packages/b/deep/other.js", ""),
    ]);
    assert_eq!(
        sample.needs("packages/b/index.js"),
        ["packages/a/src/index.ts", "packages/a/src/util.ts"]
    );
    assert_eq!(
        sample.needs("packages/b/deep/file.js"),
        ["packages/b/deep/other.js", "packages/b/index.js"]
    );
}

#[test]
fn a_sample_is_resolved_as_the_tools_do() {
    truth("javascript");
}

#[test]
fn names_lead_to_where_they_are_defined() {
    let sample = Sample::new(&[
        (
            "a.js",
            "import { one, two as zwei, three, none } from './lib'; import * as all from './lib';",
        ),
        ("b.js", "const { four } = require('./common');"),
        (
            "lib/index.js",
            "export * from './deep'; export { own as one } from './one'; export const three = 3;",
        ),
        ("lib/one.js", "export const own = 1;"),
        ("lib/deep/index.js", "export * from './two'; export * from '..'; export const three = 0;"),
        ("lib/deep/two.js", "export function two() {}"),
        ("common.js", "module.exports = require('./inner');"),
        ("inner.js", "import { four } from './four'; export { four };"),
        ("four.js", "export let four;"),
    ]);
    let import = EdgeKind::Import;
    let again = EdgeKind::ReExport;
    assert_eq!(
        sample.edges("a.js"),
        [("lib/deep/two.js", again), ("lib/index.js", import), ("lib/one.js", again)]
    );
    assert_eq!(sample.edges("b.js"), [("common.js", import), ("four.js", again)]);
}

#[test]
fn members_of_workspaces_see_each_other() {
    let sample = Sample::new(&[
        ("package.json", r#"{"workspaces": {"packages": ["packages/*", "!packages/old"]}}"#),
        ("packages/a/package.json", r#"{"name": "a", "main": "./index.js"}"#),
        (
            "packages/a/index.js",
            "import 'b'; import 'linked'; import 'a'; import 'old'; import 'b/none';",
        ),
        (
            "packages/b/package.json",
            r#"{"name": "b", "main": "dist/b.js", "dependencies": {"linked": "file:../../tools"}}"#,
        ),
        (
            "packages/b/src/b.ts",
            "import 'linked'; import './none'; import './style.css'; import '#c'",
        ),
        ("packages/old/package.json", r#"{"name": "old"}"#),
        ("packages/old/index.js", "import 'third'"),
        ("packages/old/node_modules/third/index.js", ""),
        ("tools/package.json", r#"{"name": "other"}"#),
        ("tools/index.js", ""),
    ]);
    assert_eq!(sample.needs("packages/a/index.js"), ["packages/b/src/b.ts"]);
    assert_eq!(
        sample.unresolved("packages/a/index.js"),
        [("import b/none []".to_owned(), "no such file in this package".to_owned())]
    );
    assert_eq!(sample.needs("packages/b/src/b.ts"), ["tools/index.js"]);
    assert_eq!(
        sample.unresolved("packages/b/src/b.ts"),
        [("import ./none []".to_owned(), "no such file".to_owned())]
    );
    assert!(sample.needs("packages/old/index.js").is_empty(), "third-party, even if it is there");
}

#[test]
fn a_package_sees_itself_only_where_its_own_manifest_is_the_nearest() {
    let sample = Sample::new(&[
        ("package.json", r#"{"name": "top", "exports": "./index.js"}"#),
        ("index.js", ""),
        ("e2e/old/package.json", r#"{"devDependencies": {"top": "^4.1.3"}}"#),
        ("e2e/old/a.js", "import 'top'"),
        ("e2e/new/package.json", r#"{"type": "module"}"#),
        ("e2e/new/a.js", "import 'top'"),
        ("e2e/link/package.json", r#"{"dependencies": {"top": "file:../.."}}"#),
        ("e2e/link/a.js", "import 'top'"),
        ("test/a.js", "import 'top'"),
    ]);
    assert!(sample.needs("e2e/old/a.js").is_empty());
    assert!(sample.needs("e2e/new/a.js").is_empty());
    assert_eq!(sample.needs("e2e/link/a.js"), ["index.js"]);
    assert_eq!(sample.needs("test/a.js"), ["index.js"]);
}

#[test]
fn members_of_other_workspaces_have_what_they_install() {
    let sample = Sample::new(&[
        ("package.json", r#"{"name": "top", "exports": "./index.js", "workspaces": [".", "a"]}"#),
        ("index.js", ""),
        ("a/package.json", r#"{"name": "a", "dependencies": {"top": "^4.1.3"}}"#),
        ("a/a.js", "import 'top'"),
        ("e2e/package.json", r#"{"workspaces": ["*"]}"#),
        ("e2e/app/package.json", r#"{"dependencies": {"top": "4.1.3"}}"#),
        ("e2e/more/package.json", r#"{"type": "module"}"#),
        ("e2e/more/a.js", "import 'top'"),
        ("e2e/app/a.js", "import 'top'; import 'a/a.js'"),
        ("loose/package.json", r#"{"type": "module"}"#),
        ("loose/a.js", "import 'top'"),
    ]);
    assert_eq!(sample.needs("a/a.js"), ["index.js"]);
    assert_eq!(sample.needs("e2e/app/a.js"), ["a/a.js"]);
    assert_eq!(sample.needs("e2e/more/a.js"), ["index.js"], "installed further up");
    assert_eq!(sample.needs("loose/a.js"), ["index.js"]);
}

#[test]
fn configurations_set_conditions_of_exports() {
    let sample = Sample::new(&[
        ("package.json", r#"{"workspaces": ["*"]}"#),
        ("base.tsconfig.json", r#"{"compilerOptions": {"customConditions": ["@x/source"]}}"#),
        ("a/tsconfig.json", r#"{"extends": "../base.tsconfig.json"}"#),
        ("a/a.ts", "import 'c'"),
        ("b/b.ts", "import 'c'"),
        ("d/tsconfig.json", r#"{"references": [{"path": "./my.tsconfig.json"}]}"#),
        ("d/my.tsconfig.json", r#"{"extends": "../base.tsconfig.json"}"#),
        ("d/test.tsconfig.json", r#"{"extends": "./my.tsconfig.json"}"#),
        ("d/d.ts", "import 'c'"),
        (
            "c/package.json",
            r#"{"name": "c", "exports": {"@x/source": "./in.ts", "types": "./out.d.ts"}}"#,
        ),
        ("c/in.ts", ""),
        ("c/out.d.ts", ""),
    ]);
    assert_eq!(sample.needs("a/a.ts"), ["c/in.ts"]);
    assert_eq!(sample.needs("b/b.ts"), ["c/out.d.ts"], "what others extend is no project");
    assert_eq!(sample.needs("d/d.ts"), ["c/in.ts"]);
}

#[test]
fn versions_of_types_are_for_typescript() {
    let sample = Sample::new(&[
        ("package.json", r#"{"workspaces": ["*"]}"#),
        ("a/a.ts", "import 'c'; import 'c/deep'"),
        ("a/b.js", "import 'c'; import 'c/deep'"),
        (
            "c/package.json",
            r#"{"name": "c", "main": "main.js", "typesVersions": {"<4": {"*": ["old/*"]}, "*": {"*": ["ts/*"]}}}"#,
        ),
        ("c/main.js", ""),
        ("c/deep.js", ""),
        ("c/ts/main.d.ts", ""),
        ("c/ts/deep.d.ts", ""),
        ("c/old/main.d.ts", ""),
    ]);
    assert_eq!(sample.needs("a/a.ts"), ["c/ts/deep.d.ts", "c/ts/main.d.ts"]);
    assert_eq!(sample.needs("a/b.js"), ["c/deep.js", "c/main.js"]);
}

#[test]
fn hostile_manifests_cost_little() {
    let chain = |index: usize| {
        let text = format!("{{\"extends\": [\"./tsconfig.{}.json\"]}}", index + 1);
        (format!("tsconfig.{index}.json"), text)
    };
    let mut files: Vec<(String, String)> = (0..3000).map(chain).collect();
    let mut add = |path: &str, text: &str| files.push((path.to_owned(), text.to_owned()));
    add(
        "tsconfig.json",
        "{\"extends\": \"./tsconfig.json\", \"references\": [{\"path\": \".\"}, 1]}",
    );
    add("package.json", "[\"package\"]");
    add(
        "p/package.json",
        r#"{"name": "p", "main": "../..", "exports": {"./*": ["../*", {"import": null}], "./a*": 1}, "imports": []}"#,
    );
    add(
        "q/package.json",
        r##"{"name": "p", "workspaces": ["**/**/**/**/**", "*{", "..", 1], "imports": {"#*": "#*"}}"##,
    );
    add("q/pnpm-workspace.yaml", "packages:\n- '\n- \"\n-\n");
    add("lerna.json", "\0");
    let imports = (0..2000).map(|index| format!("import 'p/a{index}'; import '#x{index}';\n"));
    add("p/a.js", &imports.collect::<String>());
    add(
        "q/a/b/c/d/e/f/g/h/i.ts",
        "import 'p'; import '#'; import '?'; import '!'; import '/'; import '..'",
    );
    for index in 0..2000 {
        let next = (index + 1) % 2000;
        add(
            &format!("r/{index}.ts"),
            &format!("export * from './{next}'; export {{ a }} from './{next}'"),
        );
    }
    add("s.ts", "import { a, b } from './r/0'");
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let sample = Sample::new(&files);
    let start = ThreadClock::start();
    assert!(sample.needs("p/a.js").is_empty());
    assert_eq!(sample.needs("s.ts"), ["r/0.ts"]);
    let _ = sample.needs("q/a/b/c/d/e/f/g/h/i.ts");
    assert!(start.took() < Duration::from_secs(30), "{:?}", start.took());
}

#[test]
fn a_typescript_file_that_becomes_common_js_requires() {
    let exports = r#"{"name": "NAME", TYPE "exports":
        {"import": "./index.mjs", "require": "./index.js"}}"#;
    let common = exports.replace("NAME", "common").replace("TYPE", "");
    let modules = exports.replace("NAME", "modules").replace("TYPE", "\"type\": \"module\",");
    let sample = Sample::new(&[
        ("package.json", r#"{"workspaces": ["*"]}"#),
        ("common/package.json", &common),
        ("common/tsconfig.json", r#"{"compilerOptions": {"module": "NodeNext"}}"#),
        ("common/index.mjs", ""),
        ("common/index.js", ""),
        ("common/a.ts", "import 'common'"),
        ("common/b.mts", "import 'common'"),
        (
            "common/bundled/tsconfig.json",
            r#"{"compilerOptions": {"module": "nodenext", "moduleResolution": "bundler"}}"#,
        ),
        ("common/bundled/c.ts", "import 'common'"),
        ("modules/package.json", &modules),
        ("modules/tsconfig.json", r#"{"extends": "../common/tsconfig.json"}"#),
        ("modules/d.ts", "import 'common'"),
    ]);
    assert_eq!(sample.needs("common/a.ts"), ["common/index.js"]);
    for file in ["common/b.mts", "common/bundled/c.ts", "modules/d.ts"] {
        assert_eq!(sample.needs(file), ["common/index.mjs"], "{file}");
    }
}
