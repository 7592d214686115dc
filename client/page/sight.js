// SPDX-License-Identifier: LGPL-2.1-or-later
const NEAR = "200px"; // before it can be seen

/** Asks when the section comes into sight, and every so often while it is: what nobody sees costs nothing. → asks at once. */
export function whileSeen(section, session, ms, ask) {
  let seen = false;
  const again = session.every(ms, async () => {
    if (seen) await ask();
  });
  onSight(section, (isSeen) => {
    const was = seen;
    seen = isSeen;
    if (seen && !was) again();
  });
  return again;
}

/** tell(isSeen) soon, and at each change. → ends it. */
export function onSight(element, tell) {
  const observer = new IntersectionObserver((entries) => tell(entries.at(-1).isIntersecting), { rootMargin: NEAR });
  observer.observe(element);
  return () => observer.disconnect();
}
