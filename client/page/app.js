// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts the page together: one connection, one store, a module a section. */
// first, since it asks for data while the rest is read
import { session, store, view } from "./live.js";
import { Ahead } from "./ahead.js";
import { Alerts } from "./alerts.js";
import { setAttribute, setText } from "./dom.js";
import { addSections } from "./drawing.js";
import { span } from "./format.js";
import { Gpu } from "./gpu.js";
import { Health } from "./health.js";
import { Login } from "./login.js";
import { bindTheme } from "./palette.js";
import { RangeBar } from "./range-bar.js";
import { recall, remember } from "./remember.js";

const $ = (id) => document.getElementById(id);

// the first screen; all else is read and built behind its first chart
export const ahead = new Ahead();
export const health = new Health($("health"), session);
export const alerts = new Alerts($("alerts"), session, store);
addSections(new Gpu($("gpu"), session, store, view, ahead, $("host")), alerts);
const login = new Login($("login"), session);
new RangeBar($("range"), view);
bindTheme($("theme"));
session.begun.then(() => setTimeout(() => import("./rest.js")));

$("logout").addEventListener("click", async () => {
  await fetch("/logout", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  remember("login", null);
  location.reload(); // what is shown, and the connection, were the session's
});

const WORDS = { connecting: "Connecting", live: "Live", stale: "Stale", empty: "No data", denied: "Not logged in" };

/** Changes of the state are read out; the seconds beside it are not. */
function showState() {
  const { name, ageMs, error } = session.state;
  setAttribute(document.body, "data-state", name);
  setText($("state"), WORDS[name]);
  let detail = "";
  if (name === "stale") detail = `last update ${span(Math.floor(ageMs / 1000) * 1e6)} ago, reconnecting`;
  else if (name === "connecting" && error !== null) detail = error.message;
  else if (name === "empty") detail = "connected, but no samples come";
  setText($("detail"), detail);
  document.title = name === "live" ? "orfeas" : `${WORDS[name]} · orfeas`;
  login.show(session.state);
  $("content").hidden = name === "denied";
  // the cookie itself no script can see
  $("logout").hidden = name === "denied" || recall("login") === null;
}
session.addEventListener("state", showState);
showState();
