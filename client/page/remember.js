// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this browser keeps of choices. One that keeps nothing (its site data are blocked) forgets them. */
const PREFIX = "orfeas.";

export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** value null: forgets it. */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // blocked or full: the choice holds until the page goes
  }
}
