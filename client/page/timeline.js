// SPDX-License-Identifier: LGPL-2.1-or-later
/* All that happened over the charts' window, a lane for each kind; what is clicked says what else was then. */
import { el, setAttribute, setText } from "./dom.js";
import { instant, tick } from "./format.js";
import { KINDS, readHappened } from "./happened.js";
import { Keep } from "./keep.js";
import { marks } from "./marks.js";
import { linkToMoment } from "./moment-link.js";
import { Postmortem } from "./postmortem.js";
import { Question, choice } from "./question.js";
import { range } from "./range.js";

const LIST_MS = 5_000;
const NEAR_PERCENT = 1; // closer ones are one
const TRACKS = 4; // of a lane, at most
const TRACK_PX = 16;
const LANE_PX = 22; // of one track
const TICKS = 4;
const MARK_KINDS = [["deploy", "A deploy"], ["note", "A note"]];

export class Timeline {
  #session;
  #rows = [];
  #asked = 0;
  #shown = ""; // what is drawn
  #window = [0, 1];

  constructor(section, session) {
    this.#session = session;
    this.note = el("p", { class: "muted", role: "status" });
    this.lanes = KINDS.map(({ kind, title }) => {
      const list = el("ul", { class: "lane", "aria-label": title, "data-kind": kind });
      return { kind, list, row: el("div", { class: "row" }, el("span", { class: "muted", "aria-hidden": "true" }, title), list) };
    });
    this.axis = el("div", { class: "lane ticks", "aria-hidden": "true" });
    this.mark = new Mark((params) => this.#mark(params));
    this.keep = new Keep("keep-title", session, () => this.again());
    this.postmortem = new Postmortem(session);
    const button = (text, onclick) => el("button", { type: "button", class: "quiet", onclick }, text);
    this.writing = [button("Mark…", () => this.mark.open()), button("Keep…", () => this.keep.open(range.bounds))];
    const buttons = el("span", { class: "actions" }, button("Post-mortem…", () => this.postmortem.open()), ...this.writing);
    section.append(el("div", { class: "card timeline", onkeydown: (event) => this.#key(event) },
      el("header", {}, this.note, buttons), ...this.lanes.map(({ row }) => row), el("div", { class: "row" }, el("span"), this.axis)), this.mark.dialog, this.keep.dialog, this.postmortem.dialog);
    this.again = session.every(LIST_MS, () => this.#ask());
    range.addEventListener("change", this.again);
    session.addEventListener("roles", () => this.writing.forEach((one) => { one.disabled = !session.mayOperate; }));
  }

  update() {
    if (this.#rows.length > 0 && range.isFollowing) this.#show();
  }

  async #ask() {
    const asked = ++this.#asked;
    const [from, to] = range.bounds;
    const { rows, isCut } = await readHappened(this.#session.client, from, to);
    if (asked !== this.#asked) return;
    this.#rows = rows;
    marks.tell("marks", rows.filter(({ kind }) => kind === "mark").map(({ title, text, ...rest }) => ({ ...rest, text: `${title}: ${text}`, series: null })));
    const when = range.isFollowing ? `the ${range.words}` : "this window";
    setText(this.note, rows.length === 0 ? `Nothing happened in ${when}.` : `${rows.length}${isCut ? " and more" : ""} in ${when}.`);
    this.#show();
  }

  // --- what is shown

  #show() {
    this.#window = range.bounds;
    const [from, to] = this.#window;
    this.#showTicks(from, to);
    const lanes = this.lanes.map(({ kind }) => this.#gather(this.#rows.filter((one) => one.kind === kind && one.to >= from && one.from <= to)));
    const shown = JSON.stringify(lanes.map((groups) => groups.map(({ text, level }) => [text, level])));
    if (shown !== this.#shown) this.#make(lanes);
    this.#shown = shown;
    this.lanes.forEach(({ list }, i) => {
      list.style.height = `${TRACK_PX * Math.max(1, ...lanes[i].map(({ track }) => track + 1)) + LANE_PX - TRACK_PX}px`;
      lanes[i].forEach(({ left, width, track }, n) => {
        const { style } = list.children[n].firstElementChild;
        style.left = `${left}%`;
        style.width = `${width}%`;
        style.marginTop = `${TRACK_PX * track}px`;
      });
    });
  }

  /** Those that began so near to each other that they could not be told apart are one, of the worst level. */
  #gather(rows) {
    const groups = [];
    for (const one of rows) {
      const left = Math.max(0, this.#percent(one.from));
      const right = Math.min(100, this.#percent(one.to));
      const last = groups.at(-1);
      if (last !== undefined && left - last.left < NEAR_PERCENT) {
        last.rows.push(one);
        last.right = Math.max(last.right, right);
      } else {
        groups.push({ left, right, rows: [one] });
      }
    }
    const ends = []; // of the tracks: what overlaps lies side by side
    return groups.map(({ left, right, rows: own }) => {
      const free = ends.findIndex((end) => end + NEAR_PERCENT / 2 <= left);
      const track = free !== -1 ? free : Math.min(ends.length, TRACKS - 1);
      ends[track] = Math.max(right, left + NEAR_PERCENT);
      return {
        left, width: right - left, track, level: worst(own), text: describe(own),
        from: own[0].from, to: Math.max(...own.map(({ from, to }) => (to === Infinity ? from : to))),
      };
    });
  }

  #make(lanes) {
    const focused = document.activeElement?.dataset.at;
    this.lanes.forEach(({ list, row }, i) => {
      setAttribute(row, "class", lanes[i].length === 0 ? "row none" : "row");
      list.replaceChildren(...lanes[i].map(({ text, level, from, to }) => el("li", {},
        el("a", { class: level, href: linkToMoment(from, to), title: text, "aria-label": text, tabindex: "-1", "data-at": `${i} ${from}` }))));
    });
    const all = this.#all();
    (all.find(({ dataset }) => dataset.at === focused) ?? all[0])?.setAttribute("tabindex", "0");
    if (focused) all.find(({ dataset }) => dataset.at === focused)?.focus();
  }

  #showTicks(from, to) {
    const apart = (to - from) / TICKS;
    const texts = Array.from({ length: TICKS }, (_, i) => tick(Math.round(from + i * apart), apart > 86_400 ? apart : 1));
    if (this.axis.children.length === 0) this.axis.append(...texts.map((_, i) => {
      const text = el("span");
      text.style.left = `${(100 * i) / TICKS}%`;
      return text;
    }));
    texts.forEach((text, i) => setText(this.axis.children[i], text));
  }

  #percent(second) {
    const [from, to] = this.#window;
    return (100 * (second - from)) / (to - from);
  }

  // --- keys: one of them can be tabbed to, arrows go on from there

  #all() {
    return this.lanes.flatMap(({ list }) => [...list.querySelectorAll("a")]);
  }

  #key(event) {
    const from = event.target.closest(".lane a");
    if (from === null) return;
    const lane = [...from.closest("ul").querySelectorAll("a")];
    const at = lane.indexOf(from);
    const to = { ArrowLeft: lane[at - 1], ArrowRight: lane[at + 1], Home: lane[0], End: lane.at(-1) }[event.key] ?? this.#inLane(from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    from.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
  }

  /** The nearest in time of the next lane up or down that has any. */
  #inLane(from, key) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (step === undefined) return undefined;
    const left = parseFloat(from.style.left);
    for (let i = this.lanes.findIndex(({ list }) => list.contains(from)) + step; this.lanes[i] !== undefined; i += step) {
      const links = [...this.lanes[i].list.querySelectorAll("a")];
      const distance = (link) => Math.abs(parseFloat(link.style.left) - left);
      if (links.length > 0) return links.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    }
    return undefined;
  }

  /** null, or why it was not done. */
  async #mark(params) {
    try {
      await this.#session.client.events.mark(params);
      this.again();
      return null;
    } catch (error) {
      return error.message;
    }
  }
}

class Mark extends Question {
  constructor(act) {
    const kind = choice(MARK_KINDS);
    const text = el("input", { type: "text", maxlength: 4096, required: true, autocomplete: "off" });
    super("mark-title", "Mark this moment", "Mark it", el("label", {}, "What it is ", kind), el("label", {}, "Text ", text));
    this.text = text;
    this.run = () => act({ kind: kind.value, text: text.value.trim() });
  }

  open() {
    this.text.value = "";
    this.show("It is a line on all charts, and offered as a cause of what comes after it.");
  }
}

const WORST = ["critical", "medium", "accent", "low"];
const worst = (rows) => WORST.find((level) => rows.some((one) => one.level === level));

function describe(rows) {
  if (rows.length > 1) return `${rows.length} from ${instant(Math.floor(rows[0].from))} to ${instant(Math.floor(rows.at(-1).from))}: ${[...new Set(rows.map(({ title }) => title))].join(", ")}`;
  const [{ from, to, title, text }] = rows;
  return `${title}, ${instant(Math.floor(from))}${to === Infinity ? ", goes on" : ""}: ${text}`;
}
