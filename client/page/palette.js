// SPDX-License-Identifier: LGPL-2.1-or-later
/* The style sheet's colours, for what is drawn on canvas. Read again when the theme changes. */
import { recall, remember } from "./remember.js";

let cache = new Map();
const listeners = new Set();

export function color(name) {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    cache.set(name, value);
  }
  return value;
}

export function onPalette(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  cache = new Map();
  for (const listener of listeners) listener();
}

/** The switch: what the system says, or what was chosen. theme.js applies it before the first paint. */
export function bindTheme(select) {
  select.value = recall("theme") ?? "auto";
  select.addEventListener("change", () => {
    remember("theme", select.value === "auto" ? null : select.value);
    document.documentElement.dataset.theme = select.value;
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
