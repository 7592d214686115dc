/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program calls: it puts into the worker what the thread is to tell, and wakes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "orf-worker-parts.h"

/* As schema/services/worker.json has them. */
#define MAX_TEXT_BYTES        200
#define MAX_ANSWER_TEXT_BYTES 1000
#define MAX_CAPABILITY_BYTES  64
#define MAX_CAPABILITIES      16

#define DEFAULT_REPORT_US 1000000
/* Three hours of a batch a second. */
#define MAX_BATCHES 10000
/* The daemon asks for one thing at a time; more is a fault of the program's. */
#define MAX_ANSWERS 64

void
orf_stored_batches_free (OrfStoredBatch *batches)
{
  while (batches != NULL) {
    OrfStoredBatch *batch = batches;

    batches = batch->next;
    free (batch);
  }
}

static bool
is_text (const char *text, size_t max_bytes)
{
  return text == NULL || (text[0] != '\0' && orf_wire_is_text (text, max_bytes));
}

static bool
are_valid (const OrfWorkerOptions *options)
{
  size_t n = 0;

  if (options == NULL || options->name == NULL || !is_text (options->name, MAX_TEXT_BYTES) ||
      !is_text (options->device, MAX_TEXT_BYTES) || options->report_us < 0)
    return false;
  if (options->capabilities == NULL)
    return true;
  for (; options->capabilities[n] != NULL; n++) {
    if (!is_text (options->capabilities[n], MAX_CAPABILITY_BYTES))
      return false;
  }
  return n <= MAX_CAPABILITIES;
}

static char **
copy_list (const char *const *list)
{
  char **copy;
  size_t n = 0;

  while (list[n] != NULL)
    n++;
  copy = calloc (n + 1, sizeof *copy);
  for (size_t i = 0; copy != NULL && i < n; i++)
    copy[i] = strdup (list[i]);
  return copy;
}

static void
free_worker (OrfWorker *worker)
{
  orf_stored_batches_free (worker->batches);
  while (worker->answers != NULL) {
    OrfWorkerAnswer *answer = worker->answers;

    worker->answers = answer->next;
    free (answer);
  }
  for (size_t i = 0; worker->capabilities != NULL && worker->capabilities[i] != NULL; i++)
    free (worker->capabilities[i]);
  free (worker->capabilities);
  free (worker->name);
  free (worker->device);
  free (worker->socket);
  if (worker->wake_fd >= 0)
    close (worker->wake_fd);
  pthread_cond_destroy (&worker->known);
  pthread_mutex_destroy (&worker->lock);
  free (worker);
}

static OrfWorker *
make_worker (const OrfWorkerOptions *options)
{
  static const char *const trim_alone[] = { "trim", NULL };
  static const char *const nothing[] = { NULL };
  const char *const *capabilities = options->capabilities;
  OrfWorker *worker = calloc (1, sizeof *worker);

  if (worker == NULL)
    return NULL;
  if (capabilities == NULL)
    capabilities = options->pool != NULL ? trim_alone : nothing;
  worker->pid = getpid ();
  worker->name = strdup (options->name);
  worker->device = options->device != NULL ? strdup (options->device) : NULL;
  worker->socket = options->socket != NULL ? strdup (options->socket) : NULL;
  worker->capabilities = copy_list (capabilities);
  worker->pool = options->pool;
  worker->on_advice = options->on_advice;
  worker->user_data = options->user_data;
  worker->report_us = options->report_us > 0 ? options->report_us : DEFAULT_REPORT_US;
  worker->batches_end = &worker->batches;
  worker->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init (&worker->lock, NULL);
  orf_thread_init_cond (&worker->known);
  return worker;
}

OrfStatus
orf_worker_new (const OrfWorkerOptions *options, OrfWorker **worker)
{
  OrfWorker *made;

  if (!are_valid (options))
    return ORF_STATUS_INVALID;
  made = make_worker (options);
  if (made == NULL)
    return ORF_STATUS_NO_MEMORY;
  if (made->name == NULL || made->capabilities == NULL || made->wake_fd < 0 ||
      !orf_thread_start (&made->thread, orf_worker_run_thread_cb, made)) {
    free_worker (made);
    return ORF_STATUS_FAILED;
  }
  *worker = made;
  return ORF_STATUS_OK;
}

static bool
is_elsewhere (const OrfWorker *worker)
{
  return worker->pid != getpid ();
}

