// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { Visit, ask, run, until } from "./harness.mjs";

async function see() {
  const visit = await Visit.begin();
  await visit.state("live");
  visit.section = await visit.sight("cache");
  visit.rows = (name) => visit.section.getByRole("table", { name, exact: true }).locator("tbody tr");
  return visit;
}

await run({
  // what is shown is what cache.stats says, and names that markup would be stay text
  used: async () => {
    const odd = "<b>one";
    for (const key of ["mesh:1", "mesh:2", `${odd}:1`]) await ask("call", "cache.set", { key, value: "x".repeat(1000) });
    for (const key of ["mesh:1", "mesh:1", "mesh:2", "mesh:3", `${odd}:1`]) await ask("call", "cache.get", { key });
    const { hit_rate_percent: rate, namespaces } = await ask("call", "cache.stats", {});
    assert.equal(rate, 80);
    const visit = await see();
    await until(async () => (await visit.section.locator(".big").innerText()) === "80%", "the hit rate");
    const rows = visit.rows("By namespace");
    await until(async () => (await rows.count()) === namespaces.length, "a row a namespace");
    const cells = await rows.evaluateAll((all) => all.map((row) => [...row.cells].map(({ textContent: text }) => text).slice(0, 5)));
    assert.deepEqual(cells[0], ["mesh", "75%", "3", "1", "2"]);
    assert.ok(cells.some(([name, , hits]) => name === odd && hits === "1"), JSON.stringify(cells));
    await visit.section.getByText("No node is configured").waitFor();
    await visit.look("cache-used");
    await visit.end();
  },

  empty: async () => {
    const visit = await see();
    await visit.section.getByText("of nothing asked yet").waitFor();
    await visit.section.getByText("Nobody has asked for a key yet.").waitFor();
    assert.equal(await visit.section.locator(".big").innerText(), "–");
    await visit.end();
  },
});
