// SPDX-License-Identifier: LGPL-2.1-or-later
/* All that is known of one span. */
import { el } from "./dom.js";
import { number, quantity, time } from "./format.js";
import { serviceName } from "./service-colors.js";
import { tables } from "./span-gpu.js";
import { badge } from "./table.js";
import { linkTo } from "./trace-query.js";

const HEX_ID = /^[0-9a-f]{16,32}$/i;

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

export class SpanPanel {
  /** zoom(span): shows just its time. */
  constructor(zoom) {
    this.title = el("h3", { tabindex: "-1" });
    this.about = el("p", { class: "badges" });
    this.body = el("div", {});
    this.zoom = el("button", { type: "button", class: "quiet", onclick: () => zoom(this.span) }, "Zoom to it");
    this.element = el("aside", { class: "panel", "aria-label": "The chosen span", tabindex: "0" },
      el("header", {}, this.title, this.zoom), this.about, this.body);
  }

  focus() {
    this.title.focus();
  }

  /** A row of plant(), of a trace that began then. */
  show({ span, children }, traceStartUs) {
    this.span = span;
    this.title.textContent = span.operation;
    this.about.replaceChildren(serviceName(span.service), badge(span.kind),
      ...(span.outcome === null ? [] : [badge(span.outcome === "error" ? "failed" : "ok", span.outcome === "error" ? "critical" : "low")]),
      ...(span.critical ? [badge("critical path")] : []), ...(span.parent_missing ? [badge("parent missing", "medium")] : []));
    this.body.replaceChildren(...[
      span.message === null ? null : el("p", { class: span.outcome === "error" ? "problem" : "muted" }, span.message),
      facts(span, children, traceStartUs),
      section("Attributes", Object.entries(span.attributes)),
      section("Events", span.events.map((event) => this.#event(event))),
      section("Links", span.links.map(describeLink)),
      devices(span.gpu),
      section("Resource", Object.entries(span.resource)),
      section("Scope", scopeRows(span.scope)),
      section("Left out by the sender", Object.entries(span.dropped ?? {})),
    ].filter((part) => part !== null));
  }

  /** When it was, after the span's begin, and what it carries. */
  #event({ name, t_us: tUs, attributes = {} }) {
    const carried = Object.entries(attributes).map(([key, value]) => `${key}=${asText(value)}`).join("\n");
    return [tUs === undefined ? "" : `+${quantity(tUs - this.span.start_us, "us")}`, carried === "" ? name : `${name}\n${carried}`];
  }
}

function facts(span, children, traceStartUs) {
  const rows = [
    ["Length", quantity(span.duration_us, "us")],
    ["Self", quantity(span.self_us, "us")],
    ["Begins after", quantity(span.start_us - traceStartUs, "us")],
    ["At", time(span.start_us / 1e6)],
    ["Children", number(children)],
    ["Span id", span.span_id],
    ...(span.parent_id === null ? [] : [["Parent’s id", span.parent_id]]),
    ...(span.trace_state === null ? [] : [["tracestate", span.trace_state]]),
  ];
  return el("dl", { class: "facts" }, ...rows.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))));
}

/** Rows of a name and a value, that is text or elements. */
function section(title, rows) {
  if (rows.length === 0) return null;
  return el("section", {}, el("h4", {}, title),
    el("table", { "aria-label": title }, el("tbody", {}, ...rows.map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value instanceof Node ? value : asText(value)))))));
}

function describeLink({ trace_id: trace, span_id: span, attributes = {} }) {
  const carried = Object.entries(attributes).map(([key, value]) => ` ${key}=${asText(value)}`).join("");
  // whole, since the first link of a page that is a fragment alone is held for one past the navigation
  const href = new URL(linkTo(trace, span), location.href).href;
  const known = HEX_ID.test(trace ?? "") && HEX_ID.test(span ?? "");
  return ["to", el("span", {}, known ? el("a", { href }, `span ${span} of trace ${trace}`) : asText({ trace, span }), carried)];
}

function scopeRows(scope) {
  const { attributes = {}, ...rest } = scope ?? {};
  return [...Object.entries(rest).filter(([, value]) => value !== null && value !== ""), ...Object.entries(attributes)];
}

function devices(gpu) {
  const all = tables(gpu);
  return all.length === 0 ? null : el("section", {}, el("h4", {}, "GPU"), ...all);
}
