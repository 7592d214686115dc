/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-largest.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "gpu/orf-gpu-snapshot.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* A device that computes is used, whoever does it. */
#define IDLE_PERCENT 5.0
/* Loading a driver and writing some GiB a dozen times. */
#define START_US (20 * ORF_US_PER_S)
#define ASK_US   (20 * ORF_US_PER_S)
/* How often it is looked at whether the probe has given up. */
#define LOOK_MS 100
/* Beside what it is to allocate: the driver itself, in the host's memory. */
#define PROBE_BYTES (G_GINT64_CONSTANT (2) << 30)

struct _OrfLargest {
  OrfLargestParts parts;
  char *probe_path;
  /* What runs; NULL call: nothing. */
  OrfCall *call;
  OrfProbeChild *child;
  guint look_id;
  gint64 started_us;
  gint64 cap_bytes;
  gint64 largest_bytes; /* -1: not answered yet */
};

/* ---- whether it may be ----------------------------------------------------------------------- */

static gboolean
are_processes_known (const OrfLargest *largest, const char *id)
{
  GPtrArray *devices = orf_orphans_get_devices (largest->parts.orphans);

  for (guint i = 0; i < devices->len; i++) {
    const OrfDeviceOrphans *device = g_ptr_array_index (devices, i);

    if (g_str_equal (device->device, id))
      return device->unknown == NULL;
  }
  return FALSE;
}

/* NULL: nobody else uses it, as far as can be known. */
static char *
find_user (const OrfLargest *largest, const OrfGpuSnapshot *snapshot)
{
  const OrfGpuDevice *device = snapshot->device;
  guint n_workers = largest->parts.count_workers (largest->parts.user_data, device->device);

  if (n_workers > 0)
    return g_strdup_printf ("%u workers use %s", n_workers, device->device);
  if (device->processes->len > 0)
    return g_strdup_printf ("%u processes use %s", device->processes->len, device->device);
  if (device->utilization_percent > IDLE_PERCENT)
    return g_strdup_printf ("%s is computing", device->device);
  /* Of the host's memory half is left free, so that others cannot be in need of it. */
  if (!snapshot->unified && !are_processes_known (largest, device->device))
    return g_strdup_printf ("whether others use %s is not told", device->device);
  return NULL;
}

static GError *
refuse (const OrfLargest *largest, const char *id, const OrfGpuSnapshot *snapshot)
{
  g_autofree char *user = NULL;

  if (!largest->parts.config->gpu.largest_block)
    return g_error_new (ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                        "[gpu] largest_block is false: it takes memory to see how much there is");
  if (!snapshot)
    return orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL, "no device '%s'", id);
  if (largest->call)
    return g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                        "the largest block of a device is being looked for; one at a time");
  if (snapshot->gone || !snapshot->device->has_free_bytes)
    return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "how much is free of %s is not known",
                        id);
  user = find_user (largest, snapshot);
  return user ? g_error_new (ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                             "%s: only a device that nobody uses is asked", user)
              : NULL;
}

/* ---- the probe ------------------------------------------------------------------------------- */

/* Takes the call; exactly one of result and error. */
static void
finish (OrfLargest *largest, GError *error)
{
  OrfCall *call = g_steal_pointer (&largest->call);
  OrfGpuLargestResult result = {
    .largest_bytes = MAX (largest->largest_bytes, 0),
    .capped = largest->largest_bytes >= largest->cap_bytes,
    .cap_bytes = largest->cap_bytes,
    .took_us = orf_clock_monotonic_us () - largest->started_us,
  };

  g_clear_handle_id (&largest->look_id, g_source_remove);
  g_clear_pointer (&largest->child, orf_probe_child_free);
  if (error)
    orf_call_fail (call, error);
  else
    orf_call_return_gpu_largest (call, &result);
}

