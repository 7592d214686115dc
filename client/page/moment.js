// SPDX-License-Identifier: LGPL-2.1-or-later
/* A short time, over the page, as long as the address names it (#at=FROM-TO): what happened then, and its traces. */
import { el, setText } from "./dom.js";
import { instant, quantity } from "./format.js";
import { readHappened } from "./happened.js";
import { LINK, MOST_S } from "./moment-link.js";
import { range } from "./range.js";
import { KEPT_OUT } from "./session.js";
import { Table, badge } from "./table.js";
import { TRACE_HEADS, traceCells } from "./trace-lists.js";
import { linkTo } from "./trace-query.js";

const READ = 100; // traces
const SHOWN = 12; // of those that failed or took longest
const AROUND = 4; // of the time itself, that is shown of charts beside it

export class Moment {
  #session;
  #span = null; // [from, to]
  #asked = 0;
  #address = ""; // that is followed
  #keepsAddress = false; // when it closes

  constructor(parent, session) {
    this.#session = session;
    this.title = el("h2", { id: "moment-title" });
    this.note = el("p", { class: "muted", role: "status" });
    this.happened = new Table("What happened", ["Began", ">Lasted", "Kind", "What"], "Nothing fired, nothing was out of the ordinary, and nobody marked anything.");
    this.traces = new Table("Traces", TRACE_HEADS, "No trace began then.");
    setText(this.traces.note, "failed ones first, then the longest");
    this.dialog = el("dialog", { class: "moment", "aria-labelledby": "moment-title", onclose: () => this.#closed() },
      el("header", {}, this.title,
        el("button", { type: "button", onclick: () => this.#zoom() }, "Show on all charts"),
        el("button", { type: "button", onclick: () => this.dialog.close() }, "Close")),
      this.note, this.happened.element, this.traces.element);
    parent.append(this.dialog);
    addEventListener("hashchange", () => this.#route());
    session.addEventListener("retry", () => this.#route());
    this.#route();
  }

  #route() {
    const match = LINK.exec(location.hash);
    this.#span = match === null ? null : [Number(match[1]), Math.min(Number(match[2]), Number(match[1]) + MOST_S)];
    if (this.#span === null) {
      this.dialog.close();
      return;
    }
    this.#address = location.hash;
    const [from, to] = this.#span;
    setText(this.title, `${instant(from)} to ${instant(to)}`);
    this.#keepsAddress = false;
    if (!this.dialog.open) this.dialog.showModal();
    this.#ask();
  }

  /** Somebody has to log in first: the address stays, and is followed then. */
  #failed(error) {
    if (KEPT_OUT.has(error.status)) {
      this.#keepsAddress = true;
      this.dialog.close();
      return;
    }
    setText(this.note, error.message);
  }

  async #ask() {
    const asked = ++this.#asked;
    const [from, to] = this.#span;
    const { client } = this.#session;
    setText(this.note, "Asking…");
    try {
      const [{ rows }, { traces }] = await Promise.all([readHappened(client, from, to),
        client.traces.list({ from_us: from * 1e6, to_us: to * 1e6, limit: READ })]);
      if (asked !== this.#asked) return;
      setText(this.note, "");
      this.happened.tell(rows, happenedCells);
      const worst = [...traces].sort((a, b) => Math.min(b.errors, 1) - Math.min(a.errors, 1) || b.duration_us - a.duration_us).slice(0, SHOWN);
      const longest = Math.max(1, ...worst.map(({ duration_us: us }) => us));
      this.traces.tell(worst, (one) => traceCells(one, longest));
    } catch (error) {
      if (asked === this.#asked) this.#failed(error);
    }
  }

  #zoom() {
    const [from, to] = this.#span;
    const more = ((AROUND - 1) / 2) * (to - from);
    this.dialog.close();
    range.show(from - more, Math.min(to + more, range.now + 1));
  }

  #closed() {
    if (this.dialog.open) return; // told late: it is open anew
    this.#asked++;
    if (location.hash === this.#address && !this.#keepsAddress) history.replaceState(null, "", location.pathname + location.search);
    this.#keepsAddress = false;
  }
}

function happenedCells({ kind, from, to, level, title, text, traces }) {
  return [
    el("td", {}, instant(Math.floor(from))),
    el("td", { class: "number" }, to === Infinity ? "goes on" : to > from ? quantity((to - from) * 1e6, "us") : ""),
    el("th", { scope: "row" }, badge(kind === "mark" ? title : `${kind}: ${title}`, level)),
    el("td", { class: "wide" }, text, ...traces.map((id, i) => el("a", { href: linkTo(id) }, ` trace ${i + 1}`))),
  ];
}
