/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-monitor.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "gpu/orf-gpu-backends.h"
#include "gpu/orf-gpu-snapshot.h"
#include "orf-error.h"

/* An answer that took longer is not waited for any more: its values go with a later frame.  It is
 * as long as the sampler keeps a frame open. */
#define AWAIT_US (100 * ORF_US_PER_MS)

/* A probe of ours, and the devices that it named. */
typedef struct {
  OrfGpuMonitor *monitor;
  OrfProbeChild *child;
  const char *name;
  gboolean automatic; /* see OrfGpuBackend */
  gboolean awaited;   /* its answer is pending, and `settled` waits for it */
  gint64 asked_us;    /* monotonic */
  GPtrArray *devices; /* OrfGpuSnapshot, in the order of hello */
  char *unguarded;    /* NULL: its sandbox lacks nothing, or it has not said hello */
  gint64 sampled_us;
  guint64 n_asks;      /* that its probe took */
  guint64 sampled_ask; /* which of them brought the last sample */
  GPtrArray *looks;    /* Look, in the order they came */
} Backend;

/* Somebody waits for a sample. */
typedef struct {
  guint id;
  guint64 ask; /* the one that will do, or any later; 0: there will be none */
  char *device;
  OrfGpuLooked looked;
  gpointer user_data;
} Look;

struct _OrfGpuMonitor {
  GPtrArray *backends; /* Backend */
  GPtrArray *devices;  /* OrfGpuSnapshot that have been sampled, borrowed from the backends */
  GHashTable *held;    /* device → OrfGpuHeld, where something is known */
  OrfPressureThresholds thresholds;
  guint64 generation;
  guint pending;
  guint last_look_id;
  GPtrArray *hopeless; /* Look, of devices that no probe has */
  GSource *idle;       /* tells those whose look failed at once; NULL: none */
  GMainContext *context;
  void (*settled) (gpointer user_data);
  gpointer settled_data;
  OrfGpuSampled sampled;
  gpointer sampled_data;
};

static void
backend_free (gpointer data)
{
  Backend *backend = data;

  orf_probe_child_free (backend->child);
  g_ptr_array_unref (backend->devices);
  g_ptr_array_unref (backend->looks);
  g_free (backend->unguarded);
  g_free (backend);
}

static void
look_free (gpointer data)
{
  Look *look = data;

  g_free (look->device);
  g_free (look);
}

/* After any change of what the backends hold. */
static void
update_devices (OrfGpuMonitor *monitor)
{
  g_ptr_array_set_size (monitor->devices, 0);
  for (guint i = 0; i < monitor->backends->len; i++) {
    Backend *backend = g_ptr_array_index (monitor->backends, i);

    for (guint k = 0; k < backend->devices->len; k++) {
      OrfGpuSnapshot *snapshot = g_ptr_array_index (backend->devices, k);

      /* Of two backends that see one device the first in config has the word. */
      if (snapshot->device->has_sampled_us &&
          !orf_gpu_snapshot_find (monitor->devices, snapshot->device->device))
        g_ptr_array_add (monitor->devices, snapshot);
    }
  }
  monitor->generation++;
}

static void
ask_backend (Backend *backend)
{
  if (!orf_probe_child_ask (backend->child))
    return;
  backend->n_asks++;
  backend->awaited = TRUE;
  backend->asked_us = orf_clock_monotonic_us ();
  backend->monitor->pending++;
}

/* Each of its starts says the same, and once is enough. */
static void
note_unguarded (Backend *backend, const char *unguarded)
{
  if (g_strcmp0 (backend->unguarded, unguarded) == 0)
    return;
  if (unguarded != NULL)
    g_message ("the %s probe runs without a part of its sandbox: %s", backend->name, unguarded);
  g_free (backend->unguarded);
  backend->unguarded = g_strdup (unguarded);
}

static void
hello_cb (gpointer user_data, const OrfProbeHello *hello)
{
  Backend *backend = user_data;
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_snapshot_free);

  note_unguarded (backend, hello->unguarded);
  for (guint i = 0; i < hello->devices->len; i++) {
    const OrfProbeDevice *facts = g_ptr_array_index (hello->devices, i);
    const OrfGpuSnapshot *before = orf_gpu_snapshot_find (backend->devices, facts->device);

    g_ptr_array_add (devices, orf_gpu_snapshot_new (backend->name, facts, before));
  }
  g_ptr_array_unref (backend->devices);
  backend->devices = devices;
  update_devices (backend->monitor);
  ask_backend (backend);
}

