"use strict";
// Sorting, filtering, the choice of columns, and exports of what is shown.
const data = JSON.parse(document.getElementById("data").textContent);
const [POINTS, LOW, HIGH, PLACE, PLACE_LOW, PLACE_HIGH, WHY, MARKDOWN] = [0, 1, 2, 3, 4, 5, 6, 7];
const board = document.querySelector(".board");
const body = board.tBodies[0];
const rows = [...body.rows];
const filter = document.getElementById("filter");
const chosen = data.columns.map((column) => column.kind !== "task");
let sorted = { by: null, down: true };

const cellOf = (row, column) => data.runs[row.dataset.row].cells[column];

/** Runs with a place first, then those without one, then those without a figure, whichever way it is sorted. */
function rankOf(cell) {
  if (cell[POINTS] === null) return 2;
  return cell[WHY] ? 1 : 0;
}

function compare(first, second) {
  const back = sorted.down ? -1 : 1;
  if (sorted.by === "name") {
    return back * data.runs[first.dataset.row].name.localeCompare(data.runs[second.dataset.row].name, "en", { numeric: true });
  }
  const [a, b] = [cellOf(first, sorted.by), cellOf(second, sorted.by)];
  return rankOf(a) - rankOf(b) || back * (a[POINTS] - b[POINTS]) || first.dataset.row - second.dataset.row;
}

function sortBy(button) {
  const by = button.dataset.sort === "name" ? "name" : Number(button.dataset.sort);
  sorted = { by, down: sorted.by === by ? !sorted.down : by !== "name" };
  for (const head of board.tHead.rows[0].cells) head.setAttribute("aria-sort", "none");
  button.closest("th").setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
  body.append(...rows.sort(compare));
}

function showRuns() {
  const wanted = filter.value.trim().toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of rows) {
    const name = data.runs[row.dataset.row].name.toLowerCase();
    row.hidden = !wanted.every((word) => name.includes(word));
    shown += !row.hidden;
  }
  document.getElementById("found").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} runs`;
  document.getElementById("nothing").hidden = shown > 0;
}

function choose(box) {
  const column = data.columns.findIndex((one) => one.key === box.dataset.column);
  chosen[column] = box.checked;
  for (const row of board.rows) row.cells[column + 1].hidden = !box.checked;
}

board.tHead.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) sortBy(button);
});
filter.addEventListener("input", showRuns);
document.querySelector(".tools").addEventListener("submit", (event) => event.preventDefault());
document.querySelector(".tools").addEventListener("change", (event) => {
  if (event.target.dataset.column) choose(event.target);
});
for (const button of document.querySelectorAll(".all")) {
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll(`input[data-in="${button.dataset.group}"]`)];
    const all = !boxes.every((box) => box.checked);
    for (const box of boxes) {
      box.checked = all;
      choose(box);
    }
  });
}

// One menu at a time; Escape, or a click elsewhere, closes it.
const menus = [...document.querySelectorAll(".menu")];
addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  const menu = menus.find((one) => one.open);
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// -- exports

const shownRuns = () => rows.filter((row) => !row.hidden).map((row) => data.runs[row.dataset.row]);
const shownColumns = () => data.columns.map((column, at) => ({ ...column, at })).filter((column) => chosen[column.at]);

/** A name that a spreadsheet would take for a formula is marked as text. */
const plainText = (text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
const quoted = (value) => {
  const text = value === null ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function asCsv() {
  const columns = shownColumns();
  const parts = ["", " low", " high", " place", " place low", " place high", " note"];
  const lines = [["name", "run", ...columns.flatMap((column) => parts.map((part) => column.title + part))]];
  for (const run of shownRuns()) {
    const cells = columns.flatMap(({ at }) => [...run.cells[at].slice(0, WHY), plainText(run.cells[at][WHY] ?? "")]);
    lines.push([plainText(run.name), plainText(run.run), ...cells]);
  }
  return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
}

function asJson() {
  const columns = shownColumns();
  const named = (cell) => ({
    points: cell[POINTS], low: cell[LOW], high: cell[HIGH],
    place: cell[PLACE], place_low: cell[PLACE_LOW], place_high: cell[PLACE_HIGH], note: cell[WHY],
  });
  const runs = shownRuns().map((run) => ({
    name: run.name,
    run: run.run,
    figures: Object.fromEntries(columns.map(({ key, at }) => [key, named(run.cells[at])])),
  }));
  return `${JSON.stringify({ columns: columns.map(({ key, title, kind }) => ({ key, title, kind })), runs }, null, 1)}\n`;
}

const escaped = (text) => text.split(/\s+/).join(" ").replace(/[\\`*_{}[\]<>|#]/g, "\\$&");

function asMarkdown() {
  const columns = shownColumns();
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const lines = [line(["", ...columns.map((column) => escaped(column.title))]), `|---|${"---:|".repeat(columns.length)}`];
  const notes = [];
  for (const run of shownRuns()) {
    lines.push(line([escaped(run.name), ...columns.map(({ at }) => run.cells[at][MARKDOWN])]));
    for (const { at, title } of columns) {
      const cell = run.cells[at];
      if (cell[WHY] && cell[POINTS] !== null) notes.push(`\n\\* ${escaped(run.name)}, ${escaped(title)}: ${escaped(cell[WHY])}`);
    }
  }
  const said = "Points from 0 to 100, higher is better, with 95% intervals; # is the place with its 95% interval.";
  return `${[...lines, "", said, ...notes].join("\n")}\n`;
}

const MADE = { csv: [asCsv, "text/csv"], json: [asJson, "application/json"], md: [asMarkdown, "text/markdown"] };

function download(kind) {
  const [make, type] = MADE[kind];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([make()], { type }));
  link.download = `leaderboard.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function copy(button) {
  const text = asMarkdown();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea"); // a browser may deny the clipboard to local files
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const said = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = said), 1500);
}

for (const button of document.querySelectorAll("[data-export]")) button.addEventListener("click", () => download(button.dataset.export));
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
