// SPDX-License-Identifier: LGPL-2.1-or-later
import uPlot from "./uplot/uPlot.js";

import { describeArrival } from "./ahead.js";
import { HEIGHT_PX, makePlot, paintLevels, paintLimit, paintMarks } from "./chart-plot.js";
import { download, slug, toCsv } from "./csv.js";
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, instant, living, quantity, span } from "./format.js";
import { marks } from "./marks.js";
import { linkToMoment } from "./moment-link.js";
import { onPalette } from "./palette.js";
import { range } from "./range.js";
import { onSight } from "./sight.js";
import { oneByOne } from "./turns.js";

// How often the words for those who cannot see the chart change: each second would never let them finish.
const WORDS_S = 10;
const FRESH_ROWS = 15; // of the newest value
const LATE_S = 60; // that a forecast may be newer than the newest row
const AHEAD_COLUMNS = 3; // value, lower, upper
const ZOOM = 2; // of a key

/**
 * One figure over the window: series as lines, their newest values (or those under the cursor) as its legend. What is
 * dragged over is the next window, and a click asks what happened then.
 *
 * spec: {title, unit, series: [{name, label, color, rate, read}], most: number or () → number or null, level: name,
 * actions: elements, ahead: () → a fan of ahead.js, or null, more: parameters of a link to it}
 * read: source → a column that is not one series' own. most: where the axis ends, null: where the values do. level: a
 * series of 0–3 drawn as a strip of colours. ahead: what is expected of the first series; its 80 % interval is drawn
 * as a band, also over what came since. Anomalies of its series are marked, and told in words.
 */
export class Chart {
  #spec;
  #plot = null;
  #data = null; // seconds, series, a least and a greatest of those in #envelopes, what is expected
  #source = null;
  #drawn = ""; // what the drawing is of
  #worded = "";
  #fan = null;
  #envelopes = [];
  #values = [];
  #isSeen = true; // until it is known
  #isLate = false; // its lines are not drawn as they are, since nobody sees it
  #turn = () => this.#make(); // what waits for its turn
  #forget;
  #forgetSight;
  #observer;

