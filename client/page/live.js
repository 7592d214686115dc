// SPDX-License-Identifier: LGPL-2.1-or-later
/* The store and the connection that all sections share; on their way before what draws is read. */
import { SHOWN_SELECTOR } from "./names.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { View } from "./view.js";

export const store = new Store();
export const session = new Session(store);

export const view = new View(session, store);

view.feed(SHOWN_SELECTOR, undefined, globalThis.orfeasFirst);
