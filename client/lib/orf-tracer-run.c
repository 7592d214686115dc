/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that sends.  It takes the whole queue at once, and gives its own emptied one for it;
 * what it has taken it sends until it is taken or refused for good, while the queue fills again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orf-tracer-parts.h"

/* A request that takes longer has failed. */
#define REQUEST_US 10000000
/* What the end of the tracer waits for. */
#define CLOSING_US     2000000
#define FIRST_PAUSE_US 100000
#define MAX_PAUSE_US   5000000
/* A receiver that wants to be left alone for longer is asked sooner: what waits is lost meanwhile.
 */
#define MAX_RETRY_AFTER_US 30000000

typedef struct {
  OrfTracer *tracer;
  OrfHttpPost post;
  OrfSpanQueue sending;
  int64_t first_us;    /* when the queue was seen with something in it; 0: it was empty */
  int64_t pause_us;    /* after the next failure */
  int64_t next_try_us; /* 0: at once */
  int64_t request_end_us;
  int64_t closing_us; /* when all ends; 0: it does not yet */
  bool flushing;      /* the queue is due */
  bool is_urged;      /* somebody waits: a pause that was made before is over */
} Run;

/* What the others want. */
static void
look (Run *run)
{
  OrfTracer *tracer = run->tracer;

  pthread_mutex_lock (&tracer->lock);
  run->is_urged |= tracer->flushing || (tracer->closing && run->closing_us == 0);
  run->flushing |= tracer->flushing;
  if (tracer->closing && run->closing_us == 0)
    run->closing_us = orf_thread_now_us () + CLOSING_US;
  tracer->flushing = false;
  pthread_mutex_unlock (&tracer->lock);
}

