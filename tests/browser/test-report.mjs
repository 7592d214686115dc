// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { Visit, run } from "./harness.mjs";

const SECTIONS = ["summary", "culprit", "timeline", "changes", "memory", "cleanups", "alerts", "anomalies", "traces", "cache", "forecasts", "cost", "gaps"];

/** What is wrong with how the page is built, as texts. */
const faults = () => {
  const found = [];
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((heading) => Number(heading.tagName[1]));
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) found.push(`headings begin with ${levels[0]}`);
  levels.forEach((level, i) => { if (i > 0 && level > levels[i - 1] + 1) found.push(`heading ${i} leaps to ${level}`); });
  for (const svg of document.querySelectorAll("svg"))
    if (svg.getAttribute("aria-hidden") !== "true" && !document.getElementById(svg.getAttribute("aria-labelledby"))?.textContent)
      found.push(`a drawing without a name: ${svg.outerHTML.slice(0, 100)}`);
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent) found.push("a table without a caption");
    const width = table.tHead.rows[0].cells.length;
    if ([...table.tBodies[0].rows].some((row) => row.cells.length !== width)) found.push(`rows of ${table.caption.textContent}`);
  }
  for (const link of document.querySelectorAll("a"))
    if (!link.getAttribute("href").startsWith("#") || !document.getElementById(link.getAttribute("href").slice(1))) found.push(`a link to ${link.href}`);
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) found.push("an id twice");
  return found;
};

const foreign = () => document.querySelectorAll("script, img, iframe, object, embed, link, base, form, [style], [onerror], [onclick], [src]").length;

async function open(options) {
  const visit = await Visit.begin(options);
  assert.deepEqual(await visit.page.locator("main > section").evaluateAll((all) => all.map(({ id }) => id)), SECTIONS);
  return visit;
}

await run({
  // light and wide, dark and narrow, on paper, by keyboard, and to axe
  reads: async () => {
    const visit = await open();
    const { page } = visit;
    assert.deepEqual(await page.evaluate(faults), []);
    assert.equal(await page.evaluate(foreign), 0);
    assert.equal(await page.evaluate(() => performance.getEntriesByType("resource").length), 0);
    await visit.look("report");
    // each colour has a rule: what is drawn is seen
    const unseen = await page.locator("main svg rect, main svg path").evaluateAll((all) => all.filter((one) => {
      const { fill, stroke } = getComputedStyle(one);
      return (fill === "none" || fill === "rgb(0, 0, 0)") && (stroke === "none" || stroke === "rgb(0, 0, 0)");
    }).map((one) => one.outerHTML.slice(0, 80)));
    assert.deepEqual(unseen, []);
    const sql = page.locator("#cleanups details");
    assert.equal(await sql.locator("pre").isVisible(), false);
    await sql.locator("summary").focus();
    await page.keyboard.press("Enter");
    await sql.locator("pre").waitFor();
    assert.match(await sql.locator("pre").innerText(), /^SELECT \* FROM v_cleanup/);
    await page.getByRole("navigation").getByRole("link", { name: "Alerts" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#alerts h2").getBoundingClientRect().top < innerHeight);
    await page.getByRole("img", { name: "Memory of nvidia-0" }).waitFor();
    await page.getByRole("table", { name: "Cleanups, by time" }).waitFor();
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.getByRole("navigation").isVisible(), false);
    await visit.screenshot("report-print");
    await visit.end();
  },

  nothing: async () => {
    const visit = await open();
    assert.deepEqual(await visit.page.evaluate(faults), []);
    await visit.look("report-nothing");
    await visit.end();
  },

  // names that would be more than names
  attack: async () => {
    const visit = await open();
    const { page } = visit;
    page.on("dialog", () => visit.faults.push("a dialog"));
    assert.equal(await page.evaluate(foreign), 0);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.deepEqual(await page.evaluate(faults), []);
    const text = await page.locator("body").innerText();
    assert.ok(text.includes(`"'></td></svg></style><script>window.hit = 1</script><img src=/x onerror='window.hit = 1'>\\u{202e}gpj`));
    assert.ok(!text.includes("\u202e"));
    await visit.fits();
    await visit.end();
  },

  // were anything to get in after all, it could do nothing
  policy: async () => {
    const visit = await open();
    visit.allowed.push(/CSP: |Content Security Policy/);
    const { page } = visit;
    const width = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.hit = 1";
      const style = document.createElement("style");
      style.textContent = "h1 { width: 7px }";
      const image = new Image();
      image.src = "/image";
      document.body.append(script, style, image);
      await fetch("/fetched").catch(() => {});
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return document.querySelector("h1").getBoundingClientRect().width;
    });
    assert.ok(width > 100);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    await visit.end();
  },
});
