// SPDX-License-Identifier: LGPL-2.1-or-later
/* What fires, why, and what to do about it; the buttons that say that somebody has seen it, or keep it quiet. */
import { el, setAttribute, setText } from "./dom.js";
import { dayTime, number, span } from "./format.js";
import { Keep } from "./keep.js";
import { sayNow } from "./now.js";
import { Question, VERDICTS, choice, given, noteField } from "./question.js";
import { badge } from "./table.js";

// silences end, and acknowledgements of others come, without a step of the alert that would be told
const LIST_MS = 5_000;
const MOST_CARDS = 50; // the worst; who has more of them needs the list of rules rather than each
const SEVERITIES = ["critical", "warning", "info"];
export const LEVELS = { critical: "critical", warning: "medium", info: "" };
const STATES = { firing: 0, pending: 1 };
const SPANS = [["1", "1 hour"], ["4", "4 hours"], ["24", "24 hours"]];
export const REFUSED = "Your token may look, but not acknowledge or silence: that takes the role operate.";

/** "change": what fires changed, or a silence of it. */
export class Alerts extends EventTarget {
  #session;
  #store;
  #alerts = new Map(); // id → AlertInfo
  #cards = new Map(); // id → Card
  #known = false; // it was told once what fires
  #asked = 0;

  constructor(section, session, store) {
    super();
    this.#session = session;
    this.#store = store;
    sayNow(section);
    this.summary = el("p", { class: "headline", role: "status" }, "…");
    this.note = el("p", { class: "muted" });
    this.list = el("ul", { class: "alerts", "aria-label": "Alerts", tabindex: "0" }); // it scrolls, also where no button can be pressed
    this.left = el("p", { class: "muted", hidden: true });
    this.acknowledge = new Acknowledge((id, params) => this.act(() => session.client.alerts.acknowledge({ id, ...params })));
    this.silence = new Silence((matchers, us, note) =>
      this.act(() => session.client.alerts.silence({ matchers, until_us: this.#now() + us, ...note })));
    this.keep = new Keep("keep-alert-title", session, () => this.dispatchEvent(new Event("change")));
    section.append(el("div", { class: "card" }, this.summary, this.note, this.list, this.left), this.acknowledge.dialog, this.silence.dialog, this.keep.dialog);
    session.every(LIST_MS, () => this.#ask());
    session.addEventListener("state", () => this.#show());
    session.addEventListener("roles", () => this.#show());
    session.watch(() => session.client.alerts.watch(), ({ value, seq, dropped }) => {
      if (seq === 1) this.#replace(value.alerts);
      else for (const alert of value.alerts) this.#take(alert);
      this.#show();
      if (seq > 1) this.dispatchEvent(new Event("change"));
      if (seq > 1 || dropped > 0) this.#ask().catch(() => {}); // the next routine says what is wrong
    });
  }

  update() {
    for (const [id, card] of this.#cards) card.age(this.#now() - changedUs(this.#alerts.get(id)));
  }

  // --- what there is

  #now() {
    return this.#store.isEmpty ? Date.now() * 1e3 : this.#store.head * 1e6;
  }

  async #ask() {
    const asked = ++this.#asked;
    const { alerts } = await this.#session.client.alerts.active({ limit: 1000 });
    if (asked !== this.#asked) return; // a step that was told meanwhile asked anew
    this.#replace(alerts);
    this.#show();
  }

  #replace(alerts) {
    this.#alerts = new Map(alerts.map((alert) => [alert.id, alert]));
    this.#known = true;
  }

  #take(alert) {
    if (alert.state in STATES) this.#alerts.set(alert.id, alert);
    else this.#alerts.delete(alert.id);
  }

  // --- what is shown

  #show() {
    const stale = this.#session.state.name === "stale";
    const alerts = [...this.#alerts.values()].sort(compare);
    const firing = alerts.filter(({ state }) => state === "firing");
    const pending = alerts.length - firing.length;
    if (this.#known) {
      setText(this.summary, describe(firing, pending));
      setAttribute(this.summary, "class", `headline ${firing.length > 0 && !stale ? LEVELS[firing[0].severity] : ""}`.trimEnd());
    }
    setText(this.note, stale ? "Not connected: this is how it was." : this.#session.mayOperate ? "" : REFUSED);
    const shown = alerts.slice(0, MOST_CARDS);
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, card] of this.#cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    shown.forEach((alert, i) => this.#showCard(alert, i, stale || !this.#session.mayOperate));
    this.left.hidden = alerts.length <= MOST_CARDS;
    setText(this.left, `And ${alerts.length - MOST_CARDS} more: orfeasctl alerts lists them all.`);
  }

  /** A card stays the element it was, so that who is on one of its buttons stays there. */
  #showCard(alert, place, disabled) {
    let card = this.#cards.get(alert.id);
    if (card === undefined) {
      card = new Card(alert.id, [["Acknowledge…", (one) => this.acknowledge.open(one)], ["Silence…", (one) => this.silence.open(one)],
        ["Keep…", (one) => this.keep.openAlert(one, this.#now())]].map(([text, open]) => [text, () => open(this.#alerts.get(alert.id))]));
      this.#cards.set(alert.id, card);
    }
    card.tell(alert, disabled);
    card.age(this.#now() - changedUs(alert));
    if (this.list.children[place] !== card.element) this.list.insertBefore(card.element, this.list.children[place] ?? null);
  }

  // --- what is done

  /** null, or why it was not done. */
  async act(call) {
    try {
      await call();
      await this.#ask();
      this.dispatchEvent(new Event("change"));
      return null;
    } catch (error) {
      return error.status === "PERMISSION_DENIED" ? REFUSED : error.message;
    }
  }
}

/** One alert. */
class Card {
  /** actions: [text, what it does]…: all of them write. */
  constructor(id, actions) {
    this.severity = badge("");
    this.state = badge("");
    this.title = el("h3", { id: `alert-${id}` });
    this.since = el("span", { class: "muted" });
    this.text = el("p", {});
    this.value = el("p", { class: "muted" });
    this.help = el("p", {});
    this.runbook = el("a", { target: "_blank", rel: "noopener noreferrer" }, "Runbook");
    this.held = el("p", { class: "muted" });
    this.buttons = actions.map(([text, onclick]) => el("button", { type: "button", onclick, "aria-describedby": `alert-${id}` }, text));
    this.element = el("li", { "aria-labelledby": `alert-${id}` },
      el("header", {}, this.severity, this.title, this.state, this.since),
      this.text, this.value, this.help, this.held,
      el("div", { class: "buttons" }, this.runbook, ...this.buttons));
  }

  tell(alert, disabled) {
    const { severity, state, rule, summary, value, threshold, labels, help, runbook } = alert;
    setAttribute(this.element, "class", `${severity} ${state}`);
    setAttribute(this.severity, "class", `badge ${LEVELS[severity]}`);
    setText(this.severity, severity);
    setText(this.state, state);
    setText(this.title, rule);
    setText(this.text, summary ?? "It is not sure yet: the condition must hold for longer.");
    setText(this.value, [
      value === null ? "value not known" : `value ${number(value)}`,
      ...(threshold === null ? [] : [`threshold ${number(threshold)}`]),
      ...Object.entries(labels).map(([name, text]) => `${name}=${text}`),
    ].join(" · "));
    setText(this.help, help ?? "");
    this.help.hidden = help === null;
    const link = safeLink(runbook);
    setAttribute(this.runbook, "href", link);
    this.runbook.hidden = link === null;
    const held = describeHolds(alert);
    setText(this.held, held);
    this.held.hidden = held === "";
    for (const button of this.buttons) button.disabled = disabled;
    this.changed = dayTime(changedUs(alert));
  }

  age(us) {
    setText(this.since, `since ${this.changed}, ${span(Math.max(us, 0))}`);
  }
}

class Acknowledge extends Question {
  constructor(act) {
    const verdict = choice(VERDICTS);
    const note = noteField();
    super("acknowledge-title", "Acknowledge", "I have seen it",
      el("label", {}, "What it was worth ", verdict), el("label", {}, "Note ", note));
    this.verdict = verdict;
    this.note = note;
    this.run = () => act(this.id, { ...given(note), ...(verdict.value === "" ? {} : { verdict: verdict.value }) });
  }

  open(alert) {
    this.id = alert.id;
    this.verdict.value = alert.acknowledged?.verdict ?? "";
    this.note.value = alert.acknowledged?.note ?? "";
    this.show(`${alert.rule}: it is told no more. The verdict counts for the record of its rule.`);
  }
}

class Silence extends Question {
  constructor(act) {
    const what = el("select", {});
    const hours = choice(SPANS);
    const note = noteField();
    super("silence-title", "Silence", "Keep it quiet",
      el("label", {}, "What ", what), el("label", {}, "For ", hours), el("label", {}, "Note ", note));
    this.what = what;
    this.hours = hours;
    this.note = note;
    this.run = () => act(what.value, Number(hours.value) * 3_600e6, given(note));
  }

  open({ rule, labels }) {
    const own = matchers({ rule, ...labels });
    const all = matchers({ rule });
    this.what.replaceChildren(el("option", { value: own }, own === all ? "This rule" : "This alert"),
      ...(own === all ? [] : [el("option", { value: all }, "All alerts of this rule")]));
    this.hours.value = SPANS[0][0];
    this.note.value = "";
    this.show(`${rule}: nobody is told until then. It still shows here.`);
  }
}

/** {rule="a",device="b"} */
function matchers(labels) {
  const quote = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  return `{${Object.entries(labels).map(([name, value]) => `${name}=${quote(value)}`).join(",")}}`;
}

/** Firing before pending, most severe first, then oldest. */
function compare(a, b) {
  return STATES[a.state] - STATES[b.state] || SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    a.started_us - b.started_us || (a.id < b.id ? -1 : 1);
}

function describe(firing, pending) {
  const fires = firing.length === 0 ? "Nothing fires" : `${firing.length} alert${firing.length === 1 ? " fires" : "s fire"}`;
  return pending > 0 ? `${fires}, ${pending} pending` : fires;
}

function changedUs({ fired_us: firedUs, started_us: startedUs }) {
  return firedUs ?? startedUs;
}

/** Why nobody is told of it again. */
function describeHolds({ acknowledged, silenced_by: silence, inhibited_by: inhibitor }) {
  const texts = [];
  if (acknowledged !== null) texts.push(`acknowledged by ${describeSeen(acknowledged)}`);
  if (silence !== null) texts.push(`silenced by ${silence}`);
  if (inhibitor !== null) texts.push(`not told because of ${inhibitor}`);
  const text = texts.join(", ");
  return text === "" ? "" : `${text[0].toUpperCase()}${text.slice(1)}.`;
}

export function describeSeen({ author, verdict, note }) {
  return `${author ?? "somebody"}${verdict === null ? "" : ` (${verdict})`}${note ? `: ${note}` : ""}`;
}

/** What a rule links to is text of whoever made the rule: only the web is gone to. */
function safeLink(text) {
  return text !== null && /^https?:\/\//i.test(text) ? text : null;
}