static void
clear_wake (const Run *run)
{
  uint64_t count;

  if (read (run->tracer->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
    return; /* it is an eventfd of ours: interrupted at most, and then it is still readable */
}

static int
to_timeout_ms (int64_t left_us)
{
  if (left_us <= 0)
    return 0;
  return left_us < 60000000 ? (int) (left_us / 1000 + 1) : 60000;
}

/* For the connection.  The tracer's end shortens what is left. */
static bool
wait_cb (void *user_data, int fd, short events)
{
  Run *run = user_data;

  for (;;) {
    struct pollfd fds[] = { { .fd = fd, .events = events },
                            { .fd = run->tracer->wake_fd, .events = POLLIN } };
    int64_t end_us = run->request_end_us;
    int64_t left_us;

    if (run->closing_us != 0 && run->closing_us < end_us)
      end_us = run->closing_us;
    left_us = end_us - orf_thread_now_us ();
    if (left_us <= 0)
      return false;
    if (poll (fds, 2, to_timeout_ms (left_us)) < 0)
      continue;
    if (fds[1].revents != 0) {
      clear_wake (run);
      look (run);
    }
    if (fds[0].revents != 0)
      return true;
  }
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static void
take_queue (Run *run)
{
  OrfTracer *tracer = run->tracer;
  OrfSpanQueue taken;

  pthread_mutex_lock (&tracer->lock);
  taken = tracer->queue;
  tracer->queue = run->sending;
  pthread_mutex_unlock (&tracer->lock);
  run->sending = taken;
  run->first_us = 0;
  run->flushing = false;
}

static void
settle (Run *run, bool is_sent, const char *reason)
{
  OrfTracer *tracer = run->tracer;

  pthread_mutex_lock (&tracer->lock);
  *(is_sent ? &tracer->state.n_sent : &tracer->state.n_dropped) += run->sending.n_spans;
  tracer->n_settled += run->sending.n_spans;
  strcpy (tracer->state.reason, reason);
  pthread_cond_broadcast (&tracer->settled);
  pthread_mutex_unlock (&tracer->lock);
  run->sending.text.length = 0;
  run->sending.n_spans = 0;
}

/* As OTLP over HTTP has it. */
static bool
may_be_sent_again (int status)
{
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static void
pause_sending (Run *run, const OrfHttpAnswer *answer)
{
  OrfTracer *tracer = run->tracer;
  int64_t half_us = run->pause_us / 2;
  int64_t pause_us = half_us + (int64_t) (orf_span_random () % (uint64_t) (half_us + 1));

  if (answer->retry_after_us >= 0)
    pause_us = answer->retry_after_us < MAX_RETRY_AFTER_US ? answer->retry_after_us
                                                           : MAX_RETRY_AFTER_US;
  run->next_try_us = orf_thread_now_us () + pause_us;
  run->pause_us = 2 * run->pause_us < MAX_PAUSE_US ? 2 * run->pause_us : MAX_PAUSE_US;
  pthread_mutex_lock (&tracer->lock);
  strcpy (tracer->state.reason, answer->reason);
  pthread_mutex_unlock (&tracer->lock);
}

/* ResourceSpans {resource, ScopeSpans {scope, spans}}: heads, and behind each what it is of. */
static void
send_request (Run *run, OrfHttpAnswer *answer)
{
  enum { RESOURCE_SPANS = 1, SCOPE_SPANS = 2, SCOPE = 1, SCOPE_NAME = 1 };
  static const char name[] = "liborfeas";
  const OrfOtlpText *resource = &run->tracer->resource;
  uint8_t scope[32], outer[32], inner[32];
  size_t scope_name_bytes = orf_otlp_measure_field (sizeof name - 1);
  size_t scope_bytes, inner_bytes, outer_bytes, length;
  uint8_t *at = orf_otlp_put_head (scope, SCOPE, scope_name_bytes);

  at = orf_otlp_put_text (at, SCOPE_NAME, name, sizeof name - 1);
  scope_bytes = (size_t) (at - scope);
  length = scope_bytes + run->sending.text.length;
  inner_bytes = (size_t) (orf_otlp_put_head (inner, SCOPE_SPANS, length) - inner);
  length += inner_bytes + resource->length;
  outer_bytes = (size_t) (orf_otlp_put_head (outer, RESOURCE_SPANS, length) - outer);
  run->request_end_us = orf_thread_now_us () + REQUEST_US;
  orf_http_post_send (&run->post,
                      (const struct iovec[]){
                        { outer, outer_bytes },
                        { resource->data, resource->length },
                        { inner, inner_bytes },
                        { scope, scope_bytes },
                        { run->sending.text.data, run->sending.text.length } },
                      5, answer);
}

static void
send_spans (Run *run)
{
  OrfHttpAnswer answer;

  send_request (run, &answer);
  if (may_be_sent_again (answer.status)) {
    pause_sending (run, &answer);
    return;
  }
  settle (run, answer.status < 300, answer.reason);
  run->pause_us = FIRST_PAUSE_US;
  run->next_try_us = 0;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* When the queue is due; INT64_MAX: it is empty. */
static int64_t
find_due_us (Run *run)
{
  OrfTracer *tracer = run->tracer;
  size_t waiting;

  pthread_mutex_lock (&tracer->lock);
  waiting = tracer->queue.text.length;
  pthread_mutex_unlock (&tracer->lock);
  if (waiting == 0) {
    run->flushing = false;
    return INT64_MAX;
  }
  if (run->first_us == 0)
    run->first_us = orf_thread_now_us ();
  if (run->flushing || run->closing_us != 0 || waiting >= tracer->queue_bytes / 2)
    return 0;
  return run->first_us + tracer->period_us;
}

/* Until it is time for something; INT64_MAX: until somebody wakes us. */
static void
wait_until (Run *run, int64_t due_us)
{
  struct pollfd fd = { .fd = run->tracer->wake_fd, .events = POLLIN };
  int timeout_ms = due_us == INT64_MAX ? -1 : to_timeout_ms (due_us - orf_thread_now_us ());

  if (poll (&fd, 1, timeout_ms) > 0)
    clear_wake (run);
  look (run);
}

static bool
is_over (const Run *run)
{
  return run->closing_us != 0 && orf_thread_now_us () >= run->closing_us;
}

void *
orf_tracer_run_thread_cb (void *data)
{
  Run run = { .tracer = data, .pause_us = FIRST_PAUSE_US };

  pthread_setname_np (pthread_self (), "orfeas-trace");
  run.post = (OrfHttpPost){ &run.tracer->target, wait_cb, &run, -1 };
  while (!is_over (&run)) {
    int64_t due_us;

    if (run.is_urged)
      run.next_try_us = 0;
    run.is_urged = false;
    due_us = run.sending.n_spans > 0 ? run.next_try_us : find_due_us (&run);
    if (due_us == INT64_MAX && run.closing_us != 0)
      break;
    if (due_us > orf_thread_now_us ()) {
      wait_until (&run, run.closing_us != 0 && run.closing_us < due_us ? run.closing_us : due_us);
    } else {
      if (run.sending.n_spans == 0)
        take_queue (&run);
      send_spans (&run);
    }
  }
  orf_http_post_close (&run.post);
  free (run.sending.text.data);
  return NULL;
}
