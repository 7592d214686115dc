// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

import { AxeBuilder, GONE, Visit, ask, facts, run, until } from "./harness.mjs";

const SELECTS = "Simulated device 0";

/** Seconds from the first row to the last that the daemon has a sample of, and the chart has not. */
async function lost(rows) {
  const shown = new Set(rows.map(({ second }) => second));
  const { series } = await ask("call", "metrics.query", {
    select: "host.cpu.used_percent", from_us: rows[0].second * 1e6, to_us: rows.at(-1).second * 1e6 + 1,
  });
  return series[0].points.map(([tUs]) => Math.floor(tUs / 1e6)).filter((second) => !shown.has(second));
}

async function record(samples) {
  assert.deepEqual(await ask("call", "metrics.record", { samples }), { accepted: samples.length });
}

async function axe(visit, what) {
  const { violations } = await new AxeBuilder({ page: visit.page }).analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => [html, failureSummary])]),
    [], what);
}

await run({
  live: async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    console.log(`first chart after ${Math.round(await visit.firstChart())} ms`);
    await visit.state("live");
    await page.waitForSelector(`article[aria-label="GPU simulated-0"] canvas`);
    assert.equal(await page.getByRole("heading", { name: SELECTS }).count(), 1);
    await page.getByText("Serving", { exact: false }).first().waitFor();

    // the browser's second visit shows how much of it was Chromium's own start
    await page.reload();
    console.log(`first chart after a reload: ${Math.round(await visit.firstChart())} ms`);
    await visit.state("live");

    // each second there is one more; what is shown is what is stored, once what came before the stream did is asked for
    const before = (await visit.csv("CPU")).rows.at(-1).second;
    const { rows, head, name } = await until(async () => {
      const csv = await visit.csv("CPU");
      return csv.rows.at(-1).second >= before + 3 && (await lost(csv.rows)).length === 0 && csv;
    }, "three more seconds, and all before them");
    assert.equal(head, "time,t_us,host.cpu.used_percent");
    assert.match(name, /^orfeas-cpu-\d{8}T\d{6}Z\.csv$/);
    assert.equal(rows[0].time, new Date(rows[0].second * 1000).toISOString());
    const { series } = await ask("call", "metrics.query", {
      select: "host.cpu.used_percent", from_us: rows[0].second * 1e6, to_us: rows.at(-1).second * 1e6 + 1,
    });
    assert.deepEqual(rows.map(({ second, values }) => [second * 1e6, values[0]]),
      series[0].points.map(([tUs, value]) => [Math.floor(tUs / 1e6) * 1e6, value]));

    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const duration = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name: n }) => n === "TaskDuration").value;
    const from = [await duration(), performance.now()];
    await page.waitForTimeout(5000);
    const share = ((await duration()) - from[0]) * 1e6 / (performance.now() - from[1]);
    console.log(`main thread: ${share.toFixed(1)} ms a second`);
    await visit.end();
  },

  restart: async () => {
    const visit = await Visit.begin();
    visit.allowed = GONE;
    await visit.state("live");
    await visit.firstChart();
    const last = (await visit.csv("CPU")).rows.at(-1).second;
    await ask("kill");
    await visit.state("stale");
    await visit.page.getByText(/last update \d+\ss ago, reconnecting/).waitFor();
    assert.match(await visit.page.title(), /Stale/);
    await visit.page.getByText("Out of reach").waitFor();
    await axe(visit, "stale");
    await visit.screenshot("stale");
    const begun = Math.ceil((await ask("start")) / 1e6);
    await visit.state("live");
    // what the new daemon sampled before the page was back is there too, and what was before is not lost
    const rows = await until(async () => {
      const csv = await visit.csv("CPU");
      return csv.rows.at(-1).second > begun + 3 && (await lost(csv.rows)).length === 0 && csv.rows;
    }, "all values after the restart");
    assert.ok(rows.some(({ second }) => second === last));
    await visit.end();
  },

  gap: async () => {
    let blocked = false;
    const sockets = [];
    const visit = await Visit.begin({ before: (page) => page.routeWebSocket("**/rpc", (socket) => {
      if (blocked) {
        socket.close();
        return;
      }
      socket.connectToServer();
      sockets.push(socket);
    }) });
    await visit.state("live");
    const last = (await visit.csv("CPU")).rows.at(-1).second;
    blocked = true;
    for (const socket of sockets) await socket.close();
    await visit.state("stale");
    await until(async () => (await ask("now")) / 1e6 > last + 6, "six seconds unseen");
    blocked = false;
    await visit.state("live");
    const rows = await until(async () => {
      const csv = await visit.csv("CPU");
      return csv.rows.at(-1).second > last + 7 && (await lost(csv.rows)).length === 0 && csv.rows;
    }, "the gap to be filled");
    assert.ok(rows[0].second <= last);
    await visit.end();
  },

  "no-backend": async () => {
    const visit = await Visit.begin();
    await visit.page.getByText("No GPU", { exact: true }).waitFor();
    await visit.page.getByText("No GPU backend is configured").waitFor();
    await visit.end();
  },

  "no-gpu": async () => {
    const visit = await Visit.begin();
    await visit.page.getByText("No GPU", { exact: true }).waitFor();
    await visit.page.locator("#gpu").getByText("opencl: ").waitFor();
    await visit.state("live"); // the host is there all the same
    await axe(visit, "no GPU");
    await visit.screenshot("no-gpu");
    await visit.end();
  },

  "no-data": async () => {
    const visit = await Visit.begin();
    await visit.state("empty");
    await visit.page.getByText("connected, but no samples come").waitFor();
    await visit.end();
  },

  search: async () => {
    const now = Math.floor((await ask("now")) / 1e6) * 1e6;
    const samples = [3, 5, 4].map((value, i) =>
      ({ name: "studio.jobs.waiting", labels: { queue: 'a "b"' }, value, t_us: now - (60 - 20 * i) * 1e6 }));
    await record([...samples, { name: "studio.jobs.done", value: 1 }]);
    const series = 'studio.jobs.waiting{queue="a \\"b\\""}';
    const visit = await Visit.begin();
    const { page } = visit;
    const search = page.getByRole("searchbox", { name: "Search metrics" });
    await search.fill("nothing like it");
    await page.getByText("Nothing has that in its name").waitFor();
    await search.fill("studio.jobs");
    await page.getByText("2 found").waitFor();
    await page.getByRole("button", { name: "studio.jobs.waiting" }).click();
    const chart = page.getByRole("article", { name: series, exact: true });
    await chart.locator("canvas").waitFor();
    const { rows, head } = await visit.csv(series);
    assert.equal(head, `time,t_us,"${series.replaceAll('"', '""')}"`);
    assert.deepEqual(rows.map(({ second, values }) => [second * 1e6, values[0]]),
      samples.map(({ t_us: tUs, value }) => [tUs, value]));

    await record([{ name: "studio.jobs.waiting", labels: { queue: 'a "b"' }, value: 9 }]);
    await chart.locator(".value").filter({ hasText: /^9$/ }).waitFor();
    await visit.screenshot("search");

    await page.reload(); // what was pinned stays
    await chart.locator("canvas").waitFor();
    await chart.getByRole("button", { name: "Unpin" }).click();
    assert.equal(await chart.count(), 0);
    await visit.end();
  },

  keyboard: async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    await visit.firstChart();
    await page.getByRole("searchbox", { name: "Search metrics" }).waitFor(); // what is below the first screen comes later
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim());
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "To the content");
    await page.keyboard.press("Enter");
    const names = [];
    for (let i = 0; i < 120 && (await focused()) !== "Search metrics"; i++) {
      await page.keyboard.press("Tab");
      names.push(await focused());
    }
    for (const name of ["CPU: chart, arrow keys read its values", "Download CPU as CSV", "Search metrics"])
      assert.ok(names.includes(name), `${name} is not among ${names}`);

    await page.keyboard.type("cpu.used");
    await page.getByRole("button", { name: "host.cpu.used_percent" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("article", { name: "host.cpu.used_percent" }).waitFor();
    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(), "Search metrics");
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("searchbox").inputValue(), "");

    await page.getByRole("group", { name: "CPU: chart" }).focus();
    await until(async () => { // a second that a busy machine left out has no value
      await page.keyboard.press("End");
      await page.keyboard.press("ArrowLeft");
      return (await page.getByText(/^\d\d:\d\d:\d\d: used [\d.]+%$/).count()) === 1;
    }, "the value of a second");
    await page.getByRole("img", { name: /^CPU, last 5 minutes: used .*% now, from .* to / }).waitFor();
    await visit.end();
  },

  login: async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    visit.allowed = [/status of 401/, /WebSocket connection to .* failed/];
    await visit.state("denied");
    const token = page.getByLabel("Token", { exact: true });
    assert.ok(await token.evaluate((input) => input === document.activeElement));
    assert.equal(await page.locator("#content").isVisible(), false);
    await axe(visit, "login");
    await visit.screenshot("login");
    await token.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "not known" }).waitFor();
    await token.fill(await ask("cookie"));
    await page.keyboard.press("Enter");
    await visit.state("live");
    assert.ok((await visit.firstChart()) > 0);
    await page.reload(); // the session is in a cookie, out of scripts' sight
    await visit.state("live");
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.getByRole("button", { name: "Log out" }).click();
    await visit.state("denied");
    await visit.end();
  },

  "no-right": async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    visit.allowed = [/WebSocket connection to .* failed/];
    await visit.state("denied");
    await page.getByText("shows nothing without a token").waitFor();
    await page.getByLabel("Token", { exact: true }).fill(facts.token);
    await page.keyboard.press("Enter");
    await page.getByText("The token in use may not read").waitFor();
    await page.getByLabel("Token", { exact: true }).fill(await ask("cookie"));
    await page.keyboard.press("Enter");
    await visit.state("live");
    await visit.end();
  },

  tls: async () => {
    const visit = await Visit.begin({ more: { ignoreHTTPSErrors: true } });
    await visit.state("live");
    await visit.firstChart();
    assert.match(visit.page.url(), /^https:/);
    await visit.end();
  },

  accessibility: async () => {
    const visit = await Visit.begin({ scheme: "light" });
    await visit.page.getByRole("searchbox").fill("memory");
    await visit.page.getByRole("button", { name: "host.memory.used_percent" }).click();
    for (const [scheme, width] of [["light", 1440], ["dark", 1440], ["dark", 390], ["light", 390]]) {
      await visit.page.emulateMedia({ colorScheme: scheme });
      await visit.page.setViewportSize({ width, height: 900 });
      await visit.page.locator(".devices canvas").first().waitFor();
      await axe(visit, `${scheme} at ${width}`);
      await visit.screenshot(`${scheme}-${width}`);
    }
    await visit.end();
  },

  memory: async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    await visit.state("live");
    const worker = page.getByRole("table", { name: "Workers" }).getByRole("row", { name: /hoarder/ });
    await worker.getByText("4.5\u202fGiB").waitFor(); // idle
    await page.getByText("nobody was asked to give memory back").waitFor();
    await axe(visit, "tables");

    // it asks first: to look at the plan, and to close it, does nothing
    const button = page.getByRole("button", { name: "Free memory" });
    await button.click();
    const dialog = page.getByRole("dialog", { name: "Free GPU memory" });
    await dialog.getByText("Would be asked, in this order:").waitFor();
    await dialog.getByRole("listitem").getByText("hoarder").waitFor();
    await axe(visit, "the plan");
    await visit.screenshot("memory-plan");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.deepEqual((await ask("call", "gpu.cleanups", {})).cleanups, []);

    await button.click();
    await dialog.getByRole("button", { name: "Ask them" }).click();
    await dialog.getByText("claimed 1\u202fGiB").waitFor();
    const [cleanup] = (await ask("call", "gpu.cleanups", {})).cleanups;
    assert.equal(cleanup.workers[0].name, "hoarder");
    await axe(visit, "the verdict");
    await visit.screenshot("memory-verdict");
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByRole("table", { name: "Cleanups" }).getByText("hoarder:").waitFor();
    await visit.screenshot("memory");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 800 });
    await visit.fits();
    await axe(visit, "narrow and dark");
    await visit.screenshot("memory-narrow");
    await visit.end();
  },

  forecast: async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    await visit.state("live");
    const section = page.locator("#forecast");
    await section.getByText("Nothing is forecast yet").waitFor();
    await section.getByText("No forecast has come to its time yet").waitFor();
    await section.getByText("calls for anything").waitFor();
    await axe(visit, "nothing is forecast");
    await visit.screenshot("forecast-empty");

    // four hours of a line that reaches 90 half an hour from now, and of one that stands still
    const now = await ask("now");
    const rows = Array.from({ length: 240 }, (_, i) => 239 - i);
    for (const [name, at] of [["queue.depth", (i) => 90 - (i + 30) * 0.25], ["queue.idle", (i) => 20 + (i % 3)]])
      await record(rows.map((i) => ({ name, value: at(i), t_us: now - i * 60e6 - 1e6 })));
    const newest = async () => {
      const { predictions } = await ask("call", "predictions.list", { select: "queue.depth" });
      return predictions.length === 3 && predictions[0].made_us > now - 7 * 60e6 && predictions;
    };
    const [near] = await until(newest, "forecasts of the newest rows");
    assert.equal(near.regime, "quiet");
    assert.ok(near.time_to_threshold_us.value > 15 * 60e6 && near.time_to_threshold_us.value < 60 * 60e6, JSON.stringify(near));

    // what is nearest to its threshold is shown first, and just what was forecast
    await section.getByRole("article", { name: "Forecast of queue.depth" }).locator("canvas").waitFor();
    assert.equal(await section.locator("h3.series").first().textContent(), "queue.depth");
    await section.getByText(/^Reaches 90 in \d+\smin.* \(.* to .*\)\.$/).waitFor();
    const { head, rows: told } = await until(async () => { // they are made again while older rows are read, and five later
      const csv = await visit.csv("the forecast of queue.depth");
      const last = csv.rows.slice(-3).map(({ second, values }) => [Math.round(second * 1e6), ...values]);
      const expected = (await newest()).map((one) =>
        [one.made_us + one.horizon_us, null, one.value, one.lower, one.upper, one.lower90, one.upper90]);
      return isDeepStrictEqual(last, expected) && csv;
    }, "the newest forecast");
    assert.equal(head, "time,t_us,value,forecast,lower80,upper80,lower90,upper90");
    assert.ok(told.length > 60, `${told.length} rows of its past`);

    const table = section.getByRole("table", { name: "Forecasts" });
    assert.equal(await table.locator("tbody").filter({ hasText: "queue.depth" }).getByRole("row").count(), 3);
    const record0 = section.getByRole("table", { name: "Track record" }).locator("tbody").filter({ hasText: "queue" }).first();
    await until(async () => {
      const { accuracy } = await ask("call", "predictions.accuracy", { select: "queue.depth" });
      const judged = accuracy.filter(({ horizon_us: us }) => us === near.horizon_us).reduce((sum, one) => sum + one.forecasts, 0);
      return (await record0.getByRole("row").first().getByRole("cell").nth(1).textContent()) === String(judged);
    }, "how many were judged");
    await section.getByRole("table", { name: "Advice" }).getByText("orfeasctl metrics query 'queue.depth' --last 1h").waitFor();
    await axe(visit, "forecasts");

    // an ordinary chart goes on to the right, by the same forecast
    for (const name of ["queue.depth", "queue.idle"]) {
      await page.getByRole("searchbox").fill(name);
      await page.locator(`#results [data-series="${name}"]`).click();
    }
    const chart = page.locator("#explorer").getByRole("article", { name: "queue.depth", exact: true });
    await chart.getByText(/^in [45]\smin/).waitFor();
    await chart.getByText(/^Reaches 90 in/).waitFor();
    await chart.getByRole("img", { name: /; in .*min.* \(.* to .*\)$/ }).waitFor();
    // right of the middle is what is expected: there is a band, and none below what it spans
    const drawn = await chart.locator("canvas").evaluate((canvas) => {
      const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const columns = new Set();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 0 && data[i + 2] > data[i] + 40) columns.add((i / 4) % width);
      return [...columns].filter((x) => x > 0.6 * width).length / width;
    });
    assert.ok(drawn > 0.25, `${drawn} of the chart's width has a forecast`);
    await chart.getByRole("group", { name: "queue.depth: chart" }).focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowRight");
    await page.getByText(/^(\d+ \w+ )?\d\d:\d\d(:\d\d)?: expected [\d.]+ \([\d.]+ to [\d.]+\)$/).waitFor({ state: "attached" });
    assert.equal((await visit.csv("queue.depth")).rows.some(({ second }) => second * 1e6 > now + 240e6), false); // what came, alone
    await visit.screenshot("forecast");

    for (const [scheme, width] of [["dark", 1440], ["dark", 390], ["light", 390]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await visit.fits();
      await axe(visit, `${scheme} at ${width}`);
      await visit.screenshot(`forecast-${scheme}-${width}`);
    }

    // what was expected at the end of a window, and that nothing was long before
    const iso = (us) => new Date(Math.ceil(us / 1e6) * 1e3).toISOString();
    await page.goto(`${facts.url}/?from=${iso(near.made_us - 600e6)}&to=${iso(near.made_us + 1e6)}`);
    const then = section.getByRole("table", { name: "Forecasts at the end of this window" });
    await then.getByRole("row", { name: /^queue\.depth/ }).waitFor();
    assert.equal(await then.locator("tbody").filter({ hasText: "queue.depth" }).getByRole("row").count(), 3);
    await section.getByRole("heading", { name: "Advice as of now" }).waitFor();
    await page.goto(`${facts.url}/?from=${iso(near.made_us - 86_400e6)}&to=${iso(near.made_us - 80_000e6)}`);
    await section.getByText("None was made in the quarter of an hour before its end.").waitFor();
    await visit.end();
  },

  alerts: async () => {
    const temp = (value, labels) => record([{ name: "temp", labels, value }]);
    const history = async () => (await ask("call", "alerts.history", {})).alerts;
    const visit = await Visit.begin();
    const { page } = visit;
    visit.allowed = GONE;
    await visit.state("live");
    const section = page.locator("#alerts");
    const log = page.locator("#alert-log");
    await section.getByRole("status").getByText("Nothing fires", { exact: true }).waitFor();
    await log.getByText("None fired.").waitFor();
    await log.getByText("Nothing is silenced.").waitFor();
    assert.equal(await section.getByRole("list", { name: "Alerts", includeHidden: true }).locator("li").count(), 0);
    await axe(visit, "nothing fires");
    await visit.screenshot("alerts-none");

    // live, most severe first, with what to do; a link that is none of the web is not one
    await temp(85, { device: 'gpu "0"' });
    const hot = section.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "hot", exact: true }) });
    await hot.getByText("85 of 80", { exact: true }).waitFor();
    await temp(-20, { device: "b" });
    const cold = section.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "cold", exact: true }) });
    await cold.waitFor();
    assert.deepEqual(await section.locator("li h3").allTextContents(), ["cold", "hot"]);
    await section.getByRole("status").getByText("2 alerts fire", { exact: true }).waitFor();
    await hot.getByText('value 85 · threshold 80 · device=gpu "0"').waitFor();
    await hot.getByText("open the window").waitFor();
    assert.equal(await hot.getByRole("link", { name: "Runbook" }).getAttribute("href"), "https://example.org/hot");
    assert.equal(await cold.getByRole("link").count(), 0);
    await hot.getByText(/^since (\d+ \w+ )?\d\d:\d\d(:\d\d)?, \d+\s(s|min)/).waitFor();
    await log.getByRole("table", { name: "Alerts of the last day" }).getByRole("row", { name: /fires still.*hot.*85 of 80/ }).waitFor();
    await visit.screenshot("alerts-firing");

    // by keyboard alone; what is asked and left is not done
    const button = hot.getByRole("button", { name: "Acknowledge" });
    const dialog = page.getByRole("dialog", { name: "Acknowledge" });
    await button.focus();
    await page.keyboard.press("Enter");
    await dialog.waitFor();
    await axe(visit, "the question");
    await visit.screenshot("alerts-acknowledge");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.ok((await history()).every(({ acknowledged }) => acknowledged === null));
    assert.ok(await button.evaluate((element) => element === document.activeElement));
    await page.keyboard.press("Enter");
    assert.ok(await dialog.getByRole("combobox", { name: "What it was worth" }).evaluate((element) => element === document.activeElement));
    await page.keyboard.press("n"); // noise
    await page.keyboard.press("Tab");
    await page.keyboard.type("a <b>load</b> test");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await hot.getByText("Acknowledged by loopback (noise): a <b>load</b> test.", { exact: true }).waitFor();
    const seen = (await history()).find(({ rule }) => rule === "hot").acknowledged;
    assert.deepEqual([seen.verdict, seen.note], ["noise", "a <b>load</b> test"]);
    // what was told meanwhile has not taken who is there from where they are
    assert.ok(await button.evaluate((element) => element === document.activeElement));

    // what led to it is kept
    await hot.getByRole("button", { name: "Keep" }).click();
    const keep = page.getByRole("dialog", { name: "Keep this window" });
    assert.equal(await keep.getByLabel("Title").inputValue(), "hot");
    await keep.getByRole("button", { name: "Keep it" }).click();
    await keep.waitFor({ state: "hidden" });
    const incident = (await ask("call", "incidents.list", {})).incidents.find(({ title }) => title === "hot"); // the black box keeps some, too
    assert.match(incident.reason, /^alert al-\d+: 85 of 80$/);
    assert.ok(incident.to_us - incident.from_us >= 1200e6, JSON.stringify(incident));

    // the alert alone, for four hours; then it is ended
    const quiet = page.getByRole("dialog", { name: "Silence" });
    await hot.getByRole("button", { name: "Silence" }).click();
    await quiet.getByRole("combobox", { name: "For", exact: true }).selectOption("4 hours");
    await quiet.getByRole("button", { name: "Keep it quiet" }).click();
    await hot.getByText(/silenced by si-\d+\.$/).waitFor();
    const [silence] = (await ask("call", "alerts.silences", {})).silences;
    assert.equal(silence.matchers, String.raw`{rule="hot",device="gpu \"0\""}`);
    assert.ok(Math.abs(silence.until_us - silence.from_us - 4 * 3600e6) < 60e6, JSON.stringify(silence));
    await log.getByRole("button", { name: `End the silence of ${silence.matchers}` }).click();
    await hot.getByText("a <b>load</b> test.", { exact: false }).waitFor();
    await log.getByText("Nothing is silenced.").waitFor();
    assert.deepEqual((await ask("call", "alerts.silences", {})).silences, []);
    assert.equal(await hot.getByText("silenced by").count(), 0);
    await cold.getByRole("button", { name: "Silence" }).click();
    await quiet.getByRole("combobox", { name: "What", exact: true }).selectOption("All alerts of this rule");
    await quiet.getByRole("button", { name: "Keep it quiet" }).click();
    await log.getByRole("table", { name: "Silences" }).getByText('{rule="cold"}').waitFor();

    for (const [scheme, width] of [["light", 1440], ["dark", 1440], ["dark", 390], ["light", 390]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await visit.fits();
      await axe(visit, `${scheme} at ${width}`);
      await visit.screenshot(`alerts-${scheme}-${width}`);
    }

    // what ends goes, and is history
    await temp(20, { device: 'gpu "0"' });
    await hot.waitFor({ state: "detached" });
    await section.getByRole("status").getByText("1 alert fires", { exact: true }).waitFor();
    const row = log.getByRole("table", { name: "Alerts of the last day" }).getByRole("row", { name: /hot/ });
    await row.getByText("loopback (noise)").waitFor();
    await row.getByText("fires still").waitFor({ state: "detached" });

    // out of reach: what was is still there, and nothing can be pressed
    await ask("kill");
    await visit.state("stale");
    await section.getByText("Not connected: this is how it was.").waitFor();
    assert.ok(await cold.getByRole("button", { name: "Silence" }).isDisabled());
    await axe(visit, "stale");
    await ask("start");
    await visit.state("live");
    await section.getByText("Not connected").waitFor({ state: "detached" });
    await cold.waitFor(); // an alert outlives its daemon
    assert.ok(await cold.getByRole("button", { name: "Silence" }).isEnabled());
    await visit.end();
  },

  "alerts-no-right": async () => {
    const visit = await Visit.begin();
    const { page } = visit;
    visit.allowed = [/status of 401/, /WebSocket connection to .* failed/];
    await visit.state("denied");
    await page.getByLabel("Token", { exact: true }).fill(facts.token);
    await page.keyboard.press("Enter");
    await visit.state("live");
    const hot = page.locator("#alerts").getByRole("listitem").filter({ has: page.getByRole("heading", { name: "hot", exact: true }) }).first();
    await page.locator("#alerts").getByText("60 alerts fire").waitFor();
    await page.locator("#alerts").getByText("And 10 more: orfeasctl alerts lists them all.").waitFor();
    assert.equal(await page.locator("#alerts li").count(), 50);
    await page.locator("#alerts").getByText("Your token may look, but not acknowledge or silence: that takes the role operate.").waitFor();
    assert.ok(await hot.getByRole("button", { name: "Acknowledge" }).isDisabled());
    await axe(visit, "no right");
    await visit.screenshot("alerts-no-right");
    assert.ok(await hot.getByRole("button", { name: "Silence" }).isDisabled());
    await visit.end();
  },

  themes: async () => {
    const visit = await Visit.begin({ scheme: "light" });
    const { page } = visit;
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await background();
    assert.notEqual(dark, light);
    await page.getByLabel("Theme").selectOption("light");
    assert.equal(await background(), light);
    await page.reload();
    assert.equal(await background(), light); // what was chosen goes before what the system says
    assert.equal(await page.getByLabel("Theme").inputValue(), "light");
    await page.getByLabel("Theme").selectOption("auto");
    assert.equal(await background(), dark);
    await visit.end();
  },

  narrow: async () => {
    for (const width of [320, 390, 768]) {
      const visit = await Visit.begin({ width, height: 800 });
      await visit.firstChart();
      await visit.fits();
      await visit.end();
    }
  },
});
