"use strict";
// One sample in two runs as HTML.

const SHORTENED = 3000; // characters of an answer that are shown before it is asked for in full
const SIDES = ["base", "candidate"];

/** The whole item. pinned: the page was opened for this one. */
function item(i, view, pinned) {
  const id = nameAt(i);
  const images = data.images[columns.images[i]] ?? [];
  const shown = images.map((name, at) => picture(name, images.length > 1 ? `picture ${at + 1} of ${id}` : `the picture of ${id}`));
  const found = { text: view.q.trim(), kind: "found" };
  const body = element(
    "div.body",
    {},
    element("header", {}, change(i), element("a.id", { href: linkTo(view, id), title: "Link to this sample" }, ...visible(id))),
    asked(i, found),
    element("div.two", {}, ...answers(i, found)),
    footer(i),
  );
  return element(
    `article.item.pair${pinned ? ".pinned" : ""}${shown.length ? "" : ".blind"}`,
    { tabindex: "0", "aria-label": id, "data-kinds": kinds[i].join(" ").trim(), "data-task": data.tasks[columns.task[i]] },
    shown.length ? element("div.pictures", {}, ...shown) : null,
    body,
  );
}

const linkTo = (view, id) => hashOf({ ...emptyView(), candidate: view.candidate, sample: id });

/** What became of it, in a sign and words. */
function change(i) {
  const points = data.change[i];
  const metric = data.metrics[columns.metric[i]];
  const size = `${Math.abs(points).toLocaleString("en", { maximumFractionDigits: 1 })} points`;
  const kind = kinds[i];
  if (kind.includes("fell")) return element("span.mark.wrong", {}, "✓ → ✕ right → wrong");
  if (kind.includes("rose")) return element("span.mark.right", {}, "✕ → ✓ wrong → right");
  if (kind.includes("lost")) return element("span.mark.missing", {}, "– missing in one");
  if (points < 0) return element("span.mark.wrong", {}, `▼ worse by ${size}${metric ? ` of ${metric}` : ""}`);
  if (points > 0) return element("span.mark.right", {}, `▲ better by ${size}${metric ? ` of ${metric}` : ""}`);
  return element("span.mark", {}, kind.includes("changed") ? "answer changed, score did not" : "same answer");
}

/** Prompt and target, which both runs have in common. */
function asked(i, found) {
  const list = element("dl.fields");
  const [prompt, reworded, target] = ["prompt", "reworded", "target"].map((name) => textAt(name, i));
  list.append(field("Prompt", marked(prompt ?? "", [found]), "prompt"));
  if (reworded !== undefined) list.append(field("Candidate was asked", marked(reworded, [found]), "prompt.reworded"));
  if (target !== undefined) list.append(field("Target", marked(target, [found])));
  return list;
}

/** Both answers; in each, the words that the other lacks are marked. */
function answers(i, found) {
  const texts = SIDES.map((side) => textAt(`${side}.answer`, i));
  const same = texts[0] === texts[1];
  const both = texts.every((text) => text !== undefined);
  const differing = both && !same ? differingWords(...texts) : null;
  return SIDES.map((side, at) => {
    const notes = data.notes[columns[`${side}.notes`][i]] ?? {};
    const state = STATES[data.states[side][i]];
    const list = element("dl.fields");
    const read = textAt(`${side}.prediction`, i);
    const judge = textAt(`${side}.judge`, i);
    if (read !== undefined && plainly(read) !== plainly(texts[at] ?? "")) list.append(field("Read as", visible(read)));
    for (const [name, value] of Object.entries(notes)) {
      const text = visible(String(value));
      list.append(field(name.replaceAll("_", " "), BAD_NOTE.test(name) ? [element("span.bad", {}, ...text)] : text));
    }
    if (judge !== undefined) list.append(field("Judge", marked(judge, [found])));
    const counts = textAt(`${side}.counts`, i);
    if (counts) list.append(field("Counts", [element("span.counts", { title: "What this sample adds to the sums, where the runs differ" }, counts)]));
    const words = differing?.[at].map((place) => ({ ...place, kind: at ? "new" : "gone" })) ?? [];
    return element(
      `section.side.${side}`,
      { "aria-label": `${side}: ${data.names[at]}` },
      element("h3", {}, element("span.who", {}, data.names[at]), mark(state), columns[`${side}.cut`][i] ? element("span.mark.missing", {}, "cut off") : null),
      answer(texts[at], textAt(`${side}.error`, i), (text) => styled(text, [...words, ...placesOf(text, [found, ...badWords(notes)])].filter((place) => place.end <= text.length))),
      both && !same && !differing ? element("p.faint.small", {}, "too long to compare word by word") : null,
      list,
    );
  });
}

function mark(state) {
  if (state === "unmarked") return null;
  return element(`span.mark.${state}`, {}, element("span", { "aria-hidden": "true" }, MARKS[state]), ` ${state}`);
}

/** An answer as text; a long one in part, with a button for the rest. */
function answer(text, error, dressed) {
  if (text === undefined) return element("p.said.loud", {}, `missing: ${error ?? "no answer"}`);
  if (text === "") return element("p.said.faint", {}, "empty");
  const place = element("p.said", { dir: "auto" }, ...dressed(text.slice(0, SHORTENED)));
  if (text.length <= SHORTENED) return place;
  const more = element("button.quiet", { type: "button" }, `Show all ${text.length.toLocaleString("en")} characters`);
  more.addEventListener("click", () => {
    place.replaceChildren(...dressed(text));
    more.remove();
  });
  return element("div", {}, place, more);
}

function footer(i) {
  const foot = element("footer");
  for (const [name, value] of Object.entries(data.slices[columns.slices[i]])) {
    foot.append(element("button.slice", { type: "button", "data-slice": name, "data-value": value, title: "Show only these" }, `${name} `, element("b", {}, value)));
  }
  return foot.childNodes.length ? foot : null;
}
