// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds GPU memory, what was done about it, and what devices told: three tables, and the button that asks. */
import { Cleanup, VERDICT_LEVELS } from "./cleanup.js";
import { el, setText } from "./dom.js";
import { UNKNOWN, dayTime, number, quantity, words } from "./format.js";
import { readWorkers } from "./past.js";
import { range } from "./range.js";
import { Table, badge, bytes, right } from "./table.js";

const LIST_MS = 5_000;
const CLEANUPS = 8;
const EVENTS = 8;
const MOST = 50; // of a window
const NO_CLEANUPS = "None yet: nobody was asked to give memory back.";
const NO_WORKERS = "No process has registered as a holder of GPU memory.";
const NO_EVENTS = "Devices told of no errors.";
// longer than any cleanup takes: one without a verdict by then ended with the daemon, or the disk was full
const LONGEST_MS = 120_000;
// of a worker: whether it is heard from
const STATE_LEVELS = { connected: "operational", silent: "degraded", lost: "critical" };

export class Memory {
  #session;
  #cleanup;
  #asked = 0;
  #cleanupsAsked = 0;

  constructor(section, session) {
    this.#session = session;
    this.#cleanup = new Cleanup(session, () => this.#askCleanups().catch(() => {})); // the next routine says what is wrong
    this.workers = new Table("Workers", ["Worker", "State", ">Reserved", ">Idle", ">Out of memory", ">Batches", "Device"],
      NO_WORKERS);
    this.cleanups = new Table("Cleanups", ["Time", "Verdict", ">Freed", ">Taken again", ">Took", "Workers", "Device"],
      NO_CLEANUPS);
    this.events = new Table("Device events", ["Raised", "Device", "What", ">Lasted"], NO_EVENTS);
    this.workers.actions.append(this.#cleanup.button);
    this.element = el("div", { class: "cards tables" }, this.workers.element, this.cleanups.element, this.events.element);
    section.append(this.element, this.#cleanup.dialog);
    range.addEventListener("change", session.every(LIST_MS, () => this.#ask()));
  }

  async #ask() {
    const asked = ++this.#asked;
    const { gpu, worker } = this.#session.client;
    const [{ workers }, { events }] = await Promise.all([worker.list({ limit: 100 }), gpu.events(listed(EVENTS))]);
    const there = workers.filter(({ state }) => state !== "left");
    this.#cleanup.tell(there);
    const shown = range.isFollowing ? there : await readWorkers(this.#session.client, range.bounds[1]);
    if (asked !== this.#asked) return; // another window was chosen meanwhile
    this.#tellWorkers(shown);
    this.events.rename(range.isLive ? "Device events" : `Device events of ${range.listed}`, range.isLive ? NO_EVENTS : `None in ${range.listed}.`);
    this.events.tell(events, (one) => this.#eventCells(one));
    await this.#askCleanups();
  }

  #tellWorkers(workers) {
    this.workers.rename(range.isFollowing ? "Workers" : "Workers at the end of this window", range.isFollowing ? NO_WORKERS : "None was there then.");
    this.workers.tell(workers, (one) => this.#workerCells(one));
    setText(this.workers.note, workers.length > 0 ? this.#sum(workers) : "");
  }

  async #askCleanups() {
    const asked = ++this.#cleanupsAsked;
    const { cleanups } = await this.#session.client.gpu.cleanups(listed(CLEANUPS));
    if (asked !== this.#cleanupsAsked) return;
    this.cleanups.rename(range.isLive ? "Cleanups" : `Cleanups of ${range.listed}`, range.isLive ? NO_CLEANUPS : `None in ${range.listed}.`);
    this.cleanups.tell(cleanups, (one) => this.#cleanupCells(one));
  }

  #sum(workers) {
    const idle = workers.filter(({ state }) => state !== "lost").map(idleBytes).filter((value) => value !== null);
    return idle.length > 0 ? `${quantity(idle.reduce((a, b) => a + b, 0), "bytes")} held idle` : "";
  }

  #workerCells(one) {
    return [
      el("th", { scope: "row" }, one.name, " ", el("span", { class: "muted" }, one.worker ?? "")),
      el("td", {}, badge(one.state ?? UNKNOWN, STATE_LEVELS[one.state])),
      bytes(one.reserved_bytes),
      bytes(idleBytes(one)),
      right(one.ooms === null ? UNKNOWN : number(one.ooms), one.ooms > 0 ? { class: "number problem" } : {}),
      right(one.batches === null ? UNKNOWN : number(one.batches)),
      el("td", {}, one.device ?? UNKNOWN),
    ];
  }

  #cleanupCells(one) {
    const running = Date.now() - one.started_us / 1000 < LONGEST_MS;
    const verdict = one.verdict === null ? badge(running ? "running" : "never ended") : badge(words(one.verdict), VERDICT_LEVELS[one.verdict]);
    const asked = one.workers.map(({ name, verdict: came }) => `${name}: ${came === null ? UNKNOWN : words(came).toLowerCase()}`);
    return [
      el("td", {}, dayTime(one.started_us)),
      el("td", {}, verdict),
      bytes(one.freed_bytes),
      bytes(one.regained_bytes),
      right(quantity(one.took_us, "us")),
      el("td", { class: "wide" }, asked.join(", ") || UNKNOWN),
      el("td", {}, one.device),
    ];
  }

  #eventCells(one) {
    const level = { critical: "critical", warning: "medium" }[one.severity];
    return [
      el("td", {}, dayTime(one.raised_us)),
      el("td", {}, one.device),
      el("td", { class: "wide" }, badge(one.kind, level), " ", one.text),
      right(one.cleared_us === null ? "still so" : quantity(one.cleared_us - one.raised_us, "us")),
    ];
  }
}

/** The newest while live, else those of the window. */
const listed = (few) => (range.isLive ? { limit: few } : { ...range.span(), limit: MOST });

/** What a worker's allocator holds and nothing lives in; null: it does not tell. */
export function idleBytes({ reserved_bytes: reserved, allocated_bytes: allocated }) {
  return reserved === null || allocated === null ? null : Math.max(reserved - allocated, 0);
}
