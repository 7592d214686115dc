// SPDX-License-Identifier: LGPL-2.1-or-later
/* The machine: CPU, memory, disk, network. */
import { Chart } from "./chart.js";
import { el, setText } from "./dom.js";
import { UNKNOWN, living, quantity } from "./format.js";

const FRESH_S = 60; // some are sampled as seldom as config says

const CARDS = [
  {
    title: "CPU",
    chart: { unit: "percent", most: 100, series: [{ name: "host.cpu.used_percent", label: "used", color: "c1" }] },
    ahead: (ahead) => ahead.fan("host.cpu.used_percent"),
    figure: (store) => quantity(store.latest("host.cpu.used_percent", FRESH_S), "percent"),
    beside: (store) => {
      const count = store.latest("host.cpu.count", FRESH_S);
      const load = store.latest("host.load.1m", FRESH_S);
      return [count === null ? null : `of ${count} ${count === 1 ? "core" : "cores"}`,
        load === null ? null : `load ${quantity(load)}`].filter(Boolean).join(", ");
    },
  },
  {
    title: "Memory",
    chart: {
      unit: "bytes", most: (store) => store.latest("host.memory.total_bytes", FRESH_S),
      series: [{ name: "host.memory.used_bytes", label: "used", color: "c1" }],
    },
    ahead: (ahead, store) => ahead.fan("host.memory.used_percent", (store.latest("host.memory.total_bytes", FRESH_S) ?? NaN) / 100),
    figure: (store) => living(store.latest("host.memory.used_bytes", FRESH_S), "bytes"),
    beside: (store) => {
      const total = store.latest("host.memory.total_bytes", FRESH_S);
      const share = store.latest("host.memory.used_percent", FRESH_S);
      return [total === null ? null : `of ${quantity(total, "bytes")}`,
        share === null ? null : quantity(share, "percent")].filter(Boolean).join(", ");
    },
  },
  {
    title: "Disk",
    chart: {
      unit: "bytes",
      series: [
        { name: "host.disk.read_bytes", label: "read", color: "c2", rate: true },
        { name: "host.disk.written_bytes", label: "written", color: "c3", rate: true },
      ],
    },
    figure: (store) => {
      const [name] = store.names((series) => series.startsWith("host.disk.used_percent"));
      return name === undefined ? UNKNOWN : quantity(store.latest(name, FRESH_S), "percent");
    },
    beside: (store) => {
      const [name] = store.names((series) => series.startsWith("host.disk.free_bytes"));
      return name === undefined ? "" : `full, ${quantity(store.latest(name, FRESH_S), "bytes")} free`;
    },
  },
  {
    title: "Network",
    chart: {
      unit: "bytes",
      series: [
        { name: "host.network.received_bytes", label: "received", color: "c2", rate: true },
        { name: "host.network.sent_bytes", label: "sent", color: "c3", rate: true },
      ],
    },
    figure: (store) => {
      const both = ["host.network.received_bytes", "host.network.sent_bytes"]
        .map((name) => store.rates(name).findLast((value) => value !== null && value !== undefined));
      return both.includes(undefined) ? UNKNOWN : living(both[0] + both[1], "bytes", true);
    },
    beside: () => "both ways",
  },
];

export class Host {
  #cards;

  constructor(section, view, ahead) {
    this.#cards = CARDS.map((spec) => {
      const { most } = spec.chart;
      const chart = new Chart({
        title: spec.title, ...spec.chart, most: typeof most === "function" ? () => most(view.source) : most,
        ahead: spec.ahead && (() => spec.ahead(ahead, view.source)),
      });
      const figure = el("span", { class: "big" }, UNKNOWN);
      const beside = el("span", { class: "muted" });
      const element = el("article", { class: "card", "aria-label": spec.title },
        el("header", {}, el("h3", {}, spec.title)),
        el("p", { class: "figure" }, figure, " ", beside), chart.element);
      return { spec, chart, figure, beside, element };
    });
    section.append(el("div", { class: "cards" }, ...this.#cards.map(({ element }) => element)));
  }

  update(source) {
    for (const { spec, chart, figure, beside } of this.#cards) {
      setText(figure, spec.figure(source));
      setText(beside, spec.beside(source));
      chart.update(source);
    }
  }
}
