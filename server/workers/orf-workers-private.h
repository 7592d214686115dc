/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workers/orf-worker-asks.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* What the registry's own parts and worker.* do with it, and nobody else. */

#define ORF_WORKER_REGISTERED "registered"

/* One that the file has, at start, before there are others; copied but for id and label.  Live ones
 * are silent until they report, or their lease is over; those that were reached have left until
 * orf_workers_add_reached(). */
void orf_workers_restore (OrfWorkers *workers, const OrfWorker *worker);
/* Numbers are given from here on. */
void orf_workers_set_next_no (OrfWorkers *workers, gint64 next_no);

/* The same name and pid of the same owner again is the same worker, whose device and capabilities
 * are the new ones.
 * A new one is found by nobody until orf_workers_admit().  RESOURCE_EXHAUSTED. */
OrfWorker *orf_workers_register (OrfWorkers *workers, const OrfWorkerFacts *facts, GError **error);
void orf_workers_admit (OrfWorkers *workers, OrfWorker *worker);
/* One that was never admitted is forgotten once as many gave it up as registered it; any other
 * stays. */
void orf_workers_give_up (OrfWorkers *workers, OrfWorker *worker);
/* Whether the actor (orf_call_get_actor()) speaks for it: who registered it does, and of one that
 * the file had the first who comes.  Those without a token are one.  For one that is reached its
 * actuator does, and nobody who calls. */
gboolean orf_workers_claim (OrfWorkers *workers, OrfWorker *worker, const char *actor);
/* It stays where it is until it is released, whatever becomes of it. */
void orf_workers_hold (OrfWorkers *workers, OrfWorker *worker);
void orf_workers_release (OrfWorkers *workers, OrfWorker *worker);

/* It said something, whatever that was. */
void orf_workers_hear (OrfWorkers *workers, OrfWorker *worker);
/* allocator NULL: only batches were told.  A value of -1 stays as it was. */
void orf_workers_report (OrfWorkers *workers, OrfWorker *worker, const OrfAllocator *allocator);
/* The same with a copy of one, of which nobody hears. */
void orf_worker_take_report (OrfWorker *worker, const OrfAllocator *allocator);
void orf_workers_count_batches (OrfWorkers *workers, OrfWorker *worker, guint n_batches);
/* Whether orf_workers_answer() would take it. */
gboolean orf_workers_check_answer (OrfWorkers *workers,
                                   const char *worker,
                                   const char *advice,
                                   GError **error);
/* It says that it goes, which is so once the file has it: it is held until then, and if it is gone
 * before it was not lost. */
gint64 orf_workers_begin_leave (OrfWorkers *workers, OrfWorker *worker);
/* said_us as begin told; left_us as the file has it, 0: it had said so before.  What it said after
 * that says that it is there again. */
void orf_workers_end_leave (OrfWorkers *workers, OrfWorker *worker, gint64 said_us, gint64 left_us);
/* Answers the call with the stream of what it is asked.  FAILED_PRECONDITION where one is open. */
void orf_workers_open_stream (OrfWorkers *workers, OrfWorker *worker, OrfCall *call);

G_END_DECLS
