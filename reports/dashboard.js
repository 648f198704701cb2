"use strict";
// Filters, and one metric night by night. Text from runs only ever becomes text nodes.

const data = JSON.parse(document.getElementById("data").textContent);
const form = document.querySelector(".filters");

function shape(kind, attributes, text) {
  const [tag, name] = kind.split(".");
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  if (name) made.setAttribute("class", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// -- filters

function filter() {
  const words = form.elements.q.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const dimension = form.elements.dimension?.value ?? "";
  const everything = document.querySelector("[name=weights]")?.checked ?? true;
  let rows = 0;
  for (const one of document.querySelectorAll(".filtered")) {
    const text = one.dataset.text.toLowerCase();
    const asked = words.every((word) => text.includes(word));
    const within = !dimension || !("dimension" in one.dataset) || one.dataset.dimension === dimension;
    one.hidden = !(asked && within) || (one.classList.contains("weights") && !everything && !words.length);
    if (!one.hidden && one.matches("tr[data-dimension]")) rows += 1;
  }
  for (const group of document.querySelectorAll("tbody[data-dimension]")) {
    group.hidden = !group.querySelector(".filtered:not([hidden])");
  }
  const all = document.querySelectorAll("tr.filtered[data-dimension]").length;
  document.getElementById("found").textContent = rows === all ? "" : `${rows} of ${all} metrics`;
  for (const one of document.querySelectorAll("details.others")) if (words.length) one.open = true;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
document.querySelector("[name=weights]")?.addEventListener("change", filter);

// -- one metric

const WIDTH = 920;
const HEIGHT = 300;
const LEFT = 58;
const FOOT = 26;
const large = document.getElementById("large");
let shown; // {series, x, y, night}

const number = (value, unit) => {
  const text = unit === "fraction" ? `${(100 * value).toFixed(1)}%` : value.toLocaleString("en", { maximumFractionDigits: 2, minimumFractionDigits: 2 });
  return text.replace("-", "−");
};

function scales(series) {
  const at = data.nights.map((night) => night.at);
  const span = at.at(-1) - at[0];
  const x = at.map((one) => LEFT + (WIDTH - LEFT - 10) * (span ? (one - at[0]) / span : 1));
  const known = [...series.value, ...series.low, ...series.high].filter((one) => one !== null);
  let [low, high] = [Math.min(...known), Math.max(...known)];
  if (!known.length) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - 0.05, high + 0.05];
  const step = [1, 2, 5, 10].map((one) => one * 10 ** Math.floor(Math.log10((high - low) / 4))).find((one) => (high - low) / one <= 5);
  const ticks = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step / 1e6; tick += 1) ticks.push(tick * step);
  const y = (value) => 10 + (HEIGHT - FOOT - 20) * (1 - (value - low) / (high - low));
  return { x, y, ticks };
}

/** Nights that a line may join. */
function joined(series) {
  const found = [];
  series.piece.forEach((piece, i) => {
    if (piece < 0) return;
    if (i && series.piece[i - 1] === piece) found.at(-1).push(i);
    else found.push([i]);
  });
  return found;
}

function draw(series) {
  const { x, y, ticks } = scales(series);
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, tabindex: "0", role: "img", "aria-label": `${series.name}, night by night` });
  for (const tick of ticks) {
    svg.append(shape("line.grid", { x1: LEFT, x2: WIDTH, y1: y(tick), y2: y(tick) }));
    const label = series.unit === "fraction" ? `${+(100 * tick).toFixed(2)}%` : `${+tick.toPrecision(6)}`;
    svg.append(shape("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, label));
  }
  [0, data.nights.length - 1].forEach((i, end) => {
    svg.append(shape("text", { x: x[i], y: HEIGHT - 4, "text-anchor": end ? "end" : "start" }, data.nights[i].date));
  });
  for (const night of Object.keys(series.breaks)) svg.append(shape("line.break", { x1: x[night], x2: x[night], y1: 0, y2: HEIGHT - FOOT }));
  for (const nights of joined(series)) {
    const path = (column, order) => order.map((i) => `${x[i]} ${y(column[i])}`).join("L");
    if (nights.every((i) => series.low[i] !== null)) {
      svg.append(shape("path.band", { d: `M${path(series.high, nights)}L${path(series.low, [...nights].reverse())}Z` }));
    }
    svg.append(shape("path.line", { d: `M${path(series.value, nights)}` }));
    if (nights.length === 1 || data.nights.length < 60) {
      for (const i of nights) svg.append(shape("circle.dot", { cx: x[i], cy: y(series.value[i]), r: 2.4 }));
    }
  }
  series.shifts.forEach(([night, before, after], i) => {
    const piece = series.piece[night];
    const inside = series.shifts.map(([one]) => one).filter((one) => series.piece[one] === piece);
    const start = Math.max(series.piece.indexOf(piece), ...inside.filter((one) => one < night));
    svg.append(shape("line.level", { x1: x[start], x2: x[night], y1: y(before), y2: y(before) }));
    if (!inside.includes(series.shifts[i + 1]?.[0])) {
      const last = series.piece.lastIndexOf(piece);
      svg.append(shape("line.level", { x1: x[night], x2: x[last], y1: y(after), y2: y(after) }));
    }
  });
  series.piece.forEach((piece, i) => {
    if (piece < 0) svg.append(shape("line.gap", { x1: x[i], x2: x[i], y1: HEIGHT - FOOT - 8, y2: HEIGHT - FOOT }));
  });
  const cursor = shape("line.cursor", { y1: 0, y2: HEIGHT - FOOT });
  const dot = shape("circle.at", { r: 4.5 });
  svg.append(cursor, dot);
  shown = { series, x, y, cursor, dot, night: data.nights.length - 1 };
  return svg;
}

function tell(night) {
  const { series, x, y, cursor, dot } = shown;
  shown.night = night;
  const one = data.nights[night];
  const value = series.value[night];
  cursor.setAttribute("x1", x[night]);
  cursor.setAttribute("x2", x[night]);
  dot.setAttribute("cx", x[night]);
  dot.setAttribute("cy", value === null ? HEIGHT - FOOT : y(value));
  const interval = series.low[night] === null ? "" : ` (${number(series.low[night], series.unit)} – ${number(series.high[night], series.unit)})`;
  const figure = value === null ? `no figure: ${one.reason ?? "not measured"}` : number(value, series.unit) + interval;
  const shift = series.shifts.find(([at]) => at === night);
  const said = [
    element("p.big", {}, figure),
    element("p", {}, one.link ? element("a", { href: one.link }, one.date) : one.date, ` · ${one.checkpoint}`, night === data.lastGood && " · last good night"),
    shift && element("p", {}, `Change point: from ${number(shift[1], series.unit)} to ${number(shift[2], series.unit)}`),
    series.breaks[night] && element("p.loud", {}, `${series.breaks[night]} changed: not comparable with the nights before`),
    one.changed.length && element("p.faint", {}, `Changed: ${one.changed.slice(0, 12).join(", ")}${one.changed.length > 12 ? ` and ${one.changed.length - 12} more` : ""}`),
  ];
  document.getElementById("night").replaceChildren(...said.filter(Boolean));
}

function open(index) {
  const series = data.series[index];
  document.getElementById("large-title").textContent = series.name;
  const svg = draw(series);
  document.getElementById("drawn").replaceChildren(svg);
  tell(shown.night);
  large.showModal();
  svg.focus();
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    const night = shown.x.reduce((best, x, i) => (Math.abs(x - at) < Math.abs(shown.x[best] - at) ? i : best), 0);
    if (night !== shown.night) tell(night);
  });
}

large.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  tell(Math.min(data.nights.length - 1, Math.max(0, shown.night + step)));
});
large.addEventListener("click", (event) => {
  if (event.target === large || event.target.closest("[data-close]")) large.close();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-series]");
  if (button) open(Number(button.dataset.series));
});

filter();
