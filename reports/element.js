"use strict";
// How all pages make HTML. Text from models and data only ever becomes text nodes.

/** element("p.faint", {title: "…"}, "text", child, …); falsy children are left out. */
function element(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child || child === 0));
  return made;
}
