/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants: the mutex protects the lanes, their lengths, `closed` and the reference count; a job
 * belongs to exactly one list or one thread at a time; the eventfd is written after the job is in,
 * so that an attached context never sleeps on a filled queue.  pthread and eventfd, not GAsyncQueue
 * and GMutex: ThreadSanitizer understands them.
 */
#include "core/orf-queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-clock.h"
#include "core/orf-steps.h"
#include "core/orf-turn.h"

/* Handled in one turn of a context: a thread that fills the queue as fast as it is emptied must not
 * keep the context's other sources waiting. */
#define MAX_TURN_JOBS 256
/* And no more of it than this: 256 answers of 100 KB took 150 ms, in which nobody else was
 * answered. */
#define MAX_TURN_US 5000

struct _OrfJobTrace {
  OrfSteps *steps;
  const OrfQueueSteps *names;
  gint64 pushed_us, popped_us, replied_us; /* 0: not yet */
};

typedef struct {
  OrfJob *head;
  OrfJob **tail;
  guint length;
} Lane;

struct _OrfQueue {
  pthread_mutex_t mutex;
  pthread_cond_t filled;
  guint references;
  const char *name; /* of those that are attached; static */
  gboolean closed;
  guint max_jobs;
  const OrfQueueSteps *steps; /* set before there is anything; NULL: none */
  int event_fd;               /* -1 until attached: threads that wait use the condition */
  GSource *source;            /* attached context only */
  guint n_jobs;               /* of all lanes */
  guint n_lanes;
  Lane lanes[];
};

OrfQueue *
orf_queue_new (guint n_lanes, guint max_jobs)
{
  OrfQueue *queue = g_malloc0 (sizeof *queue + n_lanes * sizeof (Lane));
  pthread_condattr_t attributes;

  pthread_mutex_init (&queue->mutex, NULL);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&queue->filled, &attributes);
  pthread_condattr_destroy (&attributes);
  queue->references = 1;
  queue->max_jobs = max_jobs;
  queue->event_fd = -1;
  queue->n_lanes = n_lanes;
  for (guint i = 0; i < n_lanes; i++)
    queue->lanes[i].tail = &queue->lanes[i].head;
  return queue;
}

void
orf_queue_set_steps (OrfQueue *queue, const OrfQueueSteps *names)
{
  queue->steps = names;
}

/* ---- steps: a job is one thread's at a time, and so is its trace -------------------------------
 */

static OrfJobTrace *
trace_new (const OrfQueue *queue)
{
  OrfSteps *steps = orf_steps_get_current ();
  OrfJobTrace *trace;

  if (steps == NULL || queue->steps == NULL)
    return NULL;
  trace = g_new0 (OrfJobTrace, 1);
  trace->steps = orf_steps_ref (steps);
  trace->names = queue->steps;
  trace->pushed_us = orf_clock_monotonic_us ();
  return trace;
}

static void
trace_free (OrfJobTrace *trace)
{
  orf_steps_unref (trace->steps);
  g_free (trace);
}

/* In the submitter's context. */
static void
trace_tell (const OrfJobTrace *trace)
{
  orf_steps_add (trace->steps, trace->names->wait, trace->pushed_us, trace->popped_us);
  orf_steps_add (trace->steps, trace->names->work, trace->popped_us, trace->replied_us);
  orf_steps_add (trace->steps, trace->names->back, trace->replied_us, orf_clock_monotonic_us ());
}

static void
job_free (OrfJob *job)
{
  g_clear_pointer (&job->trace, trace_free);
  job->free (job);
}

OrfQueue *
orf_queue_ref (OrfQueue *queue)
{
  pthread_mutex_lock (&queue->mutex);
  queue->references++;
  pthread_mutex_unlock (&queue->mutex);
  return queue;
}

