"use strict";
// The samples that a page holds, as columns, and the view of them that stands in location.hash.

let data = null;
let columns = {};
let size = 0;

const $ = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Calls `start` with what a data block holds: at once where it is plain JSON, soon where it is deflated. */
function unpack(id, start) {
  const block = $(id);
  if (!block) return;
  if (block.type === "application/json") start(JSON.parse(block.textContent));
  else inflated(block.textContent).then(start);
}

function inflated(base64) {
  const packed = atob(base64);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
}

function hold(found) {
  data = found;
  columns = found.columns;
  size = found.ids.length;
}

const textAt = (column, i) => data.texts[columns[column][i]];

const nameAt = (i) => `${data.tasks[columns.task[i]]}/${data.ids[i]}`;

const emptyView = () => ({ task: "", state: "", q: "", sort: "", page: 1, slices: {}, sample: "", candidate: "" });

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
  for (const name of ["candidate", "task", "state", "q", "sort", "sample"]) if (view[name]) words.set(name, view[name]);
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

/** All samples by a key, smallest first, equal ones as asked. */
function sorted(key) {
  const order = Array.from({ length: size }, (_, i) => i);
  if (!key) return order;
  const keys = order.map(key);
  return order.sort((a, b) => (keys[a] === keys[b] ? a - b : keys[a] < keys[b] ? -1 : 1));
}

/** i -> does the sample fit the view's task, slices and words? textColumns: the ones that are searched. */
function fitting(view, textColumns, lowered) {
  const task = view.task ? data.tasks.indexOf(view.task) : -1;
  const wanted = Object.entries(view.slices).filter(([, value]) => value);
  const fits = data.slices.map((slices) => wanted.every(([name, value]) => slices[name] === value));
  const words = view.q.trim().toLowerCase();
  // Every text is searched once, however many samples share it.
  const hit = words && lowered().map((text) => text.includes(words));
  const searched = textColumns.map((name) => columns[name]);
  const holds = (i) => !words || searched.some((column) => hit[column[i]]) || data.ids[i].toLowerCase().includes(words);
  return (i) => (!view.task || columns.task[i] === task) && fits[columns.slices[i]] && holds(i);
}

/** Where a permalink's "task/id" points; -1 where no sample has it. */
function sampleAt(name) {
  for (let i = 0; i < size; i++) if (nameAt(i) === name) return i;
  return -1;
}
