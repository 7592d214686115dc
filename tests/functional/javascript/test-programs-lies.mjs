// SPDX-License-Identifier: LGPL-2.1-or-later
// What programs of Node have beside calls and streams, told what no daemon tells: the program goes on.
import assert from "node:assert/strict";

import { facts, run } from "./harness.mjs";

const { Shelf, makeMatcher } = await import(`${facts.client}/shelf.js`);

await run({
  patterns: async () => {
    for (const [pattern, key, isMeant] of [
      ["*", "", true], ["", "", true], ["", "a", false], ["a", "a", true], ["a", "ab", false], ["a*", "ab", true], ["a*", "ba", false],
      ["*a", "ba", true], ["*a", "ab", false], ["a*a", "a", false], ["a*a", "aa", true], ["a?c", "abc", true], ["??", "\u00e9", true],
      ["*b*b*", "ab", false], ["*b*b*", "abab", true], ["a*bc*c", "abc", false], ["a*bc*c", "abcc", true], ["[a]", "a", false],
    ]) assert.equal(makeMatcher(pattern)(key), isMeant, `${pattern} ${key}`);

    // somebody else's, with many stars: it holds nobody up
    const shelf = new Shelf(1 << 20, 1000);
    for (let i = 0; i < 100; i++) {
      const key = "a".repeat(1000) + i;
      shelf.put(shelf.begin(key), "v", 1, Infinity);
    }
    const begunAt = performance.now();
    for (const pattern of [`${"*a".repeat(500)}*b`, `${"?".repeat(1000)}b`, `${"a*".repeat(500)}5`]) shelf.changeMatching(pattern, 2);
    assert.equal(shelf.dropped, 10);
    assert.ok(performance.now() - begunAt < 10_000);
  },
});