static OrfJob *
take_first (OrfQueue *queue, guint n)
{
  Lane *lane = &queue->lanes[n];
  OrfJob *job = lane->head;

  if (job == NULL)
    return NULL;
  lane->head = job->next;
  if (lane->head == NULL)
    lane->tail = &lane->head;
  lane->length--;
  queue->n_jobs--;
  job->next = NULL;
  if (job->trace != NULL && job->trace->popped_us == 0)
    job->trace->popped_us = orf_clock_monotonic_us ();
  return job;
}

static void
put_last (Lane *lane, OrfJob *job)
{
  job->next = NULL;
  *lane->tail = job;
  lane->tail = &job->next;
  lane->length++;
}

static void
destroy (OrfQueue *queue)
{
  for (guint i = 0; i < queue->n_lanes; i++) {
    OrfJob *job;

    while ((job = take_first (queue, i)) != NULL)
      job_free (job);
  }
  if (queue->source != NULL) {
    g_source_destroy (queue->source);
    g_source_unref (queue->source);
  }
  if (queue->event_fd >= 0)
    close (queue->event_fd);
  pthread_cond_destroy (&queue->filled);
  pthread_mutex_destroy (&queue->mutex);
  g_free (queue);
}

void
orf_queue_unref (OrfQueue *queue)
{
  gboolean last;

  pthread_mutex_lock (&queue->mutex);
  last = --queue->references == 0;
  pthread_mutex_unlock (&queue->mutex);
  if (last)
    destroy (queue);
}

/* With the mutex held.  Whoever waits is woken by the first job, and takes what is there. */
static void
wake_consumer (OrfQueue *queue)
{
  const uint64_t one = 1;

  if (queue->event_fd < 0)
    pthread_cond_signal (&queue->filled);
  else if (write (queue->event_fd, &one, sizeof one) < 0)
    g_assert (errno == EAGAIN); /* the counter is full: it is readable in any case */
}

/* With the mutex held.  An attached context takes jobs until it finds none, so that one event tells
 * of all that come before it is through; threads that wait are woken one by one. */
static void
add_job (OrfQueue *queue, guint lane, OrfJob *job)
{
  gboolean told = queue->event_fd >= 0 && queue->n_jobs > 0;

  put_last (&queue->lanes[lane], job);
  queue->n_jobs++;
  if (!told)
    wake_consumer (queue);
}

gboolean
orf_queue_push (OrfQueue *queue, guint lane, OrfJob *job)
{
  OrfJobTrace *trace = trace_new (queue);
  gboolean accepted;

  pthread_mutex_lock (&queue->mutex);
  accepted = !queue->closed && queue->lanes[lane].length < queue->max_jobs;
  if (accepted) {
    job->trace = trace;
    add_job (queue, lane, job);
  }
  pthread_mutex_unlock (&queue->mutex);
  if (!accepted)
    g_clear_pointer (&trace, trace_free);
  return accepted;
}

void
orf_job_reply (OrfJob *job)
{
  OrfQueue *queue = job->reply;

  if (queue == NULL) {
    job_free (job);
    return;
  }
  if (job->trace != NULL)
    job->trace->replied_us = orf_clock_monotonic_us ();
  pthread_mutex_lock (&queue->mutex);
  add_job (queue, 0, job);
  pthread_mutex_unlock (&queue->mutex);
}

guint
orf_queue_get_length (OrfQueue *queue, guint lane)
{
  guint length;

  pthread_mutex_lock (&queue->mutex);
  length = queue->lanes[lane].length;
  pthread_mutex_unlock (&queue->mutex);
  return length;
}

static OrfJob *
take_any (OrfQueue *queue)
{
  for (guint i = 0; i < queue->n_lanes; i++)
    if (queue->lanes[i].head != NULL)
      return take_first (queue, i);
  return NULL;
}

