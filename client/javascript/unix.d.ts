// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Cache, CacheOptions } from "./cache.js";
import type { Options, Orfeas } from "./orfeas.js";
import type { Worker, WorkerOptions } from "./worker.js";

/** By the Unix socket at path; left out: that of this user's daemon. The first call connects. */
export declare function connect(path?: string, options?: Omit<Options, "url" | "token" | "fetch" | "WebSocket" | "socketOnly">): Orfeas;
/** A cache by cache.sock, which keeps no process alive. */
export declare function openCache(path?: string, options?: Omit<CacheOptions, "ownsClient">): Cache;
/** A worker by the daemon's socket, which keeps no process alive. */
export declare function openWorker(options: Omit<WorkerOptions, "ownsClient">, path?: string): Worker;
