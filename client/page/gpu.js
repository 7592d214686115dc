// SPDX-License-Identifier: LGPL-2.1-or-later
/* A card for each device: how full it is, under which pressure, and how that was over the window. */
import { describeSpan, isTrusted } from "./ahead.js";
import { Chart } from "./chart.js";
import { el, setText } from "./dom.js";
import { UNKNOWN, living, quantity } from "./format.js";
import { GPU_FACTS } from "./names.js";
import { range } from "./range.js";

const LIST_MS = 5_000;
// Samples come each second, or as slowly as config says; a probe that hangs is killed after five.
const OLD_US = 15_000_000;
const LEVELS = ["low", "medium", "high", "critical"];

const FRESH_S = 60; // of what does not change
const TOTAL = "gpu.memory.total_bytes";
const LABEL = /^\{device="((?:[^"\\]|\\.)*)"\}$/;

const of = (name, device) => `${name}{device="${device.replace(/[\\"]/g, "\\$&")}"}`;

/** The devices that have samples of their memory. */
function devicesOf(source) {
  return source.names((name) => name.startsWith(`${TOTAL}{`))
    .map((name) => LABEL.exec(name.slice(TOTAL.length))?.[1].replace(/\\(.)/g, "$1"))
    .filter((device) => device !== undefined);
}

export class Gpu {
  #session;
  #view;
  #store;
  #ahead;
  #cards = new Map(); // device → card
  #listed = null; // device → what gpu.list says of it; null: it was not asked yet

