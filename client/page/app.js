// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts the page together: one connection, one store, a module a section. */
// first, since it asks for data while the rest is read
import { session, store, view } from "./live.js";
import { Ahead } from "./ahead.js";
import { Alerts } from "./alerts.js";
import { Anomalies } from "./anomalies.js";
import { Arrival } from "./arrival.js";
import { Cache } from "./cache.js";
import { setAttribute, setText } from "./dom.js";
import { Cost } from "./cost.js";
import { Explorer } from "./explorer.js";
import { Forecast } from "./forecast.js";
import { span } from "./format.js";
import { Gpu } from "./gpu.js";
import { Health } from "./health.js";
import { Host } from "./host.js";
import { Login } from "./login.js";
import { Memory } from "./memory.js";
import { Moment } from "./moment.js";
import { bindTheme } from "./palette.js";
import { Processes } from "./processes.js";
import { RangeBar } from "./range-bar.js";
import { recall, remember } from "./remember.js";
import { Requests } from "./requests.js";
import { Timeline } from "./timeline.js";
import { Traces } from "./traces.js";

const $ = (id) => document.getElementById(id);

const ahead = new Ahead();
const sections = [
  new Health($("health"), session),
  new Timeline($("timeline"), session),
  new Alerts($("alerts"), session, store),
  new Anomalies($("anomalies"), session),
  new Gpu($("gpu"), session, store, view, ahead),
  new Memory($("gpu"), session),
  new Processes($("gpu"), session),
  new Requests($("requests"), session, view),
  new Forecast($("forecast"), session, ahead),
  new Traces($("traces"), session),
  new Cache($("cache"), session, view),
  new Cost($("cost"), session),
  new Host($("host"), view, ahead),
  new Explorer($("explorer"), session, view, ahead),
];
const arrival = new Arrival();
const login = new Login($("login"), session);
new RangeBar($("range"), view);
new Moment($("content"), session);
bindTheme($("theme"));

// one drawing for all that came since the last; a hidden page draws nothing
let scheduled = false;
let begun = false;
function draw() {
  scheduled = false;
  begun = true;
  for (const section of sections) section.update(view.source);
  arrival.look();
}
function schedule() {
  if (scheduled || !view.isThere || view.source.isEmpty) return;
  scheduled = true;
  if (begun) requestAnimationFrame(draw);
  else draw(); // no frame is due before there is anything to see
}
session.addEventListener("frame", schedule);
view.addEventListener("change", schedule);

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
