// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Orfeas, WorkerAdvice } from "./orfeas.js";

/** In the words of PyTorch's memory_stats; what is unknown is left out or null, never 0. */
export interface Allocator {
  allocated_bytes?: number | null;
  reserved_bytes?: number | null;
  active_bytes?: number | null;
  inactive_split_bytes?: number | null;
  largest_free_bytes?: number | null;
  ooms?: number | null;
  retries?: number | null;
  returned_bytes?: number | null;
}

/** How it came out, and how many bytes it claims to have freed. */
export type Answer = void | null | number | ["done" | "partial" | "refused", number?];

export interface WorkerOptions {
  /** For people, such as "vllm-0". The same name and process is the same worker. */
  name: string;
  /** Whose memory it holds, as gpu.list names it. */
  device?: string;
  /** Of "trim", "shrink", "unload", "batch_size"; left out: what the callbacks allow. */
  capabilities?: string[];
  memory?: () => Allocator | null | undefined;
  onCleanup?: (advice: WorkerAdvice) => Answer | Promise<Answer>;
  onBatchSize?: (advice: WorkerAdvice) => Answer | Promise<Answer>;
  /** Between reports; shortened where the daemon's lease needs it. 1000. */
  reportMs?: number;
  /** close() ends the client too. */
  ownsClient?: boolean;
}

export interface RunningBatch {
  size: number;
  operation: string | undefined;
  peakBytes: number | undefined;
}

export declare class Refused extends Error {}

export declare class Worker {
  constructor(orfeas: Orfeas, options: WorkerOptions);
  readonly id: string | null;
  /** Not reported, since no daemon was there for too long. */
  droppedBatches: number;
  untilKnown(): Promise<void>;
  batch<T>(size: number, operation: string | undefined, work: (batch: RunningBatch) => T | Promise<T>): Promise<T>;
  addBatch(batch: { size: number; operation?: string; peakBytes?: number; durationMs?: number }): void;
  reportNow(): void;
  close(): Promise<void>;
}
