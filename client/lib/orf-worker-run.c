/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The worker's thread: one connection, at most one call of each kind in flight on it.
 *
 * It is away (no connection, trying again later), registering, or known; a connection that is lost,
 * a call that is not answered in time and a registration that is refused all lead back to away.
 * Batches that were sent and not answered are sent again with the same key, so each is told once.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orf-worker-run.h"

/* A daemon that takes longer for an answer is not there for us; well below any lease. */
#define CALL_US 5000000
/* A line longer than this is a fault: the longest that a worker is sent is an advice with its
 * reason. */
#define MAX_LINE_BYTES (1024 * 1024)
/* What is left is told in this time, or not: the program wants to end. */
#define CLOSING_US 1000000
/* Between attempts, from ORF_WORKER_FIRST_PAUSE_US on: a restart of the daemon takes some tenths of
 * a second, and a daemon that is not there at all costs nothing. */
#define MAX_PAUSE_US 5000000

void
orf_worker_run_note (OrfWorkerRun *run, const char *what, const char *detail)
{
  OrfWorkerState *state = &run->worker->state;

  pthread_mutex_lock (&run->worker->lock);
  snprintf (state->reason, sizeof state->reason, "%s%s%s", what, *detail != '\0' ? ": " : "",
            detail);
  pthread_mutex_unlock (&run->worker->lock);
}

void
orf_worker_run_set_known (OrfWorkerRun *run, bool is_known)
{
  OrfWorkerState *state = &run->worker->state;

  run->is_known = is_known;
  pthread_mutex_lock (&run->worker->lock);
  state->is_known = is_known;
  if (is_known) {
    strcpy (state->id, run->id);
    state->n_registered++;
    pthread_cond_broadcast (&run->worker->known);
  }
  pthread_mutex_unlock (&run->worker->lock);
}

/* Half to whole, so that a thousand workers do not come at once. */
static void
pause_tries (OrfWorkerRun *run)
{
  int64_t half_us = run->pause_us / 2;

  run->next_try_us = orf_thread_now_us () + half_us + rand_r (&run->seed) % (half_us + 1);
  run->pause_us = 2 * run->pause_us < MAX_PAUSE_US ? 2 * run->pause_us : MAX_PAUSE_US;
}

void
orf_worker_run_lose (OrfWorkerRun *run)
{
  orf_link_close (&run->link);
  memset (run->calls, 0, sizeof run->calls);
  run->stream[0] = '\0';
  orf_worker_run_set_known (run, false);
  pause_tries (run);
}

static void
open_link (OrfWorkerRun *run)
{
  char path[256] = "";
  char reason[200] = "";
  bool found = true;

  if (run->worker->socket == NULL)
    found = orf_link_find_default ("orfeas.sock", path, sizeof path, reason, sizeof reason);
  if (!found ||
      !orf_link_open (&run->link, run->worker->socket != NULL ? run->worker->socket : path, reason,
                      sizeof reason)) {
    orf_worker_run_note (run, reason, "");
    pause_tries (run);
    return;
  }
  orf_worker_run_register (run);
}

/* The lines are handled before the end of the connection is. */
static void
read_lines (OrfWorkerRun *run)
{
  bool stands = orf_link_fill (&run->link);
  char *line;

  while (run->link.fd >= 0 && (line = orf_link_next_line (&run->link)) != NULL)
    orf_worker_run_on_line (run, line);
  if (!stands && run->link.fd >= 0) {
    orf_worker_run_note (run, "the daemon ended the connection", "");
    orf_worker_run_lose (run);
  }
}

