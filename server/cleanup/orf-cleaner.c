/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A task is in `tasks` from its order until those who wait were told.
 * - Of the tasks of a device at most one has a cleanup; those behind it without one wait for it,
 *   and those that have ended wait for their rows to be written.
 */
#include "cleanup/orf-cleaner.h"

#include <string.h>

#include "cleanup/orf-cleanup-crew.h"
#include "cleanup/orf-cleanup-record.h"
#include "cleanup/orf-cleanup-regain.h"
#include "cleanup/orf-cleanup-trigger.h"
#include "cleanup/orf-cleanup-verdict.h"
#include "core/orf-clock.h"
#include "core/orf-format.h"
#include "core/orf-names.h"
#include "core/orf-sum.h"
#include "gpu/orf-gpu-snapshot.h"
#include "orf-error.h"
#include "orf-json.h"

/* What is kept of a device on which a cleanup was thought of. */
typedef struct {
  OrfCleanupTriggerState trigger;
  OrfCleanupRegain *regain; /* behind its last cleanup; NULL: none is waited for */
  guint64 n_by_verdict[ORF_CLEANUP_VERDICT_N];
  gint64 freed_bytes; /* since start; what rose is no loss here */
} Device;

struct _OrfCleaner {
  OrfCleanerParts parts;
  OrfProcessMemory *processes;
  OrfCleanupHistory *history;
  GHashTable *devices; /* name -> Device */
  GPtrArray *tasks;    /* Task, in the order they came */
  gint64 next_id;
  gboolean stopped;
};

typedef struct {
  OrfCleanerTold told;
  gpointer user_data;
} Waiter;

typedef struct {
  OrfCleaner *cleaner;
  OrfCleanupOrder order; /* its strings are its own */
  GArray *waiters;       /* Waiter */
  OrfCleanup *cleanup;   /* while it runs */
  OrfCleanupRow *row;    /* once it has ended */
} Task;

/* ---- devices --------------------------------------------------------------------------------- */

static void
device_free (gpointer data)
{
  Device *device = data;

  orf_cleanup_regain_free (device->regain);
  g_free (device);
}

static Device *
ensure_device (OrfCleaner *cleaner, const char *name)
{
  Device *device = g_hash_table_lookup (cleaner->devices, name);

  if (device == NULL) {
    device = g_new0 (Device, 1);
    g_hash_table_insert (cleaner->devices, g_strdup (name), device);
  }
  return device;
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_warning ("%s is not in the file: %s", (const char *) user_data, error->message);
}

static void
regained_cb (gpointer user_data, OrfCleanupRegain *regain, gint64 id, gint64 regained_bytes)
{
  OrfCleaner *cleaner = user_data;
  GHashTableIter iter;
  gpointer device;

  if (regained_bytes >= 0)
    orf_store_set_cleanup_regained (cleaner->parts.store, id, regained_bytes, written_cb,
                                    (gpointer) "what was regained");
  g_hash_table_iter_init (&iter, cleaner->devices);
  while (g_hash_table_iter_next (&iter, NULL, &device)) {
    if (((Device *) device)->regain == regain)
      ((Device *) device)->regain = NULL;
  }
  orf_cleanup_regain_free (regain);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void
task_free (gpointer data)
{
  Task *task = data;

  orf_cleanup_free (task->cleanup);
  orf_cleanup_row_free (task->row);
  g_array_unref (task->waiters);
  g_free ((char *) task->order.device);
  g_free ((char *) task->order.worker);
  g_free ((char *) task->order.actor);
  g_free ((char *) task->order.reason);
  g_free (task);
}

static Task *
task_new (OrfCleaner *cleaner, const OrfCleanupOrder *order)
{
  Task *task = g_new0 (Task, 1);

  task->cleaner = cleaner;
  task->order = *order;
  task->order.device = g_strdup (order->device);
  task->order.worker = g_strdup (order->worker);
  task->order.actor = g_strdup (order->actor);
  task->order.reason = g_strdup (order->reason);
  task->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return task;
}

static void
add_waiter (Task *task, OrfCleanerTold told, gpointer user_data)
{
  const Waiter waiter = { told, user_data };

  if (told != NULL)
    g_array_append_val (task->waiters, waiter);
}

/* Tells those who wait, and forgets the task. */
static void
finish (Task *task, const GError *error)
{
  g_ptr_array_remove (task->cleaner->tasks, task);
  for (guint i = 0; i < task->waiters->len; i++) {
    const Waiter *waiter = &g_array_index (task->waiters, Waiter, i);

    waiter->told (waiter->user_data, error == NULL ? task->row : NULL, error);
  }
  task_free (task);
}

/* The one that runs on the device. */
static Task *
find_running (OrfCleaner *cleaner, const char *device)
{
  for (guint i = 0; i < cleaner->tasks->len; i++) {
    Task *task = cleaner->tasks->pdata[i];

    if (task->cleanup != NULL && strcmp (task->order.device, device) == 0)
      return task;
  }
  return NULL;
}

static void start (Task *task);

static Task *
find_waiting (OrfCleaner *cleaner, const char *device)
{
  for (guint i = 0; i < cleaner->tasks->len; i++) {
    Task *task = cleaner->tasks->pdata[i];

    if (task->cleanup == NULL && task->row == NULL && strcmp (task->order.device, device) == 0)
      return task;
  }
  return NULL;
}

/* The first that waits for the device, of those for whom somebody still does. */
static void
start_next (OrfCleaner *cleaner, const char *device)
{
  g_autoptr (GError) late = g_error_new (ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                                         "another cleanup of %s took until now", device);
  gint64 now_us = orf_clock_monotonic_us ();
  Task *task;

  while (!cleaner->stopped && (task = find_waiting (cleaner, device)) != NULL) {
    if (task->order.end_us == 0 || now_us < task->order.end_us) {
      start (task);
      return;
    }
    finish (task, late);
  }
}

/* ---- the end of one -------------------------------------------------------------------------- */

static void
end_written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  /* What was freed is free: who waits is told of it also when no row says so. */
  written_cb ((gpointer) "the end of a cleanup", result, error);
  finish (user_data, NULL);
}

