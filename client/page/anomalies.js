// SPDX-License-Identifier: LGPL-2.1-or-later
/* What was out of the ordinary: a table, marks on the charts, and what each was worth. */
import { el, setAttribute, setText } from "./dom.js";
import { dayTime, number, quantity } from "./format.js";
import { marks } from "./marks.js";
import { Question, VERDICTS, choice, given, noteField } from "./question.js";
import { range } from "./range.js";
import { Table, badge, right } from "./table.js";

// verdicts of others come without a beginning or an end that would be told
const LIST_MS = 15_000;
const MOST = 50;
const DAY_S = 86_400;
const LEVELS = { critical: "critical", warning: "medium", info: "" };
const REFUSED = "Your token may look, but not say what an anomaly was worth: that takes the role operate.";

export class Anomalies {
  #session;
  #anomalies = new Map(); // id → AnomalyInfo, newest first
  #known = false;
  #more = false; // there are others than those
  #asked = 0;

  constructor(section, session) {
    this.#session = session;
    this.summary = el("p", { class: "headline", role: "status" }, "…");
    this.note = el("p", { class: "muted" });
    this.table = new Table("Anomalies of the last day", ["Began", ">Lasted", "Severity", "Kind", ">Score", "What", "Verdict"],
      "None: all series are as they usually are.");
    this.verdict = new Verdict((id, params) => this.#judge(id, params));
    section.append(el("div", { class: "card" }, this.summary, this.note), el("div", { class: "cards tables" }, this.table.element),
      this.verdict.dialog);
    range.addEventListener("change", session.every(LIST_MS, () => this.#ask()));
    session.addEventListener("state", () => this.#show());
    session.addEventListener("roles", () => this.#show());
    session.watch(() => session.client.anomalies.watch(), ({ value, dropped }) => {
      if (!range.isFollowing) return; // it is of now
      this.#anomalies = new Map([[value.id, value], ...[...this.#anomalies].filter(([id]) => id !== value.id)]);
      this.#show();
      if (dropped > 0) this.#ask().catch(() => {}); // the next routine says what is wrong
    });
  }

  async #ask() {
    const asked = ++this.#asked;
    const { anomalies, next_cursor: next } = await this.#session.client.anomalies.list({
      ...range.span(DAY_S), limit: MOST });
    if (asked !== this.#asked) return; // another window was chosen meanwhile
    this.#anomalies = new Map(anomalies.map((one) => [one.id, one]));
    this.#more = next !== null;
    this.#known = true;
    this.#show();
  }

  #show() {
    const { mayOperate, state } = this.#session;
    const isStale = state.name === "stale";
    const all = [...this.#anomalies.values()].sort((a, b) => b.started_us - a.started_us);
    marks.tell("anomalies", all.filter(({ severity }) => severity !== "info").map(toMark));
    if (!this.#known) return;
    const open = all.filter((one) => one.ended_us === null && one.severity !== "info");
    this.table.rename(`Anomalies of ${range.listed}`);
    setText(this.summary, describe(all, open, this.#more));
    setAttribute(this.summary, "class", `headline ${open.length > 0 && !isStale ? LEVELS[worst(open)] : ""}`.trimEnd());
    setText(this.note, isStale ? "Not connected: this is how it was." : mayOperate ? "" : REFUSED);
    const disabled = isStale || !mayOperate;
    this.table.tell(all.map((one) => ({ ...one, disabled })), (one) => this.#cells(one));
  }

  #cells(one) {
    const button = el("button", {
      type: "button", class: "quiet", disabled: one.disabled, "data-key": one.id, "aria-label": `Say what ${one.id} was worth`,
      onclick: () => this.verdict.open(one),
    }, one.verdict ?? "Judge…");
    return [
      el("td", {}, dayTime(one.started_us)),
      right(one.ended_us === null ? "goes on" : quantity(one.ended_us - one.started_us, "us")),
      el("td", {}, badge(one.severity, LEVELS[one.severity])),
      el("td", {}, one.kind),
      right(number(one.score)),
      el("th", { scope: "row", class: "wide" }, one.text, one.note === null ? null : el("span", { class: "muted" }, ` ${one.note}`)),
      el("td", {}, button),
    ];
  }

  /** null, or why it was not done. */
  async #judge(id, params) {
    try {
      await this.#session.client.anomalies.feedback({ id, ...params });
      await this.#ask();
      return null;
    } catch (error) {
      return error.status === "PERMISSION_DENIED" ? REFUSED : error.message;
    }
  }
}

class Verdict extends Question {
  constructor(act) {
    const verdict = choice(VERDICTS.filter(([value]) => value !== ""));
    const note = noteField();
    super("verdict-title", "What was it worth?", "Say so", el("label", {}, "Verdict ", verdict), el("label", {}, "Note ", note));
    this.verdict = verdict;
    this.note = note;
    this.run = () => act(this.id, { verdict: verdict.value, ...given(note) });
  }

  open(anomaly) {
    this.id = anomaly.id;
    this.verdict.value = anomaly.verdict ?? "useful";
    this.note.value = anomaly.note ?? "";
    this.show(`${anomaly.text}. Of what is known, or noise, the like is kept, but nobody is told of it.`);
  }
}

function toMark({ started_us: from, ended_us: to, severity, text, series, related }) {
  return { from: from / 1e6, to: to === null ? Infinity : to / 1e6, level: LEVELS[severity], text, series: new Set([series, ...related]) };
}

const worst = (open) => (open.some(({ severity }) => severity === "critical") ? "critical" : "warning");

function describe(all, open, more) {
  const told = all.filter(({ severity }) => severity !== "info").length;
  if (told === 0) return `Nothing out of the ordinary in ${range.listed}`;
  const many = `${more ? "More than " : ""}${told} anomal${told === 1 ? "y" : "ies"} in ${range.listed}`;
  return open.length === 0 ? `${many}, all over` : `${many}, ${open.length} of them now`;
}
