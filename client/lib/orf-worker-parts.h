/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/worker.h>
#include <pthread.h>
#include <sys/types.h>

#include "orf-thread.h"
#include "orf-wire.h"

/* Between the functions that the program calls (orf-worker.c) and the thread that speaks with the
 * daemon (orf-worker-run.c). */

/* An advice that was answered, and the daemon not yet told so. */
typedef struct OrfWorkerAnswer OrfWorkerAnswer;
struct OrfWorkerAnswer {
  OrfWorkerAnswer *next;
  OrfOutcome outcome;
  int64_t freed_bytes;
  bool has_allocator;
  OrfAllocator allocator; /* when it was answered: soon after it may hold as much again */
  char traceparent[ORF_TRACEPARENT_SIZE]; /* of the span that it was given in; "": none */
  char *text;                             /* behind advice, in the same memory; "": none */
  char advice[];                          /* its id */
};

struct OrfWorker {
  /* never change */
  pid_t pid;
  char *name;
  char *device;
  char *socket; /* NULL: the default */
  char **capabilities;
  OrfGpuPool *pool;
  OrfAdviceCallback on_advice;
  void *user_data;
  int64_t report_us;
  pthread_t thread;
  int wake_fd; /* eventfd: something below has changed */

  pthread_mutex_t
    lock; /* protects what is below; never held during a callback or a system call that waits */
  pthread_cond_t known; /* state.is_known became true */
  bool closing;
  bool report_now;
  bool has_allocator;
  OrfAllocator allocator;
  OrfStoredBatch *batches; /* oldest first */
  OrfStoredBatch **batches_end;
  size_t n_batches;
  OrfWorkerAnswer *answers; /* oldest first */
  size_t n_answers;
  OrfWorkerState state;
};

/* data: the worker. */
void *orf_worker_run_thread_cb (void *data);

/* What a report tells now; false: nothing is known.  Takes the lock. */
bool orf_worker_read_allocator (OrfWorker *worker, OrfAllocator *allocator);

void orf_stored_batches_free (OrfStoredBatch *batches);
