"use strict";
// Which words two texts do not share.

const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}_]+|\s+|[^]/gu;
const TABLE = 400_000; // cells of the table; two texts of some 600 differing words each
const LINE = 30_000; // characters, above which texts are not taken apart

/**
 * Places in each text of what the other lacks, [[{start, end}, …], […]], by the longest common subsequence of words.
 * null where the texts are too long for it.
 */
function differingWords(before, after) {
  if (before.length > LINE || after.length > LINE) return null;
  const [one, other] = [before.match(WORD) ?? [], after.match(WORD) ?? []];
  let head = 0;
  while (head < one.length && head < other.length && one[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(one.length, other.length) - head && one.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  const [first, second] = [one.slice(head, one.length - tail), other.slice(head, other.length - tail)];
  if ((first.length + 1) * (second.length + 1) > TABLE) return null;
  const kept = common(first, second);
  const start = one.slice(0, head).join("").length;
  return [placesBut(first, kept[0], start), placesBut(second, kept[1], start)];
}

/** For each of two lists, which elements belong to their longest common subsequence. */
function common(first, second) {
  const width = second.length + 1;
  const longest = new Uint16Array((first.length + 1) * width);
  for (let i = first.length - 1; i >= 0; i--) {
    for (let j = second.length - 1; j >= 0; j--) {
      const at = i * width + j;
      longest[at] = first[i] === second[j] ? longest[at + width + 1] + 1 : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  const kept = [new Uint8Array(first.length), new Uint8Array(second.length)];
  for (let i = 0, j = 0; i < first.length && j < second.length; ) {
    if (first[i] === second[j]) [kept[0][i++], kept[1][j++]] = [1, 1];
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
    else j++;
  }
  return kept;
}

/** Places of the words that are not kept; a blank between two of them belongs to both. */
function placesBut(words, kept, start) {
  const places = [];
  let at = start;
  words.forEach((word, i) => {
    const end = at + word.length;
    const last = places.at(-1);
    if (!kept[i] && last?.end === at) last.end = end;
    else if (!kept[i]) places.push({ start: at, end });
    else if (!word.trim() && last?.end === at && i + 1 < words.length && !kept[i + 1]) last.end = end;
    at = end;
  });
  return places;
}
