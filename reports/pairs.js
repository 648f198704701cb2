"use strict";
// The samples of two runs, and which of them a view shows. No DOM here.

const STATES = { r: "right", w: "wrong", m: "missing", u: "unmarked", "-": "missing" };
const RARE = ["fell", "rose", "worse", "better", "lost"]; // shown only where there is one
const SEARCHED = ["prompt", "base.answer", "candidate.answer", "target"];

let kinds = []; // of each sample, the filters that it passes
let orders = {};
let lowercase = null;

function holdPairs(found) {
  hold(found);
  [orders, lowercase] = [{}, null];
  const { base, candidate } = data.states;
  const [was, is] = [columns["base.answer"], columns["candidate.answer"]];
  const there = (state) => state === "r" || state === "w" || state === "u";
  kinds = Array.from({ length: size }, (_, i) => {
    const found = [""];
    if (there(base[i]) !== there(candidate[i])) found.push("lost");
    if (base[i] === "r" && candidate[i] === "w") found.push("fell");
    if (base[i] === "w" && candidate[i] === "r") found.push("rose");
    if (data.change[i]) found.push(data.change[i] < 0 ? "worse" : "better");
    if (was[i] !== is[i] && was[i] >= 0 && is[i] >= 0) found.push("changed");
    return found;
  });
}

/** All samples in an order, computed once. Of changes of one size those to the worse come first. */
function inOrder(sort) {
  const long = (i) => (textAt("base.answer", i)?.length ?? 0) + (textAt("candidate.answer", i)?.length ?? 0);
  const size = (i) => Math.abs(data.change[i]) * 8 + (kinds[i].includes("worse") ? 4 : 0) + (kinds[i].includes("lost") ? 2 : 0) + (kinds[i].includes("changed") ? 1 : 0);
  const by = {
    "": (i) => -size(i),
    picture: (i) => (columns.images[i] < 0 ? Infinity : columns.images[i]),
    long: (i) => -long(i),
  }[sort];
  return (orders[sort] ??= sorted(by));
}

/** The samples of a view, and how many each kind of change would show. */
function matching(view) {
  const started = performance.now();
  const fits = fitting(view, SEARCHED, () => (lowercase ??= data.texts.map((text) => text.toLowerCase())));
  const counts = { "": 0, fell: 0, rose: 0, worse: 0, better: 0, changed: 0, lost: 0 };
  const found = [];
  for (const i of inOrder(view.sort)) {
    if (!fits(i)) continue;
    for (const kind of kinds[i]) counts[kind] += 1;
    if (kinds[i].includes(view.state)) found.push(i);
  }
  performance.measure("filter", { start: started, end: performance.now() });
  return { found, counts };
}
