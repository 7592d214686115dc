/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-sender.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-load-connection.h"

/* An answer takes microseconds: what is due does not wait longer than a fraction of a millisecond.
 */
#define N_EVENTS 64
#define TICK_US  100000
/* After a stop, answers that are under way are waited for so long. */
#define STOP_PATIENCE_US 1000000
/* So many requests are sent between two looks at what came back. */
#define BATCH 64
/* A connection that fails at once is tried again so much later. */
#define RETRY_US 1000

/* A connection and the request that is under way on it. */
typedef struct {
  OrfLoadConnection *connection;
  gint64 meant_us; /* since the start */
  gint64 sent_us;
  gboolean wants_write; /* as epoll was told */
  GList *pending;       /* its place in `pending`; NULL: it is idle */
} Lane;

typedef struct {
  const OrfLoadSender *setup;
  OrfLoadResult *result;
  int epoll_fd;
  gint64 start_us; /* monotonic */
  gint64 now_us;   /* since then */
  gint64 next_tick_us;
  gint64 stopped_us; /* since then; G_MAXINT64: it goes on */
  OrfLoadCursor cursor;
  guint64 n_sent;
  GPtrArray *idle; /* Lane; the last one is used first, so that few are used where few are needed */
  GQueue pending;  /* Lane, in the order of sending */
  guint n_lanes;
  GString *request;
} Run;

static void
look_at_clock (Run *run)
{
  run->now_us = g_get_monotonic_time () - run->start_us;
}

/* ---- lanes ----------------------------------------------------------------------------------- */

static void
free_lane (Run *run, Lane *lane)
{
  g_ptr_array_remove_fast (run->idle, lane);
  if (lane->pending != NULL)
    g_queue_delete_link (&run->pending, lane->pending);
  orf_load_connection_free (lane->connection); /* which takes it out of the epoll, too */
  g_free (lane);
  run->n_lanes--;
}

static void
watch_lane (Run *run, Lane *lane, int operation)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };

  lane->wants_write = orf_load_connection_wants_write (lane->connection);
  if (lane->wants_write)
    event.events |= EPOLLOUT;
  epoll_ctl (run->epoll_fd, operation, orf_load_connection_get_fd (lane->connection), &event);
}

static void
update_lane (Run *run, Lane *lane)
{
  if (orf_load_connection_wants_write (lane->connection) != lane->wants_write)
    watch_lane (run, lane, EPOLL_CTL_MOD);
}

/* NULL: there are as many as there may be (errno is EAGAIN), or it failed (errno). */
static Lane *
open_lane (Run *run)
{
  OrfLoadConnection *connection;
  Lane *lane;

  errno = EAGAIN;
  if (run->n_lanes >= run->setup->n_connections)
    return NULL;
  connection = orf_load_connection_new (run->setup->target, run->setup->requests);
  if (connection == NULL)
    return NULL;
  lane = g_new0 (Lane, 1);
  lane->connection = connection;
  run->n_lanes++;
  watch_lane (run, lane, EPOLL_CTL_ADD);
  return lane;
}

static Lane *
find_lane (Run *run)
{
  return run->idle->len > 0 ? g_ptr_array_steal_index (run->idle, run->idle->len - 1)
                            : open_lane (run);
}

/* ---- what becomes of a request --------------------------------------------------------------- */

static void
tally_end (Run *run, Lane *lane, OrfLoadFault fault)
{
  gint64 from_us = run->setup->is_closed ? lane->sent_us : lane->meant_us;
  OrfLoadTally *tallies[2];

  if (lane->pending == NULL)
    return; /* it was idle: nothing was asked */
  look_at_clock (run);
  g_queue_delete_link (&run->pending, lane->pending);
  lane->pending = NULL;
  /* it came, but nobody waited for it any more */
  if (fault == ORF_LOAD_FAULT_NONE && run->now_us - lane->meant_us > run->setup->patience_us)
    fault = ORF_LOAD_FAULT_TIMEOUT;
  orf_load_result_find (run->result, lane->meant_us, &tallies[0], &tallies[1]);
  for (guint i = 0; i < G_N_ELEMENTS (tallies); i++)
    orf_load_tally_add_end (tallies[i], fault, run->now_us - from_us);
}

