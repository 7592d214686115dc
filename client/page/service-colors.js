// SPDX-License-Identifier: LGPL-2.1-or-later
/* The colour of a service: the same in all lists, waterfalls and maps of this visit. */
import { el } from "./dom.js";

const COLORS = 8; // --c1 … of the style sheet; what is beyond shares one

const colors = new Map();

/** "c1" … */
export function serviceColor(service) {
  if (!colors.has(service)) colors.set(service, `c${(colors.size % COLORS) + 1}`);
  return colors.get(service);
}

/** A name with its colour before it. */
export function serviceName(service) {
  return el("span", { class: "service" }, el("span", { class: `dot ${serviceColor(service)}`, "aria-hidden": "true" }), service);
}
