/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-memory.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "core/orf-sum.h"
#include "postmortem/orf-postmortem-series.h"
#include "store/orf-store-postmortem.h"
#include "store/orf-store-workers.h"

#define MAX_DEVICES 16
#define MAX_OWNERS  12
#define MAX_LEAKS   20
#define MAX_OOMS    100
#define MAX_WORKERS 500
/* A look at processes that is older tells nothing of the moment; some backends look only as often
 * as that. */
#define REACH_US (60 * ORF_US_PER_S)

typedef struct {
  OrfPostmortemFacts *facts;
  OrfConnection *connection;
  const OrfPostmortemWindow *window;
  GPtrArray *total, *allocated, *reserved; /* OrfPostmortemSeries */
  GPtrArray *workers;                      /* OrfWorkerRow */
} Memory;

/* ---- values of a series ---------------------------------------------------------------------- */

static const OrfPoint *
get_points (const OrfPostmortemSeries *series)
{
  return (const OrfPoint *) (gconstpointer) series->points->data;
}

/* The last at or before t_us and at most REACH_US older, or the first within that behind it; NAN:
 * none. */
static double
get_value_at (const OrfPostmortemSeries *series, gint64 t_us)
{
  const OrfPoint *points = get_points (series);
  guint i = 0;

  while (i < series->points->len && points[i].t_us <= t_us)
    i++;
  if (i > 0 && t_us - points[i - 1].t_us <= REACH_US)
    return points[i - 1].value;
  return i < series->points->len && points[i].t_us - t_us <= REACH_US ? points[i].value : NAN;
}

/* The highest of the window; NULL: there is none. */
static const OrfPoint *
find_highest (const OrfPostmortemSeries *series, const OrfPostmortemWindow *window)
{
  const OrfPoint *points = get_points (series), *highest = NULL;

  for (guint i = 0; i < series->points->len; i++)
    if (points[i].t_us >= window->from_us && !isnan (points[i].value) &&
        (highest == NULL || points[i].value > highest->value))
      highest = &points[i];
  return highest;
}

static const OrfPostmortemSeries *
find_device (const GPtrArray *series, const char *device)
{
  for (guint i = 0; i < series->len; i++)
    if (strcmp (orf_postmortem_series_get_label (series->pdata[i], "device"), device) == 0)
      return series->pdata[i];
  return NULL;
}

/* ---- owners ---------------------------------------------------------------------------------- */

static const OrfWorkerRow *
find_worker (const Memory *memory, gint64 pid, gint64 t_us)
{
  for (guint i = 0; i < memory->workers->len; i++) {
    const OrfWorkerRow *worker = memory->workers->pdata[i];
    gint64 gone_us = MAX (worker->lost_us, worker->left_us);

    /* one that goes is noticed a little later than its memory is */
    if (worker->pid == pid && worker->registered_us <= t_us &&
        (gone_us == 0 || gone_us + REACH_US >= t_us))
      return worker;
  }
  return NULL;
}

static void
set_share (OrfPostmortemOwner *owner, const OrfPostmortemDevice *device)
{
  if (device->has_worst_bytes && device->worst_bytes > 0)
    owner->share_percent = MIN (100.0 * (double) owner->used_bytes / (double) device->worst_bytes,
                                100.0);
}

static gint64
find_used (const GPtrArray *processes, gint64 pid)
{
  for (guint i = 0; i < processes->len; i++)
    if (((OrfPostmortemProcess *) processes->pdata[i])->pid == pid)
      return ((OrfPostmortemProcess *) processes->pdata[i])->used_bytes;
  return 0; /* it was not there */
}

static void
add_process (const Memory *memory,
             OrfPostmortemDevice *device,
             const OrfPostmortemProcess *process,
             const GPtrArray *before)
{
  const OrfWorkerRow *worker = find_worker (memory, process->pid, device->worst_us);
  OrfPostmortemOwner *owner = orf_postmortem_owner_new ();
  gint64 used_before = find_used (before, process->pid);

  owner->kind = g_strdup (worker != NULL ? "worker" : "process");
  owner->id = worker != NULL ? orf_id_format (ORF_ID_WORKER, worker->id) : NULL;
  owner->name = g_strdup (worker != NULL ? worker->name : process->name);
  owner->has_pid = TRUE;
  owner->pid = process->pid;
  owner->has_used_bytes = process->used_bytes >= 0;
  owner->used_bytes = process->used_bytes;
  owner->has_grew_bytes = owner->has_used_bytes && used_before >= 0;
  owner->grew_bytes = process->used_bytes - used_before;
  if (owner->has_used_bytes)
    set_share (owner, device);
  g_ptr_array_add (device->owners, owner);
}

static gboolean
is_told (const OrfPostmortemDevice *device, const char *name)
{
  for (guint i = 0; i < device->owners->len; i++)
    if (g_strcmp0 (((OrfPostmortemOwner *) device->owners->pdata[i])->name, name) == 0)
      return TRUE;
  return FALSE;
}

