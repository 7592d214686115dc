// SPDX-License-Identifier: LGPL-2.1-or-later
const NEAR = "200px"; // before it can be seen

/** Asks when the section comes into sight, and every so often while it is: what nobody sees costs nothing. → asks at once. */
export function whileSeen(section, session, ms, ask) {
  let seen = false;
  const again = session.every(ms, async () => {
    if (seen) await ask();
  });
  new IntersectionObserver((entries) => {
    const was = seen;
    seen = entries.at(-1).isIntersecting;
    if (seen && !was) again();
  }, { rootMargin: NEAR }).observe(section);
  return again;
}
