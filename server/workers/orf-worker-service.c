/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "audit/orf-call-write.h"
#include "core/orf-clock.h"
#include "gpu/orf-gpu-snapshot.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "workers/orf-worker-keeper.h"
#include "workers/orf-worker-list.h"
#include "workers/orf-workers-private.h"

/* What a worker is told to wait for a device whose probe has not said anything yet: probes start
 * within seconds. */
#define NO_PROBE_RETRY_MS 1000

struct _OrfWorkerService {
  OrfWorkerParts parts;
};

/* A write of a worker that is on its way; the worker is held meanwhile. */
typedef struct {
  OrfWorkers *workers;
  OrfWorker *worker;
  guint n_batches;
  gboolean is_told; /* of a report: what it says is known here already */
  gboolean has_allocator;
  OrfAllocator allocator;
  gint64 said_us; /* of worker.leave, as orf_workers_begin_leave() told */
  gint64 left_us; /* of the same, as the file is to have it */
  OrfCallWrite *write;
} Writing;

static Writing *
writing_new (OrfWorkerService *service, OrfWorker *worker, OrfCallWrite *write)
{
  Writing *writing = g_new0 (Writing, 1);

  writing->workers = service->parts.workers;
  writing->worker = worker;
  writing->write = write;
  return writing;
}

/* after: the worker as it is to be in the file.  Takes batches and writing. */
static void
write_worker (OrfWorkerService *service,
              const OrfWorker *after,
              GPtrArray *batches,
              Writing *writing,
              OrfWriteDone done)
{
  OrfWorkerChange *change = orf_worker_change_from (service->parts.config, after);

  writing->n_batches = batches != NULL ? batches->len : 0;
  change->batches = batches;
  change->row->batches = writing->n_batches;
  orf_store_write_worker (service->parts.store, change,
                          orf_call_write_get_idempotency (writing->write), done, writing);
}

/* What a worker says of itself holds also when the disk is full, but not when it was said before,
 * or with the key of another call: only the file knows. */
static gboolean
is_news (const OrfWriteResult *result, const GError *error)
{
  return error != NULL ? !g_error_matches (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION)
                       : result->replayed_json == NULL;
}

/* Whoever else asks is told what he would be if it were not there. */
static OrfWorker *
find (OrfWorkerService *service, OrfCall *call, const char *id, GError **error)
{
  OrfWorker *worker = orf_workers_find (service->parts.workers, id);

  if (worker != NULL &&
      orf_workers_claim (service->parts.workers, worker, orf_call_get_actor (call)))
    return worker;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "worker", NULL,
                                                 "there is no worker '%s' that this caller "
                                                 "registered: it registers",
                                                 id));
  return NULL;
}

/* ---- worker.register ------------------------------------------------------------------------- */

/* The first probe that has said nothing yet; NULL: all have. */
static const char *
find_unheard (OrfGpuMonitor *gpu)
{
  for (guint i = 0; i < orf_gpu_monitor_get_n_sources (gpu); i++) {
    OrfGpuSource source = orf_gpu_monitor_get_source (gpu, i);

    if (source.sampled_us == 0 && !source.absent)
      return source.backend;
  }
  return NULL;
}

static gboolean
check_device (OrfWorkerService *service, const char *device, GError **error)
{
  const char *unheard;

  if (device == NULL ||
      orf_gpu_snapshot_find (orf_gpu_monitor_get_devices (service->parts.gpu), device) != NULL)
    return TRUE;
  unheard = find_unheard (service->parts.gpu);
  if (unheard != NULL)
    g_propagate_error (error,
                       orf_error_new_retry (ORF_ERROR_UNAVAILABLE, NO_PROBE_RETRY_MS,
                                            "whether there is a device '%s' is not known while "
                                            "the probe '%s' has not told its devices",
                                            device, unheard));
  else
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL,
                                                   "no device '%s'", device));
  return FALSE;
}

static void
registered_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autofree Writing *writing = user_data;

  if (error == NULL && result->replayed_json == NULL)
    orf_workers_admit (writing->workers, writing->worker);
  else
    orf_workers_give_up (writing->workers, writing->worker);
  orf_call_write_done_cb (writing->write, result, error);
}

