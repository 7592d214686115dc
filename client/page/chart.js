// SPDX-License-Identifier: LGPL-2.1-or-later
import uPlot from "./uplot/uPlot.esm.js";

import { describeArrival } from "./ahead.js";
import { download, toCsv } from "./csv.js";
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, living, quantity, shortTime, span, time } from "./format.js";
import { marks } from "./marks.js";
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
// How far a chart goes on to the right where something is expected: as far as it goes back.
const AHEAD_S = WINDOW_S;
const AHEAD_COLUMNS = 3; // value, lower, upper
const BAND_ALPHA = "33";
const MARK_PX = 7; // the flag at the top of what is marked

/**
 * One figure over the window: series as lines, their newest values (or those under the cursor) as its legend.
 *
 * spec: {title, unit, series: [{name, label, color, rate}], most: number or () → number or null, level: name,
 * actions: elements, ahead: () → a fan of ahead.js, or null}
 * most: where the axis ends, null: where the values do. level: a series of 0–3 drawn as a strip of colours.
 * ahead: what is expected of the first series; its 80 % interval is drawn as a band, also over what came since.
 * Anomalies of its series are marked, and told in words.
 */
export class Chart {
  #spec;
  #plot = null;
  #data = null;
  #store = null;
  #worded = 0;
  #fan = null;
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
    const fan = this.#spec.ahead?.() ?? null;
    this.#fan = fan !== null && fan.end > store.head ? fan : null;
    const seconds = [...store.seconds(), ...this.#future()];
    this.#data = [seconds, ...columns, ...this.#expected(seconds)];
    const known = columns.some((column) => column.some((value) => value !== null && value !== undefined));
    this.empty.hidden = known;
    if (this.#plot !== null) this.#plot.setData(this.#data);
    else if (known && this.canvas.clientWidth > 0) this.#draw();
    this.#showValues();
    if (store.head - this.#worded >= WORDS_S) this.#describe();
  }

  /** What came, a row a second. */
  csv() {
    const [seconds, ...columns] = this.#data;
    return toCsv(seconds.slice(0, WINDOW_S), this.#spec.series.map(({ name, rate }, i) => ({
      name: rate ? `rate(${name})` : name, values: columns[i],
    })));
  }

  // --- what is expected

  /** Seconds of the rows behind the newest. */
  #future() {
    if (this.#fan === null) return [];
    const { head } = this.#store;
    const end = this.#end();
    return [...this.#fan.between(head, end), ...(this.#fan.end >= end ? [end] : [])];
  }

  #expected(seconds) {
    if (this.#spec.ahead === undefined) return [];
    const rows = seconds.map((second) => this.#fan?.at(second) ?? [null, null, null]);
    return Array.from({ length: AHEAD_COLUMNS }, (_, i) => rows.map((row) => row[i]));
  }

  #end() {
    return this.#store.head + (this.#fan === null ? 0 : Math.min(AHEAD_S, this.#fan.reach));
  }

  /** "44 % (41 % to 46 %)" of a row; null where nothing is expected. */
  #expectation(row) {
    const [value, lower, upper] = this.#data.slice(-AHEAD_COLUMNS).map((column) => column[row]);
    if (this.#fan === null || value === null) return null;
    const text = (one) => quantity(one, this.#spec.unit);
    return lower === null ? text(value) : `${text(value)} (${text(lower)} to ${text(upper)})`;
  }

  #showExpected(row) {
    const said = this.#fan === null ? null : describeArrival(this.#fan.first);
    this.arrival.hidden = said === null;
    setText(this.arrival, said ?? "");
    if (this.expected === null) return;
    const last = this.#data[0].length - 1;
    const text = this.#fan === null ? null : this.#expectation(row ?? last);
    this.expected.hidden = text === null;
    if (text === null) return;
    const from = Math.round(this.#data[0][row ?? last] - this.#store.head);
    setText(this.then, from > 0 ? `in ${span(from * 1e6)} ` : "expected ");
    setText(this.will, text);
  }

  // --- what is marked

  #marks(from, to) {
    return marks.of(this.#spec.series.map(({ name }) => name), from, to);
  }

  #drawMarks(plot) {
    const { ctx, bbox } = plot;
    const [from, to] = [this.#data[0][0], this.#store.head];
    const flag = MARK_PX * devicePixelRatio;
    ctx.save();
    for (const mark of this.#marks(from, to)) {
      const left = plot.valToPos(Math.max(mark.from, from), "x", true);
      const right = plot.valToPos(Math.min(mark.to, to), "x", true);
      ctx.fillStyle = `${color(mark.level)}${BAND_ALPHA}`;
      ctx.fillRect(left, bbox.top, Math.max(right - left, 2 * devicePixelRatio), bbox.height);
      ctx.fillStyle = color(mark.level);
      ctx.beginPath();
      ctx.moveTo(left - flag / 2, bbox.top);
      ctx.lineTo(left + flag / 2, bbox.top);
      ctx.lineTo(left, bbox.top + flag);
      ctx.fill();
    }
    ctx.restore();
  }

  // --- elements

  #build() {
    const { title, series, actions = [], ahead } = this.#spec;
    this.when = el("span", { class: "when" });
    this.then = el("span");
    this.will = el("span", { class: "value" });
    this.expected = ahead === undefined ? null : el("li", { hidden: true },
      el("span", { class: `swatch expected ${series[0].color}`, "aria-hidden": "true" }), this.then, this.will);
    this.arrival = el("p", { class: "arrival", hidden: true });
    this.empty = el("p", { class: "nothing" }, "No data in the last 5 minutes");
    this.canvas = el("div", { class: "canvas", role: "img", "aria-label": `${title}: no data yet` });
    this.said = el("p", { class: "unseen", "aria-live": "polite" });
    const plot = el("div", {
      class: "plot", tabindex: "0", role: "group", "aria-label": `${title}: chart, arrow keys read its values`,
      onkeydown: (event) => this.#key(event), onblur: () => this.#leave(),
    }, this.canvas, this.empty);
    return el("figure", { class: "chart" },
      el("figcaption", {},
        el("ul", { class: "legend" }, ...series.map((item) => this.#legendItem(item)), this.expected ?? ""),
        this.when,
        el("button", {
          class: "quiet", type: "button", "aria-label": `Download ${title} as CSV`, onclick: () => this.#download(),
        }, "CSV"), ...actions),
      this.arrival, plot, this.said);
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
    this.#showExpected(row);
    const marked = row === null ? [] : this.#marks(this.#data[0][row], this.#data[0][row] + 1);
    setText(this.when, row === null ? "" : [time(this.#data[0][row]), ...marked.map(({ text }) => text)].join(" · "));
  }

  #describe() {
    this.#worded = this.#store.head;
    const parts = this.#spec.series.map(({ label }, i) => {
      const known = this.#data[i + 1].filter((value) => value !== null && value !== undefined);
      if (known.length === 0) return `${label} not known`;
      return `${label} ${this.#text(i, known.at(-1))} now, ` +
        `from ${this.#text(i, Math.min(...known))} to ${this.#text(i, Math.max(...known))}`;
    });
    const marked = this.#marks(this.#data[0][0], this.#store.head);
    if (marked.length > 0) parts.push(`marked: ${marked.map(({ text }) => text).join("; ")}`);
    if (this.#fan !== null && !this.expected.hidden) parts.push(`${this.then.textContent}${this.will.textContent}`);
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
    const now = WINDOW_S - 1;
    const last = this.#data[0].length - 1; // what is expected lies behind now
    const step = event.shiftKey ? 10 : 1;
    const from = this.#plot.cursor.idx ?? now;
    const rows = { ArrowLeft: from - step, ArrowRight: from + step, Home: 0, End: now };
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
    const expected = this.#fan === null ? null : this.#expectation(row);
    const values = row < WINDOW_S ? this.#spec.series.map(({ label }, i) => `${label} ${this.#text(i, this.#data[i + 1][row])}`) : [];
    if (expected !== null) values.push(`expected ${expected}`);
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
        x: { time: false, range: () => [this.#data[0][0], this.#end()] },
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
      series: [{}, ...series.map((item, i) => line(item, i === 0 && !item.rate)), ...this.#course()],
      bands: this.#spec.ahead === undefined ? []
        : [{ series: [series.length + 3, series.length + 2], fill: () => `${color(series[0].color)}${BAND_ALPHA}` }],
      hooks: {
        setCursor: [() => this.#data && this.#showValues()],
        draw: [(plot) => this.#drawLevels(plot), (plot) => this.#drawMarks(plot), (plot) => this.#drawThreshold(plot), drawn],
      },
    }, this.#data, this.canvas);
  }

  #course() {
    if (this.#spec.ahead === undefined) return [];
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    return [{ stroke: () => color(this.#spec.series[0].color), width: 1.75, dash: [5, 4], points: { show: false } }, edge, edge];
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
    const x = (row) => Math.round(plot.valToPos(this.#data[0][Math.min(row, WINDOW_S - 1)], "x", true));
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

  #drawThreshold(plot) {
    if (this.#fan !== null) drawLimit(plot, this.#fan.threshold);
  }
}

/** A line across the chart that a value must not pass, where it is in sight. */
export function drawLimit({ ctx, bbox, scales, valToPos }, limit) {
  if (limit === null || limit < scales.y.min || limit > scales.y.max) return;
  const y = Math.round(valToPos(limit, "y", true));
  ctx.save();
  ctx.strokeStyle = color("critical");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
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
