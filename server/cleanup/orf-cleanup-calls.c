/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-calls.h"

#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "cleanup/orf-cleanup-crew.h"
#include "cleanup/orf-cleanup-record.h"
#include "cleanup/orf-cleanup-service.h"
#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "core/orf-sum.h"
#include "gpu/orf-gpu-snapshot.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "workers/orf-worker-names.h"

/* Before the deadline of the call that begins a cleanup, so that its answer comes in time: the last
 * look and the row's way to the disk; of a short one a quarter. */
#define MARGIN_US    (500 * ORF_US_PER_MS)
#define MARGIN_SHARE 4

/* ---- which device ---------------------------------------------------------------------------- */

static gboolean
is_known (OrfCleaner *cleaner, const char *name)
{
  const OrfCleanerParts *parts = orf_cleaner_get_parts (cleaner);
  GPtrArray *workers = orf_workers_get_all (parts->workers);

  if (orf_gpu_snapshot_find (orf_gpu_monitor_get_devices (parts->gpu), name) != NULL)
    return TRUE;
  for (guint i = 0; i < workers->len; i++) {
    if (g_strcmp0 (((const OrfWorker *) workers->pdata[i])->device, name) == 0)
      return TRUE;
  }
  return FALSE;
}

static gint64
sum_idle (OrfCleaner *cleaner, const char *device, OrfCleanupLevel level)
{
  g_autoptr (GPtrArray) members = orf_cleaner_plan (cleaner, device, NULL, level);
  gint64 sum_bytes = -1;

  for (guint i = 0; i < members->len; i++) {
    const OrfCleanupMember *member = members->pdata[i];

    if (member->asked)
      sum_bytes = orf_sum_add (MAX (sum_bytes, 0), MAX (member->expected_bytes, 0));
  }
  return sum_bytes;
}

/* Where most is to be had; of equals the first, as gpu.list has them.  NULL: there is none. */
static const char *
choose_device (OrfCleaner *cleaner, OrfCleanupLevel level)
{
  GPtrArray *devices = orf_gpu_monitor_get_devices (orf_cleaner_get_parts (cleaner)->gpu);
  const char *best = NULL;
  gint64 best_bytes = G_MININT64;

  for (guint i = 0; i < devices->len; i++) {
    const char *device = ((const OrfGpuSnapshot *) devices->pdata[i])->device->device;
    gint64 idle_bytes = sum_idle (cleaner, device, level);

    if (idle_bytes > best_bytes) {
      best_bytes = idle_bytes;
      best = device;
    }
  }
  return best;
}

/* What a call is about: the device, and of its workers only one, or all (NULL). */
typedef struct {
  const char *device;
  const OrfWorker *worker;
} Subject;

static gboolean
choose_for_all (OrfCleaner *cleaner,
                const OrfGpuCleanupParams *params,
                Subject *subject,
                GError **error)
{
  subject->device = params->device != NULL ? params->device
                                           : choose_device (cleaner, params->level);
  if (subject->device == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                 "no device was seen yet: status.get says why, under its sources");
  return subject->device != NULL;
}

static gboolean
choose_for_one (OrfCleaner *cleaner,
                const OrfGpuCleanupParams *params,
                Subject *subject,
                GError **error)
{
  const OrfCleanerParts *parts = orf_cleaner_get_parts (cleaner);
  const char *device;

  subject->worker = orf_worker_names_find (parts->workers, params->worker, error);
  if (subject->worker == NULL)
    return FALSE;
  device = orf_cleanup_crew_find_device (parts->gpu, subject->worker);
  if (device == NULL && params->device == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "%s does not say which device it is on: name it", params->worker);
    return FALSE;
  }
  if (device != NULL && params->device != NULL && strcmp (device, params->device) != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s is on %s, not on %s",
                 params->worker, device, params->device);
    return FALSE;
  }
  subject->device = device != NULL ? device : params->device;
  return TRUE;
}

/* Borrowed until the next turn. */
static gboolean
find_subject (OrfCleaner *cleaner,
              const OrfGpuCleanupParams *params,
              Subject *subject,
              GError **error)
{
  if (params->device != NULL && !is_known (cleaner, params->device)) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL,
                                                   "no device '%s'", params->device));
    return FALSE;
  }
  if (params->worker != NULL)
    return choose_for_one (cleaner, params, subject, error);
  return choose_for_all (cleaner, params, subject, error);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
