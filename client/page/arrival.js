// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a link to a chart leads: to the chart, as soon as it is there, since most are made when it is known of what. */
const LINK = /^#chart=(.+)$/;

export class Arrival {
  #title = null; // of the chart that is waited for

  constructor() {
    addEventListener("hashchange", () => this.#read());
    this.#read();
  }

  /** After each drawing. */
  update() {
    if (this.#title === null) return;
    const plot = document.querySelector(`[data-chart="${CSS.escape(this.#title)}"] .plot`);
    if (!plot?.querySelector("canvas")) return;
    this.#title = null;
    plot.scrollIntoView({ block: "center" });
    plot.focus({ preventScroll: true });
  }

  #read() {
    const match = LINK.exec(location.hash);
    try {
      this.#title = match === null ? null : decodeURIComponent(match[1]);
    } catch {
      this.#title = null; // typed by hand
    }
    this.update();
  }
}
