// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Before all else, in a script of its own, since no module runs before the page is parsed: the theme, or a dark page
 * would begin with a white flash; and what takes time of others than this thread, so that it is there when the modules are.
 */
import { SHOWN_SELECTOR } from "./names.js";

try {
  document.documentElement.dataset.theme = localStorage.getItem("orfeas.theme") ?? "auto";
} catch {
  // site data are blocked: as the system says
}

/** The samples of the last minutes; null: they have to be asked for again, which tells what is wrong. */
async function askFirst() {
  try {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "metrics.query", params: { select: SHOWN_SELECTOR } });
    const answer = await fetch("/rpc", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return answer.ok ? (await answer.json()).result ?? null : null;
  } catch {
    return null;
  }
}

globalThis.orfeasFirst = askFirst();
// what numbers and times are written by takes 20 ms to load, of which nobody has to wait for any as long as they wait for the modules
new Intl.NumberFormat();
new Intl.DateTimeFormat();
