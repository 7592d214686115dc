// SPDX-License-Identifier: LGPL-2.1-or-later
// Spans as an SDK would send them, the same each time: a studio with eight services, and what cases need beside it.
import { facts } from "./harness.mjs";

const hex = (number, digits) => number.toString(16).padStart(digits, "0");
export const traceId = (n) => hex(0xabc000 + n, 32);
export const spanId = (n) => hex(0x1000 + n, 16);

const text = (object) => Object.entries(object).map(([key, value]) => ({
  key, value: typeof value === "number" ? { intValue: String(value) } : typeof value === "boolean" ? { boolValue: value } : { stringValue: value },
}));

/**
 * By OTLP/HTTP as JSON. spans: [{trace, id, parent, service, name, kind, startUs, us, failed, message, attributes, events, links}]
 * trace, id, parent: numbers.
 */
export async function send(spans, token) {
  const services = new Map();
  for (const span of spans) services.set(span.service, [...services.get(span.service) ?? [], span]);
  const body = JSON.stringify({ resourceSpans: [...services].map(([service, own]) => ({
    resource: { attributes: text({ "service.name": service, "host.name": "node-1" }) },
    scopeSpans: [{ scope: { name: "studio", version: "1.2" }, spans: own.map(encode) }],
  })) });
  const headers = { "Content-Type": "application/json", ...token && { Authorization: `Bearer ${token}` } };
  const answer = await fetch(`${facts.url}/v1/traces`, { method: "POST", headers, body });
  if (!answer.ok || (await answer.text()).includes("rejectedSpans")) throw new Error(`spans were not taken: ${answer.status}`);
}

function encode({ trace, id, parent, name, kind = 1, startUs, us, failed, message, attributes = {}, events = [], links = [] }) {
  const ns = (time) => `${Math.round(time)}000`;
  return {
    traceId: traceId(trace), spanId: spanId(id), name, kind, ...parent !== undefined && { parentSpanId: spanId(parent) },
    startTimeUnixNano: ns(startUs), endTimeUnixNano: ns(startUs + us), attributes: text(attributes),
    events: events.map((event) => ({ timeUnixNano: ns(startUs + event.afterUs), name: event.name, attributes: text(event.attributes ?? {}) })),
    links: links.map((link) => ({ traceId: traceId(link.trace), spanId: spanId(link.span) })),
    status: { ...failed !== undefined && { code: failed ? 2 : 1 }, ...message && { message } },
  };
}

/** 0 to 1, the same each time. */
export function chance(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

// service, name, kind, share of the parent's time at which it begins, and that it takes, chance to fail, those below it
const STUDIO = ["gateway", "POST /jobs", 2, 0, 1, 0.01, [
  ["auth", "check token", 2, 0.01, 0.05, 0, [["cache", "GET session", 3, 0.2, 0.5, 0, []]]],
  ["studio", "create job", 2, 0.07, 0.9, 0.01, [
    ["storage", "SELECT project", 3, 0.02, 0.06, 0, []],
    ["scheduler", "place", 2, 0.1, 0.12, 0, [["cache", "GET placement", 3, 0.1, 0.2, 0, []], ["storage", "SELECT workers", 3, 0.4, 0.5, 0, []]]],
    ["model-server", "generate", 2, 0.24, 0.68, 0.03, [
      ["model-server", "load weights", 1, 0.01, 0.2, 0, [["storage", "GET object", 3, 0.05, 0.9, 0.01, []]]],
      ["model-server", "denoise", 1, 0.22, 0.55, 0.01, []],
      ["model-server", "decode", 1, 0.78, 0.16, 0, []],
    ]],
    ["storage", "PUT object", 3, 0.93, 0.06, 0.02, []],
  ]],
  ["billing", "charge", 4, 0.975, 0.02, 0.01, []],
]];

/** Traces of the studio, evenly over the time before toUs, all below the first number. */
export function studio({ count, first, fromUs, toUs, seed = 1 }) {
  const random = chance(seed);
  const spans = [];
  let id = first * 100;
  for (let i = 0; i < count; i++) {
    const trace = first + i;
    const slow = random() < 0.03 ? 6 : 1;
    const add = ([service, name, kind, , , failing, below], parent, startUs, us) => {
      const own = id++;
      const failed = random() < failing;
      spans.push({
        trace, id: own, parent, service, name, kind, startUs, us: Math.round(us), ...failed && { failed, message: "deadline exceeded" },
        attributes: { "job.kind": i % 3 === 0 ? "image" : "video", "job.size": 64 + (i % 7) * 32, "net.peer": `${service}.local` },
        events: name === "denoise" ? [{ afterUs: us * 0.3, name: "cuda graph captured", attributes: { steps: 20 } }] : [],
      });
      for (const child of below) {
        const jitter = 0.85 + 0.3 * random();
        add(child, own, startUs + us * child[3], us * child[4] * Math.min(jitter, 1));
      }
    };
    const startUs = fromUs + ((toUs - fromUs) * (i + random())) / count;
    add(STUDIO, undefined, Math.round(startUs), (180_000 + 400_000 * random()) * slow);
  }
  return spans;
}
