// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is coming: fans of what matters most, the time until thresholds, and how right that was. */
import { describeArrival, describeSpan, isTrusted } from "./ahead.js";
import { el, setText } from "./dom.js";
import { Fan } from "./fan.js";
import { UNKNOWN, number, quantity, span } from "./format.js";
import { sayNow } from "./now.js";
import { readForecasts } from "./past.js";
import { adviceCells } from "./processes.js";
import { range } from "./range.js";
import { Table, badge, right } from "./table.js";

const LIST_MS = 10_000;
const NONE = "Nothing is forecast yet: what is expected is said after some minutes of samples.";
const FANS = 6; // charts; the table has all
// of a fan, before it: as long again as the furthest forecast, in so many points
const PAST_SHARE = 1.5;
const PAST_POINTS = 90;
const LEAST_STEP_US = 1e6;
const TREND_LEVELS = { improving: "low", degrading: "high", stable: null };
const REGIME_LEVELS = { quiet: "low", stepwise: "medium", spiky: "high", unknown: null };

const percent = (value) => right(quantity(value, "percent"));

export class Forecast {
  #session;
  #ahead;
  #health;
  #fans = new Map(); // series → {fan, element, madeUs}
  #asked = 0;

  /** health: is told the score, which comes with the forecasts. */
  constructor(section, session, ahead, health) {
    this.#session = session;
    this.#ahead = ahead;
    this.#health = health;
    this.fans = el("div", { class: "cards" });
    this.series = new Table("Forecasts", ["Series", "Trend", "Behaviour", ">Now", ">In", ">Expected", ">80 % interval", ">Threshold", "Reached in"],
      NONE);
    this.record = new Table("Track record", ["Metric", ">In", ">Judged", ">Error, of the last value’s", ">80 % held", ">90 % held", "Methods"],
      "No forecast has come to its time yet.");
    this.warnings = new Table("Warnings", ["Metric", ">Came true", ">False alarms", ">Missed", ">Averted", ">Open", ">Ahead by"],
      "Nothing was expected to reach its threshold, and nothing did.");
    this.advice = new Table("Advice", ["What", "Why", "Command"], "Nothing that forecasts say calls for anything.");
    sayNow(this.advice.element);
    section.append(this.fans,
      el("div", { class: "cards tables" }, this.advice.element, this.series.element, this.record.element, this.warnings.element));
    range.addEventListener("change", session.every(LIST_MS, () => this.#ask()));
  }

  async #ask() {
    const asked = ++this.#asked;
    const { client } = this.#session;
    const [, to] = range.bounds;
    const [{ predictions, health, recommendations }, { accuracy, warnings }, past] = await Promise.all([
      client.predictions.list({ limit: 1000 }), client.predictions.accuracy({ limit: 100, ...!range.isLive && range.span() }),
      range.isFollowing ? null : readForecasts(client, to)]);
    if (asked !== this.#asked) return; // another window was chosen meanwhile
    this.#ahead.tell(past ?? predictions);
    this.series.rename(past === null ? "Forecasts" : "Forecasts at the end of this window", past === null ? NONE : "None was made in the quarter of an hour before its end.");
    this.#health.tellScore(health);
    this.series.tell(this.#ahead.all, seriesRows);
    this.record.rename(range.isLive ? "Track record" : `Track record of ${range.listed}`);
    this.warnings.rename(range.isLive ? "Warnings" : `Warnings of ${range.listed}`);
    this.record.tell(sumUp(accuracy), recordRows);
    this.warnings.tell(warnings, warningCells);
    this.advice.tell(recommendations, adviceCells);
    const shown = this.#ahead.all.slice(0, FANS);
    await this.#tellFans(shown);
    if (asked === this.#asked) this.#sort(shown.map(([{ series }]) => series));
  }

  // --- fans

  async #tellFans(shown) {
    const names = shown.map(([{ series }]) => series);
    for (const [series, { fan, element }] of this.#fans)
      if (!names.includes(series)) {
        fan.remove();
        element.remove();
        this.#fans.delete(series);
      }
    await Promise.all(shown.map((forecasts) => this.#tellFan(forecasts)));
  }

  /** The most urgent first; nothing is moved where the order is right. */
  #sort(names) {
    names.forEach((series, i) => {
      const { element } = this.#fans.get(series);
      if (this.fans.children[i] !== element) this.fans.insertBefore(element, this.fans.children[i] ?? null);
    });
  }

  async #tellFan(forecasts) {
    const [{ series, unit, made_us: madeUs }] = forecasts;
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
    try {
      const past = await this.#askPast(series, madeUs, PAST_SHARE * forecasts.at(-1).horizon_us);
      // unless it went meanwhile, or there is one that was made later
      if (this.#fans.get(series) === one && one.madeUs === madeUs) one.fan.tell(forecasts, past);
    } catch (error) {
      if (one.madeUs === madeUs) one.madeUs = null; // it is asked for again
      throw error;
    }
  }

  async #askPast(select, toUs, spanUs) {
    const stepUs = Math.max(LEAST_STEP_US, Math.round(spanUs / PAST_POINTS / LEAST_STEP_US) * LEAST_STEP_US);
    const { series } = await this.#session.client.metrics.query(
      { select, from_us: toUs - Math.max(spanUs, 2 * stepUs), to_us: toUs, step_us: stepUs, aggregate: "avg" });
    return series[0]?.points ?? [];
  }
}

function describeTime(forecast) {
  const { threshold, unit, regime, time_to_threshold_us: left } = forecast;
  if (threshold === null) return "No threshold is set.";
  const arrival = describeArrival(forecast);
  if (arrival !== null) return `${arrival}.`;
  const limit = quantity(threshold, unit);
  if (left !== null) return `It may reach ${limit}; when, nobody can say of what moves like this.`;
  return `Not on its way to ${limit}${regime === "unknown" ? ", as far as can be told yet" : ""}.`;
}

/** A row for each horizon; what they share is said once. */
function seriesRows(forecasts) {
  const [one] = forecasts;
  const text = (value) => quantity(value, one.unit);
  const rowspan = forecasts.length;
  const before = [
    el("th", { scope: "rowgroup", class: "wide", rowspan }, one.series),
    el("td", { rowspan }, one.trend === null ? UNKNOWN : badge(one.trend, TREND_LEVELS[one.trend])),
    el("td", { rowspan }, badge(one.regime, REGIME_LEVELS[one.regime])),
    right(text(one.last), { rowspan }),
  ];
  const behind = [
    right(text(one.threshold), { rowspan }),
    el("td", { rowspan, class: isTrusted(one) ? null : "muted" },
      one.time_to_threshold_us === null ? UNKNOWN : describeSpan(one.time_to_threshold_us).replace(/^in /, "")),
  ];
  return forecasts.map(({ horizon_us: horizonUs, value, lower, upper }, i) => [
    ...(i === 0 ? before : []),
    right(quantity(horizonUs, "us")),
    right(text(value)),
    right(lower === null ? UNKNOWN : `${text(lower)} to ${text(upper)}`),
    ...(i === 0 ? behind : []),
  ]);
}

/** All methods of a metric and horizon together, in groups of a metric. */
function sumUp(accuracy) {
  const metrics = new Map(); // metric → horizon → sums
  for (const one of accuracy) {
    if (!metrics.has(one.metric)) metrics.set(one.metric, new Map());
    const horizons = metrics.get(one.metric);
    const before = horizons.get(one.horizon_us) ?? { ...one, methods: [], forecasts: 0, error: 0, naive: 0, held80: 0, held90: 0 };
    horizons.set(one.horizon_us, {
      ...before,
      methods: [...before.methods, one.method],
      forecasts: before.forecasts + one.forecasts,
      error: before.error + one.forecasts * one.error,
      naive: before.naive + one.forecasts * one.naive_error,
      held80: before.held80 + one.forecasts * one.coverage_percent,
      held90: before.held90 + one.forecasts * one.coverage90_percent,
    });
  }
  return [...metrics.values()].map((horizons) => [...horizons.values()]);
}

/** The error is beside that of the last value: below 100 % is better than knowing nothing. */
function recordRows(horizons) {
  const share = (sum, of) => percent(of > 0 ? sum / of : null);
  return horizons.map((one, i) => [
    ...(i === 0 ? [el("th", { scope: "rowgroup", rowspan: horizons.length }, one.metric)] : []),
    right(quantity(one.horizon_us, "us")),
    right(number(one.forecasts)),
    share(100 * one.error, one.naive),
    share(one.held80, one.forecasts),
    share(one.held90, one.forecasts),
    el("td", { class: "muted" }, one.methods.join(", ")),
  ]);
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
