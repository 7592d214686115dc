// SPDX-License-Identifier: LGPL-2.1-or-later
/* What happened in a time, of all kinds: what fired, what was out of the ordinary, what was done, what was said. */
import { quantity, words } from "./format.js";

const MOST = 300; // of a kind
const LEAD_US = 3_600e6; // that what still went on may have begun before
const LEVELS = { critical: "critical", warning: "medium", info: "low" };

/** Rows of the time line: of each {kind, title, read(client, span) → [{from, to, level, title, text, series, traces}]}, in seconds. */
export const KINDS = [
  { kind: "alert", title: "Alerts", read: readAlerts },
  { kind: "anomaly", title: "Anomalies", read: readAnomalies },
  { kind: "cleanup", title: "Cleanups", read: readCleanups },
  { kind: "device", title: "Device events", read: readDeviceEvents },
  { kind: "mark", title: "Marks", read: readMarks },
  { kind: "incident", title: "Kept", read: readIncidents },
];

/** All that touches the span of seconds, oldest first; to is Infinity while it goes on. isCut: there is more of a kind. */
export async function readHappened(client, from, to) {
  const span = { from_us: Math.max(0, Math.floor(from * 1e6)), to_us: Math.ceil(to * 1e6), limit: MOST };
  const answers = await Promise.all(KINDS.map(async ({ kind, read }) =>
    (await read(client, span)).map((one) => ({ kind, series: [], traces: [], ...one }))));
  const rows = answers.flat().filter((one) => one.to >= from && one.from <= to).sort((a, b) => a.from - b.from);
  return { rows, isCut: answers.some(({ length }) => length >= MOST) };
}

const seconds = (us) => (us === null ? Infinity : us / 1e6);
const earlier = (span) => ({ ...span, from_us: Math.max(0, span.from_us - LEAD_US) });

async function readAlerts(client, span) {
  const { alerts } = await client.alerts.history(earlier(span));
  return alerts.map(({ rule, severity, summary, fired_us: fired, resolved_us: resolved }) =>
    ({ from: fired / 1e6, to: seconds(resolved), level: LEVELS[severity], title: rule, text: summary ?? "" }));
}

async function readAnomalies(client, span) {
  const { anomalies } = await client.anomalies.list({ ...earlier(span), severity: "warning" });
  return anomalies.map(({ kind, severity, started_us: started, ended_us: ended, text, series, related, traces }) =>
    ({ from: started / 1e6, to: seconds(ended), level: LEVELS[severity], title: words(kind), text, series: [series, ...related], traces }));
}

async function readCleanups(client, span) {
  const { cleanups } = await client.gpu.cleanups(span);
  return cleanups.map(({ device, verdict, started_us: started, took_us: took, freed_bytes: freed }) => ({
    from: started / 1e6, to: (started + (took ?? 0)) / 1e6, level: verdict === "freed" ? "low" : "medium",
    title: verdict === null ? "Cleanup" : words(verdict), text: `${device}: ${quantity(freed, "bytes")} freed`,
  }));
}

async function readDeviceEvents(client, span) {
  const { events } = await client.gpu.events(span);
  return events.map(({ device, kind, severity, text, raised_us: raised, cleared_us: cleared }) =>
    ({ from: raised / 1e6, to: seconds(cleared), level: LEVELS[severity], title: `${device} ${kind}`, text }));
}

async function readMarks(client, span) {
  const { events } = await client.events.list(span);
  return events.map(({ t_us: at, kind, text, author }) =>
    ({ from: at / 1e6, to: at / 1e6, level: "accent", title: words(kind), text, by: author }));
}

async function readIncidents(client, span) {
  const { incidents } = await client.incidents.list(span);
  return incidents.map(({ id, title, reason, author, from_us: from, to_us: to }) =>
    ({ from: from / 1e6, to: to / 1e6, level: "low", title: `${id}: ${title}`, text: reason, by: author }));
}
