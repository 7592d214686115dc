// SPDX-License-Identifier: LGPL-2.1-or-later
/* What devices and cache were like while a span ran: {devices: {ID: {start, end}}, cache: {start, end}}, end left out: as start. */
import { el } from "./dom.js";
import { UNKNOWN, quantity, words } from "./format.js";

const HIGH = ["high", "critical"];
const FACTS = [
  ["used_bytes", "Memory used", "bytes"], ["pressure_level", "Pressure", null], ["fragmentation_percent", "Fragmentation", "percent"],
  ["utilization_percent", "Utilization", "percent"], ["hit_rate_percent", "Hits", "percent"],
];

const sides = ({ start = null, end = null }) => [start, end ?? start];

/** null, or of the device that gained or lost most: "+3 GiB". */
export function growth(gpu) {
  const changes = Object.values(gpu?.devices ?? {}).map(sides)
    .filter(([start, end]) => Number.isFinite(start?.used_bytes) && Number.isFinite(end?.used_bytes))
    .map(([start, end]) => end.used_bytes - start.used_bytes);
  const [most = 0] = changes.sort((a, b) => Math.abs(b) - Math.abs(a));
  return most === 0 ? null : `${most > 0 ? "+" : "−"}${quantity(Math.abs(most), "bytes")}`;
}

/** null, or the worst that any device was under, where that is one to be told of. */
export function pressure(gpu) {
  const levels = Object.values(gpu?.devices ?? {}).flatMap(sides).map((side) => side?.pressure_level);
  return HIGH.findLast((level) => levels.includes(level)) ?? null;
}

/** A table of each device, and of the cache. */
export function tables(gpu) {
  const { devices = {}, cache } = gpu ?? {};
  return [...Object.entries(devices), ...(cache ? [["Cache", cache]] : [])].map(([name, state]) => table(name, sides(state)));
}

function table(name, [start, end]) {
  const told = FACTS.filter(([key]) => (start?.[key] ?? end?.[key] ?? null) !== null);
  return el("table", { "aria-label": `${name} at its start and end` },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, name), ...["at its start", "at its end"].map((text) => el("th", { scope: "col", class: "number" }, text)))),
    el("tbody", {}, ...told.map(([key, label, unit]) => el("tr", {}, el("th", { scope: "row" }, label),
      ...[start, end].map((side) => el("td", { class: "number" }, measure(side?.[key], unit)))))));
}

function measure(value, unit) {
  if (value === null || value === undefined) return UNKNOWN;
  return unit === null ? words(String(value)) : quantity(value, unit);
}
