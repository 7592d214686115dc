// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Numbers for people: three digits that matter, the unit beside them, as the browser's language writes them.
 * What is not known is a dash, never 0.
 */
export const UNKNOWN = "–";
const NARROW_SPACE = "\u202f";

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const LEVELS = ["low", "medium", "high", "critical"];
// of each, the word after it
const DURATIONS = [[86_400e6, "d"], [3_600e6, "h"], [60e6, "min"], [1e6, "s"], [1e3, "ms"], [1, "µs"]];

/** Made when it is first needed: each takes milliseconds, of the time to the first chart. */
export function lazy(make) {
  let made = null;
  return { format: (value) => (made ??= make()).format(value) };
}

const precise = lazy(() => new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 }));
const whole = lazy(() => new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 }));
const compact = lazy(() => new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 3 }));
const steady = lazy(() => new Intl.NumberFormat(undefined, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }));
const percent = lazy(() => new Intl.NumberFormat(undefined, { style: "unit", unit: "percent", maximumFractionDigits: 1 }));
const celsius = lazy(() => new Intl.NumberFormat(undefined, { style: "unit", unit: "celsius", maximumFractionDigits: 0 }));
const clock = lazy(() => new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }));
const shortClock = lazy(() => new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));

const day = lazy(() => new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }));

export function number(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return compact.format(value);
  return size >= 1000 ? whole.format(value) : precise.format(value);
}

function bytes(value, digits = precise) {
  let step = 0;
  while (step < BYTES.length - 1 && Math.abs(value) >= 999.5) {
    value /= 1024;
    step++;
  }
  return `${(step === 0 ? whole : digits).format(value)}${NARROW_SPACE}${BYTES[step]}`;
}

function duration(us) {
  const [size, name] = DURATIONS.find(([least]) => Math.abs(us) >= least) ?? DURATIONS.at(-1);
  return `${precise.format(us / size)}${NARROW_SPACE}${name}`;
}

const UNITS = {
  bytes,
  us: duration,
  percent: (value) => percent.format(value),
  celsius: (value) => celsius.format(value),
  watts: (value) => `${number(value)}${NARROW_SPACE}W`,
  level: (value) => LEVELS[value] ?? number(value),
};

/** A value in a unit of the schema, "/s" behind it for what rises by the second. */
export function quantity(value, unit, perSecond = false) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const text = UNITS[unit]?.(value) ?? (unit ? `${number(value)}${NARROW_SPACE}${unit}` : number(value));
  return perSecond ? `${text}/s` : text;
}

/** The same for what changes each second: always three digits, so that it does not jump about. */
export function living(value, unit, perSecond = false) {
  if (unit !== "bytes" || !Number.isFinite(value)) return quantity(value, unit, perSecond);
  return perSecond ? `${bytes(value, steady)}/s` : bytes(value, steady);
}

/** Two steps at most: "3 h 12 min". */
export function span(us) {
  const first = DURATIONS.findIndex(([least]) => us >= least);
  if (first === -1 || first >= 3) return duration(Math.floor(us / 1e6) * 1e6 || us);
  const [size, name] = DURATIONS[first];
  const count = Math.floor(us / size);
  const [smaller, smallerName] = DURATIONS[first + 1];
  const rest = Math.floor((us - count * size) / smaller);
  const head = `${whole.format(count)}${NARROW_SPACE}${name}`;
  return rest > 0 ? `${head} ${whole.format(rest)}${NARROW_SPACE}${smallerName}` : head;
}

export function time(seconds) {
  return clock.format(seconds * 1000);
}

/** With the day where it is not today's. */
export function dayTime(us) {
  const when = new Date(us / 1000);
  const today = when.toDateString() === new Date().toDateString();
  return today ? clock.format(when) : `${day.format(when)} ${shortClock.format(when)}`;
}

/** To the second, with the day where it is not today's. */
export function instant(seconds) {
  const when = new Date(seconds * 1000);
  const today = when.toDateString() === new Date().toDateString();
  return today ? clock.format(when) : `${day.format(when)} ${clock.format(when)}`;
}

/** Below a chart whose ticks are so many seconds apart. */
export function tick(seconds, apart) {
  if (apart >= 86_400 || (apart >= 3_600 && new Date(seconds * 1000).getHours() === 0)) return day.format(seconds * 1000);
  return shortTime(seconds);
}

export function shortTime(seconds) {
  return (seconds % 60 === 0 ? shortClock : clock).format(seconds * 1000);
}

/** gpu_optimizer -> GPU optimizer */
export function words(name) {
  const text = name.replaceAll("_", " ").replace(/\bgpu\b/g, "GPU");
  return text[0].toUpperCase() + text.slice(1);
}
