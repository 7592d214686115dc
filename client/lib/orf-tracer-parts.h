/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/tracer.h>
#include <pthread.h>

#include "orf-http-post.h"
#include "orf-otlp-write.h"
#include "orf-thread.h"
#include "orf-trace-context.h"

/* Between spans (orf-span.c), the tracer that they end in (orf-tracer.c), and the thread that sends
 * them (orf-tracer-run.c). */

/* Spans, encoded one behind the other as fields of their scope. */
typedef struct {
  OrfOtlpText text;
  size_t n_spans;
} OrfSpanQueue;

struct OrfTracer {
  /* never change */
  unsigned generation; /* of forks: another one is another process */
  OrfHttpTarget target;
  OrfOtlpText resource; /* as a field of what has it */
  double sample_percent;
  int64_t period_us;
  size_t queue_bytes;
  pthread_t thread;
  int wake_fd; /* eventfd: something below has changed */

  pthread_mutex_t lock; /* protects what is below; never held while anything waits */
  pthread_cond_t settled;
  OrfSpanQueue queue;
  uint64_t n_queued, n_settled; /* of what was in the queue: settled is sent or given up */
  bool flushing;                /* somebody waits for what is in the queue */
  bool closing;
  OrfTracerState state;
};

/* data: the tracer. */
void *orf_tracer_run_thread_cb (void *data);

/* Where the process is the child of a fork, what was in the parent is not its own. */
bool orf_tracer_is_elsewhere (const OrfTracer *tracer);
/* A span has ended: its fields, in two parts.  Takes the lock. */
void orf_tracer_add (OrfTracer *tracer,
                     const uint8_t *fixed,
                     size_t fixed_length,
                     const OrfOtlpText *fields);
/* Random bits of this thread's; not for secrets. */
uint64_t orf_span_random (void);
