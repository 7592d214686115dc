// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether it serves, what does not work and why, its points of health, and what the daemon itself costs. */
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, lazy, quantity, span, words } from "./format.js";
import { sayNow } from "./now.js";
import { badge } from "./table.js";

const STATUS_MS = 5_000;
const NOT_BUILT = /not built yet/;
const TO_COME = "to come"; // the page's own state: nothing is wrong with what was never there
// of the score, from where on it is good
const GOOD = 90;
const FAIR = 60;
const HEADLINES = {
  SERVING: ["ok", "Serving"],
  NOT_SERVING: ["critical", "Not serving"],
  UNKNOWN: ["muted", "Not known yet"],
};

const oneDigit = lazy(() => new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }));
const level = (points) => (points >= GOOD ? "low" : points >= FAIR ? "medium" : "critical");
const score = (points) => (points === null ? UNKNOWN : String(Math.round(points)));

export class Health {
  #session;
  #serving = null;
  #status = null;
  #listed = new Map(); // list → what is in it

  constructor(section, session) {
    this.#session = session;
    this.headline = el("p", { class: "headline" }, "…");
    this.since = el("p", { class: "muted" });
    this.score = el("span", { class: "big" }, UNKNOWN);
    this.points = el("p", { class: "figure", hidden: true }, this.score, " ", el("span", { class: "muted" }, "of 100 points of health"));
    this.reasons = el("ul", { class: "reasons" });
    this.costs = el("ul", { class: "reasons" });
    this.others = el("ul", { class: "reasons" });
    this.parts = el("dl", { class: "facts" });
    this.summary = el("summary", {});
    this.more = el("details", {}, this.summary, this.others, this.parts);
    this.facts = {};
    const facts = el("dl", { class: "facts" });
    for (const [key, label] of [["rss", "Memory"], ["cpu", "CPU"], ["file", "Database"], ["written", "Written"], ["stall", "Longest stall"]]) {
      this.facts[key] = el("dd", {}, UNKNOWN);
      facts.append(el("div", {}, el("dt", {}, label), this.facts[key]));
    }
    sayNow(section);
    section.append(el("div", { class: "card health" },
      el("div", {}, this.headline, this.since), this.points, facts, this.reasons, this.costs, this.more));
    session.every(STATUS_MS, () => this.#ask());
    session.addEventListener("state", () => this.#show());
    session.watch(() => session.client.health.watch(), ({ value }) => {
      this.#serving = value.serving;
      this.#show();
    });
  }

  async #ask() {
    this.#status = await this.#session.client.status.get();
    this.#session.tellRoles(this.#status.roles);
    this.#show();
  }

  #show() {
    if (this.#status === null) return;
    const { version, uptime_us: uptimeUs, self, db, components } = this.#status;
    const problems = this.#problems();
    const [state, text] = this.#headline(problems);
    setAttribute(this.headline, "class", `headline ${state}`);
    setText(this.headline, text);
    setText(this.since, `orfeasd ${version}, up ${span(uptimeUs)}`);
    setText(this.facts.rss, quantity(self.rss_bytes, "bytes"));
    setText(this.facts.cpu, quantity(self.cpu_percent, "percent"));
    setText(this.facts.file, quantity(db.size_bytes + db.wal_bytes, "bytes"));
    setText(this.facts.written, quantity(db.written_bytes_per_s, "bytes", true));
    setText(this.facts.stall, quantity(self.loop_stall_us, "us"));
    const working = Object.values(components).flatMap((tier) =>
      Object.entries(tier).filter(([, state]) => state === "operational").map(([name]) => words(name)));
    this.#list(this.reasons, problems.filter(isTrouble), reasonRow);
    const others = problems.filter((one) => !isTrouble(one));
    this.#list(this.others, [...others, ...(working.length > 0 ? [{ state: "operational", who: working, reason: "" }] : [])], reasonRow);
    const idle = others.reduce((sum, { who }) => sum + who.length, 0);
    setText(this.summary, `${working.length} parts work${idle > 0 ? `, ${idle} not in use` : ""}`);
  }

  /** Of predictions.list. */
  tellScore({ score: points, parts, reasons }) {
    this.points.hidden = false;
    setAttribute(this.score, "class", points === null ? "big" : `big ${level(points)}`);
    setText(this.score, score(points));
    this.#list(this.costs, reasons, costRow);
    this.#list(this.parts, parts, ({ part, score: own }) => el("div", {}, el("dt", {}, part), el("dd", {}, score(own))));
  }

  #headline(problems) {
    // what was true when it was last heard may be so no more
    if (this.#session.state.name === "stale") return ["high", "Out of reach"];
    const [state, text] = HEADLINES[this.#serving] ?? HEADLINES.UNKNOWN;
    return state === "ok" && problems.some(isTrouble) ? ["medium", "Serving, with less than it should have"] : [state, text];
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

  /** Rows of a list, made anew only where something changed. */
  #list(list, items, make) {
    const text = JSON.stringify(items);
    if (text === this.#listed.get(list)) return;
    this.#listed.set(list, text);
    list.hidden = items.length === 0;
    list.replaceChildren(...items.map(make));
  }
}

/** Disabled: nobody asked for it, or there is no such device; that is no fault. */
const isTrouble = ({ state }) => ![TO_COME, "disabled"].includes(state);

function reasonRow({ state, reason, who }) {
  return el("li", {}, el("span", { class: `badge ${state.replace(" ", "-")}` }, state),
    el("span", {}, reason ? el("b", {}, who.join(", ")) : who.join(", "), reason ? `: ${reason}` : ""));
}

function costRow({ part, deduction, reason }) {
  return el("li", {}, badge(`−${oneDigit.format(deduction)} ${part}`, level(100 - 3 * deduction)), el("b", {}, reason.replace(`${part}: `, "")));
}
