"use strict";
// The samples as columns, and which of them a view shows. No DOM here but the data block itself.

const STATES = { r: "right", w: "wrong", m: "missing", u: "unmarked" };
const WORST_FIRST = "mwur";

const block = document.getElementById("data");
const data = block ? JSON.parse(block.textContent) : null;
const columns = data ? data.columns : {};
const size = data ? data.ids.length : 0;
const cut = new Uint8Array(size);
if (data) for (const i of data.cut) cut[i] = 1;

const textAt = (column, i) => data.texts[columns[column][i]];

const emptyView = () => ({ task: "", state: "", q: "", sort: "", page: 1, slices: {}, sample: "" });

/** A view from location.hash; null where the hash is an ordinary anchor. */
function viewFrom(hash) {
  if (!hash.includes("=")) return null;
  const view = emptyView();
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (name.startsWith("slice.")) view.slices[name.slice(6)] = value;
    else if (name === "page") view.page = Math.max(1, Number.parseInt(value, 10) || 1);
    else if (Object.hasOwn(view, name) && name !== "slices") view[name] = value;
  }
  return view;
}

function hashOf(view) {
  const words = new URLSearchParams();
  for (const name of ["task", "state", "q", "sort", "sample"]) if (view[name]) words.set(name, view[name]);
  for (const [name, value] of Object.entries(view.slices)) if (value) words.set(`slice.${name}`, value);
  if (view.page > 1) words.set("page", view.page);
  const hash = words.toString();
  return hash && `#${hash}`;
}

/** Slice name -> its values, of one task or of all. */
function sliceValues(task) {
  const used = new Set();
  const code = data.tasks.indexOf(task);
  for (let i = 0; i < size; i++) if (!task || columns.task[i] === code) used.add(columns.slices[i]);
  const values = {};
  for (const combination of used) {
    for (const [name, value] of Object.entries(data.slices[combination])) (values[name] ??= new Set()).add(value);
  }
  return Object.entries(values).map(([name, found]) => [name, [...found].sort()]);
}

const orders = {};

/** All samples in an order, computed once. */
function inOrder(sort) {
  if (orders[sort]) return orders[sort];
  const order = Array.from({ length: size }, (_, i) => i);
  const by = {
    "": (i) => WORST_FIRST.indexOf(data.states[i]),
    picture: (i) => (columns.images[i] < 0 ? Infinity : columns.images[i]),
    long: (i) => -(textAt("answer", i)?.length ?? 0),
  }[sort];
  if (by) {
    const keys = order.map(by);
    order.sort((a, b) => (keys[a] === keys[b] ? a - b : keys[a] < keys[b] ? -1 : 1));
  }
  return (orders[sort] = order);
}

let lowered = null;

/** i -> does the sample hold the words? Every text is searched once, however many samples share it. */
function finder(q) {
  if (!q) return () => true;
  const words = q.toLowerCase();
  lowered ??= data.texts.map((text) => text.toLowerCase());
  const hit = lowered.map((text) => text.includes(words));
  const { prompt, answer, target } = columns;
  return (i) => hit[prompt[i]] || hit[answer[i]] || hit[target[i]] || data.ids[i].toLowerCase().includes(words);
}

/** The samples of a view, and how many each state would show. */
function matching(view) {
  const started = performance.now();
  const task = view.task ? data.tasks.indexOf(view.task) : -1;
  const wanted = Object.entries(view.slices).filter(([, value]) => value);
  const fits = data.slices.map((slices) => wanted.every(([name, value]) => slices[name] === value));
  const holds = finder(view.q.trim());
  const counts = { "": 0, right: 0, wrong: 0, missing: 0, unmarked: 0, cut: 0 };
  const found = [];
  for (const i of inOrder(view.sort)) {
    if ((view.task && columns.task[i] !== task) || !fits[columns.slices[i]] || !holds(i)) continue;
    const state = STATES[data.states[i]];
    counts[""] += 1;
    counts[state] += 1;
    counts.cut += cut[i];
    if (!view.state || view.state === state || (view.state === "cut" && cut[i])) found.push(i);
  }
  performance.measure("filter", { start: started, end: performance.now() });
  return { found, counts };
}

/** Where a permalink's "task/id" points; -1 where no sample has it. */
function sampleAt(name) {
  for (let i = 0; i < size; i++) if (`${data.tasks[columns.task[i]]}/${data.ids[i]}` === name) return i;
  return -1;
}