static OrfWorker *
add (OrfWorkerService *service,
     OrfCall *call,
     const OrfWorkerRegisterParams *params,
     GError **error)
{
  static const char *const none[] = { NULL };
  const OrfWorkerFacts facts = {
    .name = params->name,
    .device = params->device,
    .pid = params->has_pid ? params->pid : orf_call_get_peer_pid (call),
    .capabilities = params->capabilities != NULL ? (const char *const *) params->capabilities
                                                 : none,
    .source = ORF_WORKER_REGISTERED,
    .owner = orf_call_get_actor (call),
  };

  if (!check_device (service, params->device, error))
    return NULL;
  return orf_workers_register (service->parts.workers, &facts, error);
}

static void
register_cb (OrfCall *call, const OrfWorkerRegisterParams *params, gpointer user_data)
{
  OrfWorkerService *service = user_data;
  GError *error = NULL;
  OrfWorker *worker = add (service, call, params, &error);
  OrfWorkerRegisterResult result;
  OrfCallWrite *write;

  if (worker == NULL) {
    orf_call_fail (call, error);
    return;
  }
  result = (OrfWorkerRegisterResult){ worker->id, service->parts.config->workers.lease_us };
  write = orf_call_write_new (call, &orf_worker_register_result_desc, &result);
  if (write != NULL)
    write_worker (service, worker, NULL, writing_new (service, worker, write), registered_cb);
  else
    orf_workers_give_up (service->parts.workers, worker);
}

/* ---- worker.report --------------------------------------------------------------------------- */

static OrfAllocator
get_allocator (const OrfWorkerAllocator *told)
{
  return (OrfAllocator){
    .allocated_bytes = told->has_allocated_bytes ? told->allocated_bytes : -1,
    .reserved_bytes = told->has_reserved_bytes ? told->reserved_bytes : -1,
    .active_bytes = told->has_active_bytes ? told->active_bytes : -1,
    .inactive_split_bytes = told->has_inactive_split_bytes ? told->inactive_split_bytes : -1,
    .largest_free_bytes = told->has_largest_free_bytes ? told->largest_free_bytes : -1,
    .ooms = told->has_ooms ? told->ooms : -1,
    .retries = told->has_retries ? told->retries : -1,
    .returned_bytes = told->has_returned_bytes ? told->returned_bytes : -1,
  };
}

static GPtrArray *
copy_batches (const GPtrArray *told)
{
  GPtrArray *batches = g_ptr_array_new_full (told->len, (GDestroyNotify) orf_worker_batch_row_free);

  for (guint i = 0; i < told->len; i++) {
    const OrfWorkerBatch *from = told->pdata[i];
    OrfWorkerBatchRow *batch = g_new0 (OrfWorkerBatchRow, 1);

    batch->size = from->size;
    batch->peak_bytes = from->has_peak_bytes ? from->peak_bytes : -1;
    batch->duration_us = from->has_duration_us ? from->duration_us : -1;
    batch->operation = g_strdup (from->operation);
    g_ptr_array_add (batches, batch);
  }
  return batches;
}

/* Batches count once they are stored; the allocator is what it is. */
static void
reported_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autofree Writing *writing = user_data;

  if (!writing->is_told && is_news (result, error))
    orf_workers_report (writing->workers, writing->worker,
                        writing->has_allocator ? &writing->allocator : NULL);
  if (error == NULL && result->replayed_json == NULL)
    orf_workers_count_batches (writing->workers, writing->worker, writing->n_batches);
  orf_workers_release (writing->workers, writing->worker);
  orf_call_write_done_cb (writing->write, result, error);
}

/* A repetition is of a while ago, also when it comes later than the next: only that it is there is
 * known at once. */
