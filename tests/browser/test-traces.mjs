// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { layOut } from "../../client/page/layers.js";
import { plant, ticks, unfold } from "../../client/page/span-tree.js";
import { parseDuration, parseLink, parseTags } from "../../client/page/trace-query.js";
import { AxeBuilder, GONE, Visit, ask, facts, run, until } from "./harness.mjs";
import { send, spanId, studio, traceId } from "./spans.mjs";

const LOOKS = [["light", 1440], ["dark", 1440], ["dark", 390], ["light", 390]];
const ATTACK = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

async function axe(visit, what) {
  const { violations } = await new AxeBuilder({ page: visit.page }).analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => [html, failureSummary])]), [], what);
}

/** The page, or the trace that lies over it. */
async function picture(visit, name) {
  if (await visit.page.locator("dialog.trace[open]").count() === 0) await visit.screenshot(`traces-${name}`);
  else if (facts.screenshots) await visit.page.screenshot({ path: `${facts.screenshots}/traces-${name}.png` });
}

/** Wide and narrow, in a theme each, or in both. */
async function look(visit, name, looks = [LOOKS[0], LOOKS[2]]) {
  const before = visit.page.viewportSize();
  for (const [colorScheme, width] of looks) {
    await visit.page.emulateMedia({ colorScheme });
    await visit.page.setViewportSize({ width, height: 900 });
    await visit.fits();
    await axe(visit, `${name}, ${colorScheme} at ${width}`);
    await picture(visit, `${name}-${colorScheme}-${width}`);
  }
  await visit.page.emulateMedia({ colorScheme: "light" });
  await visit.page.setViewportSize(before);
  await visit.section.scrollIntoViewIfNeeded(); // what is not seen does not follow
}

async function sendAll(spans) {
  for (let i = 0; i < spans.length; i += 2000) await send(spans.slice(i, i + 2000));
}

/** A visit that notes which methods are called once the connection is open. */
async function begin(options = {}) {
  const calls = [];
  const visit = await Visit.begin({ ...options, before: (page) => page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => calls.push(/"method":"([^"]*)"/.exec(String(payload))?.[1]))) });
  visit.count = (start) => calls.filter((method) => method?.startsWith(start)).length;
  return visit;
}

/** Until what is asked for each 5 s was so twice. */
async function aWhile(visit) {
  const before = visit.count("status.get");
  await until(() => visit.count("status.get") >= before + 2, "what is asked for each 5 s");
}

/** A visit with the section in sight. */
async function see() {
  const visit = await begin();
  await visit.state("live");
  visit.section = await visit.sight("traces");
  return visit;
}

const tab = (visit, name) => visit.section.getByRole("tab", { name, exact: true }).click();
const table = (visit, name) => visit.section.getByRole("table", { name, exact: true });
const rows = (visit, name) => table(visit, name).locator("tbody tr");
const trace = (visit) => visit.page.getByRole("dialog");
const grid = (visit) => visit.page.getByRole("treegrid", { name: "Spans" });
const open = (visit, hash) => visit.page.evaluate((to) => { location.hash = to; }, hash);

/** The names of the rows in sight, and which is chosen. */
const seen = (visit) => grid(visit).locator(".spans [role=row]").evaluateAll((all) => all.map((row) => row.querySelector(".operation").textContent));
const chosen = (visit) => grid(visit).evaluate((element) =>
  document.getElementById(element.getAttribute("aria-activedescendant"))?.querySelector(".operation").textContent);

/** A root of 1 s, as told in milliseconds after its begin. */
function family(startUs) {
  const span = (id, parent, service, name, fromMs, toMs, more = {}) =>
    ({ trace: 1, id, parent, service, name, startUs: startUs + fromMs * 1e3, us: (toMs - fromMs) * 1e3, ...more });
  return [
    span(1, undefined, "front", "GET /", 0, 1000, { kind: 2, attributes: { "http.method": "GET", size: 7, ok: true } }),
    span(2, 1, "back", "work", 100, 700, { failed: true, message: "out of memory",
      events: [{ afterUs: 250_000, name: "exception", attributes: { "exception.type": "OOM" } }], links: [{ trace: 2, span: 77 }] }),
    span(3, 2, "store", "read", 200, 500),
    span(4, 1, "store", "write", 750, 900),
    span(5, 99, "late", "orphan", 300, 400),
  ];
}

async function walk(visit) {
  const { page } = visit;
  const press = async (key, name) => {
    await page.keyboard.press(key);
    assert.equal(await chosen(visit), name, key);
  };
  await grid(visit).focus();
  await press("Home", "GET /");
  await press("ArrowRight", "work");
  await press("ArrowRight", "read");
  await press("ArrowRight", "read"); // nothing is below it
  await press("ArrowLeft", "work");
  await press("ArrowLeft", "work"); // collapsed
  assert.deepEqual(await seen(visit), ["GET /", "work", "write", "orphan"]);
  await press("ArrowDown", "write");
  await press("ArrowUp", "work");
  await press("ArrowRight", "work"); // open again
  await press("End", "orphan");
  await press("ArrowUp", "write");
  await press("ArrowUp", "read");
  await press("Home", "GET /");
  await press(" ", "GET /");
  assert.deepEqual(await seen(visit), ["GET /", "orphan"]);
  await press("*", "GET /");
  await press("PageDown", "orphan");
  await press("ArrowUp", "write");
  // about what is chosen, and back
  const bar = () => grid(visit).locator(`#span-${spanId(4)} .extent`).evaluate((element) => element.getBoundingClientRect().width);
  const before = await bar();
  await page.keyboard.press("+");
  assert.ok(Math.abs((await bar()) / before - 2) < 0.1, `${before} px, then ${await bar()}`);
  await page.keyboard.press("0");
  assert.ok(Math.abs((await bar()) / before - 1) < 0.02);
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "write"); // in the panel
}

