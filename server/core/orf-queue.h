/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The one way by which work crosses from a thread to another.
 *
 * A job is an owned copy of all that its work needs: the submitter gives it away with
 * orf_queue_push() and may not look at it again until (and unless) `done` hands it back.  Embed
 * OrfJob as the first member of a struct of your own.
 *
 *   submitter's context            consumer's thread
 *   orf_queue_push (q, lane, job)  orf_queue_pop (q) -> job
 *                                  job->work (job, state)
 *                                  orf_job_reply (job)
 *   job->done (job); job->free (job)
 *
 * The reply queue is drained by the submitter's GMainContext (orf_queue_attach).
 */
typedef struct _OrfQueue OrfQueue;
typedef struct _OrfJob OrfJob;

/* What the steps of a job are called, where it belongs to a call that is traced (orf-steps.h). */
typedef struct {
  const char *wait; /* from the push to the pop */
  const char *work; /* to the reply: with what else the thread does before it answers */
  const char *back; /* until the submitter takes it */
} OrfQueueSteps;
/* Of a job whose submitter worked for a call that is traced. */
typedef struct _OrfJobTrace OrfJobTrace;

struct _OrfJob {
  OrfJob *next;    /* owned by the queue that holds the job */
  OrfQueue *reply; /* where the finished job goes; NULL: it is freed where it was worked on */
  void (*work) (OrfJob *job, gpointer state); /* in the consumer's thread; state is its own */
  void (*done) (OrfJob *job);                 /* in the submitter's context, may be NULL */
  void (*free) (OrfJob *job);
  OrfJobTrace *trace; /* the queue's; NULL: none */
};

/* n_lanes priorities (0 first), each bounded to max_jobs. */
OrfQueue *orf_queue_new (guint n_lanes, guint max_jobs);
OrfQueue *orf_queue_ref (OrfQueue *queue);
void orf_queue_unref (OrfQueue *queue);

/* Before anything is pushed; names is static.  Jobs of queues that are not told are no steps. */
void orf_queue_set_steps (OrfQueue *queue, const OrfQueueSteps *names);

/* Any thread.  FALSE when the lane is full or the queue closed: the job is still the caller's. */
gboolean orf_queue_push (OrfQueue *queue, guint lane, OrfJob *job);
/* Any thread.  Gives a worked job back to where it came from.  Never refused: what is on its way
 * back is bounded by what was let in. */
void orf_job_reply (OrfJob *job);
/* Any thread: the jobs that wait in a lane. */
guint orf_queue_get_length (OrfQueue *queue, guint lane);

/* A thread of the caller's waits here for the next job, of the lowest lane that has one, until
 * monotonic deadline_us (-1: for ever, 0: not at all).  NULL: the time is over, or the queue is
 * closed and empty. */
OrfJob *orf_queue_pop (OrfQueue *queue, gint64 deadline_us);
/* The same, looking at one lane only, never waiting. */
OrfJob *orf_queue_try_pop_lane (OrfQueue *queue, guint lane);

/* Runs `done` and `free` of what arrives, in context (NULL: the default one).  Who held it up is
 * told by the words that stand for the queue (orf-turn.h). */
#define orf_queue_attach(queue, context) orf_queue_attach_named (queue, context, #queue)
void orf_queue_attach_named (OrfQueue *queue, GMainContext *context, const char *name);
/* In the attached context: handles now all that has arrived (used when draining at the end). */
void orf_queue_dispatch (OrfQueue *queue);

/* Further pushes are refused, and waiters wake up.  What is queued can still be popped. */
void orf_queue_close (OrfQueue *queue);
gboolean orf_queue_is_closed (OrfQueue *queue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfQueue, orf_queue_unref)

G_END_DECLS
