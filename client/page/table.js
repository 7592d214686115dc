// SPDX-License-Identifier: LGPL-2.1-or-later
/* A card with a table in it, and the cells that several of them have. */
import { el } from "./dom.js";
import { quantity } from "./format.js";

export const right = (text, more = {}) => el("td", { class: "number", ...more }, text);
export const bytes = (value) => right(quantity(value, "bytes"));
export const badge = (text, level) => el("span", { class: `badge ${level ?? ""}` }, text);

/** A caption, and rows of cells that are made anew only where something changed. */
export class Table {
  #told = null;

  constructor(title, heads, nothing) {
    this.nothing = el("p", { class: "muted" }, nothing);
    this.note = el("span", { class: "muted" });
    this.actions = el("span", { class: "actions" });
    this.table = el("table", { "aria-label": title, hidden: true },
      el("thead", {}, el("tr", {}, ...heads.map((head) =>
        el("th", { scope: "col", class: head.startsWith(">") ? "number" : null }, head.replace(">", ""))))));
    this.element = el("article", { class: "card table", "aria-label": title },
      el("header", {}, el("h3", {}, title), this.note, this.actions),
      this.nothing,
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, table` }, this.table));
  }

  /** make(item): the cells of a row, or of each row of a group, the first of which has those that span it. */
  tell(items, make) {
    const text = JSON.stringify(items);
    if (text === this.#told) return;
    this.#told = text;
    this.nothing.hidden = items.length > 0;
    this.table.hidden = items.length === 0;
    this.table.replaceChildren(this.table.tHead, ...bodies(items.map(make)));
  }
}

/** Plain rows share a body; a group has one of its own. */
function bodies(made) {
  const row = (cells) => el("tr", {}, ...cells);
  if (made.length > 0 && Array.isArray(made[0][0])) return made.map((rows) => el("tbody", { class: "group" }, ...rows.map(row)));
  return [el("tbody", {}, ...made.map(row))];
}