await run({
  // what needs no browser
  plain: async () => {
    assert.equal(parseDuration(""), undefined);
    assert.equal(parseDuration(" 250 ms"), 250_000);
    assert.equal(parseDuration("1.5s"), 1_500_000);
    assert.equal(parseDuration("7"), 7_000);
    assert.equal(parseDuration("2 min"), 120e6);
    assert.equal(parseDuration("1,5 h"), 5_400e6);
    for (const text of ["fast", "-1", "1 day", "1e3"]) assert.equal(parseDuration(text), null, text);
    assert.equal(parseTags("  "), undefined);
    assert.deepEqual(parseTags(String.raw`a=1 b="two \"words\"" c=`), { a: "1", b: 'two "words"', c: "" });
    for (const text of ["a", "=1", 'a="b', "a=b c"]) assert.equal(parseTags(text), null, text);
    assert.deepEqual(parseLink("#trace=AB&span=C"), { trace: "ab", span: "c" });
    assert.equal(parseLink("#content"), null);

    assert.deepEqual(ticks(0, 1000, 5), [0, 200, 400, 600, 800, 1000]);
    assert.deepEqual(ticks(30, 100, 2), [50, 100]);
    assert.deepEqual(ticks(0, 90e6, 6).slice(0, 3), [0, 15e6, 30e6]);

    // the second child goes on after its parent's end: it is cut there
    const told = (depth, from, to, critical = true) => ({ depth, start_us: from, duration_us: to - from, critical, outcome: depth === 2 ? "error" : null });
    const planted = plant([told(0, 0, 100), told(1, 10, 40), told(2, 20, 30), told(1, 50, 130), told(1, 50, 60, false), told(0, 0, 5, false)]);
    assert.deepEqual(planted.map(({ parent, end, children, failedBelow, path }) => [parent, end, children, failedBelow, path]), [
      [-1, 5, 3, 1, [[0, 10], [40, 50]]], [0, 3, 1, 1, [[10, 20], [30, 40]]], [1, 3, 0, 0, [[20, 30]]],
      [0, 4, 0, 0, [[50, 100]]], [0, 5, 0, 0, []], [-1, 6, 0, 0, []],
    ]);
    assert.deepEqual(unfold(planted, new Set(), false), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(unfold(planted, new Set([1]), false), [0, 1, 3, 4, 5]);
    assert.deepEqual(unfold(planted, new Set(), true), [0, 1, 2, 3]);

    // a circle is cut where it closes; a line over two layers has a place between them
    const edge = (parent, child) => ({ parent, child, calls: 1, errors: 0 });
    const plan = layOut([edge("a", "b"), edge("b", "c"), edge("a", "c"), edge("c", "a"), edge("b", "b")]);
    assert.deepEqual(plan.nodes.map(({ name, x }) => [name, x]), [["a", 0], ["b", 1], ["c", 2]]);
    assert.deepEqual(plan.edges.map(({ parent, child, back, points }) => [parent, child, back, points.length]),
      [["a", "b", false, 2], ["b", "c", false, 2], ["a", "c", false, 3], ["c", "a", true, 3], ["b", "b", false, 1]]);
    // no two places of a layer lie on each other, and nothing lies outside
    const many = layOut(Array.from({ length: 60 }, (_, i) => edge(`s${i % 7}`, `s${7 + ((i * 5) % 23)}`)));
    for (const one of many.nodes) {
      assert.ok(one.y >= 0 && one.y <= many.height - 1, `${one.name} at ${one.y} of ${many.height}`);
      for (const other of many.nodes) assert.ok(one === other || one.x !== other.x || Math.abs(one.y - other.y) > 0.99, `${one.name} on ${other.name}`);
    }
    assert.deepEqual(layOut([]).nodes, []);
  },

  empty: async () => {
    const visit = await see();
    await visit.section.getByText("No traces yet", { exact: true }).waitFor();
    await visit.section.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${facts.url}`).first().waitFor();
    assert.equal(await visit.section.getByRole("tab").count(), 0);
    await look(visit, "empty");
    await send(family((await ask("now")) - 2e6)); // to just there
    await rows(visit, "Operations").first().waitFor();
    assert.equal(await visit.section.getByText("No traces yet").isVisible(), false);
    await visit.section.getByText("How services send theirs here").click();
    await visit.section.locator("details").getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${facts.url}`).waitFor();
    await visit.end();
  },

  lists: async () => {
    const now = await ask("now");
    await sendAll(studio({ count: 300, first: 10, fromUs: now - 3000e6, toUs: now - 5e6 }));
    const visit = await see();
    const { page, section } = visit;

    // operations, as they are told
    const { operations } = await ask("call", "traces.stats", {});
    await until(async () => (await rows(visit, "Operations").count()) === operations.length, "all operations");
    const generate = operations.find(({ operation }) => operation === "generate");
    const cells = await rows(visit, "Operations").filter({ hasText: "generate" }).locator("td, th").allInnerTexts();
    assert.equal(cells[0], "model-server");
    assert.equal(cells[3], `${generate.error_percent.toFixed(1).replace(/\.0$/, "")}%`);
    await section.getByRole("button", { name: "p99" }).click();
    const [slowest] = [...operations].sort((a, b) => b.p99_us - a.p99_us);
    await until(async () => (await rows(visit, "Operations").first().innerText()).includes(slowest.operation), "the slowest on top");
    assert.equal(await table(visit, "Operations").locator("[aria-sort]").getAttribute("aria-sort"), "descending");
    await look(visit, "operations");

    // its traces, by keys
    await section.getByRole("button", { name: "denoise" }).focus();
    await page.keyboard.press("Enter");
    await rows(visit, "Traces").first().waitFor();
    assert.equal(await section.getByRole("tab", { name: "Traces", exact: true }).getAttribute("aria-selected"), "true");
    assert.equal(await section.getByRole("combobox", { name: "Service" }).inputValue(), "model-server");
    assert.equal(await section.getByRole("combobox", { name: "Operation" }).inputValue(), "denoise");
    await look(visit, "list", LOOKS);

    // what is typed wrong is said; what matches is what is told
    const count = async (params) => (await ask("call", "traces.list", params)).traces.length;
    const counted = (wanted) => until(async () => (await rows(visit, "Traces").count()) === wanted, `${wanted} traces`);
    await section.getByRole("combobox", { name: "Service" }).selectOption("");
    const least = section.getByRole("textbox", { name: "At least so long" });
    await least.fill("long");
    await section.getByRole("alert").getByText("A time is written as 250 ms").waitFor();
    assert.equal(await least.getAttribute("aria-invalid"), "true");
    await axe(visit, "what is wrong");
    const long = await count({ min_duration_us: 1_000_000, limit: 25 });
    await least.fill("1 s");
    await counted(long);
    assert.equal(await section.getByRole("alert").isVisible(), false);
    await least.fill("");
    await section.getByRole("textbox", { name: "Attributes" }).fill('job.size=96 net.peer="billing.local"');
    await counted(await count({ tags: { "job.size": "96", "net.peer": "billing.local" }, limit: 25 }));
    await section.getByRole("textbox", { name: "Attributes" }).fill("");
    await section.getByRole("combobox", { name: "Outcome" }).selectOption("error");
    const failed = await count({ outcome: "error", limit: 25 });
    assert.ok(failed > 0 && failed <= 25);
    await counted(failed);
    await section.getByRole("textbox", { name: "Attributes" }).fill("job.kind=nothing");
    await section.getByText("No trace matches.").waitFor();

    // what was slow leads to the span
    await tab(visit, "Slow");
    const { spans } = await ask("call", "traces.slow", { limit: 25 });
    await until(async () => (await rows(visit, "Slow spans").count()) === spans.length, "slow spans");
    assert.match(await rows(visit, "Slow spans").first().innerText(), /× \d+\.\d/);
    await look(visit, "slow");
    await rows(visit, "Slow spans").first().getByRole("link").click();
    await grid(visit).waitFor();
    assert.equal(await chosen(visit), spans[0].operation);
    await page.waitForURL((url) => url.hash === `#trace=${spans[0].trace_id}&span=${spans[0].span_id}`);

    // out of reach
    await page.keyboard.press("Escape");
    visit.allowed.push(...GONE);
    await ask("kill");
    await visit.state("stale");
    await section.getByText("Not connected: this is how it was.").waitFor();
    assert.equal(await rows(visit, "Slow spans").count(), spans.length);
    await axe(visit, "stale");
    await visit.end();
  },

  pages: async () => {
    const now = await ask("now");
    const spans = Array.from({ length: 60 }, (_, i) =>
      ({ trace: i, id: i, service: "one", name: `op ${i}`, startUs: now - (100 - i) * 1e6, us: 1000 + i }));
    await send(spans);
    const visit = await see();
    const { section } = visit;
    await tab(visit, "Traces");
    const first = () => rows(visit, "Traces").first().getByRole("link").innerText();
    const arrived = (name) => until(async () => (await first()) === name, name);
    await rows(visit, "Traces").first().waitFor();
    await arrived("op 59");
    assert.equal(await rows(visit, "Traces").count(), 25);
    assert.ok(await section.getByRole("button", { name: "Newer" }).isDisabled());
    await section.getByRole("button", { name: "Older" }).click();
    await arrived("op 34");
    await section.getByText("Page 2").waitFor();
    await section.getByRole("button", { name: "Older" }).click();
    await arrived("op 9");
    assert.equal(await rows(visit, "Traces").count(), 10);
    assert.ok(await section.getByRole("button", { name: "Older" }).isDisabled());
    await section.getByRole("button", { name: "Newer" }).click();
    await arrived("op 34");
    await section.getByRole("button", { name: "Newer" }).click();
    await arrived("op 59");

    // what comes shows by itself, but not under the pointer, nor to who is on a row
    await rows(visit, "Traces").first().getByRole("link").focus();
    await send([{ trace: 100, id: 100, service: "one", name: "op 100", startUs: now, us: 10 }]);
    await aWhile(visit);
    assert.equal(await first(), "op 59");
    await section.getByRole("tab", { name: "Traces", exact: true }).focus();
    await visit.page.mouse.move(0, 0);
    await arrived("op 100");
    await visit.end();
  },

  map: async () => {
    const now = await ask("now");
    await sendAll(studio({ count: 60, first: 10, fromUs: now - 600e6, toUs: now - 5e6 }));
    const visit = await see();
    const { section, page } = visit;
    await tab(visit, "Service map");
    const { edges } = await ask("call", "traces.dependencies", {});
    await until(async () => (await rows(visit, "Who calls whom").count()) === edges.length, "all edges");
    const drawing = section.getByRole("img", { name: /^8 services and who calls whom/ });
    await drawing.waitFor();
    assert.equal(await drawing.locator(".box").count(), 8);
    assert.equal(await drawing.locator(".count").count(), edges.length);
    const [x, y] = await drawing.evaluate((svg) => ["gateway", "storage"].map((name) =>
      [...svg.querySelectorAll(".box")].find((box) => box.querySelector(".name").textContent === name).getBoundingClientRect().x));
    assert.ok(x < y, "who calls is left of who is called");
    await look(visit, "map");
    await drawing.locator(".box", { hasText: "billing" }).locator(".area").click();
    await until(async () => (await section.getByRole("combobox", { name: "Service" }).inputValue()) === "billing", "the traces of billing");
    await rows(visit, "Traces").first().waitFor();

    // tabs by keys
    await section.getByRole("tab", { name: "Traces", exact: true }).focus();
    await page.keyboard.press("End");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Service map");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Operations");
    await visit.end();
  },

  waterfall: async () => {
    await send(family((await ask("now")) - 3e6));
    const visit = await see();
    const { page } = visit;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await tab(visit, "Traces");
    const link = rows(visit, "Traces").getByRole("link", { name: "GET /" });
    await link.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "front: GET /" }).waitFor();
    await until(async () => (await seen(visit)).length === 5, "the spans");
    assert.deepEqual(await seen(visit), ["GET /", "work", "read", "write", "orphan"]);
    assert.equal(await chosen(visit), "GET /");
    assert.ok(await grid(visit).evaluate((element) => element === document.activeElement));
    const row = (name) => grid(visit).getByRole("row", { name });
    await row(/^back: work, 600\sms, self 300\sms, failed, on the critical path, 1 child$/).waitFor();
    await row(/^late: orphan, .*parent missing/).getByText("parent missing").waitFor();
    assert.equal(await row(/^store: read/).getAttribute("aria-level"), "3");
    assert.equal(await grid(visit).getAttribute("aria-rowcount"), "6");

    // bars lie where the spans do, and the path where it went
    const shares = (id, part) => grid(visit).locator(`#span-${spanId(id)}`).evaluate((element, name) => {
      const { left, width } = element.querySelector(".track").getBoundingClientRect();
      return [...element.querySelectorAll(name)].flatMap((one) => {
        const box = one.getBoundingClientRect();
        return [(box.left - left) / width, (box.right - left) / width].map((share) => Number(share.toFixed(2)));
      });
    }, part);
    assert.deepEqual(await shares(2, ".extent"), [0.1, 0.7]);
    assert.deepEqual(await shares(1, ".path"), [0, 0.1, 0.7, 0.75, 0.9, 1]);
    assert.deepEqual(await shares(2, ".path"), [0.1, 0.2, 0.5, 0.7]);
    assert.deepEqual(await grid(visit).locator(".head .tick").allInnerTexts().then((all) => all.slice(0, 2)), ["0", "200\u202fms"]);
    await look(visit, "waterfall", LOOKS);
    await walk(visit);

    // the panel
    const panel = page.getByRole("complementary", { name: "The chosen span" });
    await row(/^back: work/).click();
    await panel.getByText("out of memory", { exact: true }).waitFor();
    await panel.getByRole("table", { name: "Events" }).getByText("+250\u202fms").waitFor();
    await panel.getByRole("table", { name: "Events" }).getByText("exception.type=OOM").waitFor();
    assert.equal(await panel.getByRole("table", { name: "Links" }).getByRole("link").getAttribute("href"), `${facts.url}/#trace=${traceId(2)}&span=${spanId(77)}`);
    await panel.getByRole("table", { name: "Resource" }).getByText("node-1").waitFor();
    await panel.getByRole("table", { name: "Scope" }).getByText("1.2").waitFor();
    await row(/^front: GET/).click();
    const attributes = await panel.getByRole("table", { name: "Attributes" }).innerText();
    assert.deepEqual(attributes.split("\n").map((line) => line.split("\t")).sort(), [["http.method", "GET"], ["ok", "true"], ["size", "7"]]);

    // what is found, and what is critical
    await page.getByRole("searchbox", { name: "Find in spans" }).fill("store");
    await trace(visit).getByText("2 found").waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await chosen(visit), "read");
    await page.keyboard.press("Enter");
    assert.equal(await chosen(visit), "write");
    await page.keyboard.press("Escape"); // the words go, the trace stays
    assert.equal(await page.getByRole("searchbox", { name: "Find in spans" }).inputValue(), "");
    await page.getByRole("checkbox", { name: "Critical path only" }).check();
    assert.ok(!(await seen(visit)).includes("orphan") || (await row(/^late: orphan/).getAttribute("aria-label")).includes("critical"));
    await page.getByRole("checkbox", { name: "Critical path only" }).uncheck();

    // the link leads back, to the span that was chosen
    await trace(visit).getByRole("button", { name: "Copy link" }).click();
    await trace(visit).getByText("Copied.").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, `${facts.url}/#trace=${traceId(1)}&span=${spanId(4)}`);
    await page.keyboard.press("Escape");
    await trace(visit).waitFor({ state: "hidden" });
    await page.waitForURL((url) => url.hash === "");
    await page.goto("about:blank");
    await page.goto(copied);
    await grid(visit).waitFor();
    await until(async () => (await chosen(visit)) === "write", "the span of the link");
    await page.keyboard.press("Escape");
    await trace(visit).waitFor({ state: "hidden" });
    await page.waitForURL((url) => url.hash === ""); // or its end would take the next link off the address

    // one that is not there, and what is no id
    await open(visit, `trace=${traceId(999)}`);
    await trace(visit).getByText("There is no such trace").waitFor();
    await axe(visit, "no such trace");
    await open(visit, "trace=nonsense");
    await trace(visit).getByText("trace_id").waitFor();
    await page.goBack();
    await trace(visit).getByText("There is no such trace").waitFor();
    await visit.end();
  },

  devices: async () => {
    let id = 0;
    const { span } = await until(async () => { // until samples are there, of its start and of its end
      id++;
      await send([{ trace: id, id, service: "one", name: "work", startUs: (await ask("now")) - 1.5e6, us: 1.4e6 }]);
      const { spans } = await ask("call", "traces.get", { trace_id: traceId(id) });
      const state = spans[0].gpu?.devices?.["simulated-0"];
      return state?.start?.used_bytes > 0 && state.end && { span: spans[0] };
    }, "a span with the state of devices");
    const visit = await see();
    await open(visit, `trace=${traceId(id)}`);
    const told = visit.page.getByRole("table", { name: "simulated-0 at its start and end" });
    await told.waitFor();
    const { start, end } = span.gpu.devices["simulated-0"];
    const gib = (bytes) => Number((bytes / 2 ** 30).toPrecision(3));
    assert.deepEqual((await told.getByRole("row", { name: /^Memory used/ }).getByRole("cell").allInnerTexts()).map(Number.parseFloat),
      [gib(start.used_bytes), gib(end.used_bytes ?? start.used_bytes)]);
    await axe(visit, "devices");
    await visit.end();
  },

  // text of whoever sends is text
  names: async () => {
    const now = await ask("now");
    const spans = [
      { trace: 1, id: 1, service: ATTACK, name: ATTACK, startUs: now - 2e6, us: 1000, failed: true, message: ATTACK, attributes: { [ATTACK]: ATTACK },
        events: [{ afterUs: 1, name: ATTACK, attributes: { [ATTACK]: ATTACK } }], links: [{ trace: 1, span: 1 }] },
      { trace: 1, id: 2, parent: 1, service: `${ATTACK}2`, name: "x".repeat(190), startUs: now - 2e6, us: 500 },
    ];
    await send(spans);
    const visit = await see();
    const { page, section } = visit;
    await rows(visit, "Operations").filter({ hasText: ATTACK }).first().waitFor();
    await tab(visit, "Service map");
    await section.locator(".map .box").first().waitFor();
    await tab(visit, "Traces");
    await rows(visit, "Traces").getByRole("link", { name: ATTACK }).click();
    await until(async () => (await seen(visit)).length === 2, "the spans");
    const panel = page.getByRole("complementary", { name: "The chosen span" });
    for (const name of ["Attributes", "Events", "Resource"]) await panel.getByRole("table", { name }).getByText(ATTACK).first().waitFor();
    await panel.getByText(ATTACK, { exact: true }).first().waitFor();
    assert.equal(await page.locator("#traces img, #traces script").count(), 0);
    assert.equal(await page.title(), "orfeas");
    await look(visit, "names");
    await visit.end();
  },

  large: async () => {
    const now = await ask("now");
    const startUs = now - 100e6;
    // a root, a hundred below it, and 9,899 below these
    const spans = Array.from({ length: 10_000 }, (_, i) => ({
      trace: 1, id: i + 1, parent: i === 0 ? undefined : i <= 100 ? 1 : 2 + (i % 100), service: `service ${i % 12}`, name: `op ${i}`,
      startUs: startUs + (i === 0 ? 0 : i <= 100 ? i * 1000 : (i % 100) * 1000 + i), us: i === 0 ? 1e6 : i <= 100 ? 500_000 : 100_000, failed: i === 5000,
    }));
    await sendAll(spans);
    const visit = await see();
    const { page } = visit;
    const begun = await page.evaluate(() => performance.now());
    await open(visit, `trace=${traceId(1)}`);
    await grid(visit).locator(".spans [role=row]").first().waitFor();
    console.log(`10,000 spans open after ${Math.round((await page.evaluate(() => performance.now())) - begun)} ms`);
    assert.equal(await grid(visit).getAttribute("aria-rowcount"), "10001");
    const elements = () => grid(visit).locator(".spans [role=row]").count();
    assert.ok((await elements()) < 80, `${await elements()} rows are elements`);

    // to the end and back, a page at a time and at once
    const { times, last } = await grid(visit).evaluate(async (element) => {
      const frame = () => new Promise(requestAnimationFrame);
      const took = [];
      for (let i = 0; i < 40; i++) {
        element.scrollTop = (element.scrollHeight * i) / 40;
        await frame();
        const from = performance.now();
        element.dispatchEvent(new Event("scroll"));
        await frame();
        took.push(performance.now() - from);
      }
      element.scrollTop = element.scrollHeight;
      await frame();
      await frame();
      return { times: took.sort((a, b) => a - b), last: [...element.querySelectorAll(".spans [role=row]")].at(-1).getAttribute("aria-rowindex") };
    });
    console.log(`a screen of it: median ${times[20].toFixed(1)} ms`);
    assert.equal(last, "10001");
    await grid(visit).focus();
    await page.keyboard.press("End");
    assert.equal(await grid(visit).evaluate((element) => document.getElementById(element.getAttribute("aria-activedescendant")).ariaRowIndex), "10001");
    await page.keyboard.press("Home");
    assert.equal(await chosen(visit), "op 0");

    await page.getByRole("searchbox", { name: "Find in spans" }).fill("op 5000");
    await trace(visit).getByText("1 found").waitFor();
    await trace(visit).getByRole("button", { name: "Collapse all" }).click();
    assert.equal(await grid(visit).getAttribute("aria-rowcount"), "2");
    await grid(visit).getByText("! 1").waitFor(); // of those that are not seen
    await page.getByRole("searchbox", { name: "Find in spans" }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await chosen(visit), "op 5000");
    await trace(visit).getByRole("button", { name: "Expand all" }).click();
    assert.equal(await grid(visit).getAttribute("aria-rowcount"), "10001");
    await axe(visit, "10,000 spans");
    await picture(visit, "large");
    await visit.end();
  },

  // what nobody sees is not asked for
  unseen: async () => {
    await send(family((await ask("now")) - 3e6));
    const visit = await begin();
    await visit.state("live");
    await visit.firstChart();
    await visit.page.evaluate(() => scrollTo(0, 0));
    const calm = async () => {
      const before = visit.count("traces.");
      await aWhile(visit);
      return visit.count("traces.") === before;
    };
    await until(calm, "nothing to be asked of traces");
    const before = visit.count("traces.stats");
    await visit.page.locator("#traces").scrollIntoViewIfNeeded();
    await until(() => visit.count("traces.stats") > before, "what is seen to be asked for");
    assert.equal(visit.count("traces.dependencies"), 0);
    await visit.end();
  },

  // a link is followed once somebody is let in
  login: async () => {
    const startUs = (await ask("now")) - 1e6;
    await send([{ trace: 1, id: 1, service: "one", name: "first", startUs, us: 10 }], await ask("cookie"));
    const visit = await Visit.begin({ path: `/#trace=${traceId(1)}` });
    visit.allowed.push(/status of 401/, /WebSocket connection to .* failed/);
    await visit.state("denied");
    // there and not open: it was refused; before that it would take the keys
    await visit.page.waitForFunction(() => document.querySelector("dialog.trace")?.open === false);
    await visit.page.getByLabel("Token", { exact: true }).fill(await ask("cookie"));
    await visit.page.keyboard.press("Enter");
    await visit.page.getByRole("dialog", { name: "one: first" }).waitFor();
    await visit.end();
  },
});
