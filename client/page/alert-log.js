// SPDX-License-Identifier: LGPL-2.1-or-later
/* The alerts that fired in the window, and what is kept quiet now. */
import { LEVELS, describeSeen } from "./alerts.js";
import { el, setText } from "./dom.js";
import { UNKNOWN, dayTime, quantity } from "./format.js";
import { range } from "./range.js";
import { Table, badge, right } from "./table.js";

const LIST_MS = 5_000;
const HISTORY = 50;
const DAY_S = 86_400;

export class AlertLog {
  #session;
  #alerts;
  #asked = 0;

  /** alerts: what fires, by which a silence is ended. */
  constructor(section, session, alerts) {
    this.#session = session;
    this.#alerts = alerts;
    this.history = new Table("Alerts of the last day", ["Fired", ">Lasted", "Severity", "Rule", "What", "Seen by"], "None fired.");
    this.silences = new Table("Silences", ["Until", "What", "By", "Note", "Action"], "Nothing is silenced.");
    section.append(el("div", { class: "cards tables" }, this.history.element, this.silences.element));
    const again = session.every(LIST_MS, () => this.#ask());
    range.addEventListener("change", again);
    alerts.addEventListener("change", again);
    session.addEventListener("roles", again);
  }

  async #ask() {
    const asked = ++this.#asked;
    const { alerts } = this.#session.client;
    const [past, quiet] = await Promise.all([alerts.history({ ...range.span(DAY_S), limit: HISTORY }), alerts.silences({ limit: 100 })]);
    if (asked !== this.#asked) return; // another window was chosen meanwhile, or a silence ended
    this.history.rename(`Alerts of ${range.listed}`);
    this.history.tell(past.alerts, historyCells);
    const { mayOperate } = this.#session;
    this.silences.tell(quiet.silences.map((one) => ({ ...one, mayOperate })), (one) => this.#silenceCells(one));
  }

  #silenceCells(one) {
    const button = el("button", { type: "button", class: "quiet", disabled: !one.mayOperate, onclick: () => this.#end(one.id, button) }, "End");
    button.setAttribute("aria-label", `End the silence of ${one.matchers}`);
    return [
      el("td", {}, dayTime(one.until_us)),
      el("th", { scope: "row", class: "wide" }, el("code", {}, one.matchers)),
      el("td", {}, one.author ?? UNKNOWN),
      el("td", { class: "wide" }, one.note ?? ""),
      el("td", {}, button),
    ];
  }

  async #end(id, button) {
    button.disabled = true;
    const problem = await this.#alerts.act(() => this.#session.client.alerts.unsilence({ id }));
    setText(this.silences.note, problem ?? "");
    if (problem !== null) button.disabled = false;
  }
}

function historyCells(alert) {
  const { severity, rule, summary, fired_us: fired, resolved_us: resolved, acknowledged } = alert;
  return [
    el("td", {}, dayTime(fired)),
    right(resolved === null ? "fires still" : quantity(resolved - fired, "us")),
    el("td", {}, badge(severity, LEVELS[severity])),
    el("th", { scope: "row" }, rule),
    el("td", { class: "wide" }, summary ?? ""),
    el("td", { class: "wide" }, acknowledged === null ? "" : describeSeen(acknowledged)),
  ];
}
