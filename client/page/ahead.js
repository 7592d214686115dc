// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is expected of each series, as it was last told: for all charts that show where their line goes on. */
import { UNKNOWN, quantity, span } from "./format.js";

export class Ahead {
  #bySeries = new Map(); // series → its forecasts of one moment, the nearest first

  tell(predictions) {
    this.#bySeries = new Map();
    for (const one of predictions) {
      if (!this.#bySeries.has(one.series)) this.#bySeries.set(one.series, []);
      this.#bySeries.get(one.series).push(one);
    }
  }

  /** Those that matter first: what reaches its threshold soonest, then what gets worse, then what has a threshold. */
  get all() {
    return [...this.#bySeries.values()].sort(([a], [b]) => compare(urgency(a), urgency(b)));
  }

  /** A fan for a chart in other units: values times scale. null: nothing is expected of the series. */
  fan(series, scale = 1) {
    const forecasts = this.#bySeries.get(series);
    return forecasts === undefined || !Number.isFinite(scale) ? null : new Course(forecasts, scale);
  }
}

/** One series' forecasts as a line and a band through their horizons, from when they were made. */
class Course {
  #knots; // [second, value, lower, upper]

  constructor(forecasts, scale) {
    const [first] = forecasts;
    const times = (...values) => values.map((value) => (value === null ? null : value * scale));
    this.#knots = [
      [first.made_us / 1e6, ...times(first.last, first.last, first.last)],
      ...forecasts.map((one) => [(one.made_us + one.horizon_us) / 1e6, ...times(one.value, one.lower, one.upper)]),
    ];
    this.first = first;
    [this.threshold] = times(first.threshold);
  }

  /** When it was made. */
  get begin() {
    return this.#knots[0][0];
  }

  /** Until when something is expected. */
  get end() {
    return this.#knots.at(-1)[0];
  }

  /** How far ahead it said something, in seconds. */
  get reach() {
    return this.#knots.at(-1)[0] - this.#knots[0][0];
  }

  /** Of the knots between two seconds, their seconds. */
  between(from, to) {
    return this.#knots.map(([second]) => second).filter((second) => second > from && second < to);
  }

  /** [value, lower, upper]; nulls before it was made and behind its end. */
  at(second) {
    const next = this.#knots.findIndex(([end]) => end >= second);
    if (next === -1 || (next === 0 && this.#knots[0][0] > second)) return [null, null, null];
    const [[to, ...b]] = this.#knots.slice(next);
    const [from, ...a] = this.#knots[Math.max(next - 1, 0)];
    const part = to > from ? (second - from) / (to - from) : 0;
    return b.map((value, i) => (value === null || a[i] === null ? null : a[i] + part * (value - a[i])));
  }
}

/** There is a time until the threshold, and it is seldom wrong: of what does not move quietly it is seldom right. */
export function isTrusted({ time_to_threshold_us: left, regime }) {
  return left !== null && left.value !== null && regime === "quiet";
}

/** When the threshold is reached, in words: null where it is not, or where nobody can say. */
export function describeArrival(forecast) {
  const { threshold, unit, time_to_threshold_us: left } = forecast;
  return isTrusted(forecast) ? `Reaches ${quantity(threshold, unit)} ${describeSpan(left)}` : null;
}

export function describeSpan({ lower, value, upper }) {
  if (value === 0) return "now: it is there";
  const most = upper === null ? "perhaps never" : span(upper);
  return `in ${value === null ? UNKNOWN : span(value)} (${lower === null ? UNKNOWN : span(lower)} to ${most})`;
}

function urgency(forecast) {
  const { time_to_threshold_us: left, trend, threshold, series } = forecast;
  return [isTrusted(forecast) ? left.value : Infinity, trend === "degrading" ? 0 : 1, threshold === null ? 1 : 0, series];
}

function compare(a, b) {
  const at = a.findIndex((value, i) => value !== b[i]);
  if (at === -1) return 0;
  return a[at] < b[at] ? -1 : 1;
}