static void
take_state (Run *run, Lane *lane, OrfLoadConnectionState state, OrfLoadFault fault)
{
  switch (state) {
  case ORF_LOAD_CONNECTION_ENDED:
    tally_end (run, lane, fault);
    g_ptr_array_add (run->idle, lane);
    update_lane (run, lane);
    break;
  case ORF_LOAD_CONNECTION_BROKEN:
    tally_end (run, lane, fault);
    free_lane (run, lane);
    break;
  case ORF_LOAD_CONNECTION_GOES_ON:
  default:
    update_lane (run, lane);
    break;
  }
}

static void
receive_events (Run *run, const struct epoll_event *events, int n)
{
  for (int i = 0; i < n; i++) {
    Lane *lane = events[i].data.ptr;
    OrfLoadFault fault = ORF_LOAD_FAULT_NONE;
    guint64 received = 0;
    OrfLoadTally *tallies[2];

    if (lane == NULL) { /* the stop */
      run->stopped_us = MIN (run->stopped_us, run->now_us);
      run->result->was_stopped = TRUE;
      epoll_ctl (run->epoll_fd, EPOLL_CTL_DEL, run->setup->stop_fd, NULL);
      continue;
    }
    OrfLoadConnectionState state = orf_load_connection_ready (lane->connection, events[i].events,
                                                              &received, &fault);

    orf_load_result_find (run->result, lane->meant_us, &tallies[0], &tallies[1]);
    tallies[0]->received_bytes += received;
    tallies[1]->received_bytes += received;
    take_state (run, lane, state, fault);
  }
}

/* When the first that is under way will have had no answer in time. */
static gint64
get_expiry_us (const Run *run)
{
  const Lane *lane = run->pending.head != NULL ? run->pending.head->data : NULL;

  return lane != NULL ? lane->meant_us + run->setup->patience_us + 1 : G_MAXINT64;
}

static void
expire (Run *run)
{
  while (run->now_us >= get_expiry_us (run)) {
    Lane *lane = g_queue_peek_head (&run->pending);

    tally_end (run, lane, ORF_LOAD_FAULT_TIMEOUT);
    free_lane (run, lane);
  }
}

/* ---- sending --------------------------------------------------------------------------------- */

static gboolean
is_stopped (const Run *run)
{
  return run->stopped_us != G_MAXINT64;
}

/* When the next is to be sent; G_MAXINT64: none is. */
static gint64
get_due_us (const Run *run)
{
  gint64 end_us = orf_load_plan_get_duration (run->result->plan);

  if (is_stopped (run))
    return G_MAXINT64;
  if (run->setup->is_closed)
    return run->now_us < end_us ? run->now_us : G_MAXINT64;
  return orf_load_plan_get_time (run->result->plan, &run->cursor);
}

static void
send_one (Run *run, Lane *lane, gint64 meant_us)
{
  OrfLoadFault fault = ORF_LOAD_FAULT_NONE;
  OrfLoadTally *tallies[2];

  g_string_truncate (run->request, 0);
  orf_load_requests_append (run->setup->requests, run->n_sent++, run->request);
  look_at_clock (run);
  lane->meant_us = meant_us;
  lane->sent_us = run->now_us;
  g_queue_push_tail (&run->pending, lane);
  lane->pending = g_queue_peek_tail_link (&run->pending);
  orf_load_result_find (run->result, meant_us, &tallies[0], &tallies[1]);
  for (guint i = 0; i < G_N_ELEMENTS (tallies); i++)
    /* of a closed model no time was fixed that it could miss */
    orf_load_tally_add_sent (tallies[i], run->setup->is_closed ? 0 : run->now_us - meant_us);
  take_state (run, lane, orf_load_connection_send (lane->connection, run->request, &fault), fault);
}

/* It is not sent: its time has passed by all patience, or it cannot be. */
static void
drop_one (Run *run, gint64 meant_us, OrfLoadFault fault)
{
  OrfLoadTally *tallies[2];

  orf_load_result_find (run->result, meant_us, &tallies[0], &tallies[1]);
  for (guint i = 0; i < G_N_ELEMENTS (tallies); i++)
    orf_load_tally_add_dropped (tallies[i], fault);
}

