/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "orf-schema-types.h"
#include "rpc/orf-call.h"

G_BEGIN_DECLS

/*
 * Who holds GPU memory and can be asked for some of it: processes that registered (worker.*), and
 * servers that know nothing of us and are reached by an actuator.  Main context.
 */
typedef struct _OrfWorkers OrfWorkers;

/* In PyTorch's terms; each -1: unknown. */
typedef struct {
  gint64 allocated_bytes;      /* in live tensors */
  gint64 reserved_bytes;       /* held from the device */
  gint64 active_bytes;         /* allocated, or waiting to be free */
  gint64 inactive_split_bytes; /* idle parts of split blocks */
  gint64 largest_free_bytes;   /* of idle blocks */
  gint64 ooms;                 /* since its start */
  gint64 retries;              /* allocations that worked only after a flush */
  gint64 returned_bytes;       /* given back to the device since its start */
} OrfAllocator;

#define ORF_ALLOCATOR_UNKNOWN ((OrfAllocator){ -1, -1, -1, -1, -1, -1, -1, -1 })

/* To be read only.  One that is live, or reached, stays where it is; any other may be forgotten in
 * a later turn of the loop: who keeps it longer keeps its id. */
typedef struct _OrfWorker OrfWorker;
struct _OrfWorker {
  gint64 no; /* told as w-NO */
  char *id;
  char *name;
  char *label;  /* what its series are called: the name, or of those with the same "name (w-NO)" */
  char *device; /* NULL: not told */
  gint64 pid;   /* in the daemon's namespace; -1: unknown */
  char **capabilities; /* never NULL */
  OrfWorkerState state;
  gint64 registered_us;
  gint64 reported_us; /* 0: never */
  gint64 lost_us;     /* since when it is lost, or has left; 0: it is there */
  OrfAllocator allocator;
  gint64 n_batches;
  const char *source; /* "registered", or the actuator's kind */
};

/* It is there, as far as is known: neither lost nor gone by itself. */
gboolean orf_worker_is_live (const OrfWorker *worker);

/* It reports by itself, and is not reached by an actuator. */
gboolean orf_worker_is_registered (const OrfWorker *worker);

/* Its last four reports say that it holds the same from the device, within 5 %: what its process
 * uses beside that can be told then. */
gboolean orf_worker_is_steady (const OrfWorker *worker);

/* config and streams outlive it. */
OrfWorkers *orf_workers_new (const OrfConfig *config, OrfStreamHub *streams, GError **error);
/* The daemon is about to end all streams: leases say nothing of a worker any more, only the end of
 * its process does. */
void orf_workers_drain (OrfWorkers *workers);
/* All streams have ended before, and who listens or answers is told nothing any more. */
void orf_workers_free (OrfWorkers *workers);

/* OrfWorker by no, borrowed until the next turn; lost ones are among them for a day. */
GPtrArray *orf_workers_get_all (OrfWorkers *workers);
/* NULL: there is none, or no more. */
OrfWorker *orf_workers_find (OrfWorkers *workers, const char *id);

/* Of the live workers on the device: sums of what is known, -1 where nobody tells; the largest of
 * largest_free_bytes. */
void orf_workers_sum (OrfWorkers *workers, const char *device, OrfAllocator *sum);
/* Idle reserved memory that is not in the largest free block of its own worker, of all that is
 * reserved, over those live workers that tell all three; NAN: nobody does. */
double orf_workers_get_fragmentation_percent (OrfWorkers *workers, const char *device);

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct {
  const char *advice; /* its id */
  OrfWorkerAdviceKind kind;
  OrfCleanupLevel level; /* UNSET: kind is batch_size */
  gint64 batch_size;     /* 0: kind is cleanup */
  gint64 deadline_us;    /* UTC */
  const char *reason;
} OrfWorkerAsk;

typedef enum {
  ORF_WORKER_ASK_DONE,
  ORF_WORKER_ASK_PARTIAL,
  ORF_WORKER_ASK_REFUSED,
  ORF_WORKER_ASK_TIMED_OUT, /* the deadline passed, and it is there */
  ORF_WORKER_ASK_LOST,      /* it went away, or its deadline passed and it does not listen */
} OrfWorkerAskEnd;

