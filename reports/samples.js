"use strict";
// The samples of one run, and which of them a view shows. No DOM here.

const STATES = { r: "right", w: "wrong", m: "missing", u: "unmarked" };
const WORST_FIRST = "mwur";
const RARE = ["unmarked", "cut"]; // most runs have neither: shown only where there is one
const SEARCHED = ["prompt", "answer", "target"];

let cut = new Uint8Array(0);
let orders = {};
let lowercase = null;

function holdSamples(found) {
  hold(found);
  cut = new Uint8Array(size);
  for (const i of data.cut) cut[i] = 1;
  [orders, lowercase] = [{}, null];
}

/** All samples in an order, computed once. */
function inOrder(sort) {
  const by = {
    "": (i) => WORST_FIRST.indexOf(data.states[i]),
    picture: (i) => (columns.images[i] < 0 ? Infinity : columns.images[i]),
    long: (i) => -(textAt("answer", i)?.length ?? 0),
  }[sort];
  return (orders[sort] ??= sorted(by));
}

/** The samples of a view, and how many each state would show. */
function matching(view) {
  const started = performance.now();
  const fits = fitting(view, SEARCHED, () => (lowercase ??= data.texts.map((text) => text.toLowerCase())));
  const counts = { "": 0, right: 0, wrong: 0, missing: 0, unmarked: 0, cut: 0 };
  const found = [];
  for (const i of inOrder(view.sort)) {
    if (!fits(i)) continue;
    const state = STATES[data.states[i]];
    counts[""] += 1;
    counts[state] += 1;
    counts.cut += cut[i];
    if (!view.state || view.state === state || (view.state === "cut" && cut[i])) found.push(i);
  }
  performance.measure("filter", { start: started, end: performance.now() });
  return { found, counts };
}
