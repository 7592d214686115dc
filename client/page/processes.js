// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds GPU memory by what drivers say, which memory nobody holds any more, who leaks, and what to do about it. */
import { el } from "./dom.js";
import { UNKNOWN, dayTime, quantity } from "./format.js";
import { sayNow } from "./now.js";
import { range } from "./range.js";
import { whileSeen } from "./sight.js";
import { Table, badge, bar, bytes, right } from "./table.js";

const LIST_MS = 10_000;
const MOST = 30;
const LEVELS = { critical: "critical", warning: "medium", info: "low" };

export class Processes {
  #session;
  #asked = 0;

  constructor(section, session) {
    this.#session = session;
    this.processes = new Table("Processes", ["Process", ">PID", "Device", ">Memory", ">Share of it"], "No driver tells of a process on a device.");
    this.orphans = new Table("Memory that nobody holds", ["Device", "What", ">Memory", "Since", "Held last by"], "");
    this.leaks = new Table("Leaks", ["Who", "Device", ">Grows by", ">Sure", "Since", "Began with"], "Nobody's memory grows without end.");
    this.advice = new Table("What to do", ["What", "Why", "Command"], "Nothing that GPU memory calls for.");
    this.orphans.element.hidden = true;
    for (const { element } of [this.processes, this.orphans, this.leaks]) sayNow(element);
    section.append(el("div", { class: "cards tables" }, this.processes.element, this.orphans.element, this.leaks.element, this.advice.element));
    range.addEventListener("change", whileSeen(section, session, LIST_MS, () => this.#ask()));
  }

  async #ask() {
    const asked = ++this.#asked;
    const { gpu } = this.#session.client;
    const [{ devices }, { orphans }, { suspects }, { recommendations }] =
      await Promise.all([gpu.list(), gpu.orphans(), gpu.leaks({ limit: MOST }), gpu.report(range.isLive ? {} : range.span())]);
    if (asked !== this.#asked) return; // another window was chosen meanwhile
    const rows = devices.flatMap(({ device, total_bytes: total, processes }) => processes.map((one) => ({ ...one, device, total })));
    this.processes.tell(rows.sort((a, b) => (b.used_bytes ?? 0) - (a.used_bytes ?? 0)).slice(0, MOST), processCells);
    this.orphans.element.hidden = orphans.length === 0;
    this.orphans.tell(orphans.slice(0, MOST), orphanCells);
    this.leaks.tell(suspects, leakCells);
    this.advice.tell(recommendations, adviceCells);
  }
}

function processCells({ name, pid, device, total, used_bytes: used }) {
  const share = used === null || !total ? null : used / total;
  return [
    el("th", { scope: "row", class: "wide" }, name ?? UNKNOWN), right(String(pid)), el("td", {}, device), bytes(used),
    bar(quantity(share === null ? null : 100 * share, "percent"), share ?? 0),
  ];
}

function orphanCells({ device, kind, used_bytes: used, since_us: since, last_name: name, last_pid: pid }) {
  return [
    el("th", { scope: "row" }, device), el("td", {}, kind === "ended" ? "of a process that ended" : "of no process"), bytes(used),
    el("td", {}, dayTime(since)), el("td", {}, pid === null ? UNKNOWN : `${name ?? UNKNOWN} ${pid}`),
  ];
}

function leakCells(one) {
  return [
    el("th", { scope: "row", class: "wide" }, one.worker ?? `${one.process ?? UNKNOWN} ${one.pid}`), el("td", {}, one.device),
    right(quantity(one.slope_bytes_per_s, "bytes", true)), right(quantity(100 * one.confidence, "percent")),
    el("td", {}, dayTime(one.since_us)), el("td", { class: "wide" }, one.suspected_trigger ?? UNKNOWN),
  ];
}

/** A row of advice: of GPU memory, or of forecasts. */
export function adviceCells({ severity, title, evidence, action }) {
  return [
    el("th", { scope: "row", class: "wide" }, badge(severity, LEVELS[severity]), " ", title),
    el("td", { class: "wide" }, evidence),
    el("td", {}, el("code", {}, action)),
  ];
}
