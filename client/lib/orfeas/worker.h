/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_WORKER_H
#define ORFEAS_WORKER_H

#include <orfeas/gpu-pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * OrfWorker: a process that holds GPU memory, known to the daemon.
 *
 * It registers by the daemon's Unix socket, reports its allocator and its batches, and is asked to
 * free memory or told a batch size.  A thread of its own does all that: nothing here waits for the
 * daemon, save orf_worker_wait_known() and, for at most a second, orf_worker_free().  While no
 * daemon is there it tries again, each time later, up to 5 s; when one is back it registers again
 * by itself.
 *
 * Threads: every function may be called from any thread at any time, save orf_worker_free(), which
 * nothing may run beside.  In the child of a fork() they do nothing, and answer INVALID or "not
 * known".
 */
typedef struct OrfWorker OrfWorker;

typedef enum {
  ORF_ADVICE_CLEANUP = 1,    /* free memory: level says how hard */
  ORF_ADVICE_BATCH_SIZE = 2, /* use batches of batch_size from now on */
} OrfAdviceKind;

typedef struct {
  const char *id; /* for orf_worker_answer() */
  OrfAdviceKind kind;
  OrfCleanupLevel level; /* UNSET unless kind is CLEANUP */
  uint64_t batch_size;   /* items; 0 unless kind is BATCH_SIZE */
  int64_t deadline_us;   /* Unix time: nobody waits for the answer after it */
  const char *reason;    /* for people */
} OrfAdvice;

typedef enum {
  ORF_OUTCOME_DONE = 1,
  ORF_OUTCOME_PARTIAL = 2, /* less than could be expected */
  ORF_OUTCOME_REFUSED = 3,
} OrfOutcome;

/* Called on the worker's thread, which reports nothing meanwhile: what takes more than some seconds
 * belongs to a thread of the program's.  Each advice is answered by orf_worker_answer(), from here
 * or later from anywhere.  advice and its strings are valid until this returns.  Not to be called
 * here: orf_worker_free(), orf_worker_wait_known(). */
typedef void (*OrfAdviceCallback) (OrfWorker *worker, const OrfAdvice *advice, void *user_data);

/* Zeroed, then what is known; all is copied, save pool and user_data, which live at least as long
 * as the worker. */
typedef struct {
  const char *name;   /* for people, such as "vllm-0"; 1 to 200 bytes of UTF-8 */
  const char *device; /* whose memory it holds, as gpu.list names it; NULL: not told */
  const char *socket; /* of the daemon; NULL: where this user's has it by default */
  /* What it can be asked for: "trim" (idle cache), "shrink" (pools), "unload" (what can be loaded
   * again), "batch_size"; ended by NULL, at most 16.  NULL: "trim" where there is a pool, else
   * nothing. */
  const char *const *capabilities;
  /* Its statistics are what is reported, each time as they are then; NULL: orf_worker_report()
   * tells. */
  OrfGpuPool *pool;
  /* NULL: a cleanup trims the pool, and is answered with what that gave back; anything else is
   * refused. */
  OrfAdviceCallback on_advice;
  void *user_data;
  int64_t
    report_us; /* between reports; 0: a second.  Shortened where the daemon wants them sooner */
  uint64_t reserved[8];
} OrfWorkerOptions;

/* INVALID: no name, or a text that is too long or no UTF-8; FAILED: no thread or descriptor to be
 * had. That no daemon is there is no error. */
OrfStatus orf_worker_new (const OrfWorkerOptions *options, OrfWorker **worker);
/* Reports what is left and says that the worker leaves, if the daemon answers within a second, and
 * ends. NULL is nothing. */
void orf_worker_free (OrfWorker *worker);

/* The allocator as the program knows it; -1: unknown.  The words are PyTorch's (memory_stats). */
typedef struct {
  int64_t allocated_bytes;
  int64_t reserved_bytes;
  int64_t active_bytes;
  int64_t inactive_split_bytes;
  int64_t largest_free_bytes;
  int64_t ooms;           /* since the start */
  int64_t retries;        /* since the start */
  int64_t returned_bytes; /* given back to the device since the start, whatever was taken again */
} OrfAllocator;

#define ORF_ALLOCATOR_UNKNOWN                                                                      \
  {                                                                                                \
    -1, -1, -1, -1, -1, -1, -1, -1                                                                 \
  }

/* What the next report tells, and those after it; of no use with a pool. */
void orf_worker_report (OrfWorker *worker, const OrfAllocator *allocator);
/* Lets the next report come at once; does not wait for it. */
void orf_worker_report_now (OrfWorker *worker);

typedef struct {
  uint64_t size;         /* items, 1 or more */
  int64_t peak_bytes;    /* the most device memory while it ran; -1: unknown */
  int64_t duration_us;   /* -1: unknown */
  const char *operation; /* such as "embed", at most 200 bytes of UTF-8; NULL: none */
} OrfBatch;

/* Told with the next report, in the trace of the thread's current span (<orfeas/tracer.h>); each
 * batch is told once, also across a lost connection.  10,000 are kept while no daemon is there,
 * then the oldest go and are counted.  INVALID: size 0 or above 2^53, or an operation that is
 * too long. */
OrfStatus orf_worker_add_batch (OrfWorker *worker, const OrfBatch *batch);

/* What an advice came to; freed_bytes: what was freed, to be compared with what is measured, -1:
 * not known; text: why it is no more, for people, at most 1000 bytes of UTF-8, or NULL.  What the
 * allocator holds now (the pool, else what orf_worker_report() was told last) goes with it: answer
 * before memory is taken again.  INVALID: no such outcome or id, or a text that is too long. */
OrfStatus orf_worker_answer (
  OrfWorker *worker, const char *advice, OrfOutcome outcome, int64_t freed_bytes, const char *text);

typedef struct {
  bool is_known;         /* the daemon has our registration, and the connection stands */
  char id[208];          /* as the daemon calls it, such as "w-1"; "" until first known */
  char reason[256];      /* what went wrong last, for people; "" if nothing did */
  uint64_t n_registered; /* times, since the start */
  uint64_t n_reports;    /* that were answered */
  uint64_t n_advice;     /* that came */
  uint64_t n_dropped_batches;
  uint64_t reserved[4];
} OrfWorkerState;

void orf_worker_get_state (OrfWorker *worker, OrfWorkerState *state);
/* Until is_known; TIMEOUT after timeout_us (below 0: as long as it takes). */
OrfStatus orf_worker_wait_known (OrfWorker *worker, int64_t timeout_us);

#ifdef __cplusplus
}
#endif

#endif
