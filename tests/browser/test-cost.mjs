// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { Visit, ask, run, until } from "./harness.mjs";

async function see() {
  const visit = await Visit.begin();
  await visit.state("live");
  visit.section = await visit.sight("cost");
  visit.rows = (name) => visit.section.getByRole("table", { name, exact: true }).locator("tbody tr");
  await visit.rows("For whom").first().waitFor();
  return visit;
}

/** "€1,234.50" → 1234.5 */
const amount = (text) => Number(/[\d.,]+/.exec(text)[0].replaceAll(",", ""));

await run({
  // a second costs one: the lines are the bill, however it is split
  priced: async () => {
    const visit = await see();
    const { section, rows } = visit;
    const total = () => section.locator(".big").innerText();
    assert.match(await total(), /^€\d/);
    for (const by of ["device", "process", "worker", "service", "operation"]) {
      await section.getByRole("combobox", { name: "Split" }).selectOption(by);
      await until(async () => { // one more may begin to cost
        const { entries } = await ask("call", "cost.summary", { by });
        return (await rows("For whom").count()) === entries.length + 1;
      }, `the rows by ${by}`);
      // at one moment: the bill goes on
      const { lines, bill } = await section.evaluate((element) => ({
        lines: [...element.querySelectorAll('table[aria-label="For whom"] tbody tr')].map((row) => row.cells[2].textContent),
        bill: element.querySelector(".big").textContent,
      }));
      const sum = lines.reduce((whole, text) => whole + amount(text), 0);
      assert.ok(Math.abs(sum - amount(bill)) <= 0.01 * lines.length, `${lines} are not ${bill}`);
    }
    assert.match(await rows("For whom").last().innerText(), /^Idle/);
    await section.getByText("Unseen, not in it").waitFor();
    const month = rows("By month").first();
    assert.match(await month.innerText(), /20\d\d/);
    assert.ok(amount(await month.locator("td").nth(0).innerText()) > 0);
    assert.equal(await section.getByText("No price is set").isVisible(), false);
    await visit.look("cost-priced");
    await visit.end();
  },

  // times are there without a price, and what is to be set is said
  "no-price": async () => {
    const visit = await see();
    await visit.section.getByText("[cost] gpu_hour=2.50").waitFor();
    assert.match(await visit.section.locator(".big").innerText(), /\d\u202f(s|ms|min)$/);
    const cells = await visit.rows("For whom").first().locator("td").allInnerTexts();
    assert.match(cells[0], /\d/);
    assert.equal(cells[1], "–");
    await visit.look("cost-no-price");
    await visit.end();
  },
});
