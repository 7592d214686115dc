// SPDX-License-Identifier: LGPL-2.1-or-later
/* How often the cache knew the answer, of which names, what that saved, and how its nodes are. */
import { Chart } from "./chart.js";
import { sum } from "./columns.js";
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, number, quantity, words } from "./format.js";
import { sayNow } from "./now.js";
import { range } from "./range.js";
import { whileSeen } from "./sight.js";
import { Table, badge, bar, bytes, right } from "./table.js";

const LIST_MS = 5_000;
const MOST = 20; // namespaces
const NODE_LEVELS = { up: "operational", connecting: "degraded", down: "critical" };

const QUESTIONS = [
  ...["cache.hits", "cache.misses"].map((select) => ({ select, aggregate: "rate", by: [] })),
  { select: "cache.bytes" },
];
const CHARTS = [
  { title: "Cache look-ups", series: [["hits", "c2"], ["misses", "c5"]].map(([label, color]) =>
    ({ label, color, rate: true, read: (grid) => grid.values(`cache.${label}`) })) },
  { title: "Cache memory", unit: "bytes", series: [{ label: "used", color: "c1",
    read: (grid) => sum(grid.names((name) => name.startsWith("cache.bytes")).map((name) => grid.values(name))) }] },
];

export class Cache {
  #session;
  #view;
  #known = false;
  #asked = 0;

  constructor(section, session, view) {
    this.#session = session;
    this.#view = view;
    this.rate = el("span", { class: "big" }, UNKNOWN);
    this.about = el("span", { class: "muted" });
    this.used = el("i", { class: "used" });
    this.facts = el("dl", { class: "facts" });
    this.note = el("p", { class: "muted", role: "status" });
    this.names = new Table("By namespace", ["Namespace", ">Hit rate", ">Hits", ">Misses", ">Entries", ">Memory", ">Dropped for room"],
      "Nobody has asked for a key yet.");
    this.nodes = new Table("Redis nodes", ["Node", "State", ">Share of the keys", ">Latency"],
      "No node is configured ([cache] nodes): values live in the daemon alone.");
    for (const { element } of [this.names, this.nodes]) sayNow(element);
    this.charts = CHARTS.map((spec) => new Chart(spec));
    section.append(
      el("div", { class: "card" }, el("p", { class: "figure" }, this.rate, this.about),
        el("div", { class: "usage", "aria-hidden": "true" }, this.used), this.facts, this.note),
      el("div", { class: "cards" }, ...this.charts.map((chart) => el("article", { class: "card" }, chart.element))),
      el("div", { class: "cards tables" }, this.names.element, this.nodes.element));
    range.addEventListener("change", whileSeen(section, session, LIST_MS, () => this.#ask()));
    session.addEventListener("state", () =>
      setText(this.note, session.state.name === "stale" && this.#known ? "Not connected: this is how it was." : ""));
  }

  async #ask() {
    const asked = ++this.#asked;
    const [stats, grid] = await Promise.all([this.#session.client.cache.stats(), this.#view.ask(QUESTIONS)]);
    if (asked !== this.#asked) return; // another window was chosen meanwhile
    for (const chart of this.charts) chart.update(grid);
    this.#known = true;
    this.#tellWhole(stats);
    this.names.tell([...stats.namespaces].sort(compare).slice(0, MOST), nameCells);
    this.nodes.tell(stats.l2.nodes, nodeCells);
  }

  #tellWhole({ hit_rate_percent: rate, hits, misses, l1, saved_us: saved, saved_cost: cost }) {
    setText(this.rate, quantity(rate, "percent"));
    setText(this.about, hits + misses === 0 ? "of nothing asked yet" : `of ${number(hits + misses)} look-ups since the daemon began hit`);
    this.used.style.width = l1.budget_bytes > 0 ? `${Math.min(100, (100 * l1.used_bytes) / l1.budget_bytes)}%` : "0";
    const facts = [
      ["Memory", `${quantity(l1.used_bytes, "bytes")} of ${quantity(l1.budget_bytes, "bytes")}`],
      ["Entries", number(l1.entries)],
      ["Dropped for room", number(l1.evictions)],
      ["Over", number(l1.expirations)],
      ["Being made", number(l1.leases)],
      ["Saved", saved === null ? UNKNOWN : quantity(saved, "us")],
      ...(cost === null ? [] : [["Saved in money", number(cost)]]),
    ];
    this.facts.replaceChildren(...facts.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))));
    setAttribute(this.rate, "class", saved !== null && saved < 0 ? "big medium" : "big");
  }
}

const asked = ({ hits, misses }) => hits + misses;

/** What is asked for most first. */
function compare(a, b) {
  return asked(b) - asked(a) || (a.name < b.name ? -1 : 1);
}

function nameCells(one) {
  const title = { "": "keys without one", "*": "all others" }[one.name];
  return [
    el("th", { scope: "row", class: title === undefined ? "wide" : "wide muted" }, title ?? one.name),
    bar(quantity(one.hit_rate_percent, "percent"), (one.hit_rate_percent ?? 0) / 100),
    right(number(one.hits)), right(number(one.misses)), right(number(one.entries)), bytes(one.used_bytes), right(number(one.evictions)),
  ];
}

function nodeCells({ name, state, share_percent: share, latency_us: latency }) {
  return [
    el("th", { scope: "row", class: "wide" }, name),
    el("td", {}, badge(words(state), NODE_LEVELS[state])),
    bar(quantity(share, "percent"), (share ?? 0) / 100),
    right(quantity(latency, "us")),
  ];
}
