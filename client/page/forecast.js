// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is coming: the score and what it costs, a fan for each series, the time until thresholds, and how right that was. */
import { el, setText } from "./dom.js";
import { Fan } from "./fan.js";
import { UNKNOWN, number, quantity, span } from "./format.js";
import { Table, badge, right } from "./table.js";

const LIST_MS = 10_000;
const FANS = 6; // charts; the table has all
const PAST_US = 3600e6;
const STEP_US = 60e6;
const TREND_LEVELS = { improving: "low", degrading: "high", stable: null };
const REGIME_LEVELS = { quiet: "low", stepwise: "medium", spiky: "high", unknown: null };
// of the score, from where on it is good
const GOOD = 90;
const FAIR = 60;

const level = (score) => (score >= GOOD ? "low" : score >= FAIR ? "medium" : "critical");
const score = (value) => (value === null ? UNKNOWN : String(Math.round(value)));
const percent = (value) => right(quantity(value, "percent"));

export class Forecast {
  #session;
  #fans = new Map(); // series → {fan, element, madeUs}

  constructor(section, session) {
    this.#session = session;
    this.score = el("span", { class: "big" }, UNKNOWN);
    this.reasons = el("ul", { class: "reasons" });
    this.parts = el("dl", { class: "facts" });
    const health = el("article", { class: "card health", "aria-label": "Health score" },
      el("div", {}, el("p", { class: "figure" }, this.score, " ", el("span", { class: "muted" }, "of 100 points of health")),
        el("p", { class: "muted" }, "What nobody measures costs nothing.")),
      this.parts, this.reasons);
    this.fans = el("div", { class: "cards" });
    this.series = new Table("Forecasts", ["Series", "Trend", "Behaviour", ">Now", ">Horizon", ">Expected", ">80 % interval", "Threshold", "Reached in"],
      "Nothing is forecast yet: what is expected is said after some minutes of samples.");
    this.record = new Table("Track record", ["Metric", "Method", ">Horizon", ">Judged", ">Error", ">80 % held", ">90 % held"],
      "No forecast has come to its time yet.");
    this.warnings = new Table("Warnings", ["Metric", ">Came true", ">False alarms", ">Missed", ">Averted", ">Open", ">Ahead by"],
      "Nothing was expected to reach its threshold, and nothing did.");
    this.advice = new Table("Advice", ["What", "Why", "Command"], "Nothing that forecasts say calls for anything.");
    section.append(health, this.fans,
      el("div", { class: "cards tables" }, this.advice.element, this.series.element, this.record.element, this.warnings.element));
    session.every(LIST_MS, () => this.#ask());
  }

  update() {}

  async #ask() {
    const { predictions } = this.#session.client;
    const [{ predictions: all, health, recommendations }, { accuracy, warnings }] =
      await Promise.all([predictions.list({ limit: 1000 }), predictions.accuracy({ limit: 100 })]);
    this.#tellHealth(health);
    this.series.tell(all, seriesCells);
    this.record.tell(accuracy, recordCells);
    this.warnings.tell(warnings, warningCells);
    this.advice.tell(recommendations, adviceCells);
    await this.#tellFans(all);
  }