/* Not from an event of the child, which may not be freed there. */
static gboolean
look_cb (gpointer user_data)
{
  OrfLargest *largest = user_data;
  OrfProbeState state = orf_probe_child_get_state (largest->child);

  if (largest->largest_bytes >= 0) {
    finish (largest, NULL);
  } else if (state == ORF_PROBE_UNAVAILABLE) {
    finish (largest, g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s",
                                  orf_probe_child_get_reason (largest->child)));
  } else if (state == ORF_PROBE_OPERATIONAL && !orf_probe_child_is_pending (largest->child)) {
    finish (largest, g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                                  "the device could not be asked; the log says why"));
  } else {
    return G_SOURCE_CONTINUE;
  }
  return G_SOURCE_REMOVE;
}

static void
hello_cb (gpointer user_data, const OrfProbeHello *hello)
{
  OrfLargest *largest = user_data;

  orf_probe_child_ask (largest->child);
}

static void
sample_cb (gpointer user_data, const OrfProbeSample *sample)
{
  OrfLargest *largest = user_data;
  const OrfProbeDeviceSample *device = sample->devices->len > 0
                                         ? g_ptr_array_index (sample->devices, 0)
                                         : NULL;

  if (device && device->has_largest_free_bytes)
    largest->largest_bytes = device->largest_free_bytes;
}

static void
ignore_cb (gpointer user_data)
{
  /* look_cb sees it. */
}

static const OrfProbeChildEvents child_events = {
  .hello = hello_cb,
  .sample = sample_cb,
  .lost = ignore_cb,
  .settled = ignore_cb,
};

static void
start (OrfLargest *largest, OrfCall *call, const OrfGpuSnapshot *snapshot)
{
  const OrfConfig *config = largest->parts.config;
  gint64 free_bytes = snapshot->device->free_bytes;
  g_autofree char *device = g_strdup_printf ("device=%s", snapshot->device->device);
  g_autofree char *max = NULL;
  const char *arguments[] = { device, NULL, config->gpu.probe_sandbox ? NULL : "sandbox=off",
                              NULL };
  OrfProbeOptions options = {
    .program = largest->probe_path,
    .backend = "largest",
    .start_timeout_us = START_US,
    .timeout_us = ASK_US,
    .backoff_us = START_US, /* not again: it is ended before */
    .backoff_max_us = START_US,
  };

  largest->cap_bytes = MIN (config->gpu.max_largest_block_bytes,
                            snapshot->unified ? free_bytes / 2 : free_bytes);
  max = g_strdup_printf ("max_bytes=%" G_GINT64_FORMAT, MAX (largest->cap_bytes, 1));
  arguments[1] = max;
  options.arguments = arguments;
  options.max_rss_bytes = largest->cap_bytes + PROBE_BYTES;
  largest->call = call;
  largest->largest_bytes = -1;
  largest->started_us = orf_clock_monotonic_us ();
  largest->child = orf_probe_child_new (&options, &child_events, largest, NULL);
  largest->look_id = g_timeout_add (LOOK_MS, look_cb, largest);
}

static void
largest_cb (OrfCall *call, const OrfGpuLargestParams *params, gpointer user_data)
{
  OrfLargest *largest = user_data;
  const OrfGpuSnapshot *snapshot =
    orf_gpu_snapshot_find (orf_gpu_monitor_get_devices (largest->parts.monitor), params->device);
  GError *error = refuse (largest, params->device, snapshot);

  if (error)
    orf_call_fail (call, error);
  else
    start (largest, call, snapshot);
}

OrfLargest *
orf_largest_new (OrfRouter *router, const OrfLargestParts *parts)
{
  OrfLargest *largest = g_new0 (OrfLargest, 1);

  largest->parts = *parts;
  largest->probe_path = g_strdup (parts->probe_path);
  orf_bind_gpu_largest (router, largest_cb, largest);
  return largest;
}

void
orf_largest_free (OrfLargest *largest)
{
  if (!largest)
    return;

  if (largest->call)
    finish (largest, g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the daemon is ending"));
  g_free (largest->probe_path);
  g_free (largest);
}