static void
lost_cb (gpointer user_data)
{
  Backend *backend = user_data;

  for (guint i = 0; i < backend->devices->len; i++)
    orf_gpu_snapshot_set_gone (g_ptr_array_index (backend->devices, i));
  update_devices (backend->monitor);
}

static const OrfProbeDeviceSample *
find_sample (const OrfProbeSample *sample, const char *id)
{
  for (guint i = 0; i < sample->devices->len; i++) {
    const OrfProbeDeviceSample *row = g_ptr_array_index (sample->devices, i);

    if (g_str_equal (row->device, id))
      return row;
  }

  return NULL;
}

/* What another backend has the word on is not told twice. */
static void
tell_sampled (Backend *backend, const OrfProbeSample *sample)
{
  OrfGpuMonitor *monitor = backend->monitor;

  for (guint i = 0; monitor->sampled && i < backend->devices->len; i++) {
    const OrfGpuSnapshot *snapshot = g_ptr_array_index (backend->devices, i);

    if (g_ptr_array_find (monitor->devices, snapshot, NULL))
      monitor->sampled (monitor->sampled_data, snapshot,
                        find_sample (sample, snapshot->device->device), backend->sampled_us);
  }
}

static void
update (OrfGpuMonitor *monitor,
        OrfGpuSnapshot *snapshot,
        const OrfProbeDeviceSample *row,
        gint64 now_us)
{
  const OrfGpuHeld *held = g_hash_table_lookup (monitor->held, snapshot->device->device);

  orf_gpu_snapshot_update (snapshot, row, &monitor->thresholds, now_us);
  if (held != NULL)
    orf_gpu_snapshot_hold (snapshot, held);
}

static void
sample_cb (gpointer user_data, const OrfProbeSample *sample)
{
  Backend *backend = user_data;
  OrfGpuMonitor *monitor = backend->monitor;

  backend->sampled_us = orf_clock_now_us ();
  backend->sampled_ask = backend->n_asks;
  for (guint i = 0; i < backend->devices->len; i++) {
    OrfGpuSnapshot *snapshot = g_ptr_array_index (backend->devices, i);
    const OrfProbeDeviceSample *row = find_sample (sample, snapshot->device->device);

    if (row)
      update (monitor, snapshot, row, backend->sampled_us);
    else
      orf_gpu_snapshot_set_gone (snapshot);
  }
  update_devices (monitor);
  tell_sampled (backend, sample);
}

void
orf_gpu_monitor_set_held (OrfGpuMonitor *monitor, const char *device, const OrfGpuHeld *held)
{
  OrfGpuSnapshot *snapshot = orf_gpu_snapshot_find (monitor->devices, device);

  if (held->allocated_bytes < 0 && held->reserved_bytes < 0 && held->largest_free_bytes < 0)
    g_hash_table_remove (monitor->held, device);
  else
    g_hash_table_replace (monitor->held, g_strdup (device), g_memdup2 (held, sizeof *held));
  if (snapshot == NULL)
    return;
  orf_gpu_snapshot_hold (snapshot, held);
  monitor->generation++;
}

/* ---- looks ----------------------------------------------------------------------------------- */

/* Those that wait for no later ask than this.  Each may add and cancel others. */
static void
end_looks (Backend *backend, GPtrArray *looks, guint64 ask)
{
  guint i = 0;

  while (i < looks->len) {
    Look *look = g_ptr_array_index (looks, i);
    const OrfGpuSnapshot *snapshot = NULL;

    if (look->ask > ask) {
      i++;
      continue;
    }
    if (backend != NULL && look->ask > 0 && backend->sampled_ask == ask)
      snapshot = orf_gpu_snapshot_find (backend->devices, look->device);
    g_ptr_array_steal_index (looks, i);
    look->looked (look->user_data, snapshot != NULL && !snapshot->gone ? snapshot : NULL);
    look_free (look);
    i = 0;
  }
}

/* What came while another ask was open wants one of its own; where there is none, all end. */
static void
settle_looks (Backend *backend)
{
  end_looks (backend, backend->looks, backend->n_asks);
  if (backend->looks->len == 0 || orf_probe_child_is_pending (backend->child))
    return;
  ask_backend (backend);
  if (!orf_probe_child_is_pending (backend->child))
    end_looks (backend, backend->looks, G_MAXUINT64);
}

static gboolean
idle_cb (gpointer user_data)
{
  OrfGpuMonitor *monitor = user_data;

  g_clear_pointer (&monitor->idle, g_source_unref);
  end_looks (NULL, monitor->hopeless, 0);
  return G_SOURCE_REMOVE;
}

