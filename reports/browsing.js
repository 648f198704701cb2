"use strict";
// The browser of samples: filters, pages, keys, its view in location.hash. What is shown comes from `matching` and
// `item` of the page.

const PAGE = 20;

/** prepare: called with a view before it is shown, and with what shows it. Returns the function that changes the view. */
function browse(prepare = (_view, then) => then()) {
  const form = $("filters");
  const list = $("list");
  let view = viewFrom(location.hash) ?? emptyView();
  let found = [];

  const pages = () => Math.max(1, Math.ceil(found.length / PAGE));

  function fillForm() {
    for (const name of ["q", "task", "sort"]) form.elements[name].value = view[name];
    for (const radio of form.elements.state) radio.checked = radio.value === view.state;
    $("slices").replaceChildren(...sliceFilters());
    $("clear").hidden = !(view.q || view.task || view.state || view.sample || Object.values(view.slices).some(Boolean));
  }

  // Many tasks have many slices; together they would be a wall of menus.
  function sliceFilters() {
    const found = sliceValues(view.task);
    if (!view.task && data.tasks.length > 1 && found.length > 3) return [];
    return found
      .filter(([name, values]) => values.length > 1 || view.slices[name])
      .map(([name, values]) => {
        const select = element("select", { name: `slice.${name}` }, element("option", { value: "" }, "all"));
        select.append(...values.map((value) => element("option", {}, value)));
        select.value = view.slices[name] ?? "";
        return element("label", {}, name, select);
      });
  }

  function show() {
    let counts;
    ({ found, counts } = matching(view));
    const pinned = view.sample ? sampleAt(view.sample) : -1;
    if (pinned >= 0 && found.includes(pinned)) view.page = Math.floor(found.indexOf(pinned) / PAGE) + 1;
    view.page = Math.min(view.page, pages());
    const first = (view.page - 1) * PAGE;
    const part = found.slice(first, first + PAGE);
    list.replaceChildren(...part.map((i) => item(i, view, i === pinned)));
    if (!part.length) list.append(element("p.none", {}, "No sample matches."));
    for (const label of all(".states label", form)) {
      const n = counts[label.dataset.state];
      label.querySelector(".count").textContent = n.toLocaleString("en");
      label.hidden = RARE.includes(label.dataset.state) && !n && view.state !== label.dataset.state;
    }
    const range = part.length ? `${(first + 1).toLocaleString("en")}–${(first + part.length).toLocaleString("en")} of ` : "";
    $("found").textContent = `${range}${found.length.toLocaleString("en")} ${found.length === 1 ? "sample" : "samples"}`;
    for (const place of all(".page")) place.textContent = `${view.page} / ${pages()}`;
    for (const button of all("[data-turn]")) {
      const to = view.page + Number(button.dataset.turn);
      button.disabled = to < 1 || to > pages();
    }
  }

  function changed(changes) {
    view = { ...view, page: 1, sample: "", ...changes };
    history.replaceState(null, "", hashOf(view) || "#samples");
    prepare(view, () => {
      fillForm();
      show();
    });
  }

  function turn(by, focus) {
    const to = view.page + by;
    if (to < 1 || to > pages()) return;
    changed({ page: to });
    const items = all(".item", list);
    (by > 0 ? items[0] : items.at(-1)).focus({ preventScroll: true });
    if (focus) document.activeElement.scrollIntoView({ block: "nearest" });
    else $("samples").scrollIntoView();
  }

  function move(by) {
    const items = all(".item", list);
    const at = items.indexOf(document.activeElement?.closest(".item"));
    const to = at < 0 ? 0 : at + by;
    if (to < 0 || to >= items.length) turn(by, true);
    else items[to].focus();
  }

  function fromHash() {
    const named = viewFrom(location.hash);
    if (!named) return;
    view = named;
    prepare(view, () => {
      fillForm();
      show();
      const pinned = list.querySelector(".pinned");
      if (pinned) pinned.focus({ preventScroll: true });
      (pinned ?? $("samples")).scrollIntoView();
    });
  }

  const fromForm = () => {
    const { q, task, sort, state } = form.elements;
    const slices = Object.fromEntries(all("select", $("slices")).map((select) => [select.name.slice(6), select.value]));
    changed({ q: q.value, task: task.value, sort: sort.value, state: state.value, slices: task.value === view.task ? slices : {} });
  };
  form.addEventListener("input", fromForm);
  form.addEventListener("submit", (event) => event.preventDefault());
  $("clear").addEventListener("click", () => changed({ ...emptyView(), sort: view.sort, candidate: view.candidate }));
  addEventListener("hashchange", fromHash);

  document.addEventListener("click", (event) => {
    const near = (selector) => event.target.closest(selector);
    if (near("[data-turn]")) turn(Number(near("[data-turn]").dataset.turn), false);
    else if (near(".slice")) changed({ task: near(".item").dataset.task, slices: { [near(".slice").dataset.slice]: near(".slice").dataset.value } });
    else if (near("button.picture")) enlarge(near("button.picture").firstElementChild);
    else if (near("#large")) $("large").close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("large").open || event.target.closest("input, select, textarea")) return;
    const inList = list.contains(event.target);
    const by = { j: 1, k: -1, ArrowDown: inList && 1, ArrowUp: inList && -1 }[event.key];
    if (by) move(by);
    else if (event.key === "/") form.elements.q.focus();
    else return;
    event.preventDefault();
  });

  if (location.hash.includes("=")) fromHash();
  else {
    fillForm();
    show();
  }
  performance.mark("ready");
  return changed;
}

function enlarge(image) {
  const [large, note] = all("#large img, #large p");
  large.src = image.src;
  large.alt = image.alt;
  note.textContent = `${image.alt}, as stored with the page: ${image.naturalWidth} × ${image.naturalHeight} pixels`;
  $("large").showModal();
}

for (const button of all("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = $(button.dataset.copy);
    getSelection().selectAllChildren(text);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected"; // no clipboard for this page: the text is selected instead
    }
  });
}

addEventListener("beforeprint", () => all("main details:not(.thinking)").forEach((details) => (details.open = true)));
