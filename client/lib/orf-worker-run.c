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
#include <sys/random.h>
#include <unistd.h>

#include "orf-link.h"
#include "orf-worker-parts.h"

/* A daemon that takes longer for an answer is not there for us; well below any lease. */
#define CALL_US 5000000
/* What is left is told in this time, or not: the program wants to end. */
#define CLOSING_US 1000000
/* Between attempts: a restart of the daemon takes some tenths of a second, and a daemon that is not
 * there at all costs nothing. */
#define FIRST_PAUSE_US 100000
#define MAX_PAUSE_US   5000000
/* A stream that was refused or ended is asked for again. */
#define STREAM_PAUSE_US 1000000
/* A lease outlives so many reports that were lost. */
#define REPORTS_A_LEASE 3
/* What worker.report takes. */
#define MAX_REPORTED_BATCHES 1000

typedef enum {
  CALL_REGISTER,
  CALL_REPORT,
  CALL_ADVICE,
  CALL_DONE,
  CALL_LEAVE,
  N_CALLS,
} CallKind;

typedef struct {
  int64_t id; /* 0: none in flight */
  int64_t sent_us;
} Call;

typedef struct {
  OrfWorker *worker;
  OrfLink link;
  Call calls[N_CALLS];
  int64_t last_id;
  int64_t pause_us;
  int64_t next_try_us;
  int64_t next_report_us;
  int64_t next_stream_us;
  int64_t period_us;
  int64_t closing_us; /* when we give up; 0: not closing */
  bool is_known;
  bool said_last; /* the report after closing is sent */
  bool has_left;
  char id[sizeof ((OrfWorkerState *) NULL)->id];
  char stream[64]; /* of advice; "": none */
  OrfStoredBatch *sending;
  char key[33];
  unsigned seed;
} Run;

static void
note_reason (Run *run, const char *what, const char *detail)
{
  OrfWorkerState *state = &run->worker->state;

  pthread_mutex_lock (&run->worker->lock);
  snprintf (state->reason, sizeof state->reason, "%s%s%s", what, *detail != '\0' ? ": " : "",
            detail);
  pthread_mutex_unlock (&run->worker->lock);
}

static void
set_known (Run *run, bool is_known)
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
pause_tries (Run *run)
{
  int64_t half_us = run->pause_us / 2;

  run->next_try_us = orf_worker_now_us () + half_us + rand_r (&run->seed) % (half_us + 1);
  run->pause_us = 2 * run->pause_us < MAX_PAUSE_US ? 2 * run->pause_us : MAX_PAUSE_US;
}

static void
lose (Run *run)
{
  orf_link_close (&run->link);
  memset (run->calls, 0, sizeof run->calls);
  run->stream[0] = '\0';
  set_known (run, false);
  pause_tries (run);
}

/* Takes text over; NULL is want of memory, as much a reason to begin anew as any. */
static void
call (Run *run, CallKind kind, char *text)
{
  bool put = text != NULL && orf_link_put (&run->link, text);

  free (text);
  if (!put) {
    lose (run);
    return;
  }
  run->calls[kind] = (Call){ run->last_id, orf_worker_now_us () };
}

static void
call_register (Run *run)
{
  OrfWorker *worker = run->worker;

  call (run, CALL_REGISTER,
        orf_wire_make_register (++run->last_id, worker->name, worker->device,
                                (const char *const *) worker->capabilities));
}

static void
open_link (Run *run)
{
  char path[256] = "";
  char reason[200] = "";
  bool found = true;

  if (run->worker->socket == NULL)
    found = orf_link_find_default (path, sizeof path, reason, sizeof reason);
  if (!found ||
      !orf_link_open (&run->link, run->worker->socket != NULL ? run->worker->socket : path, reason,
                      sizeof reason)) {
    note_reason (run, reason, "");
    pause_tries (run);
    return;
  }
  call_register (run);
}

/* The daemon does not know us any more: on the same connection, from the start. */
static void
register_again (Run *run)
{
  run->calls[CALL_ADVICE] = (Call){ 0 };
  run->stream[0] = '\0';
  set_known (run, false);
  if (run->calls[CALL_REGISTER].id == 0)
    call_register (run);
}