  #tellHealth({ score: of100, parts, reasons }) {
    this.score.className = of100 === null ? "big" : `big ${level(of100)}`;
    setText(this.score, score(of100));
    this.parts.replaceChildren(...parts.map(({ part, score: own }) =>
      el("div", {}, el("dt", {}, part), el("dd", {}, score(own)))));
    this.reasons.hidden = reasons.length === 0;
    this.reasons.replaceChildren(...reasons.map(({ part, deduction, reason }) =>
      el("li", {}, badge(`−${number(deduction)} ${part}`, level(100 - 3 * deduction)), el("b", {}, reason))));
  }

  // --- fans

  async #tellFans(all) {
    const bySeries = Map.groupBy(all, ({ series }) => series);
    const shown = [...bySeries.keys()].slice(0, FANS);
    for (const [series, { fan, element }] of this.#fans)
      if (!shown.includes(series)) {
        fan.remove();
        element.remove();
        this.#fans.delete(series);
      }
    await Promise.all(shown.map((series) => this.#tellFan(series, bySeries.get(series))));
  }

  async #tellFan(series, forecasts) {
    const [{ made_us: madeUs, unit }] = forecasts;
    let one = this.#fans.get(series);
    if (one === undefined) {
      const fan = new Fan({ series, unit });
      const left = el("p", { class: "muted" });
      const element = el("article", { class: "card", "aria-label": `Forecast of ${series}` },
        el("header", {}, el("h3", { class: "series" }, series)), left, fan.element);
      one = { fan, element, left, madeUs: null };
      this.#fans.set(series, one);
      this.fans.append(element);
    }
    if (one.madeUs === madeUs) return;
    one.madeUs = madeUs;
    setText(one.left, describeTime(forecasts[0]));
    const { series: found } = await this.#session.client.metrics.query(
      { select: series, from_us: madeUs - PAST_US, to_us: madeUs, step_us: STEP_US, aggregate: "avg" });
    one.fan.tell(forecasts, found[0]?.points ?? []);
  }
}

function describeTime({ threshold, unit, time_to_threshold_us: left, regime }) {
  if (threshold === null) return "No threshold is set.";
  const limit = quantity(threshold, unit);
  if (left === null) return `Not on its way to ${limit}${regime === "unknown" ? ", as far as can be told yet" : ""}.`;
  return `Reaches ${limit} ${describeSpan(left)}.`;
}

function describeSpan({ lower, value, upper }) {
  if (value === 0) return "now: it is there";
  const most = upper === null ? "perhaps never" : span(upper);
  return `in ${value === null ? UNKNOWN : span(value)} (${lower === null ? UNKNOWN : span(lower)} to ${most})`;
}

function seriesCells(one) {
  const text = (value) => quantity(value, one.unit);
  return [
    el("th", { scope: "row", class: "wide" }, one.series),
    el("td", {}, one.trend === null ? UNKNOWN : badge(one.trend, TREND_LEVELS[one.trend])),
    el("td", {}, badge(one.regime, REGIME_LEVELS[one.regime])),
    right(text(one.last)),
    right(quantity(one.horizon_us, "us")),
    right(text(one.value)),
    right(one.lower === null ? UNKNOWN : `${text(one.lower)} to ${text(one.upper)}`),
    el("td", {}, text(one.threshold)),
    el("td", {}, one.time_to_threshold_us === null ? UNKNOWN : describeSpan(one.time_to_threshold_us).replace(/^in /, "")),
  ];
}

/** The error is beside that of the last value: below 100 % is better than knowing nothing. */
function recordCells(one) {
  return [
    el("th", { scope: "row" }, one.metric),
    el("td", {}, one.method),
    right(quantity(one.horizon_us, "us")),
    right(number(one.forecasts)),
    percent(one.error_ratio === null ? null : 100 * one.error_ratio),
    percent(one.coverage_percent),
    percent(one.coverage90_percent),
  ];
}

function warningCells(one) {
  return [
    el("th", { scope: "row" }, one.metric),
    right(number(one.came_true)),
    right(number(one.false_alarm), one.false_alarm > 0 ? { class: "number problem" } : {}),
    right(number(one.missed), one.missed > 0 ? { class: "number problem" } : {}),
    right(number(one.averted)),
    right(number(one.open)),
    right(one.lead_us === null ? UNKNOWN : span(one.lead_us)),
  ];
}

function adviceCells({ severity, title, evidence, action }) {
  return [
    el("th", { scope: "row", class: "wide" }, badge(severity, severity === "critical" ? "critical" : "medium"), " ", title),
    el("td", { class: "wide" }, evidence),
    el("td", {}, el("code", {}, action)),
  ];
}
