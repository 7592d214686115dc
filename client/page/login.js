// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who may not see is asked for a token; a cookie that scripts cannot read keeps it. */
import { el, setText } from "./dom.js";
import { remember } from "./remember.js";

const WORDS = {
  401: "That token is not known, or it has expired.",
  403: "This page's address may not log in.",
  429: "Too many attempts. Wait a little.",
};

export class Login {
  #session;

  constructor(section, session) {
    this.#session = session;
    this.section = section;
    this.why = el("p", { class: "muted" });
    this.token = el("input", {
      id: "token", type: "password", name: "token", autocomplete: "current-password", required: true,
      "aria-describedby": "login-problem",
    });
    this.problem = el("p", { id: "login-problem", class: "problem", role: "alert" });
    this.button = el("button", { type: "submit" }, "Log in");
    section.append(el("form", { class: "card login", onsubmit: (event) => this.#submit(event) },
      this.why,
      // password managers want to know whose it is
      el("input", { type: "text", name: "username", autocomplete: "username", value: "orfeas", hidden: true }),
      el("label", { for: "token" }, "Token"), this.token, this.problem, this.button));
  }

  show({ name, error }) {
    const wanted = name === "denied";
    if (wanted) {
      setText(this.why, error?.status === "PERMISSION_DENIED"
        ? "The token in use may not read. Log in with one that may."
        : "This daemon shows nothing without a token.");
    }
    if (this.section.hidden !== wanted) return;
    this.section.hidden = !wanted;
    if (wanted) this.token.focus();
  }

  async #submit(event) {
    event.preventDefault();
    this.button.disabled = true;
    try {
      const answer = await fetch("/login", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token: this.token.value.trim() }),
      });
      if (answer.ok) {
        this.token.value = "";
        remember("login", "yes");
        setText(this.problem, "");
        this.#session.retry();
      } else {
        setText(this.problem, WORDS[answer.status] ?? `Logging in failed (HTTP ${answer.status}).`);
        this.token.select();
      }
    } catch {
      setText(this.problem, "The daemon is out of reach.");
    } finally {
      this.button.disabled = false;
    }
  }
}