static void
read_pool (OrfGpuPool *pool, OrfAllocator *allocator)
{
  OrfGpuPoolStats stats;

  orf_gpu_pool_get_stats (pool, &stats);
  *allocator = (OrfAllocator){ .allocated_bytes = (int64_t) stats.allocated_bytes,
                               .reserved_bytes = (int64_t) stats.reserved_bytes,
                               .active_bytes = (int64_t) stats.active_bytes,
                               .inactive_split_bytes = (int64_t) stats.inactive_split_bytes,
                               .largest_free_bytes = (int64_t) stats.largest_free_bytes,
                               .ooms = (int64_t) stats.ooms,
                               .retries = (int64_t) stats.retries };
}

static void
make_key (Run *run)
{
  unsigned char bytes[16] = { 0 };

  /* 16 bytes are always there; without them the key is the time's and the counter's */
  if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
    snprintf ((char *) bytes, sizeof bytes, "%x", (unsigned) (orf_worker_now_us () + run->last_id));
  for (size_t i = 0; i < sizeof bytes; i++)
    sprintf (run->key + 2 * i, "%02x", bytes[i]);
}

/* With the lock: the oldest batches, as many as a report takes. */
static void
take_batches (Run *run)
{
  OrfWorker *worker = run->worker;
  OrfStoredBatch **link = &worker->batches;
  size_t n = 0;

  for (; *link != NULL && n < MAX_REPORTED_BATCHES; n++)
    link = &(*link)->next;
  if (n == 0)
    return;
  run->sending = worker->batches;
  worker->batches = *link;
  *link = NULL;
  worker->n_batches -= n;
  if (worker->batches == NULL)
    worker->batches_end = &worker->batches;
}

static void
call_report (Run *run)
{
  OrfWorker *worker = run->worker;
  bool is_resent = run->sending != NULL;
  bool has_allocator;
  OrfAllocator allocator;

  run->next_report_us = orf_worker_now_us () + run->period_us;
  run->said_last = run->closing_us != 0;
  pthread_mutex_lock (&worker->lock);
  worker->report_now = false;
  has_allocator = worker->has_allocator;
  allocator = worker->allocator;
  if (!is_resent)
    take_batches (run);
  pthread_mutex_unlock (&worker->lock);

  if (worker->pool != NULL) {
    read_pool (worker->pool, &allocator);
    has_allocator = true;
  }
  if (!is_resent)
    make_key (run);
  call (run, CALL_REPORT,
        orf_wire_make_report (++run->last_id, run->id, has_allocator ? &allocator : NULL,
                              run->sending, run->key));
}

static void
call_done (Run *run, const OrfWorkerAnswer *answer)
{
  call (run, CALL_DONE,
        orf_wire_make_done (++run->last_id, run->id, answer->advice, answer->outcome,
                            answer->freed_bytes, answer->text));
}

static bool
wants_stream (const Run *run)
{
  return run->stream[0] == '\0' && run->calls[CALL_ADVICE].id == 0 && run->closing_us == 0 &&
         run->worker->capabilities[0] != NULL;
}

/* What a known worker has to say now. */
static void
say_what_is_due (Run *run)
{
  OrfWorker *worker = run->worker;
  int64_t now_us = orf_worker_now_us ();
  const OrfWorkerAnswer *answer; /* only we take answers off */
  bool report_now;

  pthread_mutex_lock (&worker->lock);
  answer = worker->answers;
  report_now = worker->report_now;
  /* at the end all that is left, but what is refused not again and again */
  if (worker->closing && run->sending == NULL)
    report_now |= !run->said_last || worker->n_batches > 0;
  pthread_mutex_unlock (&worker->lock);

  if (run->calls[CALL_REPORT].id == 0 && (report_now || now_us >= run->next_report_us))
    call_report (run);
  if (run->is_known && run->calls[CALL_DONE].id == 0 && answer != NULL)
    call_done (run, answer);
  if (run->is_known && wants_stream (run) && now_us >= run->next_stream_us)
    call (run, CALL_ADVICE, orf_wire_make_advice (++run->last_id, run->id));
}

static bool
has_status (const OrfMessage *message, const char *status)
{
  return strcmp (message->status, status) == 0;
}

static void
on_registered (Run *run, const OrfMessage *message)
{
  OrfWorker *worker = run->worker;
  int64_t longest_us = message->lease_us / REPORTS_A_LEASE;

  if (message->kind == ORF_MESSAGE_ERROR || message->worker[0] == '\0' ||
      strlen (message->worker) >= sizeof run->id) {
    note_reason (run, "registration", message->text);
    lose (run);
    return;
  }
  strcpy (run->id, message->worker);
  run->period_us = worker->report_us;
  if (longest_us > 0 && longest_us < run->period_us)
    run->period_us = longest_us;
  run->pause_us = FIRST_PAUSE_US;
  run->next_report_us = run->next_stream_us = 0;
  set_known (run, true);
}

