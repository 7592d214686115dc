// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the devices cost, for whom, and by month; with no price, for how long. */
import { el, setAttribute, setText } from "./dom.js";
import { UNKNOWN, dayTime, lazy, number, quantity } from "./format.js";
import { range } from "./range.js";
import { whileSeen } from "./sight.js";
import { Table, bar, right } from "./table.js";

const LIST_MS = 30_000; // it is written once a minute
const FEW = 15;
const ALL = 1000;
const MONTHS = 12;
const DAY_S = 86_400;
const SMALL = 1; // of money, below which more digits matter
const CHARTS = "charts"; // what they show
const MONTH = "month";
const SPANS = [[CHARTS, "As the charts"], ["1", "Last day"], ["7", "Last 7 days"], [MONTH, "This month"], ["30", "Last 30 days"], ["", "All there is"]];
const SPLITS = [["device", "By device"], ["process", "By process"], ["worker", "By worker"], ["service", "By service"], ["operation", "By operation"]];
const BASES = { utilization: "by the share of time that devices computed", memory: "by the share of memory in use", mixed: "by utilization, or by memory where a driver tells no utilization" };
const month = lazy(() => new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" }));
const options = (rows) => rows.map(([value, text]) => el("option", { value }, text));

export class Cost {
  #session;
  #all = false;
  #asked = 0;

  constructor(section, session) {
    this.#session = session;
    this.total = el("span", { class: "big" }, UNKNOWN);
    this.about = el("span", { class: "muted" });
    this.advice = el("p", { class: "advice", hidden: true });
    this.used = el("i", { class: "used" });
    this.facts = el("dl", { class: "facts" });
    this.note = el("p", { class: "muted", role: "status" });
    const changed = () => this.again();
    this.span = el("select", { "aria-label": "Time of the bill", onchange: changed }, ...options(SPANS));
    this.span.value = range.isLive ? MONTH : CHARTS;
    this.by = el("select", { "aria-label": "Split", onchange: changed }, ...options(SPLITS));
    this.split = new Table("For whom", ["Name", ">Used", ">Cost", ">Share of all time"], "No device was seen in that time.");
    this.more = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => {
      this.#all = !this.#all;
      this.again();
    } });
    this.split.actions.append(this.more, " ", this.by);
    this.trend = new Table("By month", ["Month", ">Cost", ">Of it idle", ">Expected at its end", ">Device time", ">Unseen"], "No month yet.");
    this.batches = new Table("What batch sizes changed", ["When", "Worker", ">Size", ">An item before", ">An item after", ">Saved", "Deployed"], "");
    this.batches.element.hidden = true;
    section.append(
      el("div", { class: "card" }, el("div", { class: "filter" }, this.span), el("p", { class: "figure" }, this.total, this.about),
        el("div", { class: "usage", "aria-hidden": "true" }, this.used), this.facts, this.advice, this.note),
      el("div", { class: "cards tables" }, this.split.element, this.trend.element, this.batches.element));
    this.again = whileSeen(section, session, LIST_MS, () => this.#ask());
    range.addEventListener("change", () => {
      this.span.value = range.isLive ? MONTH : CHARTS;
      this.again();
    });
    session.addEventListener("state", () =>
      setText(this.note, session.state.name === "stale" && this.#asked > 0 ? "Not connected: this is how it was." : ""));
  }

  #time() {
    const { value } = this.span;
    if (value === CHARTS) return range.span();
    if (value === "") return {};
    if (value !== MONTH) return { from_us: (range.now - Number(value) * DAY_S) * 1e6 };
    const day = new Date(range.now * 1e3);
    return { from_us: Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1) * 1e3 };
  }

  async #ask() {
    const asked = ++this.#asked;
    const { cost } = this.#session.client;
    const [summary, trend] = await Promise.all([
      cost.summary({ by: this.by.value, limit: this.#all ? ALL : FEW, ...this.#time() }), cost.trend({ months: MONTHS })]);
    if (asked !== this.#asked) return; // something else was chosen meanwhile
    this.#tellBill(summary);
    this.#tellSplit(summary);
    this.trend.tell([...trend.months].reverse().map((one) => ({ ...one, currency: trend.currency, most: greatest(trend.months) })), monthCells);
    this.batches.element.hidden = summary.batch_changes.length === 0;
    this.batches.tell(summary.batch_changes.map((one) => ({ ...one, currency: summary.currency })), batchCells);
  }

  #tellBill(bill) {
    const { total_cost: total, idle_cost: idle, currency, device_us: time, used_us: used, idle_us: idleUs, unseen_us: unseen } = bill;
    const isPriced = total !== null;
    setText(this.total, isPriced ? money(total, currency) : quantity(time, "us"));
    setText(this.about, isPriced ? `for ${quantity(time, "us")} of devices` : "of devices");
    this.used.style.width = time > 0 ? `${(100 * used) / time}%` : "0";
    setText(this.advice, isPriced ? "" : "No price is set, so that times are all there is. In the configuration: [cost] gpu_hour=2.50, and currency=EUR.");
    this.advice.hidden = isPriced;
    const facts = [
      ["Used", isPriced ? money(total - idle, currency) : null, used],
      ["Idle", isPriced ? money(idle, currency) : null, idleUs],
      ["Unseen, not in it", bill.unseen_cost === null ? null : money(bill.unseen_cost, currency), unseen],
      ...(isPriced && bill.unpriced_us > 0 ? [["With no price then", null, bill.unpriced_us]] : []),
      ...(bill.cost_per_gb === null ? [] : [["A GB", money(bill.cost_per_gb, currency), null, `${number(bill.gb)} GB`]]),
      ...(bill.cache_saved_us === null ? [] : [["Saved by the cache", bill.cache_saved_cost === null ? null : money(bill.cache_saved_cost, currency), bill.cache_saved_us]]),
    ];
    this.facts.replaceChildren(...facts.map(([name, amount, us, text = quantity(us, "us")]) => el("div", {}, el("dt", {}, name),
      el("dd", {}, amount ?? text, amount === null ? null : el("span", { class: "muted" }, ` ${text}`)))));
    setAttribute(this.facts, "title", BASES[bill.basis] === undefined ? null : `Used is told from idle ${BASES[bill.basis]}`);
  }

  /** Those it is split over, then what nobody used: together they are the bill. */
  #tellSplit(bill) {
    const { entries, currency, device_us: time, idle_us: idle } = bill;
    const rows = entries.map((one) => ({ ...one, currency }));
    if (time > 0) {
      const shown = entries.reduce((sum, { used_us: us }) => sum + us, 0);
      const rest = bill.used_us - shown;
      if (bill.next_cursor !== null && rest > 0) rows.push({ name: "others", of: "line", used_us: rest, cost: null, share_percent: (100 * rest) / time, currency });
      rows.push({ name: "Idle", of: "line", used_us: idle, cost: bill.idle_cost, share_percent: (100 * idle) / time, currency });
    }
    this.more.hidden = bill.next_cursor === null && !this.#all;
    setText(this.more, this.#all ? `The first ${FEW}` : "All");
    this.split.tell(rows, splitCells);
  }
}

function splitCells({ name, of, service, rest, used_us: used, cost, share_percent: share, currency }) {
  const title = service ? `${service}: ${name}` : name;
  return [
    el("th", { scope: "row", class: `wide${of === "line" || rest ? " muted" : ""}` }, title),
    right(quantity(used, "us")), right(money(cost, currency)),
    bar(quantity(share, "percent"), (share ?? 0) / 100, of === "line" ? "idle" : ""),
  ];
}

const greatest = (months) => Math.max(1e-9, ...months.map(({ cost, projected_cost: expected }) => Math.max(cost ?? 0, expected ?? 0)));

function monthCells({ from_us: from, cost, idle_cost: idle, projected_cost: expected, device_us: time, unseen_us: unseen, currency, most }) {
  return [
    el("th", { scope: "row" }, month.format(from / 1e3)),
    bar(money(cost, currency), (cost ?? 0) / most), right(money(idle, currency)),
    expected === null ? right(UNKNOWN) : bar(money(expected, currency), expected / most, "expected"),
    right(quantity(time, "us")), right(unseen > 0 ? quantity(unseen, "us") : UNKNOWN),
  ];
}

function batchCells(one) {
  const { changed_us: changed, name, operation, before, after, mark, currency } = one;
  const item = ({ item_cost: cost, item_us: us }) => right(cost === null ? quantity(us, "us") : money(cost, currency));
  const percent = (value) => quantity(value, "percent");
  return [
    el("td", {}, dayTime(changed)),
    el("th", { scope: "row", class: "wide" }, operation === null ? name : `${name}: ${operation}`),
    right(`${number(before.size)} → ${number(after.size)}`), item(before), item(after),
    right(`${percent(one.saved_percent)} (${percent(one.saved_percent_lower)} to ${percent(one.saved_percent_upper)})`),
    el("td", { class: "wide" }, mark ?? UNKNOWN),
  ];
}

/** Two digits behind the point, or as many as a small amount needs. */
function money(amount, currency) {
  if (amount === null || amount === undefined) return UNKNOWN;
  const digits = Math.abs(amount) < SMALL && amount !== 0 ? { maximumSignificantDigits: 3 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency, ...digits }).format(amount);
  } catch {
    return `${new Intl.NumberFormat(undefined, digits).format(amount)} ${currency}`; // not one of ISO 4217
  }
}
