// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Orfeas } from "./orfeas.js";

export type Value = string | Uint8Array | null;

export interface CacheOptions {
  /** Held here, of keys, values and about what goes with them. 16 MiB. */
  maxBytes?: number;
  /** Held here. 65536. */
  maxEntries?: number;
  /** Only keys that begin with it are held. */
  prefix?: string;
  /** Of a call that names no deadlineMs, beside what it waits for others. 1000. */
  timeoutMs?: number;
  /** close() ends the client too. */
  ownsClient?: boolean;
}

export interface CacheCallOptions {
  deadlineMs?: number;
  signal?: AbortSignal;
}

export interface LeaseOptions extends CacheCallOptions {
  /** Who is given the lease has so long to make the value. 10000. */
  leaseMs?: number;
  /** So long the others wait for it. 1000. */
  waitMs?: number;
}

export interface SetOptions extends CacheCallOptions {
  /** Lifetime; left out: the daemon's. */
  ttlMs?: number;
  /** So long after it the value is served while one makes it anew. */
  staleMs?: number;
  /** What it took to make. */
  costMs?: number;
  tags?: string[];
  lease?: string | null;
}

export interface CachedOptions<A extends unknown[]> {
  /** A prefix, to which the arguments are added as JSON, or what makes the key of them; left out: the function's name, which it then needs. */
  key?: string | ((...args: A) => string);
  ttlMs?: number;
  staleMs?: number;
  /** Lifetime of null and undefined. */
  nullTtlMs?: number;
  tags?: string[];
  leaseMs?: number;
  /** Left out: leaseMs. */
  waitMs?: number;
  signal?: AbortSignal;
}

export interface CacheStats {
  /** What is held is served now. */
  fresh: boolean;
  /** Answered from here. */
  hits: number;
  /** Gets that asked the daemon. */
  calls: number;
  /** Held values that went since their key changed, or for want of room; times that all of them went. */
  dropped: number;
  evictions: number;
  flushes: number;
  entries: number;
  usedBytes: number;
  /** Streams of changes that were opened. */
  connections: number;
}

/**
 * What is held goes a millisecond or two after its key changed, and is never served for longer than two seconds after the
 * daemon was last known to have told of everything. Without one a get fails at once with UNAVAILABLE.
 */
export declare class Cache {
  constructor(orfeas: Orfeas, options?: CacheOptions);
  /** undefined: a miss; null: it is known that there is none. */
  get(key: string, options?: CacheCallOptions): Promise<Value | undefined>;
  getMany(keys: string[], options?: CacheCallOptions): Promise<(Value | undefined)[]>;
  getOrLease(key: string, options?: LeaseOptions): Promise<{ hit: boolean; value: Value; stale: boolean; lease: string | null }>;
  /** false: the lease did not hold any more, and nothing is stored. */
  set(key: string, value: Value, options?: SetOptions): Promise<boolean>;
  delete(key: string, options?: CacheCallOptions): Promise<boolean>;
  invalidate(what: { pattern?: string; tag?: string } & CacheCallOptions): Promise<number>;
  /** What it returns is kept as JSON. */
  cached<A extends unknown[], R>(work: (...args: A) => R | Promise<R>, options?: CachedOptions<A>): {
    (...args: A): Promise<R>;
    keyOf(...args: A): string;
    forget(...args: A): Promise<boolean>;
  };
  stats(): CacheStats;
  untilFresh(): Promise<void>;
  close(): void;
}
