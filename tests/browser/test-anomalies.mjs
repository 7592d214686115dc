// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { Visit, ask, facts, run } from "./harness.mjs";

const SERIES = "shop.queue";
const marked = (chart) => chart.getByRole("img", { name: /marked: shop\.queue was 400/ });

async function see(logIn = async () => {}) {
  const visit = await Visit.begin();
  visit.allowed = [/status of 401/, /WebSocket connection to .* failed/];
  await logIn(visit.page);
  await visit.state("live");
  visit.section = visit.page.locator("#anomalies");
  visit.row = visit.section.getByRole("table", { name: "Anomalies of the last day" }).getByRole("row", { name: /shop\.queue was 400, expected/ });
  return visit;
}

await run({
  // what came while the page was open: a row, a mark on its chart, and a verdict that quiets it
  told: async () => {
    const visit = await see();
    const { page, section, row } = visit;
    await section.getByText("Nothing out of the ordinary in the last day").waitFor();
    await section.getByText("None: all series are as they usually are.").waitFor();
    const search = page.getByRole("searchbox", { name: "Search metrics" });
    await search.fill(SERIES);
    await page.getByRole("button", { name: SERIES }).click();
    const chart = page.getByRole("article", { name: SERIES, exact: true });
    await chart.locator("canvas").waitFor();

    await ask("spike");
    await row.waitFor();
    await marked(chart).waitFor();
    await section.getByRole("status").getByText(/^\d+ anomal(y|ies) in the last day/).waitFor();
    await visit.look("anomalies-told");

    // by keyboard alone
    await row.getByRole("button", { name: /^Say what an-\d+ was worth$/ }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "What was it worth?" });
    await dialog.waitFor();
    await page.keyboard.press("k"); // known
    await page.keyboard.press("Tab");
    await page.keyboard.type("a <b>load</b> test");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await row.getByText("known").waitFor();
    await row.getByText("a <b>load</b> test").waitFor();
    const { anomalies } = await ask("call", "anomalies.list", { select: SERIES });
    assert.deepEqual(anomalies.map(({ verdict, note }) => [verdict, note]), [["known", "a <b>load</b> test"]]);
    await visit.end();
  },

  "no-right": async () => {
    const visit = await see(async (page) => {
      await page.waitForSelector('body[data-state="denied"]');
      await page.getByLabel("Token", { exact: true }).fill(facts.token);
      await page.keyboard.press("Enter");
    });
    await visit.section.getByText("Your token may look").waitFor();
    await visit.row.waitFor();
    assert.ok(await visit.row.getByRole("button").isDisabled());
    await visit.end();
  },
});