static void
wake (OrfWorker *worker)
{
  uint64_t one = 1;

  /* full is awake */
  while (write (worker->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

void
orf_worker_free (OrfWorker *worker)
{
  if (worker == NULL || is_elsewhere (worker))
    return; /* a fork's child has no thread, and the lock may be held for ever: what is here stays
             */
  pthread_mutex_lock (&worker->lock);
  worker->closing = true;
  pthread_mutex_unlock (&worker->lock);
  wake (worker);
  pthread_join (worker->thread, NULL);
  free_worker (worker);
}

void
orf_worker_report (OrfWorker *worker, const OrfAllocator *allocator)
{
  if (is_elsewhere (worker))
    return;
  pthread_mutex_lock (&worker->lock);
  worker->allocator = *allocator;
  worker->has_allocator = true;
  pthread_mutex_unlock (&worker->lock);
}

void
orf_worker_report_now (OrfWorker *worker)
{
  if (is_elsewhere (worker))
    return;
  pthread_mutex_lock (&worker->lock);
  worker->report_now = true;
  pthread_mutex_unlock (&worker->lock);
  wake (worker);
}

/* With the lock. */
static void
drop_oldest_batch (OrfWorker *worker)
{
  OrfStoredBatch *batch = worker->batches;

  worker->batches = batch->next;
  if (worker->batches == NULL)
    worker->batches_end = &worker->batches;
  worker->n_batches--;
  worker->state.n_dropped_batches++;
  free (batch);
}

OrfStatus
orf_worker_add_batch (OrfWorker *worker, const OrfBatch *batch)
{
  const char *operation = batch->operation != NULL ? batch->operation : "";
  OrfStoredBatch *stored;

  if (is_elsewhere (worker) || batch->size == 0 || batch->size > ORF_WIRE_MAX_INTEGER ||
      !orf_wire_is_text (operation, MAX_TEXT_BYTES))
    return ORF_STATUS_INVALID;
  stored = malloc (sizeof *stored + strlen (operation) + 1);
  if (stored == NULL)
    return ORF_STATUS_NO_MEMORY;
  *stored = (OrfStoredBatch){ .size = batch->size,
                              .peak_bytes = batch->peak_bytes,
                              .duration_us = batch->duration_us };
  orf_span_get_traceparent (orf_span_get_current (), stored->traceparent);
  strcpy (stored->operation, operation);

  pthread_mutex_lock (&worker->lock);
  if (worker->n_batches == MAX_BATCHES)
    drop_oldest_batch (worker);
  *worker->batches_end = stored;
  worker->batches_end = &stored->next;
  worker->n_batches++;
  pthread_mutex_unlock (&worker->lock);
  return ORF_STATUS_OK;
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
                               .retries = (int64_t) stats.retries,
                               .returned_bytes = (int64_t) stats.returned_bytes };
}

bool
orf_worker_read_allocator (OrfWorker *worker, OrfAllocator *allocator)
{
  bool is_known;

  if (worker->pool != NULL) {
    read_pool (worker->pool, allocator);
    return true;
  }
  pthread_mutex_lock (&worker->lock);
  is_known = worker->has_allocator;
  *allocator = worker->allocator;
  pthread_mutex_unlock (&worker->lock);
  return is_known;
}

static OrfWorkerAnswer *
make_answer (const char *advice, OrfOutcome outcome, int64_t freed_bytes, const char *text)
{
  size_t advice_size = strlen (advice) + 1;
  OrfWorkerAnswer *answer = malloc (sizeof *answer + advice_size + strlen (text) + 1);

  if (answer == NULL)
    return NULL;
  *answer = (OrfWorkerAnswer){ .outcome = outcome, .freed_bytes = freed_bytes };
  orf_span_get_traceparent (orf_span_get_current (), answer->traceparent);
  answer->text = answer->advice + advice_size;
  strcpy (answer->advice, advice);
  strcpy (answer->text, text);
  return answer;
}

/* With the lock; false: there are too many. */
static bool
add_answer (OrfWorker *worker, OrfWorkerAnswer *answer)
{
  OrfWorkerAnswer **end = &worker->answers;

  if (worker->n_answers == MAX_ANSWERS)
    return false;
  while (*end != NULL)
    end = &(*end)->next;
  *end = answer;
  worker->n_answers++;
  worker->report_now = true; /* what is held now belongs beside what is claimed */
  return true;
}

OrfStatus
orf_worker_answer (
  OrfWorker *worker, const char *advice, OrfOutcome outcome, int64_t freed_bytes, const char *text)
{
  OrfWorkerAnswer *answer;
  bool added;

  if (is_elsewhere (worker) || advice == NULL || !is_text (advice, MAX_TEXT_BYTES) ||
      (text != NULL && !orf_wire_is_text (text, MAX_ANSWER_TEXT_BYTES)) ||
      outcome < ORF_OUTCOME_DONE || outcome > ORF_OUTCOME_REFUSED)
    return ORF_STATUS_INVALID;
  answer = make_answer (advice, outcome, freed_bytes, text != NULL ? text : "");
  if (answer == NULL)
    return ORF_STATUS_NO_MEMORY;
  answer->has_allocator = orf_worker_read_allocator (worker, &answer->allocator);
  pthread_mutex_lock (&worker->lock);
  added = add_answer (worker, answer);
  pthread_mutex_unlock (&worker->lock);
  wake (worker);
  if (added)
    return ORF_STATUS_OK;
  free (answer);
  return ORF_STATUS_INVALID;
}

void
orf_worker_get_state (OrfWorker *worker, OrfWorkerState *state)
{
  *state = (OrfWorkerState){ 0 };
  if (is_elsewhere (worker))
    return;
  pthread_mutex_lock (&worker->lock);
  *state = worker->state;
  pthread_mutex_unlock (&worker->lock);
}

OrfStatus
orf_worker_wait_known (OrfWorker *worker, int64_t timeout_us)
{
  int64_t end_us = orf_thread_now_us () + timeout_us;
  struct timespec end = { .tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000 };
  bool is_known;
  int code = 0;

  if (is_elsewhere (worker))
    return ORF_STATUS_INVALID;
  pthread_mutex_lock (&worker->lock);
  while (!worker->state.is_known && code == 0) {
    if (timeout_us < 0)
      pthread_cond_wait (&worker->known, &worker->lock);
    else
      code = pthread_cond_timedwait (&worker->known, &worker->lock, &end);
  }
  is_known = worker->state.is_known;
  pthread_mutex_unlock (&worker->lock);
  return is_known ? ORF_STATUS_OK : ORF_STATUS_TIMEOUT;
}
