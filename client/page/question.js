// SPDX-License-Identifier: LGPL-2.1-or-later
/* What people are asked in a dialog, and the fields that several of them have. */
import { el, setText } from "./dom.js";

export const VERDICTS = [["", "none yet"], ["useful", "useful: something had to be done"], ["known", "known: true, and no news"], ["noise", "noise: nothing was wrong"]];

/** A form in a dialog: what goes wrong is said in it, and Escape leaves it. */
export class Question {
  #busy = false;
  #asked = 0; // how often it was shown: an answer to what was asked before is told no more

  constructor(id, title, confirm, ...fields) {
    this.about = el("p", { class: "muted" });
    this.problem = el("p", { class: "problem", role: "alert" });
    this.dialog = el("dialog", { "aria-labelledby": id },
      el("form", { method: "dialog", onsubmit: (event) => this.#submit(event) },
        el("h3", { id }, title), this.about, ...fields, this.problem,
        el("div", { class: "buttons" },
          el("button", { type: "button", onclick: () => this.dialog.close() }, "Cancel"),
          el("button", { type: "submit", class: "primary" }, confirm))));
  }

  show(about) {
    this.#asked++;
    this.#busy = false;
    setText(this.about, about);
    setText(this.problem, "");
    this.dialog.showModal();
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#busy) return;
    this.#busy = true;
    const asked = this.#asked;
    const problem = await this.run();
    if (asked !== this.#asked) return;
    this.#busy = false;
    setText(this.problem, problem ?? "");
    if (problem === null) this.dialog.close();
  }
}

export const choice = (rows) => el("select", {}, ...rows.map(([value, text]) => el("option", { value }, text)));
export const noteField = () => el("input", { type: "text", maxlength: 4096, autocomplete: "off" });
export const given = (note) => (note.value.trim() === "" ? {} : { note: note.value.trim() });
