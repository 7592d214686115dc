// SPDX-License-Identifier: LGPL-2.1-or-later
/* How many requests services answer, how many of them in vain, and how long they take: over the charts' window, from spans. */
import { Chart } from "./chart.js";
import { el, setText } from "./dom.js";
import { UNKNOWN, quantity } from "./format.js";
import { range } from "./range.js";
import { whileSeen } from "./sight.js";

const LIST_MS = 5_000;
const ALL = "";
const BUCKETS = "span.duration_us_bucket";
const QUANTILES = [["p50", 0.5, "c2"], ["p95", 0.95, "c1"], ["p99", 0.99, "c4"]];

const CARDS = [
  {
    title: "Requests", figure: "calls", rate: true,
    series: [{ label: "calls", color: "c1" }, { label: "failed", color: "c5" }],
  },
  { title: "Failed requests", figure: "failed", unit: "percent", series: [{ label: "failed share", color: "c5" }] },
  { title: "Latency", figure: "p99", unit: "us", series: QUANTILES.map(([label, , color]) => ({ label, color })) },
];

export class Requests {
  #session;
  #view;
  #columns = {}; // label → of the answer that is shown
  #asked = 0;
  #again;

  constructor(section, session, view) {
    this.#session = session;
    this.#view = view;
    this.service = el("select", { "aria-label": "Service of the requests", onchange: () => this.#again() }, el("option", { value: ALL }, "All services"));
    this.nothing = el("p", { class: "card muted", hidden: true }, "No requests yet: they are counted from the spans that services send (see Traces).");
    this.cards = CARDS.map((card) => this.#makeCard(card));
    this.content = el("div", { class: "cards three" }, ...this.cards.map(({ element }) => element));
    section.append(el("div", { class: "filter beside" }, this.service), this.nothing, this.content);
    this.#again = whileSeen(section, session, LIST_MS, () => this.#ask());
    range.addEventListener("change", this.#again);
  }

  #makeCard({ title, figure, unit, rate, series }) {
    const chart = new Chart({ title, unit, series: series.map((item) => ({ ...item, rate, read: () => this.#columns[item.label] })) });
    const big = el("span", { class: "big" }, UNKNOWN);
    const element = el("article", { class: "card", "aria-label": title }, el("header", {}, el("h3", {}, title)),
      el("p", { class: "figure" }, big, el("span", { class: "muted" }, figure)), chart.element);
    return { chart, big, element, label: series.at(-1).label, first: series[0].label, unit, rate };
  }

  async #ask() {
    const asked = ++this.#asked;
    const { client } = this.#session;
    this.#tellServices((await client.traces.services()).services.map(({ service }) => service));
    const { value } = this.service;
    const only = value === ALL ? "" : `{service="${value.replace(/["\\]/g, "\\$&")}"}`;
    const rate = (select, by = []) => ({ select: `${select}${only}`, aggregate: "rate", by });
    const grid = await this.#view.ask([rate("span.calls"), rate("span.errors"), rate(BUCKETS, ["le"])]);
    if (asked !== this.#asked) return;
    this.#show(grid);
  }

  #show(grid) {
    const calls = grid.values("span.calls");
    const failed = grid.values("span.errors");
    this.#columns = { calls, failed: calls.map((value, row) => (value === null ? null : failed[row] ?? 0)) };
    this.#columns["failed share"] = calls.map((value, row) => (value > 0 ? (100 * this.#columns.failed[row]) / value : null));
    const buckets = readBuckets(grid);
    for (const [label, share] of QUANTILES) this.#columns[label] = calls.map((_, row) => quantile(buckets, row, share));
    for (const { chart, big, label, first, unit, rate } of this.cards) {
      chart.update(grid);
      const shown = rate ? first : label;
      setText(big, quantity(this.#columns[shown].findLast((value) => value !== null && value !== undefined), unit, rate));
    }
  }

  #tellServices(services) {
    this.nothing.hidden = services.length > 0;
    this.content.hidden = services.length === 0;
    const rows = [ALL, ...services];
    if (rows.join("\n") === [...this.service.options].map(({ value }) => value).join("\n")) return;
    const chosen = this.service.value;
    this.service.replaceChildren(...rows.map((value) => el("option", { value }, value === ALL ? "All services" : value)));
    this.service.value = rows.includes(chosen) ? chosen : ALL;
  }
}

/** [[upper edge in µs, column of how many a second took no longer]…], by edge. */
function readBuckets(grid) {
  return grid.names((name) => name.startsWith(BUCKETS)).map((name) => {
    const edge = /le="([^"]*)"/.exec(name)?.[1];
    return [edge === "+Inf" ? Infinity : Number(edge), grid.values(name)];
  }).sort(([a], [b]) => a - b);
}

/** The time that the share of a row's requests took no longer than, in proportion within its bucket; null: there were none. */
function quantile(buckets, row, share) {
  const total = buckets.at(-1)?.[1][row] ?? 0;
  if (!(total > 0)) return null;
  let [below, from] = [0, 0];
  for (const [edge, column] of buckets) {
    const count = column[row] ?? below;
    if (count >= share * total) return edge === Infinity ? from : from + ((share * total - below) / Math.max(count - below, 1e-9)) * (edge - from);
    [below, from] = [count, edge];
  }
  return from;
}
