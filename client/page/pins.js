// SPDX-License-Identifier: LGPL-2.1-or-later
/* Series that were chosen to be charted: kept in this browser, in the order they were chosen. */
import { recall, remember } from "./remember.js";

const KEY = "pins";
export const MOST_PINS = 12; // a stream each

export class Pins extends EventTarget {
  #series = load(); // {series, kind, unit}

  get all() {
    return this.#series;
  }

  has(name) {
    return this.#series.some(({ series }) => series === name);
  }

  /** For now: of a link, which takes nobody's own away. */
  show(pin) {
    if (this.has(pin.series) || this.#series.length >= MOST_PINS) return;
    this.#series = [...this.#series, { ...pin, isGuest: true }];
    this.dispatchEvent(new Event("change"));
  }

  toggle({ series, kind, unit }) {
    if (this.has(series)) this.#series = this.#series.filter((pin) => pin.series !== series);
    else if (this.#series.length < MOST_PINS) this.#series = [...this.#series, { series, kind, unit }];
    remember(KEY, JSON.stringify(this.#series.filter(({ isGuest }) => !isGuest)));
    this.dispatchEvent(new Event("change"));
  }
}

function load() {
  try {
    const pins = JSON.parse(recall(KEY) ?? "[]");
    return pins.filter(({ series }) => typeof series === "string").slice(0, MOST_PINS);
  } catch {
    return []; // written by another release, or by hand
  }
}
