/**
 * Writes a table as lines of text.
 */

import { displayWidth } from "./width.js";

/** A delimiter needs three characters to be seen as one by every reader. */
const MINIMUM_WIDTH = 3;

/**
 * @param {import("./parse.js").Table} table
 * @param {{ compact?: boolean }} [options]
 * @returns {string[]}
 */
export function renderTable(table, options = {}) {
  const widths = options.compact
    ? table.header.map(() => 0)
    : columnWidths([table.header, ...table.rows]);
  const delimiters = table.alignments.map((alignment, column) =>
    delimiter(alignment, Math.max(widths[column], MINIMUM_WIDTH)),
  );
  const padded = (cells) =>
    joinCells(cells.map((cell, column) => pad(cell, widths[column], table.alignments[column])));
  return [padded(table.header), joinCells(delimiters), ...table.rows.map(padded)];
}

function columnWidths(rows) {
  return rows[0].map((_, column) =>
    Math.max(MINIMUM_WIDTH, ...rows.map((row) => displayWidth(row[column]))),
  );
}

function joinCells(cells) {
  return `| ${cells.join(" | ")} |`;
}

function delimiter(alignment, width) {
  const left = alignment === "left" || alignment === "center" ? ":" : "";
  const right = alignment === "right" || alignment === "center" ? ":" : "";
  return left + "-".repeat(width - left.length - right.length) + right;
}

function pad(cell, width, alignment) {
  const missing = Math.max(0, width - displayWidth(cell));
  if (alignment === "right") {
    return " ".repeat(missing) + cell;
  }
  if (alignment === "center") {
    const before = Math.floor(missing / 2);
    return " ".repeat(before) + cell + " ".repeat(missing - before);
  }
  return cell + " ".repeat(missing);
}
