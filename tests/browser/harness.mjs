// SPDX-License-Identifier: LGPL-2.1-or-later
// A page in Chromium that is watched for what no page of ours may do, and the daemon behind it by questions.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const facts = JSON.parse(process.argv[3]);
const require = createRequire(`${facts.packages}/package.json`);
export const { chromium } = require("playwright-core");
export const { AxeBuilder } = require("@axe-core/playwright");

// as much as a start of Chromium takes beside many others
export const PATIENCE_MS = 180_000;

// what a page may say whose daemon was killed; the latter of what was asked just then
export const GONE = [/WebSocket connection to .* failed/, /ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|CONTENT_LENGTH_MISMATCH)/];

let answers = null;

/** Of browser_test.py's REQUESTS. */
export async function ask(name, ...args) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log(JSON.stringify({ ask: [name, ...args] }));
  const { value } = await answers.next();
  return JSON.parse(value).answer;
}

export class Visit {
  static async begin(options = {}) {
    const visit = new Visit();
    visit.browser = await chromium.connect(facts.browser, { timeout: PATIENCE_MS });
    await visit.open(options);
    return visit;
  }

  async open({ width = 1440, height = 900, scheme = "light", path = "/", before = null, more = {} } = {}) {
    this.context = await this.browser.newContext({
      viewport: { width, height }, colorScheme: scheme, acceptDownloads: true, locale: "en-GB", ...more,
    });
    this.context.setDefaultTimeout(PATIENCE_MS);
    this.page = await this.context.newPage();
    this.faults = [];
    // what a case brings about on purpose; and that the client gave a connection up which was too slow
    this.allowed = [/WebSocket is closed before the connection is established/];
    this.#watch();
    await before?.(this.page);
    await this.page.goto(new URL(path, facts.url).href);
  }

  #watch() {
    const { page } = this;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#fault(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.#fault(`uncaught: ${error.stack}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.origin !== facts.url)
        this.#fault(`request to ${request.url()}`);
    });
    page.on("websocket", (socket) => {
      if (new URL(socket.url()).host !== new URL(facts.url).host) this.#fault(`WebSocket to ${socket.url()}`);
    });
    page.exposeFunction("orfeasViolation", (text) => this.#fault(`CSP: ${text}`));
    page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) =>
      window.orfeasViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)));
  }

  #fault(text) {
    if (!this.allowed.some((pattern) => pattern.test(text))) this.faults.push(text);
  }

  /** Nothing happened that may not.  The Chromium goes on, for the next case. */
  async end() {
    await this.browser.close();
    if (this.faults.length > 0) throw new Error(this.faults.join("\n"));
  }

  state(name) {
    return this.page.waitForSelector(`body[data-state="${name}"]`);
  }

  async firstChart() {
    await this.page.waitForFunction(() => performance.getEntriesByName("first-chart").length > 0);
    return this.page.evaluate(() => performance.getEntriesByName("first-chart")[0].startTime);
  }

  /** The section of that id; in sight also once what is above it has grown: what nobody sees asks for nothing. */
  async sight(id) {
    const section = this.page.locator(`#${id}`);
    await section.evaluate((element) => setInterval(() => {
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom <= 0 || top >= innerHeight) element.scrollIntoView();
    }, 100));
    return section;
  }

  /** Nothing is wider than the window, once the charts have followed it. */
  async fits() {
    const { width } = this.page.viewportSize();
    const fit = (wide) => innerWidth === wide && document.documentElement.scrollWidth <= wide;
    await this.page.waitForFunction(fit, width).catch(async () => {
      const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
      throw new Error(`${wide} px in a window of ${width}`);
    });
  }

  /** Wide and light, narrow and dark: it fits, and axe finds nothing. */
  async look(name) {
    for (const [colorScheme, width] of [["light", 1440], ["dark", 390]]) {
      await this.page.emulateMedia({ colorScheme });
      await this.page.setViewportSize({ width, height: 900 });
      await this.fits();
      const { violations } = await new AxeBuilder({ page: this.page }).analyze();
      const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
      if (found.length > 0) throw new Error(`${name}, ${colorScheme} at ${width}: ${found.join("\n")}`);
      await this.screenshot(`${name}-${colorScheme}-${width}`);
    }
    await this.page.setViewportSize({ width: 1440, height: 900 });
  }

  /** What the chart's CSV button gives: rows of {second, values}, by the names of its columns. */
  async csv(title) {
    const coming = this.page.waitForEvent("download");
    await this.page.getByRole("button", { name: `Download ${title} as CSV`, exact: true }).click();
    const download = await coming;
    const path = `${facts.dir}/download.csv`;
    await download.saveAs(path); // Chromium is another process's, and so is where it put it
    const [head, ...lines] = readFileSync(path, "utf8").trimEnd().split("\r\n");
    return {
      name: download.suggestedFilename(),
      head,
      rows: lines.map((line) => {
        const [time, tUs, ...values] = line.split(",");
        return { time, second: Number(tUs) / 1e6, values: values.map((value) => (value === "" ? null : Number(value))) };
      }),
    };
  }

  async screenshot(name) {
    if (!facts.screenshots) return;
    await this.page.evaluate(() => scrollTo(0, 0));
    await this.page.screenshot({ path: `${facts.screenshots}/${name}.png`, fullPage: true });
  }
}

export async function until(predicate, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await predicate();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function run(cases) {
  try {
    await cases[process.argv[2]]();
    process.exit(0);
  } catch (error) {
    console.error(error.stack);
    process.exit(1);
  }
}
