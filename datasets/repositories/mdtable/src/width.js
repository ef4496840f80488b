/**
 * Knows how many columns of a terminal a text takes.
 */

import { WIDE_RANGES } from "./wide-ranges.js";

const COMBINING = /\p{Mark}/u;

/**
 * The number of columns of a text: two for wide characters, none for combining ones.
 *
 * @param {string} text
 * @returns {number}
 */
export function displayWidth(text) {
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
  }
  return width;
}

function characterWidth(character) {
  if (COMBINING.test(character)) {
    return 0;
  }
  return isWide(character.codePointAt(0)) ? 2 : 1;
}

/** Binary search: the ranges are sorted and do not touch. */
function isWide(codePoint) {
  let low = 0;
  let high = WIDE_RANGES.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [first, last] = WIDE_RANGES[middle];
    if (codePoint < first) {
      high = middle;
    } else if (codePoint > last) {
      low = middle + 1;
    } else {
      return true;
    }
  }
  return false;
}