static gboolean
is_fruitful (const OrfCleanupRow *row)
{
  return row->verdict == ORF_CLEANUP_VERDICT_FREED || row->verdict == ORF_CLEANUP_VERDICT_PARTIAL;
}

static void
count (OrfCleaner *cleaner, Device *device, const OrfCleanupRow *row)
{
  device->n_by_verdict[row->verdict]++;
  if (row->freed.known)
    device->freed_bytes += MAX (row->freed.bytes, 0);
  for (guint i = 0; i < row->workers->len; i++)
    orf_cleanup_history_add (cleaner->history, row->workers->pdata[i]);
  orf_cleanup_trigger_ended (&device->trigger, is_fruitful (row),
                             cleaner->parts.config->gpu.cleanup_cooldown_us,
                             orf_clock_monotonic_us ());
}

static OrfCleanupParts
get_cleanup_parts (const OrfCleaner *cleaner)
{
  return (OrfCleanupParts){ cleaner->parts.gpu, cleaner->parts.workers, cleaner->processes };
}

static void
ended_cb (gpointer user_data, OrfCleanup *cleanup)
{
  Task *task = user_data;
  OrfCleaner *cleaner = task->cleaner;
  Device *device = ensure_device (cleaner, task->order.device);
  const OrfCleanupParts parts = get_cleanup_parts (cleaner);
  g_autofree char *name = g_strdup (task->order.device);

  task->row = orf_cleanup_row_copy (orf_cleanup_get_row (cleanup));
  count (cleaner, device, task->row);
  orf_cleanup_regain_free (device->regain);
  device->regain = orf_cleanup_regain_new (&parts, cleanup,
                                           cleaner->parts.config->gpu.cleanup_regain_us,
                                           regained_cb, cleaner);
  g_clear_pointer (&task->cleanup, orf_cleanup_free);
  orf_store_end_cleanup (cleaner->parts.store, orf_cleanup_row_copy (task->row), end_written_cb,
                         task);
  start_next (cleaner, name);
}

/* ---- the beginning --------------------------------------------------------------------------- */

static OrfCleanupLimits
get_limits (const Task *task)
{
  const OrfConfig *config = task->cleaner->parts.config;
  gint64 end_us = orf_clock_monotonic_us () + config->gpu.cleanup_timeout_us;

  return (OrfCleanupLimits){
    .end_us = task->order.end_us > 0 ? MIN (end_us, task->order.end_us) : end_us,
    .settle_us = config->gpu.cleanup_settle_us,
    .grace_us = config->gpu.cleanup_grace_us,
    .enough_bytes = task->order.enough_bytes,
  };
}

static OrfCleanupRow *
make_row (const Task *task)
{
  OrfCleanupRow *row = orf_cleanup_row_new ();

  row->id = task->order.id;
  row->device = g_strdup (task->order.device);
  row->trigger = task->order.trigger;
  row->actor = g_strdup (task->order.actor);
  row->reason = g_strdup (task->order.reason);
  row->level = task->order.level;
  row->started_us = orf_clock_now_us ();
  return row;
}