/* A worker that no backend knows as a process is told by what it reports. */
static void
add_reporter (OrfPostmortemDevice *device,
              const OrfPostmortemSeries *series,
              const OrfPostmortemWindow *window)
{
  double used = get_value_at (series, device->worst_us);
  double before = get_value_at (series, window->from_us);
  const char *name = orf_postmortem_series_get_label (series, "worker");
  OrfPostmortemOwner *owner;

  if (orf_sum_from_number (used) < 0 || is_told (device, name))
    return;
  owner = orf_postmortem_owner_new ();
  owner->kind = g_strdup ("worker");
  owner->name = g_strdup (name);
  owner->has_used_bytes = owner->has_grew_bytes = TRUE;
  owner->used_bytes = orf_sum_from_number (used);
  owner->grew_bytes = owner->used_bytes - MAX (orf_sum_from_number (before), 0);
  set_share (owner, device);
  g_ptr_array_add (device->owners, owner);
}

static int
compare_owners_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemOwner *x = *(OrfPostmortemOwner *const *) a;
  const OrfPostmortemOwner *y = *(OrfPostmortemOwner *const *) b;

  if (x->used_bytes != y->used_bytes)
    return x->used_bytes < y->used_bytes ? 1 : -1;
  return g_strcmp0 (x->name, y->name);
}

static void
cut_owners (OrfPostmortemDevice *device)
{
  g_ptr_array_sort (device->owners, compare_owners_cb);
  while (device->owners->len > MAX_OWNERS)
    orf_postmortem_owner_free (g_ptr_array_remove_index (device->owners, device->owners->len - 1));
}

static gboolean
add_owners (const Memory *memory, OrfPostmortemDevice *device, GError **error)
{
  g_autoptr (GPtrArray) then = NULL;
  g_autoptr (GPtrArray) before = NULL;

  then = orf_postmortem_read_processes (memory->connection, device->device, device->worst_us,
                                        REACH_US, error);
  if (then == NULL)
    return FALSE;
  before = orf_postmortem_read_processes (memory->connection, device->device,
                                          memory->window->from_us + REACH_US, 2 * REACH_US, error);
  if (before == NULL)
    return FALSE;
  for (guint i = 0; i < then->len; i++)
    add_process (memory, device, then->pdata[i], before);
  for (guint i = 0; i < memory->reserved->len; i++)
    if (strcmp (orf_postmortem_series_get_label (memory->reserved->pdata[i], "device"),
                device->device) == 0)
      add_reporter (device, memory->reserved->pdata[i], memory->window);
  cut_owners (device);
  return TRUE;
}

/* ---- devices --------------------------------------------------------------------------------- */

static void
set_total (const Memory *memory, OrfPostmortemDevice *device)
{
  const OrfPostmortemSeries *total = find_device (memory->total, device->device);

  if (total == NULL)
    return;
  device->total_bytes = orf_sum_from_number (get_points (total)[total->points->len - 1].value);
  device->has_total_bytes = device->total_bytes >= 0;
}

static void
set_pressure (const Memory *memory, OrfPostmortemDevice *device)
{
  const OrfPostmortemSeries *pressure = find_device (memory->facts->pressure, device->device);
  const OrfPoint *highest = pressure != NULL ? find_highest (pressure, memory->window) : NULL;

  /* the series counts from low, 0 */
  if (highest != NULL)
    device->pressure_level = g_strdup (
      orf_pressure_level_to_string (ORF_PRESSURE_LEVEL_LOW + (int) highest->value));
}

static GArray *
thin (const OrfPostmortemSeries *series, const OrfPostmortemWindow *window)
{
  return series != NULL ? orf_postmortem_series_thin (series, window)
                        : g_array_new (FALSE, FALSE, sizeof (OrfPoint));
}

static gboolean
add_device (Memory *memory, const OrfPostmortemSeries *used, GError **error)
{
  OrfPostmortemMemory *section = memory->facts->document->memory;
  const OrfPoint *worst = find_highest (used, memory->window);
  OrfPostmortemDevice *device;

  if (worst == NULL || orf_sum_from_number (worst->value) < 0)
    return TRUE;
  device = orf_postmortem_device_new ();
  g_ptr_array_add (section->devices, device);
  device->device = g_strdup (orf_postmortem_series_get_label (used, "device"));
  device->has_worst_us = device->has_worst_bytes = TRUE;
  device->worst_us = worst->t_us;
  device->worst_bytes = orf_sum_from_number (worst->value);
  device->points = orf_postmortem_series_thin (used, memory->window);
  device->allocated_points = thin (find_device (memory->allocated, device->device), memory->window);
  device->owners = g_ptr_array_new ();
  set_total (memory, device);
  set_pressure (memory, device);
  return add_owners (memory, device, error);
}

static double
get_fullness (const OrfPostmortemDevice *device)
{
  return device->has_total_bytes && device->total_bytes > 0
           ? (double) device->worst_bytes / (double) device->total_bytes
           : 0;
}

