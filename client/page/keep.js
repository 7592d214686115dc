// SPDX-License-Identifier: LGPL-2.1-or-later
/* A window whose evidence is kept from retention: asked for beside the time line, and of an alert. */
import { el } from "./dom.js";
import { instant } from "./format.js";
import { Question, noteField } from "./question.js";

const AROUND_S = 600; // of an alert: what led to it, and what came of it
const TITLE_MAX = 200;
const REFUSED = "Your token may look, but not keep a window: that takes the role operate.";

export class Keep extends Question {
  #span = [0, 0]; // seconds

  /** kept(incident) when it was. */
  constructor(id, session, kept) {
    const title = el("input", { type: "text", maxlength: TITLE_MAX, autocomplete: "off" });
    const reason = noteField();
    super(id, "Keep this window", "Keep it", el("label", {}, "Title ", title), el("label", {}, "Why ", reason));
    this.title = title;
    this.reason = reason;
    this.run = async () => {
      const [from, to] = this.#span;
      const texts = Object.entries({ title: title.value.trim(), reason: reason.value.trim() }).filter(([, text]) => text !== "");
      try {
        kept(await session.client.incidents.pin({ from_us: from * 1e6, to_us: to * 1e6, ...Object.fromEntries(texts) }));
        return null;
      } catch (error) {
        return error.status === "PERMISSION_DENIED" ? REFUSED : error.message;
      }
    };
  }

  open([from, to], title = "", reason = "") {
    this.#span = [Math.max(0, Math.floor(from)), Math.ceil(to)];
    this.title.value = title.slice(0, TITLE_MAX);
    this.reason.value = reason;
    this.show(`${instant(this.#span[0])} to ${instant(this.#span[1])}: what is recorded of it stays until it is unpinned (orfeasctl incidents).`);
  }

  openAlert({ rule, id, summary, started_us: startedUs }, nowUs) {
    this.open([startedUs / 1e6 - AROUND_S, Math.max(nowUs, startedUs) / 1e6 + AROUND_S], rule, `alert ${id}${summary === null ? "" : `: ${summary}`}`);
  }
}
