"use strict";
// The comparison's own moving parts: which candidate is shown, slices, and links that open what they lead to.

const SVG = "http://www.w3.org/2000/svg";
const MINUS = "−";

// -- slices, drawn when their task is opened

function drawn(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const signed = (value, digits) => {
  const text = Math.abs(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (Number(text.replaceAll(",", "")) === 0 ? "" : value < 0 ? MINUS : "+") + text;
};

const valued = (value, unit) => {
  if (value === null) return "–";
  return unit === "fraction" ? `${(100 * value).toFixed(1)}%`.replace("-", MINUS) : value.toFixed(2).replace("-", MINUS);
};

/** A difference on an axis from -reach to reach, better to the right. */
function differenceLine([value, low, high], reach, way, label) {
  const place = (at) => 50 + (50 * way * at) / reach;
  const svg = drawn("svg", { class: "interval difference even", width: "100%", height: 28, role: "img", "aria-label": label });
  svg.append(drawn("line", { class: "zero", x1: "50%", x2: "50%", y1: 0, y2: 28 }));
  if (value === null) return svg;
  if (low !== null && high !== null) svg.append(drawn("line", { class: "band", x1: `${place(low)}%`, x2: `${place(high)}%`, y1: 14, y2: 14 }));
  svg.append(drawn("circle", { class: "dot", cx: `${place(value)}%`, cy: 14, r: 4 }));
  return svg;
}

function sliceTable(sliced, name, task, candidate) {
  const { better, unit, points } = sliced.metrics[name];
  const rows = sliced.rows.filter((row) => row[2] === name);
  const ends = [sliced.whole[name], ...rows.map((row) => row.slice(3))].flatMap((row) => row.slice(3, 6)).filter((end) => end !== null);
  const reach = Math.max(1e-9, ...ends.map(Math.abs)) * 1.05;
  const way = better === "lower" ? -1 : 1;
  const [times, digits] = points ? [points, 1] : [1, 2];
  const line = (title, [n, base, other, value, low, high], kind = "tr") => {
    const interval = low === null || high === null ? "–" : `${signed(low * times, digits)} to ${signed(high * times, digits)}`;
    const difference = value === null ? "–" : signed(value * times, digits);
    return element(
      kind,
      {},
      element("th", { scope: "row" }, title),
      element("td.plot", {}, differenceLine([value, low, high], reach, way, `${difference}, interval ${interval}`)),
      element("td.figure.values", {}, `${valued(base, unit)} → ${valued(other, unit)}`),
      element("td.figure", {}, element("span.strong", {}, difference), element("span.range", {}, interval)),
      element("td.figure.n.faint", {}, n.toLocaleString("en")),
    );
  };
  const body = element("tbody", {}, line("all", sliced.whole[name], "tr.whole"));
  let group = null;
  for (const [slice, value, , ...numbers] of rows) {
    if (slice !== group) body.append(element("tr.group", {}, element("th", { scope: "rowgroup", colspan: 5 }, (group = slice))));
    const hash = hashOf({ ...emptyView(), candidate, task, slices: { [slice]: value } });
    body.append(line(element("a", { href: hash }, value), numbers));
  }
  const unitWord = points ? "points" : "own unit";
  const head = element("tr", {}, ...["Slice", `← worse · better →`, "Base → candidate", `Difference, ${unitWord}`, "n"].map((word, i) => element(["th", "th.plot", "th.figure.values", "th.figure", "th.figure.n"][i], { scope: "col" }, better || i !== 1 ? word : "down · up")));
  return element("table.forest.slices-of", {}, element("caption.unseen", {}, `${name} by slice`), element("thead", {}, head), body);
}

function fillSlices(details) {
  const place = details.querySelector(".by-slice");
  if (!place || place.dataset.filled) return;
  place.dataset.filled = "yes";
  const sliced = JSON.parse(details.querySelector(".slices-data").textContent);
  const select = place.querySelector("select");
  select.append(...Object.keys(sliced.metrics).map((name) => element("option", {}, name)));
  const candidate = details.closest("[data-candidate]").dataset.candidate;
  const show = () => place.querySelector(".place").replaceChildren(sliceTable(sliced, select.value, details.dataset.task, candidate));
  select.addEventListener("change", show);
  show();
}

for (const details of all("details.task")) details.addEventListener("toggle", () => details.open && fillSlices(details));

/** A link to a folded task opens it. */
function unfold() {
  const place = location.hash.startsWith("#task-") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  place.open = true;
  fillSlices(place);
  place.scrollIntoView();
}
addEventListener("hashchange", unfold);
addEventListener("beforeprint", () => all("details.task").forEach(fillSlices));

// -- candidates

let current = null;
const held = new Map(); // number of a candidate -> its samples

function showCandidate(number) {
  for (const place of all("[data-candidate]")) place.hidden = place.dataset.candidate !== number;
  for (const button of all("[data-choose]")) button.setAttribute("aria-pressed", String(button.dataset.choose === number));
}

/** Shows the candidate of a view, unpacking its samples when they are first needed. */
function prepare(view, then) {
  const number = document.getElementById(`data-${view.candidate}`) ? view.candidate : "0";
  if (number === current) return then();
  showCandidate(number);
  const use = (found) => {
    held.set(number, found);
    current = number;
    holdPairs(found);
    const select = $("filters").elements.task;
    select.replaceChildren(element("option", { value: "" }, "all tasks"), ...found.tasks.map((task) => element("option", {}, task)));
    then();
  };
  if (held.has(number)) use(held.get(number));
  else unpack(`data-${number}`, use);
}

const several = all("[data-choose]").length > 0;
prepare(viewFrom(location.hash) ?? emptyView(), () => {
  const change = browse((view, then) => {
    if (!several) view.candidate = "";
    prepare(view, then);
  });
  for (const button of all("[data-choose]")) {
    button.addEventListener("click", () => change({ ...emptyView(), candidate: button.dataset.choose }));
  }
});
unfold();