static void
end_sending (Run *run, bool accepted)
{
  uint64_t n = 0;

  for (const OrfStoredBatch *batch = run->sending; batch != NULL; batch = batch->next)
    n++;
  orf_stored_batches_free (run->sending);
  run->sending = NULL;
  pthread_mutex_lock (&run->worker->lock);
  if (accepted)
    run->worker->state.n_reports++;
  else
    run->worker->state.n_dropped_batches += n;
  pthread_mutex_unlock (&run->worker->lock);
}

static void
on_reported (Run *run, const OrfMessage *message)
{
  if (message->kind == ORF_MESSAGE_RESULT) {
    end_sending (run, true);
    return;
  }
  note_reason (run, "report", message->text);
  if (has_status (message, "NOT_FOUND"))
    register_again (run);
  else if (has_status (message, "INVALID_ARGUMENT")) /* again it would be the same */
    end_sending (run, false);
}

static void
on_stream (Run *run, const OrfMessage *message)
{
  if (message->kind == ORF_MESSAGE_RESULT && strlen (message->stream) < sizeof run->stream) {
    strcpy (run->stream, message->stream);
    return;
  }
  note_reason (run, "advice", message->text);
  run->next_stream_us = orf_worker_now_us () + STREAM_PAUSE_US;
  if (has_status (message, "NOT_FOUND"))
    register_again (run);
}

/* One that came too late, or twice, is answered all the same: nobody waits for it. */
static void
on_done (Run *run, const OrfMessage *message)
{
  OrfWorker *worker = run->worker;
  OrfWorkerAnswer *answer;

  if (message->kind == ORF_MESSAGE_ERROR)
    note_reason (run, "answer", message->text);
  pthread_mutex_lock (&worker->lock);
  answer = worker->answers;
  worker->answers = answer->next;
  worker->n_answers--;
  pthread_mutex_unlock (&worker->lock);
  free (answer);
}

/* Without a callback. */
static void
answer_by_pool (OrfWorker *worker, const OrfAdvice *advice)
{
  if (advice->kind == ORF_ADVICE_CLEANUP && worker->pool != NULL)
    orf_worker_answer (worker, advice->id, ORF_OUTCOME_DONE,
                       (int64_t) orf_gpu_pool_trim (worker->pool, advice->level), NULL);
  else
    orf_worker_answer (worker, advice->id, ORF_OUTCOME_REFUSED, -1,
                       "the program has no way to do so");
}

static void
on_advice (Run *run, const OrfAdvice *advice)
{
  OrfWorker *worker = run->worker;

  pthread_mutex_lock (&worker->lock);
  worker->state.n_advice++;
  pthread_mutex_unlock (&worker->lock);
  if ((int) advice->kind == 0) /* newer than we are */
    orf_worker_answer (worker, advice->id, ORF_OUTCOME_REFUSED, -1,
                       "an advice that this library does not know");
  else if (worker->on_advice != NULL)
    worker->on_advice (worker, advice, worker->user_data);
  else
    answer_by_pool (worker, advice);
}

/* Whatever it says, we go. */
static void
on_left (Run *run, const OrfMessage *message)
{
  run->has_left = true;
}

static void
on_reply (Run *run, const OrfMessage *message)
{
  static void (*const handlers[N_CALLS]) (Run *, const OrfMessage *) = {
    [CALL_REGISTER] = on_registered, [CALL_REPORT] = on_reported, [CALL_ADVICE] = on_stream,
    [CALL_DONE] = on_done,           [CALL_LEAVE] = on_left,
  };

  for (size_t kind = 0; kind < N_CALLS; kind++) {
    if (message->id != 0 && run->calls[kind].id == message->id) {
      run->calls[kind] = (Call){ 0 };
      handlers[kind](run, message);
      return;
    }
  }
}

static void
on_line (Run *run, const char *line)
{
  OrfMessage message;

  orf_wire_parse (line, &message);
  switch (message.kind) {
  case ORF_MESSAGE_RESULT:
  case ORF_MESSAGE_ERROR:
    on_reply (run, &message);
    break;
  case ORF_MESSAGE_NEXT:
    if (message.is_advice)
      on_advice (run, &message.advice);
    break;
  case ORF_MESSAGE_END:
    if (strcmp (message.stream, run->stream) == 0) {
      run->stream[0] = '\0';
      run->next_stream_us = orf_worker_now_us () + STREAM_PAUSE_US;
    }
    break;
  case ORF_MESSAGE_OTHER:
    break;
  }
  orf_message_clear (&message);
}