add_left_out (OrfGpuCleanupResult *result, const OrfCleanupMember *member)
{
  OrfGpuCleanupLeftOut *left_out = orf_gpu_cleanup_left_out_new ();

  left_out->worker = g_strdup (member->id);
  left_out->name = g_strdup (member->name);
  left_out->reason = g_strdup (member->reason);
  g_ptr_array_add (result->left_out, left_out);
}

static void
told_cb (gpointer user_data, const OrfCleanupRow *row, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfGpuCleanupResult) result = NULL;

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result = orf_cleanup_result_new (row);
  orf_call_return_gpu_cleanup (call, result);
}

static void
add_planned (OrfGpuCleanupResult *result, const OrfCleanupMember *member)
{
  OrfGpuCleanupWorker *worker = orf_gpu_cleanup_worker_new ();

  worker->worker = g_strdup (member->id);
  worker->name = g_strdup (member->name);
  worker->has_idle_bytes = member->idle_bytes >= 0;
  worker->idle_bytes = member->idle_bytes;
  worker->has_expected_bytes = member->expected_bytes >= 0;
  worker->expected_bytes = member->expected_bytes;
  worker->text = g_strdup (member->reason);
  worker->reason = g_strdup (member->reason);
  g_ptr_array_add (result->workers, worker);
}

static void
answer_plan (OrfCleaner *cleaner, OrfCall *call, const OrfCleanupOrder *order)
{
  g_autoptr (GPtrArray)
    members = orf_cleaner_plan (cleaner, order->device, order->worker, order->level);
  g_autoptr (OrfGpuCleanupResult) result = orf_gpu_cleanup_result_new ();

  result->device = g_strdup (order->device);
  result->level = order->level;
  result->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_cleanup_worker_free);
  result->left_out = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_gpu_cleanup_left_out_free);
  for (guint i = 0; i < members->len; i++) {
    const OrfCleanupMember *member = members->pdata[i];

    if (member->asked)
      add_planned (result, member);
    else
      add_left_out (result, member);
  }
  result->text = g_strdup_printf ("%u would be asked, in this order; nobody was.",
                                  result->workers->len);
  orf_call_return_gpu_cleanup (call, result);
}

/* ---- the same call again --------------------------------------------------------------------- */

/* A call with an idempotency key: what is stored beside the key is the cleanup's id, since the
 * verdict comes later, and may never come. */
typedef struct {
  OrfCleaner *cleaner;
  OrfCall *call;
  char *device;
  char *worker; /* its id; NULL: all */
  OrfCleanupLevel level;
  gint64 id;
  gboolean joins;
} Keyed;

static void
keyed_free (Keyed *keyed)
{
  g_free (keyed->device);
  g_free (keyed->worker);
  g_free (keyed);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Keyed, keyed_free)

static void
read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  OrfCall *call = user_data;
  const OrfCleanupRow *row = rows != NULL && rows->len > 0 ? rows->pdata[0] : NULL;

  if (error != NULL)
    orf_call_fail (call, g_error_copy (error));
  else if (row == NULL || row->verdict == ORF_CLEANUP_VERDICT_UNSET)
    orf_call_fail (call, g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                                      "the cleanup was begun, and the daemon ended before it"));
  else
    told_cb (call, row, NULL);
}

/* What runs is joined; what has ended is in the file. */
static void
attach (const Keyed *keyed, gint64 id)
{
  const OrfCleanupFilter filter = {
    .id = id,
    .to_us = G_MAXINT64,
    .before_id = G_MAXINT64,
    .max = 1,
  };

  if (!orf_cleaner_join (keyed->cleaner, id, told_cb, keyed->call))
    orf_store_read_cleanups (orf_cleaner_get_parts (keyed->cleaner)->store, &filter,
                             orf_call_get_cancel (keyed->call), read_cb, keyed->call);
}

