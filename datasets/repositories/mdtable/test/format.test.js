import assert from "node:assert/strict";
import { test } from "node:test";

import { format, parseTable } from "../src/index.js";
import { displayWidth } from "../src/width.js";

test("columns are padded to the widest cell", () => {
  const before = "|a|b|\n|-|-:|\n|one|2|";
  const after = "| a   |   b |\n| --- | --: |\n| one |   2 |";
  assert.equal(format(before), after);
});

test("formatting twice changes nothing", () => {
  const once = format("| x | y |\n|:-:|---|\n| long cell | z |\n\nend\n");
  assert.equal(format(once), once);
});

test("text and code blocks are left alone", () => {
  const document = "a | b\n\n```\n|a|b|\n|-|-|\n```\n";
  assert.equal(format(document), document);
});

test("rows are as wide as the header", () => {
  const table = parseTable(["|a|b|", "|-|-|", "|1|", "|1|2|3|"]);
  assert.deepEqual(table.rows, [
    ["1", ""],
    ["1", "2"],
  ]);
});

test("escaped bars stay in their cell", () => {
  assert.deepEqual(parseTable(["|a \\| b|c|", "|-|-|"]).header, ["a \\| b", "c"]);
});

test("wide characters count twice, combining ones not at all", () => {
  assert.equal(displayWidth("漢字"), 4);
  assert.equal(displayWidth("e\u0301"), 1);
});