  constructor(spec) {
    this.#spec = spec;
    this.element = this.#build();
    this.#forget = onPalette(() => this.#plot?.redraw(false));
    this.#observer = new ResizeObserver(([{ contentRect }]) =>
      this.#plot?.setSize({ width: Math.floor(contentRect.width), height: HEIGHT_PX }));
    this.#observer.observe(this.canvas);
    this.#forgetSight = onSight(this.canvas, (isSeen) => {
      this.#isSeen = isSeen;
      if (isSeen) this.#catchUp();
    });
  }

  remove() {
    this.#forget();
    this.#forgetSight();
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.element.remove();
  }

  /** source: the store, or a grid. */
  update(source) {
    const state = `${source.version} ${marks.version}`;
    if (source === this.#source && state === this.#drawn && this.#plot !== null) return;
    this.#source = source;
    this.#drawn = state;
    const { series } = this.#spec;
    const columns = series.map((item) => readColumn(source, item));
    const envelopes = series.flatMap((item, i) => (hasEnvelope(source, item) ? [i] : []));
    const edges = envelopes.flatMap((i) => [source.lows(series[i].name), source.highs(series[i].name)]);
    this.#chooseFan(source);
    const seconds = [...source.seconds(), ...this.#future()];
    this.#data = [seconds, ...columns, ...edges, ...this.#expected(seconds)];
    const known = columns.some((column) => column.some((value) => value !== null && value !== undefined));
    this.empty.hidden = known;
    setText(this.empty, range.isLive ? "No data in the last 5 minutes" : "No data in this window");
    this.#draw(envelopes, known);
    this.#showValues();
    const words = `${Math.floor(source.head / WORDS_S)} ${range.words}`;
    if (words !== this.#worded) this.#describe();
    this.#worded = words;
  }

  /** What came, a row each. */
  csv() {
    const { series } = this.#spec;
    const [seconds, ...columns] = this.#data;
    const isMean = this.#envelopes.length > 0;
    const own = series.map((item, i) => ({ name: columnName(item, isMean), values: columns[i] }));
    const edges = this.#envelopes.flatMap((i, n) => ["min", "max"].map((what, edge) =>
      ({ name: `${what}(${series[i].name})`, values: columns[series.length + 2 * n + edge] })));
    return toCsv(seconds.slice(0, this.#source.rows), [...own, ...edges]);
  }

  // --- what is expected

  /** What was expected before the end of a window that is over is not told. */
  #chooseFan(source) {
    const fan = this.#spec.ahead?.() ?? null;
    this.#fan = fan !== null && fan.end > source.head && fan.begin <= source.head + LATE_S ? fan : null;
  }

  /** Seconds of the rows behind the newest. */
  #future() {
    if (this.#fan === null) return [];
    const end = this.#end();
    return [...this.#fan.between(this.#source.head, end), ...(this.#fan.end >= end ? [end] : [])];
  }

  #expected(seconds) {
    if (this.#spec.ahead === undefined) return [];
    const rows = seconds.map((second) => this.#fan?.at(second) ?? [null, null, null]);
    return Array.from({ length: AHEAD_COLUMNS }, (_, i) => rows.map((row) => row[i]));
  }

  /** It goes on to the right as far as it goes back, where something is expected. */
  #end() {
    const { head, rows, stepS } = this.#source;
    return head + (this.#fan === null ? 0 : Math.min(rows * stepS, this.#fan.reach));
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
    const from = Math.round(this.#data[0][row ?? last] - this.#source.head);
    setText(this.then, from > 0 ? `in ${span(from * 1e6)} ` : "expected ");
    setText(this.will, text);
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
    this.empty = el("p", { class: "nothing" });
    this.canvas = el("div", { class: "canvas", role: "img", "aria-label": `${title}: no data yet` });
    this.said = el("p", { class: "unseen", "aria-live": "polite" });
    const plot = el("div", {
      class: "plot", tabindex: "0", role: "group", "aria-label": `${title}: chart, arrow keys read its values`,
      "aria-describedby": "chart-keys", onkeydown: (event) => this.#key(event), onblur: () => this.#leave(),
    }, this.canvas, this.empty);
    return el("figure", { class: "chart", "data-chart": title },
      el("figcaption", {},
        el("ul", { class: "legend" }, ...series.map((item) => this.#legendItem(item)), this.expected ?? ""),
        this.when,
        el("button", {
          class: "quiet", type: "button", "aria-label": `Download ${title} as CSV`, onclick: () => this.#download(),
        }, "CSV"), this.#makeLink(), ...actions),
      this.arrival, plot, this.said);
  }

  /** What it leads to is this window also when it is no longer the last; it is made when somebody is about to take it. */
  #makeLink() {
    const { title, more } = this.#spec;
    const hash = `#chart=${encodeURIComponent(title)}`;
    const point = () => link.setAttribute("href", range.address(hash, more));
    const link = el("a", { class: "quiet", href: hash, "aria-label": `Link to this view of ${title}`, onpointerenter: point, onfocus: point }, "Link");
    return link;
  }

  #legendItem({ label, color: name }) {
    const value = el("span", { class: "value" }, UNKNOWN);
    this.#values.push(value);
    return el("li", {}, el("span", { class: `swatch ${name}`, "aria-hidden": "true" }), `${label} `, value);
  }

  // --- words

  #text(i, value) {
    return living(value, this.#spec.unit, this.#spec.series[i].rate);
  }

  /** Of a row that stands for many, also between what it was. */
  #textOfRow(i, row) {
    const text = this.#text(i, this.#data[i + 1][row]);
    const at = this.#envelopes.indexOf(i);
    if (at === -1 || typeof this.#data[i + 1][row] !== "number") return text;
    const [low, high] = [0, 1].map((edge) => this.#data[1 + this.#spec.series.length + 2 * at + edge][row]);
    return low === high ? text : `${text} (${this.#text(i, low)} to ${this.#text(i, high)})`;
  }

  #marks(from, to) {
    return marks.of(this.#spec.series.map(({ name }) => name), from, to);
  }

  /** That is pointed at; null: none. The one of the window before may be none of this. */
  #row() {
    const row = this.#plot?.cursor.idx ?? null;
    return row === null || row >= this.#data[0].length ? null : row;
  }

  #showValues() {
    const row = this.#row();
    this.#spec.series.forEach((item, i) =>
      setText(this.#values[i], row === null ? this.#text(i, newest(this.#data[i + 1].slice(0, this.#source.rows))) : this.#textOfRow(i, row)));
    this.#showExpected(row);
    const second = this.#data[0][row];
    const marked = row === null ? [] : this.#marks(second, second + this.#source.stepS);
    setText(this.when, row === null ? "" : [instant(second), ...marked.map(({ text }) => text)].join(" · "));
  }

  #describe() {
    const then = range.isFollowing ? "now" : "at its end";
    const parts = this.#spec.series.map(({ label }, i) => {
      const known = this.#data[i + 1].filter((value) => value !== null && value !== undefined);
      if (known.length === 0) return `${label} not known`;
      return `${label} ${this.#text(i, known.at(-1))} ${then}, ` +
        `from ${this.#text(i, Math.min(...known))} to ${this.#text(i, Math.max(...known))}`;
    });
    const marked = this.#marks(this.#data[0][0], this.#source.head);
    if (marked.length > 0) parts.push(`marked: ${marked.map(({ text }) => text).join("; ")}`);
    if (this.#fan !== null && !this.expected.hidden) parts.push(`${this.then.textContent}${this.will.textContent}`);
    setAttribute(this.canvas, "aria-label", `${this.#spec.title}, ${range.words}: ${parts.join("; ")}`);
  }

  #download() {
    if (this.#data === null) return;
    const stamp = new Date(this.#source.head * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
    download(`orfeas-${slug(this.#spec.title)}-${stamp}.csv`, this.csv());
  }

  // --- keys

  #key(event) {
    if (this.#plot === null || event.target !== event.currentTarget) return;
    this.#catchUp();
    const row = this.#row();
    const at = row === null ? null : this.#data[0][row];
    const keys = {
      Escape: () => this.#leave(), Enter: () => this.#ask(at),
      "+": () => range.zoom(ZOOM, at), "-": () => range.zoom(1 / ZOOM, at), 0: () => range.live(),
    };
    const now = this.#source.rows - 1;
    const step = event.shiftKey ? 10 : 1;
    const rows = { ArrowLeft: (row ?? now) - step, ArrowRight: (row ?? now) + step, Home: 0, End: now };
    if (!(event.key in keys) && !(event.key in rows)) return;
    event.preventDefault();
    if (event.key in keys) keys[event.key]();
    else this.#pointAt(Math.max(0, Math.min(this.#data[0].length - 1, rows[event.key])));
  }

  #pointAt(row) {
    const left = this.#plot.valToPos(this.#data[0][row], "x");
    this.#plot.setCursor({ left, top: this.#plot.over.clientHeight / 2 });
    const expected = this.#fan === null ? null : this.#expectation(row);
    const values = row < this.#source.rows ? this.#spec.series.map(({ label }, i) => `${label} ${this.#textOfRow(i, row)}`) : [];
    if (expected !== null) values.push(`expected ${expected}`);
    setText(this.said, `${instant(this.#data[0][row])}: ${values.join(", ")}`);
  }

  #leave() {
    this.#plot?.setCursor({ left: -10, top: -10 });
    setText(this.said, "");
  }

  /** What happened then, of a second that has been. */
  #ask(second) {
    const { stepS, head } = this.#source;
    if (second !== null && second <= head) location.hash = linkToMoment(second - stepS, second + stepS);
  }

  // --- the drawing

  #draw(envelopes, known) {
    if (this.#plot !== null && envelopes.join() !== this.#envelopes.join()) {
      this.#plot.destroy();
      this.#plot = null;
    }
    this.#envelopes = envelopes;
    this.#isLate = true;
    if (this.#plot === null && known) oneByOne(this.#turn);
    else if (this.#isSeen) this.#catchUp();
  }

  #catchUp() {
    if (!this.#isLate || this.#plot === null) return;
    this.#isLate = false;
    this.#plot.setData(this.#data);
  }

  #make() {
    if (this.canvas.clientWidth === 0) return; // hidden or removed; if hidden, with what comes next
    this.#isLate = false;
    const { series, unit, ahead, level } = this.#spec;
    const handlers = {
      xRange: () => [this.#data[0][0], this.#end()],
      yRange: (least, most) => this.#range(least, most),
      moved: () => this.#plot !== null && this.#showValues(),
      zoomed: (from, to) => range.show(from, Math.min(to, range.now + 1)),
      clicked: (second) => this.#ask(second),
      paint: [
        (plot) => level && paintLevels(plot, this.#data[0], this.#source.values(level)),
        (plot) => paintMarks(plot, this.#marks(this.#data[0][0], this.#source.head), this.#data[0][0], this.#source.head),
        (plot) => this.#fan !== null && paintLimit(plot, this.#fan.threshold), drawn],
    };
    this.#plot = makePlot({ series, unit, envelopes: this.#envelopes, isAhead: ahead !== undefined, handlers }, this.#data, this.canvas);
  }

  #range(least, most) {
    const bound = typeof this.#spec.most === "function" ? this.#spec.most() : this.#spec.most;
    if (bound) return [0, Math.max(bound, most ?? 0)];
    if (least === null) return [0, 1];
    if (least >= 0) return [0, most > 0 ? most * 1.1 : 1];
    return uPlot.rangeNum(least, most, 0.1, true);
  }
}

function readColumn(source, { name, rate, read }) {
  if (read !== undefined) return read(source);
  return rate ? source.rates(name) : source.values(name);
}

const hasEnvelope = (source, { name, rate, read }) => !rate && read === undefined && source.lows(name) !== null && source.highs(name) !== null;

function columnName({ name, label, rate, read }, isMean) {
  if (read !== undefined) return label;
  return rate ? `rate(${name})` : isMean ? `avg(${name})` : name;
}

function newest(values) {
  return values.slice(-FRESH_ROWS).findLast((value) => value !== null && value !== undefined) ?? null;
}

let marked = false;
function drawn() {
  if (!marked) performance.mark("first-chart"); // what the tests measure
  marked = true;
}
