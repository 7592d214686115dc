// SPDX-License-Identifier: LGPL-2.1-or-later
/* Says beside a heading that what is below it is of now, while the charts show a window that is over. */
import { el } from "./dom.js";
import { range } from "./range.js";

/** parent: what has the heading. */
export function sayNow(parent) {
  const note = el("span", { class: "badge now" }, "as of now, not of this window");
  const show = () => { note.hidden = range.isFollowing; };
  range.addEventListener("change", show);
  show();
  parent.querySelector("h2, h3").append(" ", note);
}