static int64_t
min_us (int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* When there is something to do, if nothing comes before. */
static int64_t
find_next_us (const OrfWorkerRun *run)
{
  int64_t next_us = INT64_MAX;

  if (run->closing_us != 0)
    next_us = run->closing_us;
  if (run->link.fd < 0)
    return min_us (next_us, run->next_try_us);
  for (size_t kind = 0; kind < ORF_N_CALLS; kind++) {
    if (run->calls[kind].id != 0)
      next_us = min_us (next_us, run->calls[kind].sent_us + CALL_US);
  }
  if (run->is_known && run->calls[ORF_CALL_REPORT].id == 0)
    next_us = min_us (next_us, run->next_report_us);
  if (run->is_known && orf_worker_run_wants_stream (run))
    next_us = min_us (next_us, run->next_stream_us);
  return next_us;
}

static void
wait_for_something (OrfWorkerRun *run)
{
  struct pollfd fds[] = {
    { .fd = run->worker->wake_fd, .events = POLLIN },
    { .fd = run->link.fd, .events = run->link.out.length > 0 ? POLLIN | POLLOUT : POLLIN },
  };
  int64_t left_us = find_next_us (run) - orf_thread_now_us ();
  uint64_t count;
  int timeout_ms = 0;

  if (left_us > 0) /* rounded up, else the last millisecond is spent spinning */
    timeout_ms = (int) min_us (left_us / 1000 + 1, 60000);
  if (poll (fds, 2, timeout_ms) <= 0)
    return;
  if (fds[0].revents != 0 && read (run->worker->wake_fd, &count, sizeof count) < 0)
    return; /* somebody was faster: nobody else reads it, so it was a spurious one */
  if (fds[1].revents != 0)
    read_lines (run);
}

static void
give_up_late_calls (OrfWorkerRun *run)
{
  int64_t now_us = orf_thread_now_us ();

  for (size_t kind = 0; kind < ORF_N_CALLS && run->link.fd >= 0; kind++) {
    if (run->calls[kind].id != 0 && now_us >= run->calls[kind].sent_us + CALL_US) {
      orf_worker_run_note (run, "no answer in time", "");
      orf_worker_run_lose (run);
    }
  }
}

/* Of a known worker that is to end. */
static bool
has_more_to_say (OrfWorkerRun *run)
{
  OrfWorker *worker = run->worker;
  bool has_more;

  pthread_mutex_lock (&worker->lock);
  has_more = worker->answers != NULL || worker->n_batches > 0;
  pthread_mutex_unlock (&worker->lock);
  return has_more || !run->said_last || run->calls[ORF_CALL_REPORT].id != 0 ||
         run->calls[ORF_CALL_DONE].id != 0;
}

/* After closing: whether all is said, or nobody is there to be told in time. */
static bool
is_over (OrfWorkerRun *run)
{
  OrfWorker *worker = run->worker;
  bool closing;

  pthread_mutex_lock (&worker->lock);
  closing = worker->closing;
  pthread_mutex_unlock (&worker->lock);
  if (!closing)
    return false;
  if (run->closing_us == 0)
    run->closing_us = orf_thread_now_us () + CLOSING_US;
  if (run->has_left || run->link.fd < 0 || orf_thread_now_us () >= run->closing_us)
    return true;
  if (run->is_known && run->calls[ORF_CALL_LEAVE].id == 0 && !has_more_to_say (run))
    orf_worker_run_leave (run);
  return false;
}

void *
orf_worker_run_thread_cb (void *data)
{
  OrfWorkerRun run = { .worker = data, .pause_us = ORF_WORKER_FIRST_PAUSE_US };

  pthread_setname_np (pthread_self (), "orfeas");
  run.seed = (unsigned) orf_thread_now_us () ^ (unsigned) getpid () << 16;
  orf_link_init (&run.link, MAX_LINE_BYTES);
  while (!is_over (&run)) {
    if (run.link.fd < 0 && orf_thread_now_us () >= run.next_try_us)
      open_link (&run);
    if (run.is_known)
      orf_worker_run_say_what_is_due (&run);
    if (run.link.fd >= 0 && !orf_link_flush (&run.link)) {
      orf_worker_run_note (&run, "the daemon ended the connection", "");
      orf_worker_run_lose (&run);
    }
    wait_for_something (&run);
    give_up_late_calls (&run);
  }
  orf_link_close (&run.link);
  orf_stored_batches_free (run.sending);
  return NULL;
}
