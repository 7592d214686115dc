// SPDX-License-Identifier: LGPL-2.1-or-later
/* What services did: operations, traces, what was slow, and who calls whom; each trace opens in trace.js. */
import { el, setAttribute, setText } from "./dom.js";
import { Operations } from "./operations.js";
import { range } from "./range.js";
import { serviceColor } from "./service-colors.js";
import { ServiceMap } from "./service-map.js";
import { whileSeen } from "./sight.js";
import { Trace } from "./trace.js";
import { SlowList, TraceList } from "./trace-lists.js";
import { parseDuration, parseTags } from "./trace-query.js";

const LIST_MS = 5_000;
const SLOWLY = 6; // what changes slowly is asked for each so many times
const TYPED_MS = 400; // a pause in typing
const CHARTS = "charts"; // what they show
const HOUR = "3600";
const SPANS = [[CHARTS, "As the charts"], ["900", "Last 15 minutes"], ["3600", "Last hour"], ["21600", "Last 6 hours"], ["86400", "Last day"], ["604800", "Last 7 days"], ["", "All there is"]];
const OUTCOMES = [["", "Any outcome"], ["error", "Failed"], ["ok", "Said to be ok"]];
const options = (rows) => rows.map(([value, text]) => el("option", { value }, text));

export class Traces {
  #session;
  #views;
  #view = "operations";
  #services = null; // as told
  #listed = "";
  #round = 0;
  #timer = null;
  #busy = false;
  #isDue = false; // something else was chosen while an answer was on its way

