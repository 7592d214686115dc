// SPDX-License-Identifier: LGPL-2.1-or-later
/* One trace, over the page, as long as the address names it: #trace=ID, and &span=ID for a span of it. */
import { el, setText } from "./dom.js";
import { dayTime, number, quantity } from "./format.js";
import { Overview } from "./overview.js";
import { serviceName } from "./service-colors.js";
import { KEPT_OUT } from "./session.js";
import { SpanPanel } from "./span-panel.js";
import { plant } from "./span-tree.js";
import { linkTo, parseLink } from "./trace-query.js";
import { Waterfall } from "./waterfall.js";

const TYPED_MS = 150; // a pause in typing
const MOST_SERVICES = 24; // named in the head
const KEYS = "Keys: arrows walk, open and close; Enter to the chosen span; + and − zoom about it, 0 shows all.";

export class Trace {
  #session;
  #id = null; // what is shown, or asked for
  #rows = [];
  #startUs = 0;
  #row = null; // that is chosen
  #found = [];
  #timer = null;
  #asked = 0;
  #address = ""; // that is followed
  #keepsAddress = false; // when it closes

  constructor(parent, session) {
    this.#session = session;
    this.waterfall = new Waterfall({
      choose: (row) => this.#choose(row), enter: () => this.panel.focus(),
      view: (from, to, isWhole) => this.#viewed(from, to, isWhole),
    });
    this.overview = new Overview((from, to) => this.waterfall.zoom(from, to), () => this.waterfall.zoomOut());
    this.panel = new SpanPanel((span) => this.waterfall.zoom(span.start_us - span.duration_us * 0.05, span.start_us + span.duration_us * 1.05));
    this.#build();
    parent.append(this.dialog);
    addEventListener("hashchange", () => this.#route());
    session.addEventListener("retry", () => this.#route());
    this.#route();
  }

  #build() {
    this.title = el("h2", { id: "trace-title" });
    this.id = el("code", { class: "muted" });
    this.told = el("span", { class: "muted", role: "status" });
    this.facts = el("dl", { class: "facts" });
    this.services = el("p", { class: "services" });
    this.note = el("p", { class: "muted", role: "status" });
    this.find = el("input", { type: "search", placeholder: "Find in spans", "aria-label": "Find in spans", autocomplete: "off", spellcheck: "false",
      oninput: () => this.#typed(), onkeydown: (event) => this.#findKey(event) });
    this.count = el("span", { class: "muted", role: "status" });
    this.whole = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.waterfall.zoomOut() }, "Whole trace");
    const critical = el("input", { type: "checkbox", onchange: () => this.waterfall.setCriticalOnly(critical.checked) });
    this.critical = critical;
    const tools = el("div", { class: "tools" }, el("span", { class: "find" }, this.find, this.count),
      el("label", { class: "check" }, critical, el("span", { class: "key", "aria-hidden": "true" }), " Critical path only"), this.whole,
      el("button", { type: "button", class: "quiet", onclick: () => this.waterfall.expandAll() }, "Expand all"),
      el("button", { type: "button", class: "quiet", onclick: () => this.waterfall.collapseAll() }, "Collapse all"));
    this.content = el("div", { class: "content" }, this.facts, this.services, tools, this.overview.element,
      el("div", { class: "split" }, this.waterfall.grid, this.panel.element), el("p", { class: "muted keys" }, KEYS));
    this.dialog = el("dialog", { class: "trace", "aria-labelledby": "trace-title", onclose: () => this.#closed() },
      el("header", {}, this.title, this.id, this.told,
        el("button", { type: "button", onclick: () => this.#copy() }, "Copy link"),
        el("button", { type: "button", onclick: () => this.#ask() }, "Refresh"),
        el("button", { type: "button", onclick: () => this.dialog.close() }, "Close")),
      this.note, this.content);
  }

  // --- which one

  #route() {
    const link = parseLink(location.hash);
    if (link === null) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    this.#address = location.hash;
    if (link.trace === this.#id && this.dialog.open && this.#rows.length > 0) {
      this.#chooseSpan(link.span);
      return;
    }
    this.#id = link.trace;
    this.#rows = [];
    this.#row = null;
    this.#keepsAddress = false;
    this.content.hidden = true;
    this.critical.checked = false;
    this.waterfall.setCriticalOnly(false);
    this.find.value = "";
    setText(this.title, "Trace");
    setText(this.id, link.trace);
    setText(this.told, "");
    if (!this.dialog.open) this.dialog.showModal();
    this.#ask();
  }

  #closed() {
    if (this.dialog.open) return; // told late: it is open anew
    this.#id = null;
    this.#rows = [];
    this.#asked++;
    this.waterfall.show([], 0, 1);
    if (location.hash === this.#address && !this.#keepsAddress) history.replaceState(null, "", location.pathname + location.search);
    this.#keepsAddress = false;
  }

  async #ask() {
    const asked = ++this.#asked;
    const id = this.#id;
    setText(this.note, "Asking…");
    try {
      const trace = await this.#session.client.traces.get({ trace_id: id });
      if (asked === this.#asked) this.#show(trace);
    } catch (error) {
      if (asked === this.#asked) this.#failed(error);
    }
  }

  /** Somebody has to log in first: the address stays, and is followed then. */
  #failed(error) {
    if (KEPT_OUT.has(error.status)) {
      this.#keepsAddress = true;
      this.dialog.close();
      return;
    }
    const unknown = error.status === "NOT_FOUND";
    setText(this.note, unknown ? "There is no such trace: none of its spans was received, or their time is over." : error.message);
  }

  // --- what is shown

  #show(trace) {
    const { start_us: startUs, duration_us: durationUs, spans, services, truncated } = trace;
    this.#rows = plant(spans);
    this.#startUs = startUs;
    const [root] = spans;
    setText(this.title, root === undefined ? "Trace" : `${root.service}: ${root.operation}`);
    setText(this.note, truncated ? `The first ${number(spans.length)} spans; it has more.` : "");
    const failed = spans.filter(({ outcome }) => outcome === "error").length;
    const missing = spans.filter((span) => span.parent_missing).length;
    const facts = [
      ["Began", dayTime(startUs)], ["Length", quantity(durationUs, "us")], ["Spans", number(spans.length)],
      ["Services", number(services.length)], ["Depth", number(spans.reduce((most, { depth }) => Math.max(most, depth + 1), 0))],
      ["Failed", number(failed), failed > 0 ? "problem" : null], ...(missing > 0 ? [["Parents missing", number(missing)]] : []),
    ];
    this.facts.replaceChildren(...facts.map(([name, text, level]) => el("div", {}, el("dt", {}, name), el("dd", { class: level ?? null }, text))));
    this.#showServices(spans);
    this.content.hidden = false;
    this.overview.show(this.#rows, startUs, durationUs);
    this.waterfall.show(this.#rows, startUs, durationUs);
    this.#seek();
    this.#chooseSpan(this.#row?.span.span_id ?? parseLink(location.hash)?.span ?? null);
    if (!this.dialog.contains(document.activeElement) || document.activeElement.matches("dialog, header button")) this.waterfall.grid.focus();
  }

  /** Those with the most time of their own first. */
  #showServices(spans) {
    const own = new Map();
    for (const { service, self_us: us } of spans) own.set(service, (own.get(service) ?? 0) + us);
    const all = [...own].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    this.services.replaceChildren(...all.slice(0, MOST_SERVICES).map(([service, us]) =>
      el("span", {}, serviceName(service), " ", el("span", { class: "muted" }, quantity(us, "us")))),
    ...(all.length > MOST_SERVICES ? [el("span", { class: "muted" }, `and ${all.length - MOST_SERVICES} more`)] : []));
  }

  #chooseSpan(id) {
    if (this.#rows.length === 0) return;
    const index = this.#rows.findIndex(({ span }) => span.span_id === id);
    this.waterfall.choose(Math.max(index, 0));
  }

  #choose(row) {
    this.#row = row;
    this.panel.show(row, this.#startUs);
  }

  #viewed(from, to, isWhole) {
    this.overview.view(from, to);
    this.whole.hidden = isWhole;
  }

  // --- what is looked for

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#seek(), TYPED_MS);
  }

  #seek() {
    const wanted = this.find.value.trim().toLowerCase();
    this.#found = wanted === "" ? [] : this.#rows.flatMap(({ span }, i) => (hasText(span, wanted) ? [i] : []));
    setText(this.count, wanted === "" ? "" : `${number(this.#found.length)} found`);
    this.waterfall.mark(new Set(this.#found));
  }

  #findKey(event) {
    if (event.key === "Enter" && this.#found.length > 0) {
      event.preventDefault();
      const at = this.#rows.indexOf(this.#row);
      const next = event.shiftKey ? this.#found.findLast((i) => i < at) ?? this.#found.at(-1) : this.#found.find((i) => i > at) ?? this.#found[0];
      this.waterfall.choose(next);
    } else if (event.key === "Escape" && this.find.value !== "") {
      event.preventDefault();
      this.find.value = "";
      this.#seek();
    }
  }

  async #copy() {
    const link = new URL(linkTo(this.#id, this.#row?.span.parent_id ? this.#row.span.span_id : null), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      setText(this.told, "Copied.");
    } catch {
      setText(this.told, link); // without TLS no script may write there
    }
  }
}

/** In its names, id, message, or attributes. */
function hasText(span, wanted) {
  const texts = [span.service, span.operation, span.span_id, span.message ?? "", JSON.stringify(span.attributes)];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}
