// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is below the first screen, and what opens over it. */
import { AlertLog } from "./alert-log.js";
import { Anomalies } from "./anomalies.js";
import { ahead, alerts, health } from "./app.js";
import { Arrival } from "./arrival.js";
import { Cache } from "./cache.js";
import { Cost } from "./cost.js";
import { addSections } from "./drawing.js";
import { Explorer } from "./explorer.js";
import { Forecast } from "./forecast.js";
import { Host } from "./host.js";
import { session, view } from "./live.js";
import { Memory } from "./memory.js";
import { Moment } from "./moment.js";
import { Processes } from "./processes.js";
import { Requests } from "./requests.js";
import { Timeline } from "./timeline.js";
import { Traces } from "./traces.js";

const $ = (id) => document.getElementById(id);

new AlertLog($("alert-log"), session, alerts);
new Anomalies($("anomalies"), session);
new Memory($("holders"), session);
new Processes($("holders"), session);
new Requests($("requests"), session, view);
new Forecast($("forecast"), session, ahead, health);
new Traces($("traces"), session);
new Cache($("cache"), session, view);
new Cost($("cost"), session);
new Moment($("content"), session);
addSections(
  new Timeline($("timeline"), session),
  new Host($("host"), view, ahead),
  new Explorer($("explorer"), session, view, ahead),
  new Arrival(), // last: it looks for what the others have drawn
);
