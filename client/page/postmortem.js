// SPDX-License-Identifier: LGPL-2.1-or-later
/* What happened in the window, in five sentences, and how to get the whole page of it for a ticket. */
import { el, setAttribute, setText } from "./dom.js";
import { range } from "./range.js";

const iso = (second) => new Date(second * 1e3).toISOString().replace(".000Z", "Z");

export class Postmortem {
  #session;
  #asked = 0;

  constructor(session) {
    this.#session = session;
    this.note = el("p", { class: "muted", role: "status" });
    this.said = el("ol", { class: "sentences" });
    this.command = el("code", {});
    this.copy = el("button", { type: "button", onclick: () => this.#copy() }, "Copy");
    this.link = el("a", { target: "_blank", rel: "noopener" }, "The whole of it as JSON");
    this.dialog = el("dialog", { class: "postmortem", "aria-labelledby": "postmortem-title", onclose: () => this.#closed() },
      el("h3", { id: "postmortem-title" }, "Post-mortem of this window"), this.note, this.said,
      el("p", { class: "muted" }, "As a page for a ticket, in a terminal of the daemon’s machine:"),
      el("pre", { class: "command", tabindex: "0" }, this.command),
      el("p", {}, this.link),
      el("div", { class: "buttons" }, this.copy, el("button", { type: "button", class: "primary", onclick: () => this.dialog.close() }, "Close")));
  }

  open() {
    const [from, to] = range.bounds.map(Math.round);
    setText(this.command, `orfeasctl postmortem --from ${iso(from)} --to ${iso(to)} -o postmortem.html`);
    setText(this.copy, "Copy");
    setAttribute(this.link, "href", `/api/v1/postmortem?from_us=${from * 1e6}&to_us=${to * 1e6}`);
    this.link.hidden = true;
    this.said.replaceChildren();
    this.dialog.showModal();
    this.#ask(from, to);
  }

  #closed() {
    if (!this.dialog.open) this.#asked++; // else it is told late, and open anew
  }

  async #ask(from, to) {
    const asked = ++this.#asked;
    setText(this.note, "Asking…");
    let note = "";
    try {
      const { document: told } = await this.#session.client.postmortem.build({ from_us: from * 1e6, to_us: to * 1e6 });
      if (asked !== this.#asked) return;
      this.said.replaceChildren(...told.summary.map(({ text }) => el("li", {}, text)));
      this.link.hidden = false;
    } catch (error) {
      note = error.message;
    }
    if (asked === this.#asked) setText(this.note, note);
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.command.textContent);
      setText(this.copy, "Copied");
    } catch {
      getSelection().selectAllChildren(this.command); // not a secure context: Ctrl+C does it
      setText(this.copy, "Selected: copy it");
    }
  }
}