/* claimed_bytes -1 and text NULL: not said.  Called once, never before orf_workers_ask() returns,
 * and not after orf_workers_cancel(). */
typedef void (*OrfWorkerAnswered) (gpointer user_data,
                                   OrfWorkerAskEnd end,
                                   gint64 claimed_bytes,
                                   const char *text);

/* The advice's id; NULL: it cannot be reached now (it does not listen, or has too much open).
 * answered may be NULL: nobody waits. */
char *orf_workers_ask (OrfWorkers *workers,
                       const OrfWorker *worker,
                       OrfWorkerAdviceKind kind,
                       OrfCleanupLevel level,
                       gint64 batch_size,
                       gint64 deadline_us,
                       const char *reason,
                       OrfWorkerAnswered answered,
                       gpointer user_data);
/* Whether it could be asked now. */
gboolean orf_workers_can_ask (OrfWorkers *workers, const OrfWorker *worker);
/* Nobody waits any more; an id that is open no more is none of anybody's. */
void orf_workers_cancel (OrfWorkers *workers, const char *advice);
/* What the worker says to an advice.  NOT_FOUND: there is no such worker, or it has no such advice;
 * FAILED_PRECONDITION: nobody waits for it any more. */
gboolean orf_workers_answer (OrfWorkers *workers,
                             const char *worker,
                             const char *advice,
                             OrfWorkerOutcome outcome,
                             gint64 claimed_bytes,
                             const char *text,
                             GError **error);

/* ---- how others come to be workers ----------------------------------------------------------- */

typedef struct {
  const char *name;
  const char *device; /* NULL: not told */
  gint64 pid;         /* -1: unknown */
  const char *const *capabilities;
  const char *source; /* static */
  const char *owner; /* the actor that registers it; NULL: none does, or it is not known any more */
} OrfWorkerFacts;

/* How a worker that did not register itself is reached. */
typedef struct {
  /* It answers later, or at once, by orf_workers_answer(). */
  void (*ask) (gpointer self, const OrfWorkerAsk *ask);
  /* Nobody waits any more. */
  void (*cancel) (gpointer self, const char *advice);
} OrfWorkerReach;

/* reach is static; self outlives the worker's removal.  The same name and source is the same
 * worker, also after a restart.  It is silent until orf_workers_update() says otherwise. */
OrfWorker *orf_workers_add_reached (OrfWorkers *workers,
                                    const OrfWorkerFacts *facts,
                                    const OrfWorkerReach *reach,
                                    gpointer self);
/* It has left: what was asked of it ends as lost, and self is not called any more. */
void orf_workers_remove_reached (OrfWorkers *workers, OrfWorker *worker);
/* pid -1 and allocator NULL: as before.  Of reached workers only; for the others state comes from
 * their reports. */
void orf_workers_update (OrfWorkers *workers,
                         OrfWorker *worker,
                         gint64 pid,
                         OrfWorkerState state,
                         const OrfAllocator *allocator);

/* ---- listeners ------------------------------------------------------------------------------- */

/* Each may be NULL.  None may add or remove workers. */
typedef struct {
  void (*lost) (gpointer user_data, const OrfWorker *worker); /* not: has left */
  /* it was lost, or had left, and is there again */
  void (*back) (gpointer user_data, const OrfWorker *worker);
  /* n_more since its report before; not those of before it was known */
  void (*oom) (gpointer user_data, const OrfWorker *worker, gint64 n_more);
  void (*reported) (gpointer user_data, const OrfWorker *worker);
  /* anything of it is another, told after the others */
  void (*changed) (gpointer user_data, const OrfWorker *worker);
} OrfWorkersEvents;

/* events is static; user_data outlives the workers. */
void orf_workers_listen (OrfWorkers *workers, const OrfWorkersEvents *events, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkers, orf_workers_free)

G_END_DECLS
