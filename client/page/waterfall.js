// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The spans of a trace as bars on one axis, in a tree that is walked by keys (the treegrid of WAI-ARIA). Only the rows in
 * sight are elements: the focus stays on the grid, which says which row is meant.
 */
import { el, setAttribute } from "./dom.js";
import { quantity } from "./format.js";
import { serviceColor } from "./service-colors.js";
import { pressure } from "./span-gpu.js";
import { ticks, unfold } from "./span-tree.js";

const ROW_PX = 28;
const BEYOND = 6; // rows made above and below those in sight
const TICKS_PX = 110; // from one to the next, at least
const LABEL_PX = 64; // what a duration beside its bar takes
const LEAST_SHARE = 0.0015; // a bar that is shorter is drawn so long
const ZOOM = 2;
const LEAST_VIEW_US = 10;

const percent = (share) => `${100 * share}%`;

export class Waterfall {
  #rows = [];
  #shown = []; // rows to be seen, from the top
  #collapsed = new Set();
  #criticalOnly = false;
  #found = new Set();
  #active = -1; // of rows
  #drawn = new Map(); // place in shown → element
  #trace = [0, 1]; // µs
  #view = [0, 1];
  #scheduled = false;
  #on;

  /** on: {choose(row), enter(), view(fromUs, toUs, isWhole)} */
  constructor(on) {
    this.#on = on;
    this.axis = el("div", { class: "axis", role: "columnheader", "aria-label": "Time" });
    this.lines = el("div", { class: "lines", "aria-hidden": "true" });
    this.body = el("div", { class: "spans", role: "rowgroup" });
    this.grid = el("div", {
      class: "waterfall", role: "treegrid", tabindex: "0", "aria-label": "Spans",
      onkeydown: (event) => this.#key(event), onclick: (event) => this.#click(event), onscroll: () => this.#schedule(),
    },
    el("div", { role: "rowgroup", class: "head" }, el("div", { role: "row", class: "span", "aria-rowindex": 1 },
      el("div", { role: "columnheader" }, "Service and operation"),
      el("div", { role: "columnheader", class: "self" }, "Self"), this.axis)),
    el("div", { class: "space" }, this.lines, this.body));
    this.grid.style.setProperty("--row", `${ROW_PX}px`);
    new ResizeObserver(() => {
      this.#drawAxis();
      this.#redraw();
    }).observe(this.grid);
  }

  /** rows: of plant(). */
  show(rows, startUs, durationUs) {
    this.#rows = rows;
    this.#trace = [startUs, startUs + Math.max(durationUs, 1)];
    this.#view = this.#trace;
    this.#collapsed = new Set();
    this.#found = new Set();
    this.#active = -1;
    this.grid.scrollTop = 0;
    this.#zoomed();
    this.#unfold();
  }

