// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One series as it was, and as it is expected to go on: the forecasts of one moment, with their 80 and 90 %
 * intervals as bands, and the threshold that it must not reach.
 */
import uPlot from "./uplot/uPlot.js";

import { HEIGHT_PX, paintLimit } from "./chart-plot.js";
import { download, slug, toCsv } from "./csv.js";
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, quantity, shortTime } from "./format.js";
import { color, onPalette } from "./palette.js";

const FONT = "12px system-ui, sans-serif";
const COLUMNS = ["value", "forecast", "lower80", "upper80", "lower90", "upper90"];
const TIME_STEPS = [5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

export class Fan {
  #plot = null;
  #data = null;
  #series;
  #unit;
  #threshold = null;
  #forget;
  #observer;

  constructor({ series, unit }) {
    this.#series = series;
    this.#unit = unit;
    this.canvas = el("div", { class: "canvas", role: "img", "aria-label": `${series}: no forecast yet` });
    this.now = el("span", { class: "value" }, UNKNOWN);
    this.then = el("span", { class: "value" }, UNKNOWN);
    this.ahead = el("span", {}, "expected");
    const title = `Forecast of ${series}`;
    this.element = el("figure", { class: "chart", "data-chart": title },
      el("figcaption", {},
        el("ul", { class: "legend" },
          el("li", {}, el("span", { class: "swatch c1", "aria-hidden": "true" }), "now ", this.now),
          el("li", {}, el("span", { class: "swatch c4", "aria-hidden": "true" }), this.ahead, " ", this.then)),
        el("button", {
          class: "quiet when", type: "button", "aria-label": `Download the forecast of ${series} as CSV`,
          onclick: () => this.#download(),
        }, "CSV"),
        el("a", { class: "quiet", href: `#chart=${encodeURIComponent(title)}`, "aria-label": `Link to the forecast of ${series}` }, "Link")),
      el("div", { class: "plot" }, this.canvas));
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

  /** forecasts: of one moment, by horizon; points: [t_us, value] until then. */
  tell(forecasts, points) {
    const { made_us: madeUs, last, threshold } = forecasts[0];
    const before = points.filter(([tUs]) => tUs < madeUs);
    const rows = [
      ...before.map(([tUs, value]) => [tUs, value]),
      [madeUs, last, last, last, last, last, last],
      ...forecasts.map((one) =>
        [madeUs + one.horizon_us, null, one.value, one.lower, one.upper, one.lower90, one.upper90]),
    ];
    this.#threshold = threshold;
    this.#data = [
      rows.map(([tUs]) => tUs / 1e6),
      ...COLUMNS.map((_, i) => rows.map((row) => row[i + 1] ?? null)),
    ];
    this.#describe(forecasts);
    if (this.#plot !== null) this.#plot.setData(this.#data);
    else if (this.canvas.clientWidth > 0) this.#draw();
  }

  #describe(forecasts) {
    const far = forecasts.at(-1);
    const text = (value) => quantity(value, this.#unit);
    const between = (one) => (one.lower === null ? text(one.value) : `${text(one.value)} (${text(one.lower)} to ${text(one.upper)})`);
    setText(this.now, text(far.last));
    setText(this.ahead, `in ${quantity(far.horizon_us, "us")}`);
    setText(this.then, between(far));
    const said = forecasts.map((one) => `in ${quantity(one.horizon_us, "us")} ${between(one)}`);
    setAttribute(this.canvas, "aria-label", `${this.#series}: ${text(far.last)} now; expected ${said.join("; ")}`);
  }

  #download() {
    if (this.#data === null) return;
    const [seconds, ...columns] = this.#data;
    const stamp = new Date(Date.now()).toISOString().replace(/[-:]|\.\d+/g, "");
    download(`orfeas-forecast-${slug(this.#series)}-${stamp}.csv`, toCsv(seconds, COLUMNS.map((name, i) => ({ name, values: columns[i] }))));
  }

  // --- uPlot

  #draw() {
    const axis = { stroke: () => color("muted"), font: FONT, ticks: { show: false }, border: { show: false } };
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    const band = (upper, lower, alpha) => ({ series: [upper, lower], fill: () => `${color("c4")}${alpha}` });
    this.#plot = new uPlot({
      width: this.canvas.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (_, least, most) => this.#range(least, most) } },
      axes: [
        { ...axis, grid: { show: false }, space: 80, size: 22, incrs: TIME_STEPS, values: (_, splits) => splits.map(shortTime) },
        { ...axis, grid: { stroke: () => color("grid"), width: 1 }, space: 30, size: 64, gap: 6,
          values: (_, splits) => splits.map((value) => quantity(value, this.#unit)) },
      ],
      series: [
        {},
        { stroke: () => color("c1"), width: 1.75, points: { show: false } },
        { stroke: () => color("c4"), width: 1.75, dash: [5, 4], points: { show: false } },
        edge, edge, edge, edge,
      ],
      bands: [band(6, 5, "24"), band(4, 3, "3d")],
      hooks: { draw: [(plot) => paintLimit(plot, this.#threshold)] },
    }, this.#data, this.canvas);
  }

  /** All of it, and the threshold where it is not far off. */
  #range(least, most) {
    if (least === null) return [0, 1];
    const near = this.#threshold !== null && Math.abs(this.#threshold - (least + most) / 2) <= 3 * Math.max(most - least, 1e-9);
    const low = near ? Math.min(least, this.#threshold) : least;
    const high = near ? Math.max(most, this.#threshold) : most;
    return uPlot.rangeNum(low, high, 0.1, true);
  }
}