static void
write_report (OrfWorkerService *service,
              OrfWorker *worker,
              const OrfWorkerReportParams *params,
              OrfCallWrite *write)
{
  OrfWorkers *workers = service->parts.workers;
  Writing *writing = writing_new (service, worker, write);
  GPtrArray *batches = NULL;
  OrfWorker after;

  if (params->allocator != NULL) {
    writing->has_allocator = TRUE;
    writing->allocator = get_allocator (params->allocator);
  }
  if (params->batches != NULL && params->batches->len > 0)
    batches = copy_batches (params->batches);
  writing->is_told = orf_call_write_get_idempotency (write)->key == NULL;
  if (writing->is_told)
    orf_workers_report (workers, worker, writing->has_allocator ? &writing->allocator : NULL);
  else
    orf_workers_hear (workers, worker);
  after = *worker;
  if (!writing->is_told)
    orf_worker_take_report (&after, writing->has_allocator ? &writing->allocator : NULL);
  orf_workers_hold (workers, worker);
  write_worker (service, &after, batches, writing, reported_cb);
}

static void
report_cb (OrfCall *call, const OrfWorkerReportParams *params, gpointer user_data)
{
  OrfWorkerService *service = user_data;
  guint n_batches = params->batches != NULL ? params->batches->len : 0;
  const OrfWorkerReportResult result = { n_batches + (params->allocator != NULL) };
  GError *error = NULL;
  OrfWorker *worker = find (service, call, params->worker, &error);
  OrfCallWrite *write;

  if (worker == NULL) {
    orf_call_fail (call, error);
    return;
  }
  write = orf_call_write_new (call, &orf_worker_report_result_desc, &result);
  if (write != NULL)
    write_report (service, worker, params, write);
}

/* ---- worker.advice, worker.done, worker.leave ------------------------------------------------ */

static void
advice_cb (OrfCall *call, const OrfWorkerAdviceParams *params, gpointer user_data)
{
  OrfWorkerService *service = user_data;
  GError *error = NULL;
  OrfWorker *worker = find (service, call, params->worker, &error);

  if (worker != NULL)
    orf_workers_open_stream (service->parts.workers, worker, call);
  else
    orf_call_fail (call, error);
}

/* An answer that may come again: it is taken once, when its key is on disk. */
typedef struct {
  OrfWorkerService *service;
  char *worker, *advice, *text;
  OrfWorkerOutcome outcome;
  gint64 claimed_bytes;
  gboolean has_allocator;
  OrfAllocator allocator;
  OrfCallWrite *write; /* NULL: it comes once */
} Answer;

/* What it holds is known before who waits is told. */
static gboolean
take_answer (OrfWorkerService *service, const Answer *answer, GError **error)
{
  OrfWorkers *workers = service->parts.workers;

  if (!orf_workers_check_answer (workers, answer->worker, answer->advice, error))
    return FALSE;
  if (answer->has_allocator)
    orf_workers_report (workers, orf_workers_find (workers, answer->worker), &answer->allocator);
  return orf_workers_answer (workers, answer->worker, answer->advice, answer->outcome,
                             answer->claimed_bytes, answer->text, error);
}

/* Strings are borrowed. */
static Answer
read_answer (OrfWorkerService *service, const OrfWorkerDoneParams *params)
{
  Answer answer = {
    .service = service,
    .worker = params->worker,
    .advice = params->advice,
    .text = params->text,
    .outcome = params->outcome,
    .claimed_bytes = params->has_freed_bytes ? params->freed_bytes : -1,
    .has_allocator = params->allocator != NULL,
  };

  if (params->allocator != NULL)
    answer.allocator = get_allocator (params->allocator);
  return answer;
}

static void
answer_free (Answer *answer)
{
  g_free (answer->worker);
  g_free (answer->advice);
  g_free (answer->text);
  g_free (answer);
}

static gboolean
refuse_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  g_propagate_error (error, g_error_copy (data));
  return FALSE;
}

static gboolean
accept_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  return TRUE;
}

static void
answered_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Answer *answer = user_data;

  /* whether somebody waits was looked at when it came, and is not asked again */
  if (error == NULL && result->replayed_json == NULL)
    take_answer (answer->service, answer, NULL);
  orf_call_write_done_cb (answer->write, result, error);
  answer_free (answer);
}

/* A repetition is answered as the first time, though nobody waits any more: only the file knows
 * that it is one. */
