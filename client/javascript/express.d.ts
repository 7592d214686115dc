// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Orfeas } from "./orfeas.js";
import type { Recorder } from "./recorder.js";

export interface TraceOptions<Request> {
  /** Whose spans they are; left out: the recorder's. */
  service?: string;
  /** Left out: one of its own. */
  recorder?: Recorder;
  /** Names the operation, so it should be one of a few; left out: Express's path, such as `/items/:id`. */
  route?: (request: Request) => string | undefined;
}

export interface Middleware {
  (request: any, response: any, next: (error?: any) => void): void;
  recorder: Recorder;
}

export declare function trace<Request = any>(orfeas: Orfeas, options?: TraceOptions<Request>): Middleware;