static void
give_up (OrfGpuMonitor *monitor, Look *look)
{
  look->ask = 0;
  g_ptr_array_add (monitor->hopeless, look);
  if (monitor->idle != NULL)
    return;
  monitor->idle = g_idle_source_new ();
  g_source_set_callback (monitor->idle, idle_cb, monitor, NULL);
  g_source_attach (monitor->idle, monitor->context);
}

/* Whose sample it is that counts; NULL: nobody has such a device. */
static Backend *
find_backend (OrfGpuMonitor *monitor, const char *device)
{
  const OrfGpuSnapshot *told = orf_gpu_snapshot_find (monitor->devices, device);

  for (guint i = 0; told != NULL && i < monitor->backends->len; i++) {
    Backend *backend = g_ptr_array_index (monitor->backends, i);

    if (g_str_equal (backend->name, told->device->backend))
      return backend;
  }
  return NULL;
}

guint
orf_gpu_monitor_look (OrfGpuMonitor *monitor,
                      const char *device,
                      OrfGpuLooked looked,
                      gpointer user_data)
{
  Backend *backend = find_backend (monitor, device);
  Look *look = g_new0 (Look, 1);

  *look = (Look){
    .id = ++monitor->last_look_id,
    .device = g_strdup (device),
    .looked = looked,
    .user_data = user_data,
  };
  if (backend == NULL) {
    give_up (monitor, look);
  } else if (orf_probe_child_is_pending (backend->child)) {
    look->ask = backend->n_asks + 1;
    g_ptr_array_add (backend->looks, look);
  } else {
    ask_backend (backend);
    look->ask = backend->n_asks;
    if (orf_probe_child_is_pending (backend->child))
      g_ptr_array_add (backend->looks, look);
    else
      give_up (monitor, look);
  }
  return look->id;
}

static gboolean
drop_look (GPtrArray *looks, guint id)
{
  for (guint i = 0; i < looks->len; i++) {
    if (((Look *) g_ptr_array_index (looks, i))->id == id) {
      g_ptr_array_remove_index (looks, i);
      return TRUE;
    }
  }
  return FALSE;
}

void
orf_gpu_monitor_cancel_look (OrfGpuMonitor *monitor, guint id)
{
  if (drop_look (monitor->hopeless, id))
    return;
  for (guint i = 0; i < monitor->backends->len; i++) {
    Backend *backend = g_ptr_array_index (monitor->backends, i);

    if (drop_look (backend->looks, id))
      return;
  }
}

static guint
count_awaited (OrfGpuMonitor *monitor)
{
  guint n = 0;

  for (guint i = 0; i < monitor->backends->len; i++)
    n += ((Backend *) g_ptr_array_index (monitor->backends, i))->awaited;

  return n;
}

static void
settled_cb (gpointer user_data)
{
  Backend *backend = user_data;
  OrfGpuMonitor *monitor = backend->monitor;
  gboolean was_awaited = backend->awaited;

  monitor->pending--;
  backend->awaited = FALSE;
  if (was_awaited && count_awaited (monitor) == 0 && monitor->settled)
    monitor->settled (monitor->settled_data);
  settle_looks (backend);
}

static const OrfProbeChildEvents child_events = {
  .hello = hello_cb,
  .sample = sample_cb,
  .lost = lost_cb,
  .settled = settled_cb,
};

static void
add_backend (OrfGpuMonitor *monitor,
             const OrfGpuBackend *named,
             const OrfConfig *config,
             const char *probe_path,
             GMainContext *context)
{
  g_auto (GStrv) arguments = orf_gpu_backends_dup_arguments (named->name, config);
  Backend *backend = g_new0 (Backend, 1);
  OrfProbeOptions options = {
    .program = probe_path,
    .backend = named->name,
    .arguments = (const char *const *) arguments,
    .start_timeout_us = config->gpu.probe_start_timeout_us,
    .timeout_us = config->gpu.probe_timeout_us,
    .backoff_us = config->gpu.probe_backoff_us,
    .backoff_max_us = MAX (config->gpu.probe_backoff_max_us, config->gpu.probe_backoff_us),
  };

  backend->monitor = monitor;
  backend->name = named->name;
  backend->automatic = named->automatic;
  backend->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_snapshot_free);
  backend->looks = g_ptr_array_new_with_free_func (look_free);
  g_ptr_array_add (monitor->backends, backend);
  backend->child = orf_probe_child_new (&options, &child_events, backend, context);
}

