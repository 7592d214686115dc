// SPDX-License-Identifier: LGPL-2.1-or-later
import uPlot from "./uplot/uPlot.esm.js";

import { download, toCsv } from "./csv.js";
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, living, quantity, shortTime, time } from "./format.js";
import { color, onPalette } from "./palette.js";
import { WINDOW_S } from "./store.js";

const HEIGHT_PX = 148;
// How often the words for those who cannot see the chart change: each second would never let them finish.
const WORDS_S = 10;
const EDGE_PX = 16; // nearer to the left edge a time would lie on the other axis
const FONT = "12px system-ui, sans-serif";
const STRIP_PX = 4; // of a level's colours, above the time axis
const LEVELS = ["low", "medium", "high", "critical"];
const BYTE_STEPS = Array.from({ length: 50 }, (_, i) => 2 ** i);
const TIME_STEPS = [10, 30, 60, 120];

/**
 * One figure over the window: series as lines, their newest values (or those under the cursor) as its legend.
 *
 * spec: {title, unit, series: [{name, label, color, rate}], most: number or () → number or null, level: name,
 * actions: elements}
 * most: where the axis ends, null: where the values do. level: a series of 0–3 drawn as a strip of colours.
 */
export class Chart {
  #spec;
  #plot = null;
  #data = null;
  #store = null;
  #worded = 0;
  #values = [];
  #forget;
  #observer;

  constructor(spec) {
    this.#spec = spec;
    this.element = this.#build();
    this.#forget = onPalette(() => this.#plot?.redraw(false));
    this.#observer = new ResizeObserver(([{ contentRect }]) =>
      this.#plot?.setSize({ width: Math.floor(contentRect.width), height: HEIGHT_PX }));
    this.#observer.observe(this.canvas);
  }

  remove() {
    this.#forget();
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.element.remove();
  }