  constructor(section, session) {
    this.#session = session;
    this.#views = {
      operations: { title: "Operations", part: new Operations((service, operation) => this.#look(service, operation)) },
      list: { title: "Traces", part: new TraceList() },
      slow: { title: "Slow", part: new SlowList() },
      map: { title: "Service map", part: new ServiceMap((service) => this.#look(service, "")), slowly: true },
    };
    this.note = el("p", { class: "muted", role: "status" });
    this.nothing = el("div", { class: "card" }, el("p", { class: "headline" }, "No traces yet"), ...howToSend());
    this.nothing.hidden = true; // until it is known
    this.content = el("div", { class: "traces", hidden: true }, this.#makeHead(), ...Object.entries(this.#views).map(([name, { part }]) =>
      el("div", { id: `traces-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: name !== this.#view }, part.element)),
    el("details", { class: "card" }, el("summary", {}, "How services send theirs here"), ...howToSend()));
    section.append(this.note, this.nothing, this.content);
    this.trace = new Trace(section, session);
    const again = whileSeen(section, session, LIST_MS, () => this.#ask());
    this.askNow = () => {
      this.#round = 0;
      again();
    };
    range.addEventListener("change", () => {
      this.span.value = range.isLive ? HOUR : CHARTS;
      this.#changed();
    });
    session.addEventListener("state", () => this.#tellState());
  }

  // --- what is asked for

  #makeHead() {
    const changed = () => this.#changed();
    const typed = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(changed, TYPED_MS);
    };
    const typing = (label, placeholder, hint) =>
      el("input", { type: "text", "aria-label": label, placeholder, title: hint, autocomplete: "off", spellcheck: "false", oninput: typed });
    this.tabs = el("div", { role: "tablist", "aria-label": "Views of traces", class: "tabs", onkeydown: (event) => this.#tabKey(event) },
      ...Object.entries(this.#views).map(([name, { title }]) => el("button", {
        id: `tab-${name}`, type: "button", role: "tab", "aria-controls": `traces-${name}`, "aria-selected": String(name === this.#view),
        tabindex: name === this.#view ? "0" : "-1", onclick: () => this.#show(name),
      }, title)));
    this.span = el("select", { "aria-label": "Time", onchange: changed }, ...options(SPANS));
    this.span.value = range.isLive ? HOUR : CHARTS;
    this.service = el("select", { "aria-label": "Service", onchange: () => {
      this.#listOperations();
      changed();
    } });
    this.operation = el("select", { "aria-label": "Operation", onchange: changed });
    this.least = typing("At least so long", "At least, as 250 ms", "A time as 250 ms, 1.5 s or 2 min");
    this.tags = typing("Attributes", "Attributes, as http.method=GET", "key=value, several with a space between, \"quoted\" with spaces");
    this.outcome = el("select", { "aria-label": "Outcome", onchange: changed }, ...options(OUTCOMES));
    this.ofList = el("span", { class: "filter", hidden: true }, this.least, this.outcome, this.tags);
    this.problem = el("p", { class: "problem", role: "alert" });
    return el("div", { class: "card" }, this.tabs, el("div", { class: "filter" }, this.span, this.service, this.operation, this.ofList), this.problem);
  }

  /** null: something that was typed is wrong, and said so. */
  #filter() {
    const [least, tags] = [parseDuration(this.least.value), parseTags(this.tags.value)];
    setAttribute(this.least, "aria-invalid", least === null ? "true" : null);
    setAttribute(this.tags, "aria-invalid", tags === null ? "true" : null);
    setText(this.problem, this.#view !== "list" ? "" : least === null ? "A time is written as 250 ms, 1.5 s or 2 min."
      : tags === null ? "Attributes are written as key=value, with a space between." : "");
    const filter = {
      ...this.#time(),
      ...this.service.value !== "" && { service: this.service.value },
      ...this.operation.value !== "" && { operation: this.operation.value },
    };
    if (this.#view !== "list") return filter;
    if (least === null || tags === null) return null;
    return { ...filter, ...least !== undefined && { min_duration_us: least }, ...tags && { tags }, ...this.outcome.value !== "" && { outcome: this.outcome.value } };
  }

  #time() {
    if (this.span.value === CHARTS) return range.span();
    const seconds = Number(this.span.value);
    return seconds > 0 ? { from_us: Math.max(0, (range.now - seconds) * 1e6) } : {};
  }

  /** One at a time, so that no answer comes after that of a later question. */
  async #ask() {
    this.#isDue = this.#busy;
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#askOnce();
    } finally {
      this.#busy = false;
      if (this.#isDue) this.askNow();
    }
  }

  async #askOnce() {
    const { client } = this.#session;
    const isSlowRound = this.#round++ % SLOWLY === 0;
    if (isSlowRound || !this.#services?.length) this.#tellServices((await client.traces.services()).services);
    if (this.#services.length === 0) return;
    const view = this.#views[this.#view];
    const filter = this.#filter();
    if (filter === null || (view.slowly && !isSlowRound)) return;
    try {
      await view.part.ask(client, filter);
    } catch (error) {
      if (!error.local && error.status !== undefined) setText(this.problem, error.message);
      throw error;
    }
  }

  // --- what there is

  #tellServices(services) {
    this.#services = services;
    this.nothing.hidden = services.length > 0;
    this.content.hidden = services.length === 0;
    const listed = JSON.stringify(services);
    if (listed === this.#listed) return;
    this.#listed = listed;
    for (const { service } of services) serviceColor(service); // by name, whoever is met first
    const chosen = this.service.value;
    this.service.replaceChildren(...options([["", "All services"], ...services.map(({ service }) => [service, service])]));
    this.service.value = services.some(({ service }) => service === chosen) ? chosen : "";
    this.#listOperations();
  }

  #listOperations() {
    const chosen = this.operation.value;
    const operations = this.#services?.find(({ service }) => service === this.service.value)?.operations ?? [];
    this.operation.replaceChildren(...options([["", "All operations"], ...operations.map((name) => [name, name])]));
    this.operation.value = operations.includes(chosen) ? chosen : "";
    this.operation.disabled = operations.length === 0;
  }

  #tellState() {
    setText(this.note, this.#session.state.name === "stale" && this.#services !== null ? "Not connected: this is how it was." : "");
  }

  // --- what is shown

  #show(name) {
    this.#view = name;
    for (const [one, { title }] of Object.entries(this.#views)) {
      const tab = [...this.tabs.children].find(({ textContent }) => textContent === title);
      setAttribute(tab, "aria-selected", String(one === name));
      setAttribute(tab, "tabindex", one === name ? "0" : "-1");
      document.getElementById(`traces-${one}`).hidden = one !== name;
    }
    this.ofList.hidden = name !== "list";
    this.operation.hidden = this.service.hidden = name === "map";
    this.#changed();
  }

  #changed() {
    clearTimeout(this.#timer);
    this.askNow();
  }

  /** The traces of it. */
  #look(service, operation) {
    this.service.value = service;
    this.#listOperations();
    this.operation.value = operation;
    this.#show("list");
    document.getElementById("tab-list").focus();
  }

  #tabKey(event) {
    const names = Object.keys(this.#views);
    const at = names.indexOf(this.#view);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = names.at(to % names.length);
    this.#show(name);
    document.getElementById(`tab-${name}`).focus();
  }
}

/** Also for those who so far see the daemon's own spans alone. */
function howToSend() {
  return [
    el("p", { class: "muted" }, "Any OpenTelemetry SDK or Collector sends them here by OTLP/HTTP:"),
    el("pre", { class: "command", tabindex: "0", "aria-label": "Environment of what sends" },
      `OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`),
    el("p", { class: "muted" }, "Where a token is asked for: ", el("code", {}, "OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer%20TOKEN\""),
      ", of the role ingest. With no SDK, ", el("code", {}, "traces.record"), " takes them."),
  ];
}