static int
compare_devices_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemDevice *x = *(OrfPostmortemDevice *const *) a;
  const OrfPostmortemDevice *y = *(OrfPostmortemDevice *const *) b;
  double fuller = get_fullness (y) - get_fullness (x);

  return fuller != 0 ? (fuller > 0 ? 1 : -1) : strcmp (x->device, y->device);
}

static gboolean
add_devices (Memory *memory, GError **error)
{
  OrfPostmortemMemory *section = memory->facts->document->memory;
  const GPtrArray *used = memory->facts->used;

  for (guint i = 0; i < MIN (used->len, MAX_DEVICES); i++)
    if (!add_device (memory, used->pdata[i], error))
      return FALSE;
  section->more = used->len > MAX_DEVICES ? used->len - MAX_DEVICES : 0;
  g_ptr_array_sort (section->devices, compare_devices_cb);
  return TRUE;
}

/* ---- out of memory --------------------------------------------------------------------------- */

/* What the count rose by; a worker that begins anew counts from 0. */
static void
add_ooms (OrfPostmortemMemory *section,
          const OrfPostmortemSeries *series,
          const OrfPostmortemWindow *window)
{
  const OrfPoint *points = get_points (series);
  double last = 0;

  for (guint i = 0; i < series->points->len; last = points[i++].value) {
    double rise = points[i].value >= last ? points[i].value - last : points[i].value;
    OrfPostmortemOom *oom;

    if (!(rise > 0) || points[i].t_us < window->from_us || section->ooms->len >= MAX_OOMS)
      continue;
    oom = orf_postmortem_oom_new ();
    oom->t_us = points[i].t_us;
    oom->device = g_strdup (orf_postmortem_series_get_label (series, "device"));
    oom->worker = g_strdup (orf_postmortem_series_get_label (series, "worker"));
    oom->errors = orf_sum_from_number (rise);
    g_ptr_array_add (section->ooms, oom);
  }
}

static int
compare_ooms_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemOom *x = *(OrfPostmortemOom *const *) a;
  const OrfPostmortemOom *y = *(OrfPostmortemOom *const *) b;

  return x->t_us != y->t_us ? (x->t_us > y->t_us) - (x->t_us < y->t_us)
                            : strcmp (x->worker, y->worker);
}

static gboolean
read_ooms (const Memory *memory, GError **error)
{
  OrfPostmortemMemory *section = memory->facts->document->memory;
  g_autoptr (GPtrArray)
    ooms = orf_postmortem_series_read (memory->connection, "worker.ooms", ORF_ROLLUP_LAST,
                                       memory->window->baseline_from_us, memory->window->to_us,
                                       error);

  if (ooms == NULL)
    return FALSE;
  for (guint i = 0; i < ooms->len; i++)
    add_ooms (section, ooms->pdata[i], memory->window);
  g_ptr_array_sort (section->ooms, compare_ooms_cb);
  return TRUE;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
read_series (
  const Memory *memory, const char *name, OrfRollupPart part, GPtrArray **series, GError **error)
{
  GPtrArray *found = orf_postmortem_series_read (memory->connection, name, part,
                                                 memory->window->baseline_from_us,
                                                 memory->window->to_us, error);

  if (found == NULL)
    return FALSE;
  g_clear_pointer (series, g_ptr_array_unref);
  *series = found;
  return TRUE;
}

static gboolean
read_all (Memory *memory, GError **error)
{
  const OrfPostmortemAsk span = { memory->window->from_us, memory->window->to_us, MAX_LEAKS };
  gint64 n_more;

  memory->workers = orf_workers_read (memory->connection, memory->window->from_us, MAX_WORKERS,
                                      error);
  return memory->workers != NULL &&
         read_series (memory, "gpu.memory.used_bytes", ORF_ROLLUP_MAX, &memory->facts->used,
                      error) &&
         read_series (memory, "gpu.pressure", ORF_ROLLUP_MAX, &memory->facts->pressure, error) &&
         read_series (memory, "gpu.memory.total_bytes", ORF_ROLLUP_LAST, &memory->total, error) &&
         read_series (memory, "gpu.memory.allocated_bytes", ORF_ROLLUP_MAX, &memory->allocated,
                      error) &&
         read_series (memory, "worker.memory.reserved_bytes", ORF_ROLLUP_MAX, &memory->reserved,
                      error) &&
         add_devices (memory, error) && read_ooms (memory, error) &&
         orf_postmortem_read (memory->connection, ORF_POSTMORTEM_LEAKS, &span,
                              memory->facts->document->memory->leaks, &n_more, error);
}

gboolean
orf_postmortem_memory_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  Memory memory = { .facts = facts, .connection = connection, .window = facts->document->window };
  gboolean done = read_all (&memory, error);

  g_clear_pointer (&memory.total, g_ptr_array_unref);
  g_clear_pointer (&memory.allocated, g_ptr_array_unref);
  g_clear_pointer (&memory.reserved, g_ptr_array_unref);
  g_clear_pointer (&memory.workers, g_ptr_array_unref);
  return done;
}
