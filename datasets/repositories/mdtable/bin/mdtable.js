#!/usr/bin/env node
/**
 * The command line: formats files in place, or standard input to standard output.
 */

import { readFileSync, writeFileSync } from "node:fs";

import { format } from "../src/index.js";
import { parseArguments } from "../vendor/tinyargs/index.js";

const USAGE = `usage: mdtable [--compact] [--check] [FILE]...

  --compact   leave out the padding
  --check     write nothing; exit with 1 if a file would change`;

function main() {
  const { flags, rest, unknown } = parseArguments(process.argv.slice(2), [
    "check",
    "compact",
    "help",
  ]);
  if (flags.help || unknown.length > 0) {
    console.error(USAGE);
    return flags.help ? 0 : 2;
  }
  if (rest.length === 0) {
    process.stdout.write(format(readFileSync(0, "utf8"), flags));
    return 0;
  }
  const changed = rest.filter((path) => formatFile(path, flags));
  return flags.check && changed.length > 0 ? 1 : 0;
}

/** Formats one file and tells whether that changes it. */
function formatFile(path, flags) {
  const before = readFileSync(path, "utf8");
  const after = format(before, flags);
  if (before !== after && !flags.check) {
    writeFileSync(path, after);
  }
  return before !== after;
}

process.exitCode = main();
