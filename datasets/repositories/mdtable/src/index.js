/**
 * Lines up the columns of Markdown tables.
 */

import { splitBlocks } from "./blocks.js";
import { parseTable } from "./parse.js";
import { renderTable } from "./render.js";

/**
 * Formats every table of a Markdown document.
 *
 * @param {string} markdown the document
 * @param {{ compact?: boolean }} [options] `compact` leaves out the padding
 * @returns {string} the document with its tables lined up
 */
export function format(markdown, options = {}) {
  const lines = splitBlocks(markdown).flatMap((block) => {
    if (block.kind !== "table") {
      return block.lines;
    }
    return renderTable(parseTable(block.lines), options);
  });
  return lines.join("\n");
}

export { parseTable } from "./parse.js";
export { renderTable } from "./render.js";