  update(store) {
    this.#store = store;
    const { series } = this.#spec;
    const columns = series.map(({ name, rate }) => (rate ? store.rates(name) : store.values(name)));
    this.#data = [store.seconds(), ...columns];
    const known = columns.some((column) => column.some((value) => value !== null && value !== undefined));
    this.empty.hidden = known;
    if (this.#plot !== null) this.#plot.setData(this.#data);
    else if (known && this.canvas.clientWidth > 0) this.#draw();
    this.#showValues();
    if (store.head - this.#worded >= WORDS_S) this.#describe();
  }

  /** What is shown, a row a second. */
  csv() {
    const [seconds, ...columns] = this.#data;
    return toCsv(seconds, this.#spec.series.map(({ name, rate }, i) => ({
      name: rate ? `rate(${name})` : name, values: columns[i],
    })));
  }

  // --- elements

  #build() {
    const { title, series, actions = [] } = this.#spec;
    this.when = el("span", { class: "when" });
    this.empty = el("p", { class: "nothing" }, "No data in the last 5 minutes");
    this.canvas = el("div", { class: "canvas", role: "img", "aria-label": `${title}: no data yet` });
    this.said = el("p", { class: "unseen", "aria-live": "polite" });
    const plot = el("div", {
      class: "plot", tabindex: "0", role: "group", "aria-label": `${title}: chart, arrow keys read its values`,
      onkeydown: (event) => this.#key(event), onblur: () => this.#leave(),
    }, this.canvas, this.empty);
    return el("figure", { class: "chart" },
      el("figcaption", {},
        el("ul", { class: "legend" }, ...series.map((item) => this.#legendItem(item))),
        this.when,
        el("button", {
          class: "quiet", type: "button", "aria-label": `Download ${title} as CSV`, onclick: () => this.#download(),
        }, "CSV"), ...actions),
      plot, this.said);
  }

  #legendItem({ label, color: name }) {
    const value = el("span", { class: "value" }, UNKNOWN);
    this.#values.push(value);
    return el("li", {}, el("span", { class: `swatch ${name}`, "aria-hidden": "true" }), `${label} `, value);
  }

  #text(i, value) {
    return living(value, this.#spec.unit, this.#spec.series[i].rate);
  }

  #showValues() {
    const row = this.#plot?.cursor.idx ?? null;
    this.#spec.series.forEach((item, i) => {
      const value = row === null ? newest(this.#data[i + 1]) : this.#data[i + 1][row];
      setText(this.#values[i], this.#text(i, value));
    });
    setText(this.when, row === null ? "" : time(this.#data[0][row]));
  }

  #describe() {
    this.#worded = this.#store.head;
    const parts = this.#spec.series.map(({ label }, i) => {
      const known = this.#data[i + 1].filter((value) => value !== null && value !== undefined);
      if (known.length === 0) return `${label} not known`;
      return `${label} ${this.#text(i, known.at(-1))} now, ` +
        `from ${this.#text(i, Math.min(...known))} to ${this.#text(i, Math.max(...known))}`;
    });
    setAttribute(this.canvas, "aria-label", `${this.#spec.title}, last 5 minutes: ${parts.join("; ")}`);
  }

  #download() {
    if (this.#data === null) return;
    const slug = this.#spec.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const stamp = new Date(this.#store.head * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
    download(`orfeas-${slug}-${stamp}.csv`, this.csv());
  }

  // --- keys

  #key(event) {
    if (this.#plot === null) return;
    const last = WINDOW_S - 1;
    const step = event.shiftKey ? 10 : 1;
    const from = this.#plot.cursor.idx ?? last;
    const rows = { ArrowLeft: from - step, ArrowRight: from + step, Home: 0, End: last };
    if (event.key === "Escape") {
      this.#leave();
    } else if (event.key in rows) {
      event.preventDefault();
      this.#pointAt(Math.max(0, Math.min(last, rows[event.key])));
    }
  }

  #pointAt(row) {
    const left = this.#plot.valToPos(this.#data[0][row], "x");
    this.#plot.setCursor({ left, top: this.#plot.over.clientHeight / 2 });
    const values = this.#spec.series.map(({ label }, i) => `${label} ${this.#text(i, this.#data[i + 1][row])}`);
    setText(this.said, `${time(this.#data[0][row])}: ${values.join(", ")}`);
  }

  #leave() {
    this.#plot?.setCursor({ left: -10, top: -10 });
    setText(this.said, "");
  }

  // --- uPlot

  #draw() {
    const { series, unit } = this.#spec;
    const rate = series.some((item) => item.rate);
    made++;
    const axis = {
      stroke: () => color("muted"), font: FONT, ticks: { show: false }, border: { show: false },
    };
    this.#plot = new uPlot({
      width: this.canvas.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "orfeas" }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: {
        x: { time: false, range: () => [this.#data[0][0], this.#data[0].at(-1)] },
        y: { range: (_, least, most) => this.#range(least, most) },
      },
      axes: [
        { ...axis, grid: { show: false }, space: 80, size: 22, incrs: TIME_STEPS,
          values: (plot, splits) => splits.map((second) =>
            plot.valToPos(second, "x") < EDGE_PX ? "" : shortTime(second)) },
        { ...axis, grid: { stroke: () => color("grid"), width: 1 }, space: 36, size: axisWidth, gap: 6,
          incrs: unit === "bytes" ? BYTE_STEPS : undefined,
          values: (_, splits) => splits.map((value) => quantity(value, unit, rate)) },
      ],
      series: [{}, ...series.map((item, i) => line(item, i === 0 && !item.rate))],
      hooks: {
        setCursor: [() => this.#data && this.#showValues()],
        draw: [(plot) => this.#drawLevels(plot), drawn],
      },
    }, this.#data, this.canvas);
  }

  #range(least, most) {
    const bound = typeof this.#spec.most === "function" ? this.#spec.most() : this.#spec.most;
    if (bound) return [0, Math.max(bound, most ?? 0)];
    if (least === null) return [0, 1];
    if (least >= 0) return [0, most > 0 ? most * 1.1 : 1];
    return uPlot.rangeNum(least, most, 0.1, true);
  }

  #drawLevels(plot) {
    if (!this.#spec.level) return;
    const levels = this.#store.values(this.#spec.level);
    const { ctx, bbox } = plot;
    const height = STRIP_PX * devicePixelRatio;
    const x = (row) => Math.round(bbox.left + Math.min(1, row / (WINDOW_S - 1)) * bbox.width);
    ctx.save();
    for (let row = 0, end; row < levels.length; row = end) {
      // undefined: no point that often, so that the level still holds
      for (end = row + 1; end < levels.length && (levels[end] === levels[row] || levels[end] === undefined); end++);
      if (LEVELS[levels[row]] === undefined) continue;
      ctx.fillStyle = color(LEVELS[levels[row]]);
      ctx.fillRect(x(row), bbox.top + bbox.height - height, x(end) - x(row), height);
    }
    ctx.restore();
  }
}

function newest(values) {
  for (let i = values.length - 1; i > values.length - 15; i--)
    if (values[i] !== null && values[i] !== undefined) return values[i];
  return null;
}

function line({ color: name }, filled) {
  return {
    stroke: () => color(name),
    fill: filled ? () => `${color(name)}1a` : undefined,
    width: 1.75,
    points: { size: 4, fill: () => color(name), filter: lonely },
  };
}

/** Points that no line would show. */
function lonely(plot, index, show, gaps) {
  const values = plot.data[index];
  const rows = [];
  const gap = (i) => i < 0 || i >= values.length || values[i] === null;
  values.forEach((value, i) => {
    if (value !== null && value !== undefined && gap(i - 1) && gap(i + 1)) rows.push(i);
  });
  return rows;
}

/** As wide as its longest label. */
function axisWidth(plot, labels, _, cycle) {
  if (cycle > 1 || labels === null) return plot.axes[1]._size ?? 56;
  plot.ctx.save();
  plot.ctx.font = plot.axes[1].font[0];
  const widest = Math.max(...labels.map((label) => plot.ctx.measureText(label).width / devicePixelRatio));
  plot.ctx.restore();
  return Math.ceil(widest) + 12;
}

let marked = false;
function drawn() {
  if (!marked) performance.mark("first-chart"); // what the tests measure
  marked = true;
}

let made = 0;

/** How many were made so far. */
export function countCharts() {
  return made;
}
