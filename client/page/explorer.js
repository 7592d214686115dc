// SPDX-License-Identifier: LGPL-2.1-or-later
/* Any series there is: found by a part of its name, pinned to a chart. */
import { Chart } from "./chart.js";
import { el, setAttribute, setText } from "./dom.js";
import { MOST_PINS, Pins } from "./pins.js";

const RESULTS = 50;
const TYPED_MS = 150; // a pause in typing
const HINT = "Type part of a name or of a label. What you pin stays here, in this browser.";

export class Explorer {
  #session;
  #view;
  #ahead;
  #pins = new Pins();
  #charts = new Map(); // series → {chart, element, leaving}
  #asked = 0;
  #timer = null;

  constructor(section, session, view, ahead) {
    this.#session = session;
    this.#view = view;
    this.#ahead = ahead;
    this.input = el("input", {
      id: "search", type: "search", placeholder: "Search metrics", autocomplete: "off", spellcheck: "false",
      "aria-label": "Search metrics", "aria-describedby": "search-hint", "aria-controls": "results",
      oninput: () => this.#typed(), onkeydown: (event) => this.#searchKey(event),
    });
    this.hint = el("p", { id: "search-hint", class: "muted", role: "status" }, HINT);
    this.results = el("ul", {
      id: "results", class: "results", "aria-label": "Metrics found", hidden: true,
      onkeydown: (event) => this.#resultKey(event),
    });
    this.charts = el("div", { class: "cards" });
    section.append(el("div", { class: "card search" }, this.input, this.hint, this.results), this.charts);
    this.#pins.addEventListener("change", () => this.#pinned());
    this.#pinned();
    for (const series of new URLSearchParams(location.search).getAll("series")) this.#visit(series);
  }

  update(source) {
    for (const { chart } of this.#charts.values()) chart.update(source);
  }

  // --- search

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), TYPED_MS);
  }

  async #search() {
    const match = this.input.value.trim();
    const asked = ++this.#asked;
    if (match === "") {
      this.#show([], HINT);
      return;
    }
    try {
      const { series, next_cursor: more } = await this.#session.client.metrics.list({ match, limit: RESULTS });
      if (asked !== this.#asked) return; // a later one was typed
      const count = more === null ? `${series.length}` : `The first ${series.length}`;
      this.#show(series, series.length === 0 ? "Nothing has that in its name. Upper and lower case matter."
        : `${count} found. Up to ${MOST_PINS} can be pinned.`);
    } catch (error) {
      if (asked === this.#asked) this.#show([], `The search failed: ${error.message}`);
    }
  }

  #show(series, hint) {
    setText(this.hint, hint);
    this.results.hidden = series.length === 0;
    const at = this.results.contains(document.activeElement) ? document.activeElement.dataset.series : undefined;
    this.results.replaceChildren(...series.map((item) => el("li", {},
      el("button", {
        type: "button", "aria-pressed": String(this.#pins.has(item.series)), "data-series": item.series,
        title: item.help, onclick: () => this.#pins.toggle(item),
      }, el("span", { class: "name" }, item.series),
      el("span", { class: "muted" }, [item.kind, item.unit, item.active ? null : "retired"].filter(Boolean).join(", "))))));
    if (at === undefined) return;
    const same = [...this.results.querySelectorAll("button")].find(({ dataset }) => dataset.series === at);
    (same ?? this.input).focus(); // an answer that came late takes nobody from where they are
  }

  #searchKey(event) {
    if (event.key === "ArrowDown" && !this.results.hidden) {
      event.preventDefault();
      this.results.querySelector("button").focus();
    } else if (event.key === "Escape" && this.input.value !== "") {
      event.preventDefault();
      this.input.value = "";
      this.#search();
    }
  }

  #resultKey(event) {
    const item = event.target.closest("li");
    const to = { ArrowDown: item?.nextElementSibling, ArrowUp: item?.previousElementSibling }[event.key];
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (to) to.querySelector("button").focus();
    else if (event.key === "ArrowUp") this.input.focus();
  }

  // --- pins

  /** One that the address names. */
  async #visit(series) {
    try {
      const { series: found } = await this.#session.client.metrics.list({ select: series, limit: 1 });
      for (const { kind, unit } of found) this.#pins.show({ series, kind, unit });
    } catch (error) {
      setText(this.hint, `${series} cannot be shown: ${error.message}`);
    }
  }

  #pinned() {
    for (const button of this.results.querySelectorAll("button"))
      setAttribute(button, "aria-pressed", String(this.#pins.has(button.dataset.series)));
    for (const [series, { chart, element, leaving }] of this.#charts)
      if (!this.#pins.has(series)) {
        leaving.abort();
        chart.remove();
        element.remove();
        this.#charts.delete(series);
      }
    for (const pin of this.#pins.all) if (!this.#charts.has(pin.series)) this.#add(pin);
  }

  #add(pin) {
    const { series, kind, unit } = pin;
    const leaving = new AbortController();
    const rate = kind === "counter";
    const unpin = el("button", {
      class: "quiet", type: "button", "aria-label": `Unpin ${series}`, onclick: () => {
        this.#pins.toggle(pin);
        this.input.focus(); // the button is gone with its card
      },
    }, "Unpin");
    const chart = new Chart({
      title: series, unit, actions: [unpin], more: { series },
      series: [{ name: series, label: rate ? "per second" : "value", color: "c1", rate }],
      ahead: rate ? undefined : () => this.#ahead.fan(series),
    });
    const element = el("article", { class: "card", "aria-label": series },
      el("header", {}, el("h3", { class: "series" }, series)), chart.element);
    this.charts.append(element);
    this.#charts.set(series, { chart, element, leaving });
    this.#view.feed(series, leaving.signal); // a canonical text is a selector of itself
    if (this.#view.isThere && !this.#view.source.isEmpty) chart.update(this.#view.source);
  }
}
