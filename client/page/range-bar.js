// SPDX-License-Identifier: LGPL-2.1-or-later
/* The choice of the window, in the bar: a longer one up to now, any other by its ends, earlier, later, and live again. */
import { el, setText } from "./dom.js";
import { instant } from "./format.js";
import { Question } from "./question.js";
import { LASTS, range } from "./range.js";

const OTHER = "other";
const STEP = 0.5; // of the window, that a button goes, or leaves
const ROWS = [["", "Live, 5 minutes"], ...[...LASTS].map(([key, [, text]]) => [key, text]), [OTHER, "From … to …"]];

export class RangeBar {
  #view;

  constructor(element, view) {
    this.#view = view;
    this.select = el("select", { "aria-label": "Window of the charts", onchange: () => this.#chosen() },
      ...ROWS.map(([value, text]) => el("option", { value }, text)));
    this.other = this.select.lastElementChild;
    const button = (text, label, onclick) => el("button", { type: "button", "aria-label": label, title: label, onclick }, text);
    this.live = el("button", { type: "button", class: "primary", hidden: true, onclick: () => {
      range.live();
      this.select.focus(); // the button goes
    } }, "Back to live");
    this.note = el("span", { class: "muted", role: "status" });
    this.ends = new Ends();
    element.append(this.note, this.live, button("‹", "Earlier", () => range.shift(-STEP)), this.select, button("›", "Later", () => range.shift(STEP)),
      button("+", "Zoom in", () => range.zoom(1 / STEP)), button("−", "Zoom out", () => range.zoom(STEP)));
    document.body.append(this.ends.dialog);
    range.addEventListener("change", () => this.#show());
    view.addEventListener("change", () => this.#show());
    this.#show();
  }

  #chosen() {
    const { value } = this.select;
    this.#show(); // until it is another
    if (value === OTHER) this.ends.open();
    else if (value === "") range.live();
    else range.choose(value);
  }

  #show() {
    const [from, to] = range.bounds;
    this.select.value = range.isFollowing ? range.last ?? "" : OTHER;
    setText(this.other, range.isFollowing ? ROWS.at(-1)[1] : `${instant(from)} – ${instant(to)}`);
    this.live.hidden = range.isLive;
    const { problem, isBusy } = this.#view;
    setText(this.note, problem !== null ? `Not shown: ${problem}` : isBusy ? "Asking…" : "");
  }
}

/** From when to when, by the clock on the wall. */
class Ends extends Question {
  constructor() {
    const [from, to] = [0, 1].map(() => el("input", { type: "datetime-local", step: "1", required: true }));
    super("range-title", "Window of the charts", "Show it", el("label", {}, "From ", from), el("label", {}, "To ", to));
    this.from = from;
    this.to = to;
    this.run = async () => {
      const [begin, end] = [from, to].map(({ value }) => new Date(value).getTime() / 1e3);
      if (!(begin < end)) return "It has to begin before it ends.";
      range.show(begin, end);
      return null;
    };
  }

  open() {
    const [from, to] = range.bounds;
    this.from.value = local(from);
    this.to.value = local(to);
    this.show("Charts, lists and traces show this time. It is in the address: who gets that sees the same.");
  }
}

/** As such a field has it. */
function local(second) {
  const zone = new Date(second * 1e3).getTimezoneOffset() * 60;
  return new Date((second - zone) * 1e3).toISOString().slice(0, 19);
}
