"use strict";
// Pieces of pages as HTML. Text from models and data only ever becomes text nodes.

const BAD_NOTE = /halluc|wrong|false|unsafe|invent|absent/i;
const MARKS = { right: "✓", wrong: "✕", missing: "–", unmarked: "·" };
// What steers a terminal or turns lines round: shown by name, so that no answer can look like another.
const STEERING = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text as nodes, control characters by their numbers. */
function visible(text) {
  const pieces = [];
  let last = 0;
  for (const match of text.matchAll(STEERING)) {
    const name = `U+${match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    pieces.push(text.slice(last, match.index), element("span.control", { title: "a control character" }, name));
    last = match.index + 1;
  }
  pieces.push(text.slice(last));
  return pieces.filter(Boolean);
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Where words stand in a text: [{start, end, kind}]. words: [{text, kind}]; "found" is part of a word, others whole. */
function placesOf(text, words) {
  const sought = words.filter((word) => word.text);
  if (!sought.length) return [];
  const parts = sought.map(({ text, kind }, i) => {
    const body = escaped(text);
    return `(?<w${i}>${kind === "found" ? body : `(?<![\\p{L}\\p{N}])${body}(?:e?s)?(?![\\p{L}\\p{N}])`})`;
  });
  return [...text.matchAll(new RegExp(parts.join("|"), "giu"))].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    kind: sought[Object.values(match.groups).findIndex((group) => group !== undefined)].kind,
  }));
}

/** A text as nodes, its places as <mark> with their kinds as classes. Places of one kind must not overlap. */
function styled(text, places) {
  const edges = [...new Set([0, text.length, ...places.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const starts = Map.groupBy(places, (place) => place.start);
  let open = [];
  return edges.slice(0, -1).flatMap((start, i) => {
    open = [...open.filter((place) => place.end > start), ...(starts.get(start) ?? [])];
    const kinds = open.map((place) => place.kind).filter(Boolean);
    const piece = visible(text.slice(start, edges[i + 1]));
    return kinds.length ? [element(`mark.${kinds.join(".")}`, {}, ...piece)] : piece;
  });
}

/** Text with what was searched and what was made up marked. words: [{text, kind}]. */
const marked = (text, words) => styled(text, placesOf(text, words));

/** What the notes say was made up, for marking in the answer. "pup (dog)" is the word and what it stands for. */
function badWords(notes) {
  const named = Object.entries(notes).filter(([name]) => BAD_NOTE.test(name));
  const words = named.flatMap(([, value]) => String(value).split(/\s*[,;]\s*/).map((word) => word.replace(/\s*\(.*/, "")));
  // Of two words at one place the first wins: "fire truck", not "truck".
  return words.filter(Boolean).sort((a, b) => b.length - a.length).map((text) => ({ text, kind: "bad" }));
}

/** A picture inside the page, or the file beside it: a page and its folder `pictures` belong together. */
function picture(name, label) {
  const held = document.getElementById(`picture-${name}`);
  const whole = data.leftOut[name];
  if (!held && !whole) return element("p.no-picture", {}, "picture not stored");
  const image = element("img", { alt: label, loading: "lazy", decoding: "async" });
  const button = element("button.picture", { type: "button", "aria-label": `Enlarge ${label}` }, image);
  image.addEventListener("error", () => button.replaceWith(element("p.no-picture", {}, "not beside this page")), { once: true });
  image.src = held ? `data:image/webp;base64,${held.textContent}` : `pictures/${whole}.webp`;
  return button;
}

/** "Yes." and "yes" say the same; what was read is only shown where it does not go without saying. */
const plainly = (text) => text.toLowerCase().replace(/[\s.!]+$/, "");

function field(name, content, kind = "") {
  return element("div", {}, element("dt", {}, name), element(`dd${kind && `.${kind}`}`, { dir: "auto" }, ...content));
}
