/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon says to the worker's thread. */
#include <stdlib.h>
#include <string.h>

#include "orf-worker-run.h"

/* A stream that was refused or ended is asked for again. */
#define STREAM_PAUSE_US 1000000
/* A lease outlives so many reports that were lost. */
#define REPORTS_A_LEASE 3
/* A lease that is shorter would have us talk without pause; the daemon's shortest is ten times
 * that. */
#define MIN_PERIOD_US 10000

static bool
has_status (const OrfMessage *message, const char *status)
{
  return strcmp (message->status, status) == 0;
}

static void
on_registered (OrfWorkerRun *run, const OrfMessage *message)
{
  OrfWorker *worker = run->worker;
  int64_t longest_us = message->lease_us / REPORTS_A_LEASE;

  if (message->kind == ORF_MESSAGE_ERROR || message->worker[0] == '\0' ||
      strlen (message->worker) >= sizeof run->id) {
    orf_worker_run_note (run, "registration", message->text);
    orf_worker_run_lose (run);
    return;
  }
  strcpy (run->id, message->worker);
  run->period_us = worker->report_us;
  if (message->lease_us > 0 && longest_us < run->period_us)
    run->period_us = longest_us > MIN_PERIOD_US ? longest_us : MIN_PERIOD_US;
  run->pause_us = ORF_WORKER_FIRST_PAUSE_US;
  run->next_report_us = run->next_stream_us = 0;
  orf_worker_run_set_known (run, true);
}

static void
end_sending (OrfWorkerRun *run, bool accepted)
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
on_reported (OrfWorkerRun *run, const OrfMessage *message)
{
  if (message->kind == ORF_MESSAGE_RESULT) {
    end_sending (run, true);
    return;
  }
  orf_worker_run_note (run, "report", message->text);
  if (has_status (message, "NOT_FOUND"))
    orf_worker_run_register_again (run);
  else if (has_status (message, "INVALID_ARGUMENT")) /* again it would be the same */
    end_sending (run, false);
}

static void
on_stream (OrfWorkerRun *run, const OrfMessage *message)
{
  if (message->kind == ORF_MESSAGE_RESULT && strlen (message->stream) < sizeof run->stream) {
    strcpy (run->stream, message->stream);
    return;
  }
  orf_worker_run_note (run, "advice", message->text);
  run->next_stream_us = orf_thread_now_us () + STREAM_PAUSE_US;
  if (has_status (message, "NOT_FOUND"))
    orf_worker_run_register_again (run);
}

/* One that came too late, or twice, is answered all the same: nobody waits for it. */
static void
on_done (OrfWorkerRun *run, const OrfMessage *message)
{
  OrfWorker *worker = run->worker;
  OrfWorkerAnswer *answer;

  if (message->kind == ORF_MESSAGE_ERROR)
    orf_worker_run_note (run, "answer", message->text);
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
on_advice (OrfWorkerRun *run, const OrfAdvice *advice)
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
on_left (OrfWorkerRun *run, const OrfMessage *message)
{
  run->has_left = true;
}

static void
on_reply (OrfWorkerRun *run, const OrfMessage *message)
{
  static void (*const handlers[ORF_N_CALLS]) (OrfWorkerRun *, const OrfMessage *) = {
    [ORF_CALL_REGISTER] = on_registered, [ORF_CALL_REPORT] = on_reported,
    [ORF_CALL_ADVICE] = on_stream,       [ORF_CALL_DONE] = on_done,
    [ORF_CALL_LEAVE] = on_left,
  };

  for (size_t kind = 0; kind < ORF_N_CALLS; kind++) {
    if (message->id != 0 && run->calls[kind].id == message->id) {
      run->calls[kind] = (OrfCall){ 0 };
      handlers[kind](run, message);
      return;
    }
  }
}

void
orf_worker_run_on_line (OrfWorkerRun *run, const char *line)
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
      run->next_stream_us = orf_thread_now_us () + STREAM_PAUSE_US;
    }
    break;
  case ORF_MESSAGE_OTHER:
    break;
  }
  orf_message_clear (&message);
}