static void
answer_once (OrfWorkerService *service, OrfCall *call, const OrfWorkerDoneParams *params)
{
  static const OrfWorkerDoneResult result = { 1 };
  OrfCallWrite *write = orf_call_write_new (call, &orf_worker_done_result_desc, &result);
  OrfStoreChange change = { .write_thread_cb = accept_thread_cb };
  GError *refusal = NULL;
  Answer *answer;

  if (write == NULL)
    return;
  answer = g_new0 (Answer, 1);
  *answer = read_answer (service, params);
  answer->worker = g_strdup (params->worker);
  answer->advice = g_strdup (params->advice);
  answer->text = g_strdup (params->text);
  answer->write = write;
  change.idempotency = orf_call_write_get_idempotency (write);
  if (find (service, call, params->worker, &refusal) == NULL ||
      !orf_workers_check_answer (service->parts.workers, params->worker, params->advice,
                                 &refusal)) {
    change.write_thread_cb = refuse_thread_cb;
    change.data = refusal;
    change.free = (GDestroyNotify) g_error_free;
  }
  orf_store_write (service->parts.store, &change, answered_cb, answer);
}

static void
done_cb (OrfCall *call, const OrfWorkerDoneParams *params, gpointer user_data)
{
  static const OrfWorkerDoneResult result = { 1 };
  OrfWorkerService *service = user_data;
  const Answer answer = read_answer (service, params);
  GError *error = NULL;

  if (orf_call_get_idempotency_key (call) != NULL)
    answer_once (service, call, params);
  else if (find (service, call, params->worker, &error) != NULL &&
           take_answer (service, &answer, &error))
    orf_call_return_worker_done (call, &result);
  else
    orf_call_fail (call, error);
}

static void
left_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autofree Writing *writing = user_data;

  orf_workers_end_leave (writing->workers, writing->worker, writing->said_us,
                         is_news (result, error) ? writing->left_us : 0);
  orf_call_write_done_cb (writing->write, result, error);
}

static void
leave_cb (OrfCall *call, const OrfWorkerLeaveParams *params, gpointer user_data)
{
  static const OrfWorkerLeaveResult result = { TRUE };
  OrfWorkerService *service = user_data;
  GError *error = NULL;
  OrfWorker *worker = find (service, call, params->worker, &error);
  OrfCallWrite *write;
  Writing *writing;
  OrfWorker after;

  if (worker == NULL) {
    orf_call_fail (call, error);
    return;
  }
  write = orf_call_write_new (call, &orf_worker_leave_result_desc, &result);
  if (write == NULL)
    return;
  writing = writing_new (service, worker, write);
  writing->said_us = orf_workers_begin_leave (service->parts.workers, worker);
  after = *worker;
  if (after.state != ORF_WORKER_STATE_LEFT)
    after.lost_us = orf_clock_now_us ();
  after.state = ORF_WORKER_STATE_LEFT;
  writing->left_us = after.lost_us;
  write_worker (service, &after, NULL, writing, left_cb);
}

/* ---- worker.list ----------------------------------------------------------------------------- */

static void
list_cb (OrfCall *call, const OrfWorkerListParams *params, gpointer user_data)
{
  OrfWorkerService *service = user_data;
  GError *error = NULL;

  if (check_device (service, params->device, &error))
    orf_worker_list_answer (call, params, orf_workers_get_all (service->parts.workers));
  else
    orf_call_fail (call, error);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfWorkerService *
orf_worker_service_new (OrfRouter *router, const OrfWorkerParts *parts)
{
  OrfWorkerService *service = g_new0 (OrfWorkerService, 1);

  service->parts = *parts;
  orf_bind_worker_register (router, register_cb, service);
  orf_bind_worker_report (router, report_cb, service);
  orf_bind_worker_advice (router, advice_cb, service);
  orf_bind_worker_done (router, done_cb, service);
  orf_bind_worker_leave (router, leave_cb, service);
  orf_bind_worker_list (router, list_cb, service);
  return service;
}

void
orf_worker_service_free (OrfWorkerService *service)
{
  g_free (service);
}
