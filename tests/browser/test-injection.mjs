// SPDX-License-Identifier: LGPL-2.1-or-later
// The harness ends a visit with a fault where anything was refused by the policy, asked for elsewhere, or failed.
import assert from "node:assert/strict";

import { Visit, facts, run, until } from "./harness.mjs";

/** As far down as it goes, so that every section has been in sight. */
async function scrollThrough(page) {
  await page.evaluate(async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
      scrollTo(0, y);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
}

/** Of the attacks, those that are shown as they are. */
const shown = (page) => page.evaluate((attacks) => attacks.filter((text) => document.body.textContent.includes(text)), facts.attacks);

await run({
  names: async () => {
    const visit = await Visit.begin();
    await visit.state("live");
    await until(async () => {
      await scrollThrough(visit.page);
      return (await shown(visit.page)).length === facts.attacks.length;
    }, "every name to be shown");
    assert.equal(await visit.page.evaluate(() => window.hit), undefined);
    // nothing of theirs became an element or an attribute
    const made = await visit.page.evaluate(() => [...document.querySelectorAll("[onerror], [onload], [onfocus], [autofocus], [srcdoc], img[src='/x'], a[href^='javascript']")]
      .map(({ outerHTML }) => outerHTML));
    assert.deepEqual(made, []);
    assert.equal(await visit.page.locator("iframe").count(), 0);
    await visit.end();
  },
});