/* Those that are not asked, who are the last of members, into the row. */
static void
leave_out (GPtrArray *members, OrfCleanupRow *row)
{
  guint n_asked = 0;

  while (n_asked < members->len && ((OrfCleanupMember *) members->pdata[n_asked])->asked)
    n_asked++;
  for (guint i = n_asked; i < members->len; i++) {
    const OrfCleanupMember *member = members->pdata[i];

    orf_cleanup_row_leave_out (row, member->no, member->name, member->reason);
  }
  g_ptr_array_set_size (members, (gint) n_asked);
}

static void
start (Task *task)
{
  OrfCleaner *cleaner = task->cleaner;
  Device *device = ensure_device (cleaner, task->order.device);
  const OrfCleanupParts parts = get_cleanup_parts (cleaner);
  const OrfCleanupLimits limits = get_limits (task);
  g_autoptr (GPtrArray)
    members = orf_cleaner_plan (cleaner, task->order.device, task->order.worker, task->order.level);
  OrfCleanupRow *row = make_row (task);

  if (device->regain != NULL)
    orf_cleanup_regain_hurry (device->regain);
  leave_out (members, row);
  orf_store_write_cleanup (cleaner->parts.store, orf_cleanup_row_copy (row), NULL, written_cb,
                           (gpointer) "the beginning of a cleanup");
  task->cleanup = orf_cleanup_new (&parts, &limits, row, members, ended_cb, task);
}

GPtrArray *
orf_cleaner_plan (OrfCleaner *cleaner,
                  const char *device,
                  const char *worker,
                  OrfCleanupLevel level)
{
  OrfWorkers *workers = cleaner->parts.workers;
  const OrfWorker *only = worker != NULL ? orf_workers_find (workers, worker) : NULL;

  if (worker != NULL && only == NULL) /* forgotten meanwhile */
    return orf_cleanup_crew_new_empty ();
  return orf_cleanup_crew_new (workers, cleaner->parts.gpu, cleaner->history, device, only, level);
}

/* ---- orders ---------------------------------------------------------------------------------- */

gint64
orf_cleaner_take_id (OrfCleaner *cleaner)
{
  return cleaner->next_id++;
}

static gboolean
covers (const Task *task, const OrfCleanupOrder *order)
{
  return task->row == NULL && strcmp (task->order.device, order->device) == 0 &&
         task->order.level >= order->level && task->order.enough_bytes < 0 &&
         (task->order.worker == NULL || g_strcmp0 (task->order.worker, order->worker) == 0);
}

gint64
orf_cleaner_find_covering (OrfCleaner *cleaner, const OrfCleanupOrder *order)
{
  for (guint i = 0; i < cleaner->tasks->len; i++) {
    const Task *task = cleaner->tasks->pdata[i];

    if (covers (task, order))
      return task->order.id;
  }
  return 0;
}

gboolean
orf_cleaner_join (OrfCleaner *cleaner, gint64 id, OrfCleanerTold told, gpointer user_data)
{
  for (guint i = 0; i < cleaner->tasks->len; i++) {
    Task *task = cleaner->tasks->pdata[i];

    if (task->order.id == id) {
      add_waiter (task, told, user_data);
      return TRUE;
    }
  }
  return FALSE;
}

void
orf_cleaner_begin (OrfCleaner *cleaner,
                   const OrfCleanupOrder *order,
                   OrfCleanerTold told,
                   gpointer user_data)
{
  g_autoptr (GError) ends = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the daemon ends");
  Task *task = task_new (cleaner, order);

  if (task->order.id == 0)
    task->order.id = orf_cleaner_take_id (cleaner);
  add_waiter (task, told, user_data);
  g_ptr_array_add (cleaner->tasks, task);
  if (cleaner->stopped) /* its key was on its way to the disk until now */
    finish (task, ends);
  else if (find_running (cleaner, order->device) == NULL)
    start_next (cleaner, order->device);
}

/* ---- pressure -------------------------------------------------------------------------------- */

static gint64
sum_expected (const GPtrArray *members)
{
  gint64 sum_bytes = 0;

  for (guint i = 0; i < members->len; i++) {
    const OrfCleanupMember *member = members->pdata[i];

    if (member->asked)
      sum_bytes = orf_sum_add (sum_bytes, MAX (member->expected_bytes, 0));
  }
  return sum_bytes;
}

