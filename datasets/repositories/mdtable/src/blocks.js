/**
 * Finds the tables of a document.
 */

import { isDelimiterRow } from "./parse.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/**
 * @typedef {{ kind: "text" | "table", lines: string[] }} Block
 */

/**
 * Cuts a document into tables and the text between them. All lines of all blocks, in order, are the
 * lines of the document.
 *
 * @param {string} markdown
 * @returns {Block[]}
 */
export function splitBlocks(markdown) {
  const lines = markdown.split("\n");
  const blocks = [];
  let text = [];
  let fence = null;
  let index = 0;
  while (index < lines.length) {
    fence = nextFence(fence, lines[index]);
    const end = fence === null ? tableEnd(lines, index) : index;
    if (end === index) {
      text.push(lines[index]);
      index += 1;
      continue;
    }
    blocks.push({ kind: "text", lines: text });
    blocks.push({ kind: "table", lines: lines.slice(index, end) });
    text = [];
    index = end;
  }
  blocks.push({ kind: "text", lines: text });
  return blocks.filter((block) => block.lines.length > 0);
}

/** The fence of the code block that is open after `line`, or null. */
function nextFence(open, line) {
  const match = FENCE.exec(line);
  if (match === null) {
    return open;
  }
  if (open === null) {
    return match[1];
  }
  const closes = match[1][0] === open[0] && match[1].length >= open.length;
  return closes ? null : open;
}

/** One past the last line of the table that starts at `start`; `start` itself if there is none. */
function tableEnd(lines, start) {
  const delimiter = lines[start + 1];
  if (!lines[start].includes("|") || delimiter === undefined || !isDelimiterRow(delimiter)) {
    return start;
  }
  let end = start + 2;
  while (end < lines.length && lines[end].includes("|")) {
    end += 1;
  }
  return end;
}
