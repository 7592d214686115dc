// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether it serves, what does not work and why, and what the daemon itself costs. */
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, quantity, span, words } from "./format.js";

const STATUS_MS = 5_000;
const NOT_BUILT = /not built yet/;
const TO_COME = "to come"; // the page's own state: nothing is wrong with what was never there
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
    session.addEventListener("state", () => this.#show());
    session.watch(() => session.client.health.watch(), ({ value }) => {
      this.#serving = value.serving;
      this.#show();
    });
  }

  update() {}

  async #ask() {
    this.#status = await this.#session.client.status.get();
    this.#session.tellRoles(this.#status.roles);
    this.#show();
  }

  #show() {
    if (this.#status === null) return;
    const { version, uptime_us: uptimeUs, self, db, components } = this.#status;
    const problems = this.#problems();
    const [level, text] = this.#headline(problems);
    setAttribute(this.headline, "class", `headline ${level}`);
    setText(this.headline, text);
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

  #headline(problems) {
    // what was true when it was last heard may be so no more
    if (this.#session.state.name === "stale") return ["high", "Out of reach"];
    const [level, text] = HEADLINES[this.#serving] ?? HEADLINES.UNKNOWN;
    // disabled: nobody asked for it, or there is no such device; that is no fault
    const troubled = level === "ok" && problems.some(({ state }) => ![TO_COME, "disabled"].includes(state));
    return troubled ? ["medium", "Serving, with less than it should have"] : [level, text];
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
      const shown = NOT_BUILT.test(reason) ? TO_COME : state;
      const key = shown === TO_COME ? shown : `${shown}\n${reason}`;
      if (!groups.has(key)) groups.set(key, { state: shown, reason: shown === TO_COME ? "" : reason, who: [] });
      // "gpu.cleanup is not built yet": of a part that works the part of it says more
      groups.get(key).who.push(shown === TO_COME && state !== "unavailable" ? `${who} (${reason})` : who);
    }
    const order = ["unavailable", "degraded", "disabled", TO_COME];
    return [...groups.values()].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  }

  #list(groups) {
    const text = JSON.stringify(groups);
    if (text === this.listed) return;
    this.listed = text;
    this.reasons.replaceChildren(...groups.map(({ state, reason, who }) =>
      el("li", {}, el("span", { class: `badge ${state.replace(" ", "-")}` }, state),
        el("span", {}, reason ? el("b", {}, who.join(", ")) : who.join(", "), reason ? `: ${reason}` : ""))));
  }
}
