/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-frame.h"

#include <math.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"

/* What a worker without a device has as its label. */
#define NO_DEVICE "none"

/* A name that has series.  They are the registry's for idle_us after the last of their values. */
typedef struct {
  gint64 used_us;     /* monotonic */
  gint64 reported_us; /* the report that was told last */
  gint64 n_batches;   /* the same; they count when they are on disk, which is later */
  gboolean up, lost;  /* as told last */
} Slot;

struct _OrfWorkerFrame {
  OrfWorkers *workers;
  const OrfConfig *config;
  GHashTable *slots; /* OrfWorker.label → Slot */
  gint64 started_us; /* reports of before are not told again */
};

static gboolean
is_idle (gpointer key, gpointer value, gpointer user_data)
{
  const Slot *slot = value;
  const OrfWorkerFrame *frame = user_data;

  return orf_clock_monotonic_us () - slot->used_us > frame->config->metrics.idle_us;
}

/* NULL: there are enough. */
static Slot *
ensure_slot (OrfWorkerFrame *frame, const OrfWorker *worker)
{
  Slot *slot = g_hash_table_lookup (frame->slots, worker->label);

  if (slot != NULL || !orf_worker_is_live (worker))
    return slot;
  if (g_hash_table_size (frame->slots) >= frame->config->workers.max_with_series)
    g_hash_table_foreach_remove (frame->slots, is_idle, frame);
  if (g_hash_table_size (frame->slots) >= frame->config->workers.max_with_series)
    return NULL;
  slot = g_new0 (Slot, 1);
  slot->reported_us = frame->started_us;
  slot->n_batches = worker->n_batches;
  g_hash_table_insert (frame->slots, g_strdup (worker->label), slot);
  return slot;
}

static double
from_known (gint64 value)
{
  return value >= 0 ? (double) value : NAN;
}

static void
fill_report (OrfFrame *frame, const char *const *labels, const OrfWorker *worker)
{
  const OrfAllocator *allocator = &worker->allocator;
  const struct {
    OrfMetricId metric;
    gint64 value;
  } values[] = {
    { ORF_METRIC_WORKER_MEMORY_ALLOCATED_BYTES, allocator->allocated_bytes },
    { ORF_METRIC_WORKER_MEMORY_RESERVED_BYTES, allocator->reserved_bytes },
    { ORF_METRIC_WORKER_MEMORY_ACTIVE_BYTES, allocator->active_bytes },
    { ORF_METRIC_WORKER_MEMORY_INACTIVE_SPLIT_BYTES, allocator->inactive_split_bytes },
    { ORF_METRIC_WORKER_MEMORY_LARGEST_FREE_BYTES, allocator->largest_free_bytes },
    { ORF_METRIC_WORKER_OOMS, allocator->ooms },
    { ORF_METRIC_WORKER_RETRIES, allocator->retries },
    { ORF_METRIC_WORKER_BATCHES, worker->n_batches },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_frame_add (frame, values[i].metric, labels, from_known (values[i].value));
}

/* A report told twice would be a sample that was never taken; that it is there is one each time. */
static void
fill_worker (OrfFrame *frame, Slot *slot, const OrfWorker *worker)
{
  const char *const labels[] = { worker->device != NULL ? worker->device : NO_DEVICE, worker->label,
                                 NULL };
  gboolean up = orf_worker_is_live (worker);
  gboolean lost = worker->state == ORF_WORKER_STATE_LOST;

  if (up && (worker->reported_us > slot->reported_us || worker->n_batches > slot->n_batches))
    fill_report (frame, labels, worker);
  if (up || slot->up || slot->lost != lost) {
    orf_frame_add (frame, ORF_METRIC_WORKER_UP, labels, up);
    orf_frame_add (frame, ORF_METRIC_WORKER_LOST, labels, lost);
  }
  if (up)
    slot->used_us = orf_clock_monotonic_us ();
  slot->reported_us = worker->reported_us;
  slot->n_batches = worker->n_batches;
  slot->up = up;
  slot->lost = lost;
}

/* Of several with one label at most one is live. */
static gboolean
has_successor (const GPtrArray *all, guint i)
{
  const OrfWorker *worker = all->pdata[i];

  for (guint k = 0; k < all->len; k++) {
    const OrfWorker *other = all->pdata[k];

    if (other != worker && g_str_equal (other->label, worker->label) &&
        (orf_worker_is_live (other) || k > i))
      return TRUE;
  }
  return FALSE;
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfWorkerFrame *source = self;
  const GPtrArray *all = orf_workers_get_all (source->workers);

  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *worker = all->pdata[i];
    Slot *slot = ensure_slot (source, worker);

    if (slot != NULL &&
        (orf_worker_is_live (worker) || ((slot->up || slot->lost) && !has_successor (all, i))))
      fill_worker (frame, slot, worker);
  }
}

/* That of devices, so that both are in one frame. */
static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfWorkerFrame *) self)->config->gpu.sample_us;
}

static const OrfSamplerSource ops = { .fill = fill_cb, .get_period_us = get_period_us_cb };

OrfWorkerFrame *
orf_worker_frame_new (OrfWorkers *workers, OrfSampler *sampler, const OrfConfig *config)
{
  OrfWorkerFrame *frame = g_new0 (OrfWorkerFrame, 1);

  frame->workers = workers;
  frame->config = config;
  frame->started_us = orf_clock_now_us ();
  frame->slots = orf_names_table_new (g_free, g_free);
  orf_sampler_add_source (sampler, &ops, frame);
  return frame;
}

void
orf_worker_frame_free (OrfWorkerFrame *frame)
{
  g_hash_table_unref (frame->slots);
  g_free (frame);
}