static OrfCleanupOrder
make_order (OrfCall *call, const char *device, const char *worker, OrfCleanupLevel level)
{
  gint64 deadline_us = orf_cancel_get_deadline_us (orf_call_get_cancel (call));
  gint64 left_us = deadline_us - orf_clock_monotonic_us ();

  return (OrfCleanupOrder){
    .device = device,
    .worker = worker,
    .level = level,
    .trigger = ORF_CLEANUP_TRIGGER_CALL,
    .actor = orf_call_get_actor (call),
    .end_us = MAX (deadline_us - MIN (MARGIN_US, left_us / MARGIN_SHARE), 1),
    .enough_bytes = -1,
  };
}

static void
keyed_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autoptr (Keyed) keyed = user_data;
  OrfCleanupOrder order;
  g_autofree char *id_text = NULL;
  gint64 id = keyed->id;

  if (error != NULL) {
    orf_call_fail (keyed->call, g_error_copy (error));
  } else if (result->replayed_json != NULL) {
    id_text = g_strndup (result->replayed_json + 1, strlen (result->replayed_json) - 2);
    if (orf_id_parse (ORF_ID_CLEANUP, id_text, &id))
      attach (keyed, id);
    else
      orf_call_fail (keyed->call, g_error_new (ORF_ERROR, ORF_ERROR_DATA_LOSS,
                                               "what is stored for the key is no cleanup"));
  } else if (keyed->joins) {
    attach (keyed, id);
  } else {
    order = make_order (keyed->call, keyed->device, keyed->worker, keyed->level);
    order.id = id;
    orf_cleaner_begin (keyed->cleaner, &order, told_cb, keyed->call);
  }
}

static void
submit_keyed (OrfCleaner *cleaner, OrfCall *call, const OrfCleanupOrder *order)
{
  Keyed *keyed = g_new0 (Keyed, 1);
  gint64 covering = orf_cleaner_find_covering (cleaner, order);
  g_autofree char *id = NULL;
  g_autofree char *json = NULL;
  OrfStoreChange change = { 0 };
  OrfIdempotency idempotency;

  keyed->cleaner = cleaner;
  keyed->call = call;
  keyed->device = g_strdup (order->device);
  keyed->worker = g_strdup (order->worker);
  keyed->level = order->level;
  keyed->joins = covering != 0;
  keyed->id = keyed->joins ? covering : orf_cleaner_take_id (cleaner);
  id = orf_id_format (ORF_ID_CLEANUP, keyed->id);
  json = g_strdup_printf ("\"%s\"", id);
  idempotency = (OrfIdempotency){
    .key = orf_call_get_idempotency_key (call),
    .method = orf_call_get_method (call)->name,
    .params_hash = orf_call_get_params_hash (call),
    .response_json = json,
  };
  change.idempotency = &idempotency;
  orf_store_write (orf_cleaner_get_parts (cleaner)->store, &change, keyed_cb, keyed);
}

/* ---- gpu.cleanup ----------------------------------------------------------------------------- */

static void
cleanup_cb (OrfCall *call, const OrfGpuCleanupParams *params, gpointer user_data)
{
  OrfCleaner *cleaner = user_data;
  Subject subject = { 0 };
  GError *error = NULL;
  OrfCleanupOrder order;
  gint64 covering;

  if (!find_subject (cleaner, params, &subject, &error)) {
    orf_call_fail (call, error);
    return;
  }
  order = make_order (call, subject.device, subject.worker != NULL ? subject.worker->id : NULL,
                      params->level);
  covering = orf_cleaner_find_covering (cleaner, &order);
  if (params->dry_run)
    answer_plan (cleaner, call, &order);
  else if (orf_call_get_idempotency_key (call) != NULL)
    submit_keyed (cleaner, call, &order);
  else if (covering != 0)
    orf_cleaner_join (cleaner, covering, told_cb, call);
  else
    orf_cleaner_begin (cleaner, &order, told_cb, call);
}

static void
cleanups_cb (OrfCall *call, const OrfGpuCleanupsParams *params, gpointer user_data)
{
  orf_cleanup_service_answer (orf_cleaner_get_parts (user_data)->store, call, params,
                              params->device != NULL && is_known (user_data, params->device));
}

void
orf_cleanup_calls_bind (OrfRouter *router, OrfCleaner *cleaner)
{
  orf_bind_gpu_cleanups (router, cleanups_cb, cleaner);
  orf_bind_gpu_cleanup (router, cleanup_cb, cleaner);
}
