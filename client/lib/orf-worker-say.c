/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker's thread says to the daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "orf-worker-run.h"

/* What worker.report takes. */
#define MAX_REPORTED_BATCHES 1000

static void
call (OrfWorkerRun *run, OrfCallKind kind, char *text)
{
  bool put = text != NULL && orf_link_put (&run->link, text);

  free (text);
  if (!put) {
    orf_worker_run_lose (run);
    return;
  }
  run->calls[kind] = (OrfCall){ run->last_id, orf_thread_now_us () };
}

void
orf_worker_run_register (OrfWorkerRun *run)
{
  OrfWorker *worker = run->worker;

  call (run, ORF_CALL_REGISTER,
        orf_wire_make_register (++run->last_id, worker->name, worker->device,
                                (const char *const *) worker->capabilities));
}

void
orf_worker_run_register_again (OrfWorkerRun *run)
{
  run->calls[ORF_CALL_ADVICE] = (OrfCall){ 0 };
  run->stream[0] = '\0';
  orf_worker_run_set_known (run, false);
  if (run->calls[ORF_CALL_REGISTER].id == 0)
    orf_worker_run_register (run);
}

static void
make_key (OrfWorkerRun *run)
{
  unsigned char bytes[16] = { 0 };

  /* 16 bytes are always there; without them the key is the time's and the counter's */
  if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
    snprintf ((char *) bytes, sizeof bytes, "%x", (unsigned) (orf_thread_now_us () + run->last_id));
  for (size_t i = 0; i < sizeof bytes; i++)
    sprintf (run->key + 2 * i, "%02x", bytes[i]);
}

/* With the lock: the oldest batches, as many as a report takes. */
static void
take_batches (OrfWorkerRun *run)
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
call_report (OrfWorkerRun *run)
{
  OrfWorker *worker = run->worker;
  bool is_resent = run->sending != NULL;
  OrfAllocator allocator;
  bool has_allocator = orf_worker_read_allocator (worker, &allocator);

  run->next_report_us = orf_thread_now_us () + run->period_us;
  run->said_last = run->closing_us != 0;
  pthread_mutex_lock (&worker->lock);
  worker->report_now = false;
  if (!is_resent)
    take_batches (run);
  pthread_mutex_unlock (&worker->lock);

  if (!is_resent)
    make_key (run);
  call (run, ORF_CALL_REPORT,
        orf_wire_make_report (++run->last_id, run->id, has_allocator ? &allocator : NULL,
                              run->sending, run->key));
}

static void
call_done (OrfWorkerRun *run, const OrfWorkerAnswer *answer)
{
  call (run, ORF_CALL_DONE,
        orf_wire_make_done (++run->last_id, run->id, answer->advice, answer->outcome,
                            answer->freed_bytes, answer->has_allocator ? &answer->allocator : NULL,
                            answer->text, answer->traceparent));
}

bool
orf_worker_run_wants_stream (const OrfWorkerRun *run)
{
  return run->stream[0] == '\0' && run->calls[ORF_CALL_ADVICE].id == 0 && run->closing_us == 0 &&
         run->worker->capabilities[0] != NULL;
}

void
orf_worker_run_say_what_is_due (OrfWorkerRun *run)
{
  OrfWorker *worker = run->worker;
  int64_t now_us = orf_thread_now_us ();
  const OrfWorkerAnswer *answer; /* only we take answers off */
  bool report_now;
  bool is_behind; /* the report in flight may be from before what is answered was done */

  pthread_mutex_lock (&worker->lock);
  answer = worker->answers;
  report_now = is_behind = worker->report_now;
  /* at the end all that is left, but what is refused not again and again */
  if (worker->closing && run->sending == NULL)
    report_now |= !run->said_last || worker->n_batches > 0;
  pthread_mutex_unlock (&worker->lock);

  if (run->calls[ORF_CALL_REPORT].id == 0 && (report_now || now_us >= run->next_report_us)) {
    call_report (run);
    is_behind = false;
  }
  if (run->is_known && run->calls[ORF_CALL_DONE].id == 0 && answer != NULL && !is_behind)
    call_done (run, answer);
  if (run->is_known && orf_worker_run_wants_stream (run) && now_us >= run->next_stream_us)
    call (run, ORF_CALL_ADVICE, orf_wire_make_advice (++run->last_id, run->id));
}

void
orf_worker_run_leave (OrfWorkerRun *run)
{
  call (run, ORF_CALL_LEAVE, orf_wire_make_leave (++run->last_id, run->id));
}
