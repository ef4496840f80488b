/**
 * Reads the lines of a table into cells.
 */

const DELIMITER_CELL = /^:?-+:?$/;

/**
 * @typedef {"none" | "left" | "center" | "right"} Alignment
 * @typedef {{ header: string[], alignments: Alignment[], rows: string[][] }} Table
 */

/**
 * Whether a line separates the header of a table from its rows.
 *
 * @param {string} line
 */
export function isDelimiterRow(line) {
  return line.includes("|") && splitRow(line).every((cell) => DELIMITER_CELL.test(cell));
}

/**
 * Reads a table. Every row comes out as wide as the header: short rows are filled up with empty
 * cells, and what is too much is cut off, as renderers do.
 *
 * @param {string[]} lines header, delimiter row and rows
 * @returns {Table}
 */
export function parseTable(lines) {
  const header = splitRow(lines[0]);
  const alignments = fit(splitRow(lines[1]).map(alignmentOf), header.length, "none");
  const rows = lines.slice(2).map((line) => fit(splitRow(line), header.length, ""));
  return { header, alignments, rows };
}

/**
 * The cells of one line. An escaped bar does not separate cells.
 *
 * @param {string} line
 * @returns {string[]}
 */
export function splitRow(line) {
  const cells = [];
  let cell = "";
  for (let index = 0; index < line.length; index += 1) {
    if (line[index] === "\\" && line[index + 1] === "|") {
      cell += "\\|";
      index += 1;
    } else if (line[index] === "|") {
      cells.push(cell.trim());
      cell = "";
    } else {
      cell += line[index];
    }
  }
  cells.push(cell.trim());
  if (line.trimStart().startsWith("|")) {
    cells.shift();
  }
  if (cells.length > 1 && cells[cells.length - 1] === "") {
    cells.pop();
  }
  return cells;
}

/** @returns {Alignment} */
function alignmentOf(cell) {
  const left = cell.startsWith(":");
  const right = cell.endsWith(":");
  if (left && right) {
    return "center";
  }
  if (right) {
    return "right";
  }
  return left ? "left" : "none";
}

function fit(cells, length, filler) {
  return Array.from({ length }, (_, index) => cells[index] ?? filler);
}