/* With the mutex held.  FALSE: the time is over. */
static gboolean
wait_filled (OrfQueue *queue, gint64 deadline_us)
{
  struct timespec until;

  if (deadline_us < 0) {
    pthread_cond_wait (&queue->filled, &queue->mutex);
    return TRUE;
  }
  /* g_get_monotonic_time() reads the same clock */
  until.tv_sec = (time_t) (deadline_us / ORF_US_PER_S);
  until.tv_nsec = (long) (deadline_us % ORF_US_PER_S) * 1000;
  return pthread_cond_timedwait (&queue->filled, &queue->mutex, &until) == 0;
}

OrfJob *
orf_queue_pop (OrfQueue *queue, gint64 deadline_us)
{
  OrfJob *job;

  pthread_mutex_lock (&queue->mutex);
  while ((job = take_any (queue)) == NULL && !queue->closed && deadline_us != 0)
    if (!wait_filled (queue, deadline_us))
      deadline_us = 0;
  pthread_mutex_unlock (&queue->mutex);
  return job;
}

OrfJob *
orf_queue_try_pop_lane (OrfQueue *queue, guint lane)
{
  OrfJob *job;

  pthread_mutex_lock (&queue->mutex);
  job = take_first (queue, lane);
  pthread_mutex_unlock (&queue->mutex);
  return job;
}

static void
finish (OrfJob *job)
{
  OrfJobTrace *trace = job->trace;
  OrfSteps *before;

  if (trace != NULL && trace->replied_us > 0)
    trace_tell (trace);
  before = orf_steps_enter (trace != NULL ? trace->steps : NULL);
  if (job->done != NULL)
    job->done (job);
  job_free (job);
  orf_steps_enter (before);
}

void
orf_queue_dispatch (OrfQueue *queue)
{
  OrfJob *job;

  orf_queue_ref (queue); /* `done` may drop the last one */
  while ((job = orf_queue_pop (queue, 0)) != NULL)
    finish (job);
  orf_queue_unref (queue);
}

/* As much as one turn of the loop may do of what has arrived. */
static void
dispatch_turn (OrfQueue *queue)
{
  const gint64 until_us = orf_clock_monotonic_us () + MAX_TURN_US;
  OrfJob *job = NULL;
  OrfTurn turn;

  orf_turn_begin (&turn, "answers", queue->name);
  orf_queue_ref (queue);
  for (guint i = 0; i < MAX_TURN_JOBS && (i == 0 || orf_clock_monotonic_us () < until_us) &&
                    (job = orf_queue_pop (queue, 0)) != NULL;
       i++)
    finish (job);
  pthread_mutex_lock (&queue->mutex);
  if (queue->n_jobs > 0)
    wake_consumer (queue);
  pthread_mutex_unlock (&queue->mutex);
  orf_queue_unref (queue);
  orf_turn_end (&turn);
}

static gboolean
event_cb (int fd, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  uint64_t count;

  if (read (fd, &count, sizeof count) < 0)
    g_assert (errno == EAGAIN);
  dispatch_turn (user_data);
  return G_SOURCE_CONTINUE;
}

void
orf_queue_attach_named (OrfQueue *queue, GMainContext *context, const char *name)
{
  int fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);

  g_assert (fd >= 0); /* at start, before anything could use up the descriptors */
  g_assert (queue->source == NULL);
  queue->name = name;
  queue->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_static_name (queue->source, "orf-queue");
  g_source_set_callback (queue->source, G_SOURCE_FUNC (event_cb), queue, NULL);
  g_source_attach (queue->source, context);

  pthread_mutex_lock (&queue->mutex);
  queue->event_fd = fd;
  wake_consumer (queue);
  pthread_mutex_unlock (&queue->mutex);
}

void
orf_queue_close (OrfQueue *queue)
{
  pthread_mutex_lock (&queue->mutex);
  queue->closed = TRUE;
  pthread_cond_broadcast (&queue->filled);
  pthread_mutex_unlock (&queue->mutex);
}

gboolean
orf_queue_is_closed (OrfQueue *queue)
{
  gboolean closed;

  pthread_mutex_lock (&queue->mutex);
  closed = queue->closed;
  pthread_mutex_unlock (&queue->mutex);
  return closed;
}
