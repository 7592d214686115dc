// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether it serves, what does not work and why, and what the daemon itself costs. */
import { el, setText } from "./dom.js";
import { UNKNOWN, quantity, span, words } from "./format.js";

const STATUS_MS = 5_000;
const TO_COME = /not built yet/;
const HEADLINES = {
  SERVING: ["ok", "Serving"],
  NOT_SERVING: ["critical", "Not serving"],
  UNKNOWN: ["muted", "Not known yet"],
};

export class Health {
  #session;
  #serving = null;
  #status = null;

  constructor(section, session) {
    this.#session = session;
    this.headline = el("p", { class: "headline" }, "…");
    this.since = el("p", { class: "muted" });
    this.reasons = el("ul", { class: "reasons" });
    this.facts = {};
    const facts = el("dl", { class: "facts" });
    for (const [key, label] of [["rss", "Memory"], ["cpu", "CPU"], ["file", "Database"], ["written", "Written"], ["stall", "Longest stall"]]) {
      this.facts[key] = el("dd", {}, UNKNOWN);
      facts.append(el("div", {}, el("dt", {}, label), this.facts[key]));
    }
    section.append(el("div", { class: "card health" }, el("div", {}, this.headline, this.since), facts, this.reasons));
    session.every(STATUS_MS, () => this.#ask());
    this.#watch();
  }

  update() {}

  async #ask() {
    const status = await this.#session.client.status.get();
    const { serving } = await this.#session.client.health.check();
    this.#status = status;
    this.#serving = serving;
    this.#show();
  }

  async #watch() {
    try {
      for await (const { value } of this.#session.client.health.watch()) {
        this.#serving = value.serving;
        if (this.#status !== null) await this.#ask(); // the reasons change with it
      }
    } catch (error) {
      console.warn(`health.watch: ${error.message}`); // status.get is asked anyway
    }
  }

  #show() {
    const { version, uptime_us: uptimeUs, self, db, components } = this.#status;
    const problems = this.#problems();
    const [level, text] = HEADLINES[this.#serving] ?? HEADLINES.UNKNOWN;
    const troubled = level === "ok" && problems.some(({ state }) => state !== "to come");
    this.headline.className = `headline ${troubled ? "medium" : level}`;
    setText(this.headline, troubled ? "Serving, with less than it should have" : text);
    setText(this.since, `orfeasd ${version}, up ${span(uptimeUs)}`);
    setText(this.facts.rss, quantity(self.rss_bytes, "bytes"));
    setText(this.facts.cpu, quantity(self.cpu_percent, "percent"));
    setText(this.facts.file, quantity(db.size_bytes + db.wal_bytes, "bytes"));
    setText(this.facts.written, quantity(db.written_bytes_per_s, "bytes", true));
    setText(this.facts.stall, quantity(self.loop_stall_us, "us"));
    const working = Object.values(components).flatMap((tier) =>
      Object.entries(tier).filter(([, state]) => state === "operational").map(([name]) => words(name)));
    this.#list([...problems, ...(working.length > 0 ? [{ state: "operational", who: working, reason: "" }] : [])]);
  }

  /** Those of one state and reason together: six lines that say the same say less than one. */
  #problems() {
    const { reasons, sources, db } = this.#status;
    const all = reasons.map(({ component, state, reason }) => ({ who: words(component), state, reason }));
    for (const { source, state, reason } of sources)
      if (state !== "operational") all.push({ who: `Source ${source}`, state, reason: reason ?? "" });
    if (db.disk_full) all.push({ who: "Database", state: "degraded", reason: "the disk is full; writes are refused" });
    if (db.fault !== null) all.push({ who: "Database", state: "degraded", reason: db.fault });
    const groups = new Map();
    for (const { who, state, reason } of all) {
      const shown = TO_COME.test(reason) ? "to come" : state;
      const key = `${shown}\n${reason}`;
      if (!groups.has(key)) groups.set(key, { state: shown, reason, who: [] });
      groups.get(key).who.push(who);
    }
    const order = ["unavailable", "degraded", "disabled", "to come"];
    return [...groups.values()].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  }

  #list(groups) {
    const text = JSON.stringify(groups);
    if (text === this.listed) return;
    this.listed = text;
    this.reasons.replaceChildren(...groups.map(({ state, reason, who }) =>
      el("li", {}, el("span", { class: `badge ${state.replace(" ", "-")}` }, state),
        el("span", {}, el("b", {}, who.join(", ")), reason ? `: ${reason}` : ""))));
  }
}