/* What is due, up to a batch; returns when the next is. */
static gint64
send_due (Run *run)
{
  gint64 due_us = G_MAXINT64;

  for (guint i = 0; i < BATCH; i++) {
    Lane *lane = NULL;

    look_at_clock (run);
    due_us = get_due_us (run);
    if (due_us > run->now_us)
      return due_us;
    if (run->now_us - due_us > run->setup->patience_us)
      drop_one (run, due_us, ORF_LOAD_FAULT_TIMEOUT);
    else if ((lane = find_lane (run)) != NULL)
      send_one (run, lane, due_us);
    else if (errno != EAGAIN)
      drop_one (run, due_us, ORF_LOAD_FAULT_CONNECT);
    else /* an answer or the end of patience makes room; a full backlog has it by itself */
      return run->n_lanes < run->setup->n_connections ? run->now_us + RETRY_US : G_MAXINT64;
    if (!run->setup->is_closed)
      orf_load_plan_advance (run->result->plan, &run->cursor);
    else if (lane == NULL)
      return run->now_us + RETRY_US;
  }
  return due_us;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static gboolean
is_over (const Run *run)
{
  if (is_stopped (run) && run->now_us > run->stopped_us + STOP_PATIENCE_US)
    return TRUE;
  return run->pending.length == 0 && get_due_us (run) == G_MAXINT64;
}

static void
tick (Run *run)
{
  if (run->now_us < run->next_tick_us)
    return;
  run->next_tick_us = run->now_us + TICK_US;
  run->result->sent_for_us = MIN (run->now_us, orf_load_plan_get_duration (run->result->plan));
  if (run->setup->tick != NULL && !is_stopped (run) &&
      !run->setup->tick (run->setup->user_data, run->result, run->now_us))
    run->stopped_us = run->now_us;
}

/* A kernel before 5.11, or a sandbox that does not know it, has no wait in microseconds: what is
 * left of a millisecond is waited for without sleeping. */
static int
wait_for_events (const Run *run, struct epoll_event *events, gint64 left_us)
{
  const struct timespec left = { left_us / G_USEC_PER_SEC, left_us % G_USEC_PER_SEC * 1000 };
  int n = epoll_pwait2 (run->epoll_fd, events, N_EVENTS, &left, NULL);

  if (n >= 0 || (errno != ENOSYS && errno != EPERM))
    return n;
  return epoll_wait (run->epoll_fd, events, N_EVENTS, (int) MIN (left_us / 1000, G_MAXINT));
}

static void
wait_until (Run *run, gint64 until_us)
{
  struct epoll_event events[N_EVENTS];
  gint64 left_us = MAX (MIN (MIN (until_us, run->next_tick_us), get_expiry_us (run)) - run->now_us,
                        0);
  int n = wait_for_events (run, events, left_us);

  look_at_clock (run);
  if (n > 0)
    receive_events (run, events, n);
}

static void
loop (Run *run)
{
  while (!is_over (run)) {
    wait_until (run, send_due (run));
    expire (run);
    tick (run);
  }
}

/* Those that were still under way at a stop have no end: they are neither good nor bad. */
static void
close_lanes (Run *run)
{
  Lane *lane;

  while ((lane = g_queue_peek_head (&run->pending)) != NULL)
    free_lane (run, lane);
  while (run->idle->len > 0)
    free_lane (run, run->idle->pdata[0]);
}

static gboolean
begin (Run *run, GError **error)
{
  struct epoll_event stop = { .events = EPOLLIN, .data.ptr = NULL };

  run->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (run->epoll_fd < 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "epoll: %s", g_strerror (errno));
    return FALSE;
  }
  if (run->setup->stop_fd >= 0)
    epoll_ctl (run->epoll_fd, EPOLL_CTL_ADD, run->setup->stop_fd, &stop);
  /* the kernel's 50 µs of slack would be lateness of ours; an old kernel that refuses keeps it */
  prctl (PR_SET_TIMERSLACK, 1UL);
  run->result->started_us = g_get_real_time ();
  run->start_us = g_get_monotonic_time ();
  return TRUE;
}

gboolean
orf_load_send (const OrfLoadSender *sender, OrfLoadResult *result, GError **error)
{
  Run run = { .setup = sender, .result = result, .stopped_us = G_MAXINT64 };

  if (!begin (&run, error))
    return FALSE;
  run.cursor = orf_load_plan_begin (result->plan);
  run.idle = g_ptr_array_new ();
  run.request = g_string_new (NULL);
  loop (&run);
  result->took_us = run.now_us;
  result->sent_for_us = MIN (MIN (run.stopped_us, run.now_us),
                             orf_load_plan_get_duration (result->plan));
  if (!is_stopped (&run))
    result->sent_for_us = orf_load_plan_get_duration (result->plan);
  close_lanes (&run);
  g_ptr_array_unref (run.idle);
  g_string_free (run.request, TRUE);
  close (run.epoll_fd);
  return TRUE;
}
