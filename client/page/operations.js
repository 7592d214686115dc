// SPDX-License-Identifier: LGPL-2.1-or-later
/* What services do: how often, how often in vain, and how long it takes. */
import { el, setAttribute, setText } from "./dom.js";
import { number, quantity } from "./format.js";
import { serviceName } from "./service-colors.js";
import { Table, bar, right } from "./table.js";

const FEW = 30; // rows at first
const HIGH_PERCENT = 5; // of failures, from where on they are a colour of their own
// heading, what it is sorted by, whether the greatest goes first
const COLUMNS = [
  ["Service", ({ service }) => service, false], ["Operation", ({ operation }) => operation, false],
  [">Rate", ({ rate_per_s: rate }) => rate, true], [">Failed", ({ error_percent: failed }) => failed, true],
  [">p50", ({ p50_us: us }) => us, true], [">p95", ({ p95_us: us }) => us, true], [">p99", ({ p99_us: us }) => us, true],
];

export class Operations {
  #operations = [];
  #column = 0;
  #all = false;
  #choose;

  /** choose(service, operation): to see its traces. */
  constructor(choose) {
    this.#choose = choose;
    this.table = new Table("Operations", COLUMNS.map(([head]) => head), "No spans came in that time.");
    this.more = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => {
      this.#all = !this.#all;
      this.#show();
    } });
    this.table.actions.append(this.more);
    this.element = this.table.element;
    [...this.table.table.tHead.rows[0].cells].forEach((cell, i) => {
      const button = el("button", { type: "button", class: "sort", onclick: () => {
        this.#column = i;
        this.#show();
      } }, cell.textContent);
      cell.replaceChildren(button);
    });
  }

  async ask(client, filter) {
    const { operations } = await client.traces.stats(filter);
    this.#operations = operations;
    this.#show();
  }

  #show() {
    [...this.table.table.tHead.rows[0].cells].forEach((cell, i) =>
      setAttribute(cell, "aria-sort", i === this.#column ? (COLUMNS[i][2] ? "descending" : "ascending") : null));
    const [, key, isDescending] = COLUMNS[this.#column];
    const sign = isDescending ? -1 : 1;
    const sorted = [...this.#operations].sort((a, b) => sign * compare(key(a), key(b)) || compare(a.service, b.service) || compare(a.operation, b.operation));
    const longest = Math.max(1, ...sorted.map(({ p99_us: us }) => us ?? 0));
    this.more.hidden = sorted.length <= FEW;
    setText(this.more, this.#all ? `The first ${FEW}` : `All ${number(sorted.length)}`);
    setText(this.table.note, sorted.length === 0 ? "" : `${number(sorted.length)}`);
    this.table.tell(this.#all ? sorted : sorted.slice(0, FEW), (one) => this.#cells(one, longest));
  }

  #cells(one, longest) {
    const { service, operation, rate_per_s: rate, error_percent: failed } = one;
    const button = el("button", { type: "button", class: "link", "data-key": `${service}\n${operation}`, title: "Its traces",
      onclick: () => this.#choose(service, operation) }, operation);
    return [
      el("td", {}, serviceName(service)),
      el("th", { scope: "row", class: "wide" }, button),
      right(quantity(rate, "", true)),
      right(quantity(failed, "percent"), { class: failed > 0 ? `number ${failed >= HIGH_PERCENT ? "problem" : "some"}` : "number" }),
      right(quantity(one.p50_us, "us")), right(quantity(one.p95_us, "us")),
      bar(quantity(one.p99_us, "us"), (one.p99_us ?? 0) / longest),
    ];
  }
}

/** What is not known goes last of what is descending. */
function compare(a, b) {
  const [x, y] = [a ?? -1, b ?? -1];
  return x < y ? -1 : x > y ? 1 : 0;
}
