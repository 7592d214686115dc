// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is typed, and what a link says, as what is asked. */
const UNITS = { "µs": 1, us: 1, ms: 1e3, s: 1e6, m: 60e6, min: 60e6, h: 3_600e6 };
const DURATION = /^(\d+(?:[.,]\d+)?)\s*(µs|us|ms|s|min|m|h)?$/;
const TAG = /\s*([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)/y;
const LINK = /^#trace=([^&]*)(?:&span=([^&]*))?$/;

/** "250 ms", "1.5s" in µs; a bare number is of milliseconds. undefined: nothing is asked for; null: it is none. */
export function parseDuration(text) {
  if (text.trim() === "") return undefined;
  const match = DURATION.exec(text.trim());
  return match === null ? null : Math.round(Number(match[1].replace(",", ".")) * UNITS[match[2] ?? "ms"]);
}

/** key=value other="with a space" → {key, other}. undefined: nothing is asked for; null: not of that form. */
export function parseTags(text) {
  const rest = text.trim();
  if (rest === "") return undefined;
  const tags = {};
  TAG.lastIndex = 0;
  while (TAG.lastIndex < rest.length) {
    const match = TAG.exec(rest);
    if (match === null) return null;
    const [, key, quoted, plain] = match;
    tags[key] = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
  }
  return tags;
}

/** {trace, span} of a location's hash; null: it names none. */
export function parseLink(hash) {
  const match = LINK.exec(hash);
  return match === null ? null : { trace: match[1].toLowerCase(), span: match[2]?.toLowerCase() ?? null };
}

export function linkTo(trace, span) {
  return `#trace=${trace}${span ? `&span=${span}` : ""}`;
}