static char *
describe_pressure (const OrfGpuDevice *device)
{
  return g_strdup_printf ("memory of %s is used to %.0f %%: pressure is %s", device->device,
                          device->memory_percent,
                          orf_pressure_level_to_string (device->pressure_level));
}

/* why: what the advice is for, in words.  FALSE: there is nothing to be given back. */
static gboolean
advise (OrfCleaner *cleaner, const OrfGpuDevice *device, const char *why)
{
  g_autoptr (GPtrArray)
    members = orf_cleaner_plan (cleaner, device->device, NULL, ORF_CLEANUP_LEVEL_NORMAL);
  gint64 expected_bytes = sum_expected (members);
  g_autofree char *expected = orf_format_bytes ((double) expected_bytes);
  g_autofree char *text = g_strdup_printf ("%s; its workers can give back %s: orfeasctl gpu "
                                           "cleanup --device %s",
                                           why, expected, device->device);

  if (expected_bytes <= orf_verdict_get_tolerance_bytes (ORF_CLEANUP_MEASURE_DEVICE, 0))
    return FALSE;
  g_message ("%s", text);
  orf_event_service_note (cleaner->parts.events, text);
  return TRUE;
}

/* The id of what was begun; 0: there is nobody to ask. */
static gint64
act (OrfCleaner *cleaner,
     const OrfGpuDevice *device,
     Device *state,
     OrfCleanupTrigger trigger,
     const char *why)
{
  const OrfConfig *config = cleaner->parts.config;
  OrfCleanupLevel level = ORF_CLEANUP_LEVEL_LIGHT + (OrfCleanupLevel) config->gpu.cleanup_level;
  g_autoptr (GPtrArray) members = orf_cleaner_plan (cleaner, device->device, NULL, level);
  OrfCleanupOrder order = {
    .device = device->device,
    .level = level,
    .trigger = trigger,
    .reason = why,
    .enough_bytes = (gint64) ((double) device->total_bytes / 100 *
                              config->gpu.pressure_medium_percent),
  };

  /* Nobody to ask is no attempt, and is looked for again after the cooldown. */
  if (members->len == 0 || !((OrfCleanupMember *) members->pdata[0])->asked) {
    orf_cleanup_trigger_ended (&state->trigger, FALSE, config->gpu.cleanup_cooldown_us,
                               orf_clock_monotonic_us ());
    return 0;
  }
  orf_audit_log_note (cleaner->parts.audit, "orfeasd", "gpu.cleanup",
                      json_pack ("{s:s, s:s, s:s}", "device", device->device, "level",
                                 orf_cleanup_level_to_string (level), "reason", why));
  order.id = orf_cleaner_take_id (cleaner);
  orf_cleaner_begin (cleaner, &order, NULL, NULL);
  return order.id;
}

static void
look_at (OrfCleaner *cleaner, const OrfGpuDevice *device)
{
  const OrfConfig *config = cleaner->parts.config;
  g_autofree char *pressure = NULL;
  Device *state;

  if (config->gpu.cleanup == ORF_CONFIG_GPU_CLEANUP_OFF ||
      find_running (cleaner, device->device) != NULL)
    return;
  state = ensure_device (cleaner, device->device);
  pressure = describe_pressure (device);
  switch (orf_cleanup_trigger_decide (&state->trigger, (OrfConfigGpuCleanup) config->gpu.cleanup,
                                      device->pressure_level, orf_clock_monotonic_us ())) {
  case ORF_CLEANUP_IMPULSE_ADVISE:
    advise (cleaner, device, pressure);
    break;
  case ORF_CLEANUP_IMPULSE_ACT:
    act (cleaner, device, state, ORF_CLEANUP_TRIGGER_PRESSURE, pressure);
    break;
  case ORF_CLEANUP_IMPULSE_LIMITED:
  case ORF_CLEANUP_IMPULSE_NONE:
  default:
    break;
  }
}

void
orf_cleaner_look (OrfCleaner *cleaner)
{
  GPtrArray *devices = orf_gpu_monitor_get_devices (cleaner->parts.gpu);

  for (guint i = 0; i < devices->len && !cleaner->stopped; i++)
    look_at (cleaner, ((const OrfGpuSnapshot *) devices->pdata[i])->device);
}

/* ---- what is foretold ------------------------------------------------------------------------ */

