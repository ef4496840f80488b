use crate::javascript::outline::missing;
use crate::testing::{Sample, render, truth};

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
    const ONLY_TYPESCRIPT: [&str; 17] = [
        "abstract_class_declaration",
        "abstract_method_signature",
        "accessibility_modifier",
        "ambient_declaration",
        "enum_assignment",
        "enum_body",
        "enum_declaration",
        "function_signature",
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
