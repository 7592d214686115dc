/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * What workers are asked and have not answered yet.  Each is ended once: by an answer, by its
 * deadline, by the worker's going, or by nobody waiting any more.  Main context.
 */
typedef struct _OrfWorkerAsks OrfWorkerAsks;

/* Open at once for one worker: a cleanup, a batch size, and some that nobody cancelled. */
#define ORF_WORKER_MAX_ASKS 16

typedef struct {
  /* Whether it is there and listens, when a deadline passes. */
  gboolean (*is_listening) (gpointer user_data, const OrfWorker *worker);
  gpointer user_data;
} OrfWorkerAsksOps;

OrfWorkerAsks *orf_worker_asks_new (const OrfWorkerAsksOps *ops);
/* Nobody is told. */
void orf_worker_asks_free (OrfWorkerAsks *asks);

/* How an ask reaches its worker: its stream, or its actuator. */
typedef struct {
  OrfChannel *channel; /* NULL: reach is set */
  const OrfWorkerReach *reach;
  gpointer self;
} OrfWorkerWay;

typedef struct {
  OrfWorkerAnswered answered; /* NULL: nobody waits */
  gpointer user_data;
} OrfWorkerAsker;

/* ask->advice is not looked at; the id is returned, borrowed until a later turn.  NULL: too many
 * are open. */
const char *orf_worker_asks_add (OrfWorkerAsks *asks,
                                 const OrfWorker *worker,
                                 const OrfWorkerAsk *ask,
                                 const OrfWorkerWay *way,
                                 const OrfWorkerAsker *asker);
void orf_worker_asks_cancel (OrfWorkerAsks *asks, const char *advice);
/* NOT_FOUND, FAILED_PRECONDITION; checks only. */
gboolean orf_worker_asks_check (OrfWorkerAsks *asks,
                                const OrfWorker *worker,
                                const char *advice,
                                GError **error);
/* What orf_worker_asks_check() admits. */
void orf_worker_asks_end (OrfWorkerAsks *asks,
                          const char *advice,
                          OrfWorkerAskEnd end,
                          gint64 claimed_bytes,
                          const char *text);
/* The worker has gone. */
void orf_worker_asks_lose (OrfWorkerAsks *asks, const OrfWorker *worker);
guint orf_worker_asks_count (OrfWorkerAsks *asks, const OrfWorker *worker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerAsks, orf_worker_asks_free)

G_END_DECLS
