// SPDX-License-Identifier: LGPL-2.1-or-later
/* Traces as they come, and spans that took longer than their operation is used to: pages, newest first. */
import { el, setText } from "./dom.js";
import { UNKNOWN, dayTime, lazy, number, quantity } from "./format.js";
import { serviceName } from "./service-colors.js";
import { growth, pressure } from "./span-gpu.js";
import { Table, badge, bar, right } from "./table.js";
import { linkTo } from "./trace-query.js";

const PAGE = 25;
const TRIES = 5; // requests for one page: each looks at so much, and may find nothing
export const TRACE_HEADS = ["Began", "Root", ">Length", ">Spans", ">Failed", "Outcome"];
const SVG = "http://www.w3.org/2000/svg";
const EDGE = 0.03; // of the figure's width and height, so that no dot is cut
const times = lazy(() => new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 }));

/** Pages by cursor. The first follows what comes, while nobody is on it. */
class Pages {
  #cursors = [null]; // of the pages up to the one that is shown
  #next = null;
  #asked = null; // the filter, as text
  #number = 0; // of what was asked
  #isTurning = false;

  constructor(table, method, key) {
    this.table = table;
    this.method = method;
    this.key = key;
    this.newer = el("button", { type: "button", onclick: () => this.#turn(() => this.#cursors.pop()) }, "Newer");
    this.older = el("button", { type: "button", onclick: () => this.#turn(() => this.#cursors.push(this.#next)) }, "Older");
    this.place = el("span", { class: "muted", role: "status" });
    this.buttons = el("div", { class: "pages" }, this.newer, this.place, this.older);
    table.element.append(this.buttons);
  }

  async ask(client, filter, isForced) {
    const asked = JSON.stringify({ ...filter, ...!filter.to_us && { from_us: null } });
    const follows = asked === this.#asked && !isForced;
    if (asked !== this.#asked) this.#cursors = [null];
    else if (follows && this.#standsStill()) return null;
    this.#asked = asked;
    const number = ++this.#number;
    this.again = () => this.ask(client, filter, true).then((rows) => rows && this.tell(rows));
    const rows = [];
    let cursor = this.#cursors.at(-1);
    for (let i = 0; i < TRIES && rows.length < PAGE; i++) {
      const result = await client.traces[this.method]({ ...filter, limit: PAGE - rows.length, ...cursor && { cursor } });
      rows.push(...result[this.key]);
      cursor = result.next_cursor;
      if (cursor === null) break;
    }
    if (number !== this.#number) return null; // a page was turned, or something else was asked for
    if (follows && this.#standsStill()) return null; // somebody came to it meanwhile
    this.#next = cursor;
    this.buttons.hidden = this.#cursors.length === 1 && cursor === null;
    this.newer.disabled = this.#cursors.length === 1;
    this.older.disabled = cursor === null;
    setText(this.place, `Page ${this.#cursors.length}${rows.length === 0 && cursor !== null ? ": nothing so far, older ones are still to be looked at" : ""}`);
    return rows;
  }

  #standsStill() {
    return this.#cursors.length > 1 || this.table.table.matches(":hover, :focus-within");
  }

  async #turn(change) {
    if (this.#isTurning) return; // where to is not known yet
    this.#isTurning = true;
    const before = [...this.#cursors];
    change();
    const asked = this.#asked;
    try {
      await this.again();
    } catch (error) {
      if (asked === this.#asked) this.#cursors = before; // it shows that page still
      setText(this.place, error.message);
    } finally {
      this.#isTurning = false;
    }
  }
}

export class TraceList {
  constructor() {
    this.table = new Table("Traces", TRACE_HEADS, "No trace matches.");
    this.figure = el("div", { class: "scatter", hidden: true });
    this.table.element.querySelector("header").after(this.figure);
    this.pages = new Pages(this.table, "list", "traces");
    this.pages.tell = (rows) => this.#tell(rows);
    this.element = this.table.element;
    setText(this.table.note, "newest first; they stand still while you point at them");
  }

  async ask(client, filter, isForced) {
    const rows = await this.pages.ask(client, filter, isForced);
    if (rows !== null) this.#tell(rows);
  }

  #tell(rows) {
    const longest = Math.max(1, ...rows.map(({ duration_us: us }) => us));
    this.table.tell(rows, (one) => traceCells(one, longest));
    this.figure.hidden = rows.length < 2;
    if (rows.length >= 2) this.figure.replaceChildren(scatter(rows));
  }
}

export class SlowList {
  constructor() {
    this.table = new Table("Slow spans", ["Began", "Service", "Operation", ">Took", ">Usual", ">Times usual", "GPU memory"],
      "Nothing took longer than its operation is used to.");
    this.pages = new Pages(this.table, "slow", "spans");
    this.pages.tell = (rows) => this.#tell(rows);
    this.element = this.table.element;
    setText(this.table.note, "longer than 99 of 100 of the same operation that day");
  }

  async ask(client, filter, isForced) {
    const rows = await this.pages.ask(client, filter, isForced);
    if (rows !== null) this.#tell(rows);
  }

  #tell(rows) {
    const worst = Math.max(1, ...rows.map((one) => timesUsual(one) ?? 0));
    this.table.tell(rows, (one) => slowCells(one, worst));
  }
}

export function traceCells(one, longest) {
  const { trace_id: id, service, operation, outcome, errors, duration_us: us } = one;
  return [
    el("td", {}, dayTime(one.start_us)),
    el("th", { scope: "row", class: "wide" }, service === null ? el("span", { class: "muted" }, "root not received ") : serviceName(service), " ",
      el("a", { class: "cover", href: linkTo(id), "data-key": id }, operation ?? id)),
    bar(quantity(us, "us"), us / longest, errors > 0 ? "failed" : ""),
    right(number(one.spans)),
    right(errors > 0 ? number(errors) : UNKNOWN, { class: errors > 0 ? "number problem" : "number" }),
    el("td", {}, outcome === null ? UNKNOWN : badge(outcome === "error" ? "failed" : "ok", outcome === "error" ? "critical" : "low")),
  ];
}

const timesUsual = ({ duration_us: us, usual_us: usual }) => (usual > 0 ? us / usual : null);

function slowCells(one, worst) {
  const ratio = timesUsual(one);
  return [
    el("td", {}, dayTime(one.start_us)),
    el("td", {}, serviceName(one.service)),
    el("th", { scope: "row", class: "wide" },
      el("a", { class: "cover", href: linkTo(one.trace_id, one.span_id), "data-key": one.span_id }, one.operation)),
    right(quantity(one.duration_us, "us")),
    right(quantity(one.usual_us, "us")),
    bar(ratio === null ? UNKNOWN : `× ${times.format(ratio)}`, (ratio ?? 0) / worst),
    el("td", {}, growth(one.gpu) ?? UNKNOWN, pressure(one.gpu) === null ? "" : " ", pressure(one.gpu) === null ? null : badge(pressure(one.gpu), "high")),
  ];
}

/** When and how long, a dot each: the table says the same. */
function scatter(rows) {
  const begun = rows.map(({ start_us: us }) => us);
  const [first, last] = [Math.min(...begun), Math.max(...begun)];
  const longest = Math.max(...rows.map(({ duration_us: us }) => us), 1);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const place = (share) => `${100 * (EDGE + share * (1 - 2 * EDGE))}%`;
  const add = (parent, tag, attributes, text) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  add(svg, "line", { x1: "0", x2: "100%", y1: "100%", y2: "100%" });
  add(svg, "text", { x: "0", y: "12" }, quantity(longest, "us"));
  add(svg, "text", { x: "0", y: "100%", dy: "15" }, dayTime(first));
  add(svg, "text", { x: "100%", y: "100%", dy: "15", "text-anchor": "end" }, dayTime(last));
  for (const { trace_id: id, start_us: at, duration_us: us, errors, service, operation } of rows) {
    const link = add(svg, "a", { href: linkTo(id), tabindex: "-1" });
    const dot = add(link, "circle", { cx: place(last > first ? (at - first) / (last - first) : 0.5), cy: place(1 - us / longest), r: "5",
      class: errors > 0 ? "failed" : "" });
    add(dot, "title", {}, `${service ?? "root not received"}: ${operation ?? id}, ${quantity(us, "us")}, ${dayTime(at)}`);
  }
  return svg;
}