OrfGpuMonitor *
orf_gpu_monitor_new (const OrfConfig *config,
                     const char *probe_path,
                     GMainContext *context,
                     GError **error)
{
  g_autoptr (GArray) backends = orf_gpu_backends_resolve (config->gpu.backends, error);
  OrfGpuMonitor *monitor = NULL;

  if (!backends)
    return NULL;

  monitor = g_new0 (OrfGpuMonitor, 1);
  monitor->backends = g_ptr_array_new_with_free_func (backend_free);
  monitor->devices = g_ptr_array_new ();
  monitor->held = orf_names_table_new (g_free, g_free);
  monitor->hopeless = g_ptr_array_new_with_free_func (look_free);
  monitor->context = context != NULL ? g_main_context_ref (context) : NULL;
  orf_gpu_monitor_reload (monitor, config);
  for (guint i = 0; i < backends->len; i++)
    add_backend (monitor, &g_array_index (backends, OrfGpuBackend, i), config, probe_path, context);

  return monitor;
}

void
orf_gpu_monitor_free (OrfGpuMonitor *monitor)
{
  if (!monitor)
    return;

  if (monitor->idle != NULL) {
    g_source_destroy (monitor->idle);
    g_source_unref (monitor->idle);
  }
  g_clear_pointer (&monitor->context, g_main_context_unref);
  g_ptr_array_unref (monitor->hopeless);
  g_ptr_array_unref (monitor->devices);
  g_hash_table_unref (monitor->held);
  g_ptr_array_unref (monitor->backends);
  g_free (monitor);
}

void
orf_gpu_monitor_reload (OrfGpuMonitor *monitor, const OrfConfig *config)
{
  monitor->thresholds.medium_percent = config->gpu.pressure_medium_percent;
  monitor->thresholds.high_percent = config->gpu.pressure_high_percent;
  monitor->thresholds.critical_percent = config->gpu.pressure_critical_percent;
}

void
orf_gpu_monitor_set_settled (OrfGpuMonitor *monitor,
                             void (*settled) (gpointer user_data),
                             gpointer user_data)
{
  monitor->settled = settled;
  monitor->settled_data = user_data;
}

void
orf_gpu_monitor_set_sampled (OrfGpuMonitor *monitor, OrfGpuSampled sampled, gpointer user_data)
{
  monitor->sampled = sampled;
  monitor->sampled_data = user_data;
}

guint
orf_gpu_monitor_ask (OrfGpuMonitor *monitor)
{
  gint64 now_us = orf_clock_monotonic_us ();

  for (guint i = 0; i < monitor->backends->len; i++) {
    Backend *backend = g_ptr_array_index (monitor->backends, i);

    ask_backend (backend);
    if (backend->asked_us < now_us - AWAIT_US)
      backend->awaited = FALSE;
  }

  return count_awaited (monitor);
}

guint
orf_gpu_monitor_get_pending (OrfGpuMonitor *monitor)
{
  return monitor->pending;
}

GPtrArray *
orf_gpu_monitor_get_devices (OrfGpuMonitor *monitor)
{
  return monitor->devices;
}

guint64
orf_gpu_monitor_get_generation (OrfGpuMonitor *monitor)
{
  return monitor->generation;
}

gboolean
orf_gpu_monitor_wants_burst (OrfGpuMonitor *monitor)
{
  for (guint i = 0; i < monitor->devices->len; i++) {
    const OrfGpuSnapshot *snapshot = g_ptr_array_index (monitor->devices, i);

    if (orf_pressure_wants_burst (snapshot->device->pressure_level))
      return TRUE;
  }

  return FALSE;
}

guint
orf_gpu_monitor_get_n_sources (OrfGpuMonitor *monitor)
{
  return monitor->backends->len;
}

OrfGpuSource
orf_gpu_monitor_get_source (OrfGpuMonitor *monitor, guint index)
{
  const Backend *backend = g_ptr_array_index (monitor->backends, index);
  OrfGpuSource source = {
    .backend = backend->name,
    .state = orf_probe_child_get_state (backend->child),
    .reason = orf_probe_child_get_reason (backend->child),
    .pid = orf_probe_child_get_pid (backend->child),
    .rss_bytes = orf_probe_child_get_rss_bytes (backend->child),
    .restarts = orf_probe_child_get_restarts (backend->child),
    .sampled_us = backend->sampled_us,
    .unguarded = backend->unguarded,
    .absent = backend->automatic && orf_probe_child_has_declined (backend->child),
  };

  return source;
}
