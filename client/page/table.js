// SPDX-License-Identifier: LGPL-2.1-or-later
/* A card with a table in it, and the cells that several of them have. */
import { el, setAttribute, setText } from "./dom.js";
import { quantity } from "./format.js";

export const right = (text, more = {}) => el("td", { class: "number", ...more }, text);
export const bytes = (value) => right(quantity(value, "bytes"));
export const badge = (text, level) => el("span", { class: `badge ${level ?? ""}` }, text);

/** A number over the bar of its share, 0 to 1. */
export function bar(text, share, level = "") {
  const fill = el("i", { class: level || null });
  fill.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
  return el("td", { class: "number" }, text, el("span", { class: "share", "aria-hidden": "true" }, fill));
}

/** A caption, and rows of cells that are made anew only where something changed. */
export class Table {
  #told = null;
  #nothing;

  constructor(title, heads, nothing) {
    this.#nothing = nothing;
    this.nothing = el("p", { class: "muted" }, "…"); // until it is known
    this.note = el("span", { class: "muted" });
    this.actions = el("span", { class: "actions" });
    this.table = el("table", { "aria-label": title, hidden: true },
      el("thead", {}, el("tr", {}, ...heads.map((head) =>
        el("th", { scope: "col", class: head.startsWith(">") ? "number" : null }, head.replace(">", ""))))));
    this.title = el("h3", {}, title);
    this.scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, table` }, this.table);
    this.element = el("article", { class: "card table", "aria-label": title },
      el("header", {}, this.title, this.note, this.actions), this.nothing, this.scroll);
  }

  /** Of another time, or another choice. nothing: what is said where it has no rows. */
  rename(title, nothing = this.#nothing) {
    setText(this.title, title);
    setAttribute(this.table, "aria-label", title);
    setAttribute(this.element, "aria-label", title);
    setAttribute(this.scroll, "aria-label", `${title}, table`);
    this.#nothing = nothing;
    if (this.#told !== null) setText(this.nothing, nothing);
  }

  /**
   * make(item): the cells of a row, or of each row of a group, the first of which has those that span it. Who is on
   * something with a data-key stays on what has the same.
   */
  tell(items, make) {
    const text = JSON.stringify(items);
    if (text === this.#told) return;
    this.#told = text;
    setText(this.nothing, this.#nothing);
    this.nothing.hidden = items.length > 0;
    this.table.hidden = items.length === 0;
    const key = this.table.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    this.table.replaceChildren(this.table.tHead, ...bodies(items.map(make)));
    if (key !== undefined) this.table.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }
}

/** Plain rows share a body; a group has one of its own. */
function bodies(made) {
  const row = (cells) => el("tr", {}, ...cells);
  if (made.length > 0 && Array.isArray(made[0][0])) return made.map((rows) => el("tbody", { class: "group" }, ...rows.map(row)));
  return [el("tbody", {}, ...made.map(row))];
}
