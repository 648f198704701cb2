"use strict";
// Stands in the head, so that a page never flashes in the other theme.
{
  const order = ["system", "light", "dark"];
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem("mmeval-theme") || "system";
    } catch {
      return "system"; // a browser may deny storage to local files
    }
  };

  const show = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (!button) return;
    button.setAttribute("aria-label", `Theme: ${theme}`);
    button.lastElementChild.textContent = theme;
  };

  let theme = order.includes(stored()) ? stored() : "system";
  show(theme);
  addEventListener("DOMContentLoaded", () => {
    show(theme);
    document.getElementById("theme").addEventListener("click", () => {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      show(theme);
      try {
        localStorage.setItem("mmeval-theme", theme);
      } catch {
        // kept for this visit only
      }
    });
  });
}
