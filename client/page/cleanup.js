// SPDX-License-Identifier: LGPL-2.1-or-later
/* A button that asks before it asks: who would be asked for memory, then what came of it, measured. */
import { el, setText } from "./dom.js";
import { quantity, words } from "./format.js";

// longer than [gpu] cleanup_timeout_us may sensibly be; the server ends it by itself
const PATIENCE_MS = 120_000;

export const VERDICT_LEVELS = {
  freed: "low", partial: "medium", nothing_freed: "high", timed_out: "critical", overclaimed: "critical",
  refused: "medium", lost: "critical", no_workers: "medium", unmeasured: "medium",
};

const LEVELS = [
  ["light", "Light: idle caches"],
  ["normal", "Normal: pools too"],
  ["aggressive", "Aggressive: unload what can be loaded again"],
];

export class Cleanup {
  #session;
  #done;
  #asked = 0;
  #devices = "";
  #canBeAsked = false; // there is a worker
  #ran = 0; // which of those was no plan

  /** done: after each cleanup. */
  constructor(session, done) {
    this.#session = session;
    this.#done = done;
    this.button = el("button", { type: "button", disabled: true, onclick: () => this.#open() }, "Free memory…");
    this.device = el("select", { onchange: () => this.#plan() });
    session.addEventListener("roles", () => this.#showButton());
    this.level = el("select", { onchange: () => this.#plan() }, ...LEVELS.map(([value, text]) => el("option", { value }, text)));
    this.text = el("p", { role: "status" });
    this.list = el("ul", { class: "plan" });
    this.problem = el("p", { class: "problem", role: "alert" });
    this.confirm = el("button", { type: "button", class: "primary", onclick: () => this.#run() }, "Ask them");
    this.close = el("button", { type: "button", onclick: () => this.dialog.close() }, "Cancel");
    this.dialog = el("dialog", { "aria-labelledby": "cleanup-title" },
      el("h3", { id: "cleanup-title" }, "Free GPU memory"),
      el("p", { class: "muted" }, "Workers are asked in turn; then it is measured what came of it."),
      el("div", { class: "choices" }, el("label", {}, "Device ", this.device), el("label", {}, "How much ", this.level)),
      this.text, this.list, this.problem,
      el("div", { class: "buttons" }, this.close, this.confirm));
  }

  /** The workers there are: without one nobody can be asked. */
  tell(workers) {
    const devices = [...new Set(workers.filter(({ state, device }) => state !== "lost" && device !== null).map(({ device }) => device))].sort();
    this.#canBeAsked = devices.length > 0;
    this.#showButton();
    if (devices.join("\n") === this.#devices) return;
    this.#devices = devices.join("\n");
    const chosen = this.device.value;
    this.device.replaceChildren(...devices.map((device) => el("option", { value: device }, device)));
    if (devices.includes(chosen)) this.device.value = chosen;
    // what is confirmed is what is shown, and that is of a device that has no worker any more
    else if (this.dialog.open && !this.confirm.hidden && this.#asked !== this.#ran) this.#plan();
  }

  #showButton() {
    this.button.disabled = !this.#canBeAsked || !this.#session.mayOperate;
    this.button.title = this.#session.mayOperate ? "" : "That takes the role operate.";
  }

  #open() {
    this.level.value = "light";
    this.dialog.showModal();
    this.#plan();
  }

  /** What would be asked, of whom. */
  async #plan() {
    const asked = ++this.#asked;
    this.#show("", []);
    this.confirm.hidden = false;
    this.confirm.disabled = true;
    setText(this.close, "Cancel");
    const result = await this.#call({ dry_run: true }, asked);
    if (asked !== this.#asked || result === null) return;
    const left = result.left_out.map(({ name, reason }) => el("li", { class: "muted" }, `${name} is not asked: ${reason}`));
    this.#show(result.workers.length > 0 ? "Would be asked, in this order:" : "Nobody could be asked.", [
      ...result.workers.map(({ name, idle_bytes: idle, text }) =>
        el("li", {}, el("b", {}, name), `: ${text ?? `holds ${quantity(idle, "bytes")} idle`}`)),
      ...left,
    ]);
    this.confirm.disabled = result.workers.length === 0;
  }

  async #run() {
    const asked = this.#ran = ++this.#asked;
    this.confirm.disabled = true;
    setText(this.text, "Asking, and waiting until memory is flat…");
    const result = await this.#call({ dry_run: false }, asked);
    this.#done();
    if (asked !== this.#asked || result === null) return;
    this.#show(result.text, result.workers.map((worker) => this.#outcome(worker)));
    this.confirm.hidden = true;
    setText(this.close, "Close");
    this.close.focus();
  }

  /** What it claimed beside what was measured. */
  #outcome({ name, verdict, claimed_bytes: claimed, released_bytes: gave, regained_bytes: again }) {
    const taken = again > 0 && again >= gave / 20 ? `, took ${quantity(again, "bytes")} of it again at once` : "";
    return el("li", {}, el("span", { class: `badge ${VERDICT_LEVELS[verdict] ?? ""}` }, verdict === null ? "not asked" : words(verdict)),
      " ", el("b", {}, name), `: measured ${quantity(gave, "bytes")}, claimed ${quantity(claimed, "bytes")}${taken}`);
  }

  #show(text, items) {
    setText(this.text, text);
    setText(this.problem, "");
    this.list.replaceChildren(...items);
  }

  /** null: it failed, and why is shown, unless something else was asked meanwhile. */
  async #call(how, asked) {
    const params = { device: this.device.value, level: this.level.value, ...how };
    try {
      return await this.#session.client.gpu.cleanup(params, { deadlineMs: PATIENCE_MS });
    } catch (error) {
      if (asked === this.#asked) {
        setText(this.text, "");
        setText(this.problem, error.message);
      }
      return null;
    }
  }
}