  /** Chooses it, and brings it into sight whatever is collapsed. */
  choose(index) {
    for (let i = this.#rows[index].parent; i >= 0; i = this.#rows[i].parent) this.#collapsed.delete(i);
    this.#active = index;
    this.#unfold();
    const top = Math.max(0, this.#shown.indexOf(index)) * ROW_PX; // not there: it is not critical
    const height = this.grid.clientHeight - ROW_PX; // the head lies over the first
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + ROW_PX > this.grid.scrollTop + height) this.grid.scrollTop = top + ROW_PX - height;
    this.#draw();
    this.#on.choose(this.#rows[index]);
  }

  /** Rows that are marked. */
  mark(found) {
    this.#found = found;
    this.#redraw();
  }

  setCriticalOnly(only) {
    this.#criticalOnly = only;
    this.#unfold();
  }

  collapseAll() {
    this.#rows.forEach(({ children }, i) => children > 0 && this.#collapsed.add(i));
    while (this.#active >= 0 && this.#rows[this.#active].parent >= 0) this.#active = this.#rows[this.#active].parent;
    if (this.#active >= 0) this.choose(this.#active);
    else this.#unfold();
  }

  expandAll() {
    this.#collapsed = new Set();
    this.#unfold();
  }

  zoom(fromUs, toUs) {
    const [least, most] = this.#trace;
    const size = Math.min(Math.max(toUs - fromUs, LEAST_VIEW_US), most - least);
    const from = Math.min(Math.max(fromUs, least), most - size);
    this.#view = [from, from + size];
    this.#zoomed();
    this.#redraw();
  }

  zoomOut() {
    this.zoom(...this.#trace);
  }

  #zoomed() {
    this.#drawAxis();
    this.#on.view(...this.#view, this.#view[1] - this.#view[0] >= this.#trace[1] - this.#trace[0]);
  }

  // --- what is seen

  #unfold() {
    this.#shown = unfold(this.#rows, this.#collapsed, this.#criticalOnly);
    this.body.style.height = `${this.#shown.length * ROW_PX}px`;
    setAttribute(this.grid, "aria-rowcount", String(this.#shown.length + 1));
    this.#redraw();
  }

  #redraw() {
    this.#drawn.clear();
    this.#draw();
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    const { scrollTop, clientHeight } = this.grid;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - BEYOND);
    const last = Math.min(this.#shown.length, Math.ceil((scrollTop + clientHeight) / ROW_PX) + BEYOND);
    const drawn = new Map();
    for (let place = first; place < last; place++) drawn.set(place, this.#drawn.get(place) ?? this.#make(place));
    const isSame = drawn.size === this.#drawn.size && this.#drawn.has(first) && this.#drawn.has(last - 1) && this.body.childElementCount === drawn.size;
    this.#drawn = drawn;
    if (!isSame) this.body.replaceChildren(...drawn.values());
    for (const [place, element] of drawn) setAttribute(element, "aria-selected", String(this.#shown[place] === this.#active));
    const active = drawn.get(this.#shown.indexOf(this.#active));
    setAttribute(this.grid, "aria-activedescendant", active?.id ?? null);
  }

  #make(place) {
    const index = this.#shown[place];
    const { span, children, failedBelow } = this.#rows[index];
    const isCollapsed = this.#collapsed.has(index);
    const element = el("div", {
      id: `span-${span.span_id}`, role: "row", "data-index": index, "aria-rowindex": place + 2, "aria-level": span.depth + 1,
      "aria-expanded": children > 0 ? String(!isCollapsed) : null, "aria-label": describe(this.#rows[index]),
      class: `span ${serviceColor(span.service)}${this.#found.has(index) ? " found" : ""}`,
    },
    el("div", { role: "gridcell", class: "what", title: `${span.service}: ${span.operation}` },
      el("span", { class: "toggle", "aria-hidden": "true" }, children === 0 ? "" : isCollapsed ? "▸" : "▾"),
      el("span", { class: "service" }, span.service), " ", el("span", { class: "operation" }, span.operation),
      span.outcome === "error" ? el("span", { class: "mark failed", title: "failed" }, "!") : null,
      isCollapsed && failedBelow > 0 ? el("span", { class: "mark below", title: `${failedBelow} failed below` }, `! ${failedBelow}`) : null,
      pressure(span.gpu) === null ? null : el("span", { class: "mark missing", title: "GPU memory pressure while it ran" }, `GPU ${pressure(span.gpu)}`),
      span.parent_missing ? el("span", { class: "mark missing", title: "its parent was never received" }, "parent missing") : null),
    el("div", { role: "gridcell", class: "self" }, quantity(span.self_us, "us")),
    el("div", { role: "gridcell", class: "track" }, ...this.#bars(this.#rows[index])));
    element.style.setProperty("--depth", span.depth);
    element.style.transform = `translateY(${place * ROW_PX}px)`;
    return element;
  }

  #share(us) {
    const [from, to] = this.#view;
    return (us - from) / (to - from);
  }

  /** Nothing where the span lies outside the view. */
  #bars({ span, path }) {
    const label = quantity(span.duration_us, "us");
    const [from, to] = [this.#share(span.start_us), this.#share(span.start_us + span.duration_us)];
    if (to < 0 || from > 1) return [el("span", { class: `outside ${to < 0 ? "before" : "after"}`, title: label }, to < 0 ? "‹" : "›")];
    const bar = this.#bar("extent", from, to);
    const room = LABEL_PX / Math.max(this.axis.clientWidth, LABEL_PX);
    const text = el("span", { class: "length" }, label);
    if (to + room < 1) text.style.left = percent(Math.max(to, 0));
    else if (from > room) text.style.right = percent(1 - Math.min(from, 1 - LEAST_SHARE));
    else {
      text.classList.add("within");
      text.style.left = percent(Math.max(from, 0));
    }
    return [bar, ...path.map(([begun, ended]) => [this.#share(begun), this.#share(ended)])
      .filter(([begun, ended]) => ended >= 0 && begun <= 1).map(([begun, ended]) => this.#bar("path", begun, ended)), text];
  }

  #bar(name, from, to) {
    const bar = el("span", { class: name });
    const left = Math.min(Math.max(from, 0), 1 - LEAST_SHARE);
    bar.style.left = percent(left);
    bar.style.width = percent(Math.max(Math.min(to, 1) - left, LEAST_SHARE));
    return bar;
  }

  #drawAxis() {
    const [from, to] = this.#view.map((us) => us - this.#trace[0]);
    const count = Math.max(2, Math.floor(this.axis.clientWidth / TICKS_PX));
    const at = ticks(from, to, count).map((us) => ({ us, share: (us - from) / (to - from) }));
    this.axis.replaceChildren(...at.map(({ us, share }) => {
      const tick = el("span", { class: share > 0.9 ? "tick last" : "tick" }, us === 0 ? "0" : quantity(us, "us"));
      if (share > 0.9) tick.style.right = percent(1 - share);
      else tick.style.left = percent(share);
      return tick;
    }));
    const track = el("div", { class: "track" });
    track.append(...at.map(({ share }) => {
      const line = el("i");
      line.style.left = percent(share);
      return line;
    }));
    this.lines.replaceChildren(track);
  }

  // --- what is done

  #click({ target }) {
    const element = target.closest("[data-index]");
    if (element === null) return;
    const index = Number(element.dataset.index);
    if (target.closest(".toggle") && this.#rows[index].children > 0) this.#toggle(index);
    this.choose(index);
  }

  #toggle(index) {
    if (!this.#collapsed.delete(index)) this.#collapsed.add(index);
    this.#unfold();
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || this.#shown.length === 0) return;
    const place = Math.max(0, this.#shown.indexOf(this.#active));
    const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW_PX) - 2);
    const go = (to) => this.choose(this.#shown[Math.min(Math.max(to, 0), this.#shown.length - 1)]);
    const keys = {
      ArrowDown: () => go(this.#active < 0 ? 0 : place + 1), ArrowUp: () => go(place - 1), Home: () => go(0), End: () => go(Infinity),
      PageDown: () => go(place + page), PageUp: () => go(place - page),
      ArrowRight: () => this.#open(place), ArrowLeft: () => this.#close(place),
      "*": () => this.expandAll(), Enter: () => this.#on.enter(), " ": () => this.#toggleActive(place),
      "+": () => this.#zoomBy(1 / ZOOM), "-": () => this.#zoomBy(ZOOM), 0: () => this.zoomOut(),
    };
    if (keys[event.key] === undefined) return;
    event.preventDefault();
    keys[event.key]();
  }

  #open(place) {
    const index = this.#shown[place];
    if (this.#rows[index].children === 0) return;
    if (this.#collapsed.has(index)) this.#toggle(index);
    else if (this.#rows[this.#shown[place + 1]]?.parent === index) this.choose(this.#shown[place + 1]);
  }

  #close(place) {
    const index = this.#shown[place];
    const { children, parent } = this.#rows[index];
    if (children > 0 && !this.#collapsed.has(index)) this.#toggle(index);
    else if (parent >= 0) this.choose(parent);
  }

  #toggleActive(place) {
    if (this.#rows[this.#shown[place]].children > 0) this.#toggle(this.#shown[place]);
  }

  /** About the middle of what is chosen. */
  #zoomBy(times) {
    const [from, to] = this.#view;
    const span = this.#rows[this.#active]?.span;
    const middle = span === undefined ? (from + to) / 2 : span.start_us + span.duration_us / 2;
    const size = (to - from) * times;
    this.zoom(middle - size / 2, middle + size / 2);
  }
}

/** A row in words. */
function describe({ span, children, failedBelow }) {
  return [
    `${span.service}: ${span.operation}`, quantity(span.duration_us, "us"), `self ${quantity(span.self_us, "us")}`,
    span.outcome === "error" ? "failed" : null, span.critical ? "on the critical path" : null,
    span.parent_missing ? "parent missing" : null, pressure(span.gpu) === null ? null : `GPU memory pressure ${pressure(span.gpu)}`, failedBelow > 0 ? `${failedBelow} failed below` : null,
    children > 0 ? `${children} ${children === 1 ? "child" : "children"}` : null,
  ].filter(Boolean).join(", ");
}