/* The lines are handled before the end of the connection is. */
static void
read_lines (Run *run)
{
  bool stands = orf_link_fill (&run->link);
  char *line;

  while (run->link.fd >= 0 && (line = orf_link_next_line (&run->link)) != NULL)
    on_line (run, line);
  if (!stands && run->link.fd >= 0) {
    note_reason (run, "the daemon ended the connection", "");
    lose (run);
  }
}

static int64_t
min_us (int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* When there is something to do, if nothing comes before. */
static int64_t
find_next_us (const Run *run)
{
  int64_t next_us = INT64_MAX;

  if (run->closing_us != 0)
    next_us = run->closing_us;
  if (run->link.fd < 0)
    return min_us (next_us, run->next_try_us);
  for (size_t kind = 0; kind < N_CALLS; kind++) {
    if (run->calls[kind].id != 0)
      next_us = min_us (next_us, run->calls[kind].sent_us + CALL_US);
  }
  if (run->is_known && run->calls[CALL_REPORT].id == 0)
    next_us = min_us (next_us, run->next_report_us);
  if (run->is_known && wants_stream (run))
    next_us = min_us (next_us, run->next_stream_us);
  return next_us;
}

static void
wait_for_something (Run *run)
{
  struct pollfd fds[] = {
    { .fd = run->worker->wake_fd, .events = POLLIN },
    { .fd = run->link.fd, .events = run->link.out.length > 0 ? POLLIN | POLLOUT : POLLIN },
  };
  int64_t left_us = find_next_us (run) - orf_worker_now_us ();
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
give_up_late_calls (Run *run)
{
  int64_t now_us = orf_worker_now_us ();

  for (size_t kind = 0; kind < N_CALLS && run->link.fd >= 0; kind++) {
    if (run->calls[kind].id != 0 && now_us >= run->calls[kind].sent_us + CALL_US) {
      note_reason (run, "no answer in time", "");
      lose (run);
    }
  }
}

/* Of a known worker that is to end. */
static bool
has_more_to_say (Run *run)
{
  OrfWorker *worker = run->worker;
  bool has_more;

  pthread_mutex_lock (&worker->lock);
  has_more = worker->answers != NULL || worker->n_batches > 0;
  pthread_mutex_unlock (&worker->lock);
  return has_more || !run->said_last || run->calls[CALL_REPORT].id != 0 ||
         run->calls[CALL_DONE].id != 0;
}

/* After closing: whether all is said, or nobody is there to be told in time. */
static bool
is_over (Run *run)
{
  OrfWorker *worker = run->worker;
  bool closing;

  pthread_mutex_lock (&worker->lock);
  closing = worker->closing;
  pthread_mutex_unlock (&worker->lock);
  if (!closing)
    return false;
  if (run->closing_us == 0)
    run->closing_us = orf_worker_now_us () + CLOSING_US;
  if (run->has_left || run->link.fd < 0 || orf_worker_now_us () >= run->closing_us)
    return true;
  if (run->is_known && run->calls[CALL_LEAVE].id == 0 && !has_more_to_say (run))
    call (run, CALL_LEAVE, orf_wire_make_leave (++run->last_id, run->id));
  return false;
}

void *
orf_worker_run_thread_cb (void *data)
{
  Run run = { .worker = data, .pause_us = FIRST_PAUSE_US };

  pthread_setname_np (pthread_self (), "orfeas");
  run.seed = (unsigned) orf_worker_now_us () ^ (unsigned) getpid () << 16;
  orf_link_init (&run.link);
  while (!is_over (&run)) {
    if (run.link.fd < 0 && orf_worker_now_us () >= run.next_try_us)
      open_link (&run);
    if (run.is_known)
      say_what_is_due (&run);
    if (run.link.fd >= 0 && !orf_link_flush (&run.link)) {
      note_reason (&run, "the daemon ended the connection", "");
      lose (&run);
    }
    wait_for_something (&run);
    give_up_late_calls (&run);
  }
  orf_link_close (&run.link);
  orf_stored_batches_free (run.sending);
  return NULL;
}