  /** instead: the section that comes before this one where there is no device. */
  constructor(section, session, store, view, ahead, instead) {
    this.section = section;
    this.instead = instead;
    this.#session = session;
    this.#view = view;
    this.#store = store;
    this.#ahead = ahead;
    this.nothing = el("div", { class: "card nothing-here", hidden: true });
    this.noneThen = el("p", { class: "card muted", hidden: true }, "No device was recorded in this window.");
    this.cards = el("div", { class: "cards devices" });
    section.append(this.nothing, this.noneThen, this.cards);
    session.every(LIST_MS, () => this.#ask());
  }

  update(source) {
    const devices = this.#devices(source);
    this.#ensureCards(devices);
    this.noneThen.hidden = range.isFollowing || devices.length > 0 || !this.nothing.hidden;
    for (const card of this.#cards.values()) card.update(source);
  }

  /** Of a window those that were there then; before the list is there, those that the samples name. */
  #devices(source) {
    return range.isFollowing && this.#listed !== null ? [...this.#listed.keys()] : devicesOf(source);
  }

  #ensureCards(devices) {
    const present = new Set(devices);
    for (const [device, card] of this.#cards)
      if (!present.has(device)) {
        card.remove();
        this.#cards.delete(device);
      }
    for (const device of devices) {
      if (this.#cards.has(device)) continue;
      const card = new Card(device, this.#ahead);
      if (this.#listed?.has(device)) card.tell(this.#listed.get(device), this.#store);
      this.#cards.set(device, card);
      this.cards.append(card.element);
    }
  }

  async #ask() {
    const { devices } = await this.#session.client.gpu.list();
    this.#listed = new Map(devices.map((one) => [one.device, one]));
    for (const [device, card] of this.#cards) if (this.#listed.has(device)) card.tell(this.#listed.get(device), this.#store);
    this.nothing.hidden = devices.length > 0;
    if (devices.length === 0) await this.#tellNothing();
    if (this.#view.isThere) this.update(this.#view.source);
  }

  async #tellNothing() {
    if (this.section.previousElementSibling !== this.instead) this.section.before(this.instead);
    const { sources } = await this.#session.client.status.get();
    const probes = sources.filter(({ kind }) => kind === "probe");
    const reasons = probes.map(({ source, state, reason }) =>
      el("li", {}, el("b", {}, source), `: ${reason ?? (state === "operational" ? "sees no device" : state)}`));
    this.nothing.replaceChildren(
      el("p", { class: "headline" }, "No GPU"),
      el("p", { class: "muted" }, probes.length > 0
        ? "No device is being watched. Host and metrics are recorded all the same."
        : "No GPU backend is configured: [gpu] backends names none."),
      el("ul", {}, ...reasons));
  }
}

class Card {
  #ahead;
  #device;
  #total = null;

  constructor(device, ahead) {
    this.#device = device;
    this.#ahead = ahead;
    this.used = el("span", { class: "big" }, UNKNOWN);
    this.total = el("span", { class: "muted" });
    this.level = el("span", { class: "badge" });
    this.level.hidden = true;
    this.old = el("p", { class: "old", hidden: true }, "No new samples: these values are old.");
    this.facts = GPU_FACTS.map(([metric, label, unit]) => {
      const value = el("dd", {}, UNKNOWN);
      const row = el("div", { hidden: true }, el("dt", {}, label), value);
      return { metric, unit, value, row };
    });
    this.chart = new Chart({
      title: `Memory of ${device}`,
      unit: "bytes",
      series: [
        { name: of("gpu.memory.used_bytes", device), label: "used", color: "c1" },
        { name: of("gpu.memory.reserved_bytes", device), label: "reserved", color: "c2" },
        { name: of("gpu.memory.allocated_bytes", device), label: "allocated", color: "c4" },
      ],
      most: () => this.#total,
      level: of("gpu.pressure", device),
      ahead: () => ahead.fan(of("gpu.memory.used_percent", device), (this.#total ?? NaN) / 100),
    });
    this.shares = new Chart({
      title: `Load of ${device}`,
      unit: "percent",
      most: 100,
      series: [
        { name: of("gpu.utilization_percent", device), label: "computing", color: "c3" },
        { name: of("gpu.memory.fragmentation_percent", device), label: "fragmentation", color: "c4" },
      ],
    });
    this.left = el("dd", {}, UNKNOWN);
    this.limit = el("dt", {});
    this.until = el("div", { hidden: true }, this.limit, this.left);
    this.name = el("h3", {}, device);
    this.about = el("p", { class: "muted" }, "…");
    this.element = el("article", { class: "card", "aria-label": `GPU ${device}` },
      el("header", {}, this.name, this.level),
      this.about,
      el("p", { class: "figure" }, this.used, " ", this.total),
      this.old,
      this.chart.element,
      el("dl", { class: "facts" }, ...this.facts.map(({ row }) => row), this.until),
      this.shares.element);
  }

  /** Of gpu.list. */
  tell({ name, vendor, backend, total_bytes: total, sampled_us: sampledUs }, store) {
    setText(this.name, name ?? this.#device);
    setText(this.about, [name === this.#device ? null : this.#device, vendor === backend ? null : vendor, backend].filter(Boolean).join(" · "));
    this.#total = total;
    this.old.hidden = sampledUs === null || store.isEmpty || store.head * 1e6 - sampledUs < OLD_US;
  }

  update(source) {
    this.#total ??= source.latest(of(TOTAL, this.#device), FRESH_S);
    const used = source.latest(of("gpu.memory.used_bytes", this.#device));
    setText(this.used, living(used, "bytes"));
    const share = used !== null && this.#total ? `, ${quantity((100 * used) / this.#total, "percent")}` : "";
    setText(this.total, this.#total ? `of ${quantity(this.#total, "bytes")}${share}` : "");
    const level = LEVELS[source.latest(of("gpu.pressure", this.#device))];
    this.level.hidden = level === undefined;
    this.level.className = `badge ${level}`;
    setText(this.level, `${level} pressure`);
    for (const { metric, unit, value, row } of this.facts) {
      const name = of(metric, this.#device);
      row.hidden = !source.has(name); // what a backend cannot know takes no room
      setText(value, quantity(source.latest(name), unit));
    }
    this.chart.update(source);
    this.shares.update(source);
    this.#tellArrival();
  }

  /** How long memory lasts, where something is expected of it. */
  #tellArrival() {
    const fan = range.isFollowing ? this.#ahead.fan(of("gpu.memory.used_percent", this.#device)) : null;
    this.until.hidden = fan === null || fan.threshold === null;
    if (this.until.hidden) return;
    setText(this.limit, `Until ${quantity(fan.threshold, "percent")} full`);
    setText(this.left, isTrusted(fan.first) ? describeSpan(fan.first.time_to_threshold_us).replace(/^in /, "") : "not in sight");
  }

  remove() {
    this.chart.remove();
    this.shares.remove();
    this.element.remove();
  }
}