const char *
orf_cleaner_foresee (OrfCleaner *cleaner, const char *device, const char *text, gint64 *cleanup_id)
{
  const OrfConfig *config = cleaner->parts.config;
  const OrfGpuSnapshot *snapshot =
    orf_gpu_snapshot_find (orf_gpu_monitor_get_devices (cleaner->parts.gpu), device);
  Device *state;

  *cleanup_id = 0;
  if (snapshot == NULL || cleaner->stopped)
    return "none";
  if (find_running (cleaner, device) != NULL)
    return "limited";
  state = ensure_device (cleaner, device);
  switch (orf_cleanup_trigger_foresee (
    &state->trigger, (OrfConfigGpuPredictiveCleanup) config->gpu.predictive_cleanup,
    config->gpu.predictive_cleanup_cooldown_us, orf_clock_monotonic_us ())) {
  case ORF_CLEANUP_IMPULSE_LIMITED:
    return "limited";
  case ORF_CLEANUP_IMPULSE_ACT:
    *cleanup_id = act (cleaner, snapshot->device, state, ORF_CLEANUP_TRIGGER_PREDICTION, text);
    if (*cleanup_id != 0)
      return "act";
    g_message ("%s; nobody can be asked for memory", text);
    return "advise";
  case ORF_CLEANUP_IMPULSE_ADVISE:
    if (!advise (cleaner, snapshot->device, text))
      g_message ("%s; no worker has told of memory that it could give back", text);
    return "advise";
  case ORF_CLEANUP_IMPULSE_NONE:
  default:
    return "none";
  }
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfCleaner *cleaner = self;
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, cleaner->devices);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const Device *device = value;
    const char *const labels[] = { name, NULL };

    orf_frame_add (frame, ORF_METRIC_GPU_CLEANUP_FREED_BYTES, labels, (double) device->freed_bytes);
    for (guint i = 1; i < ORF_CLEANUP_VERDICT_N; i++) {
      const char *const both[] = { name, orf_cleanup_verdict_to_string ((OrfCleanupVerdict) i),
                                   NULL };

      if (device->n_by_verdict[i] > 0)
        orf_frame_add (frame, ORF_METRIC_GPU_CLEANUP_ATTEMPTS, both,
                       (double) device->n_by_verdict[i]);
    }
  }
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfCleaner *) self)->parts.config->gpu.sample_us;
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

/* ---- life ------------------------------------------------------------------------------------ */

OrfCleaner *
orf_cleaner_new (const OrfCleanerParts *parts, GError **error)
{
  g_autoptr (OrfCleaner) cleaner = g_new0 (OrfCleaner, 1);
  gint64 max_id;

  cleaner->parts = *parts;
  cleaner->devices = orf_names_table_new (g_free, device_free);
  cleaner->tasks = g_ptr_array_new ();
  if (!orf_store_load_max_cleanup_id (parts->store, &max_id, error))
    return NULL;
  cleaner->next_id = max_id + 1;
  cleaner->history = orf_cleanup_history_new (parts->store, error);
  if (cleaner->history == NULL)
    return NULL;
  cleaner->processes = orf_process_memory_new (error);
  if (cleaner->processes == NULL)
    return NULL;
  orf_sampler_add_source (parts->sampler, &source, cleaner);
  return g_steal_pointer (&cleaner);
}

void
orf_cleaner_stop (OrfCleaner *cleaner)
{
  g_autoptr (GError) error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the daemon ends");
  guint i = 0;

  cleaner->stopped = TRUE;
  g_hash_table_remove_all (cleaner->devices);
  /* those that have ended wait for the store, which tells them when it closes */
  while (i < cleaner->tasks->len) {
    Task *task = cleaner->tasks->pdata[i];

    if (task->row != NULL)
      i++;
    else
      finish (task, error);
  }
}

void
orf_cleaner_free (OrfCleaner *cleaner)
{
  if (cleaner == NULL)
    return;
  g_hash_table_unref (cleaner->devices);
  g_ptr_array_unref (cleaner->tasks);
  orf_cleanup_history_free (cleaner->history);
  orf_process_memory_free (cleaner->processes);
  g_free (cleaner);
}

void
orf_cleaner_hurry (OrfCleaner *cleaner)
{
  for (guint i = 0; i < cleaner->tasks->len; i++) {
    Task *task = cleaner->tasks->pdata[i];

    task->order.end_us = orf_clock_monotonic_us ();
    if (task->cleanup != NULL)
      orf_cleanup_hurry (task->cleanup);
  }
}

const OrfCleanerParts *
orf_cleaner_get_parts (const OrfCleaner *cleaner)
{
  return &cleaner->parts;
}
