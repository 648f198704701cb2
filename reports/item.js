"use strict";
// One sample of a run as HTML.

function fields(i, view, notes) {
  const found = { text: view.q.trim(), kind: "found" };
  const [prompt, answer, target, read, error] = ["prompt", "answer", "target", "prediction", "error"].map((name) => textAt(name, i));
  const list = element("dl.fields");
  list.append(field("Prompt", marked(prompt ?? "", [found]), "prompt"));
  if (answer === undefined) list.append(field("Answer", [element("em.loud", {}, `missing: ${error ?? "no answer"}`)]));
  else if (answer === "") list.append(field("Answer", [element("em.faint", {}, "empty")]));
  else list.append(field("Answer", marked(answer, [found, ...badWords(notes)]), answer.length < 80 ? "answer.short" : "answer"));
  if (target !== undefined) list.append(field("Target", marked(target, [found])));
  if (read !== undefined && plainly(read) !== plainly(answer ?? "")) list.append(field("Read as", [read]));
  const verdict = textAt("verdict", i);
  if (verdict !== undefined) list.append(field("Judge", marked(verdict, [found]), verdict.length < 80 ? "answer.short" : "answer"));
  for (const [name, value] of Object.entries(notes)) {
    list.append(field(name.replaceAll("_", " "), [BAD_NOTE.test(name) ? element("span.bad", {}, String(value)) : String(value)]));
  }
  return list;
}

/** The whole item. pinned: the page was opened for this one. */
function item(i, view, pinned) {
  const task = data.tasks[columns.task[i]];
  const state = STATES[data.states[i]];
  const id = nameAt(i);
  const notes = data.notes[columns.notes[i]] ?? {};
  const thinking = textAt("thinking", i);
  const images = data.images[columns.images[i]] ?? [];
  const slices = Object.entries(data.slices[columns.slices[i]]);
  const head = element(
    "header",
    {},
    element(`span.mark.${state}`, {}, element("span", { "aria-hidden": "true" }, MARKS[state]), ` ${state}`),
    cut[i] ? element("span.mark.missing", {}, "cut off") : null,
    element("a.id", { href: `#sample=${encodeURIComponent(id)}`, title: "Link to this sample" }, id),
  );
  const foot = element("footer");
  for (const [name, value] of slices) {
    foot.append(element("button.slice", { type: "button", "data-slice": name, "data-value": value, title: "Show only these" }, `${name} `, element("b", {}, value)));
  }
  const counts = textAt("counts", i);
  if (counts) foot.append(element("span.counts", { title: "What this sample adds to the sums" }, counts));
  const path = textAt("path", i);
  if (path) foot.append(element("span.counts.path", { title: "How the engine ran it" }, `ran as ${path}`));
  const body = element("div.body", {}, head, fields(i, view, notes));
  if (thinking) body.append(element("details.thinking", {}, element("summary", {}, "Thinking"), element("p", {}, thinking)));
  if (foot.childNodes.length) body.append(foot);
  const shown = images.map((name, at) => picture(name, images.length > 1 ? `picture ${at + 1} of ${id}` : `the picture of ${id}`));
  return element(
    `article.item${pinned ? ".pinned" : ""}${shown.length ? "" : ".blind"}`,
    { tabindex: "0", "aria-label": `${id}, ${state}`, "data-state": state, "data-task": task },
    shown.length ? element("div.pictures", {}, ...shown) : null,
    body,
  );
}
