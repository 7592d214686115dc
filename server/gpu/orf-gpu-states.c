/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-states.h"

#include <math.h>

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "store/orf-store-spans.h"

/* A sample holds until the next; where that many are missing, nobody knows. */
#define HOLD_SAMPLES 3
/* Of those that are taken more often: late ones are no gap. */
#define MIN_HOLD_US (3 * ORF_US_PER_S)

/* A hit rate that is recorded once a minute is known between. */
#define CACHE_HOLD_US (2 * ORF_MINUTE_US)

/* The series of whoever measures a cache. */
#define CACHE_SERIES "cache.hit_rate_percent"

struct _OrfGpuStates {
  OrfGpuStatesParts parts;
  OrfSpanStates *states;
};

static gint64
get_hold_us (const OrfGpuStates *self)
{
  return MAX (HOLD_SAMPLES * self->parts.config->gpu.sample_us, MIN_HOLD_US);
}

/* NAN: nobody says. */
static double
get_cache_percent (const OrfGpuStates *self, gint64 t_us)
{
  char *const none[] = { NULL };
  const OrfSeries *series = orf_registry_find (self->parts.registry, CACHE_SERIES, none);

  return series != NULL && t_us - series->last_us <= CACHE_HOLD_US ? series->newest : NAN;
}

/* The same that is in this frame, or in the last one that had the device. */
static GArray *
read_devices (const OrfGpuStates *self, gint64 t_us)
{
  GPtrArray *snapshots = orf_gpu_monitor_get_devices (self->parts.monitor);
  guint max = (guint) self->parts.config->trace.max_devices;
  GArray *devices = g_array_new (FALSE, FALSE, sizeof (OrfDeviceState));

  for (guint i = 0; i < snapshots->len && devices->len < max; i++) {
    const OrfGpuSnapshot *snapshot = snapshots->pdata[i];
    const OrfGpuDevice *device = snapshot->device;
    const OrfDeviceState state = {
      .device = device->device,
      .used_bytes = device->has_used_bytes ? device->used_bytes : -1,
      .pressure_level = device->pressure_level,
      .fragmentation_percent = device->fragmentation_percent,
      .utilization_percent = device->utilization_percent,
    };

    if (!snapshot->gone && device->has_sampled_us &&
        t_us - device->sampled_us <= get_hold_us (self))
      g_array_append_val (devices, state);
  }
  return devices;
}

static void
frame_cb (gpointer user_data, gint64 t_us)
{
  OrfGpuStates *self = user_data;
  g_autoptr (GArray) devices = read_devices (self, t_us);

  orf_span_states_add (self->states, t_us, get_hold_us (self),
                       (const OrfDeviceState *) (gpointer) devices->data, devices->len,
                       get_cache_percent (self, t_us));
}

OrfGpuStates *
orf_gpu_states_new (const OrfGpuStatesParts *parts)
{
  OrfGpuStates *self = g_new0 (OrfGpuStates, 1);

  self->parts = *parts;
  self->states = orf_span_states_new ();
  orf_store_set_span_states (parts->store, self->states);
  orf_sampler_add_listener (parts->sampler, frame_cb, self);
  return self;
}

void
orf_gpu_states_free (OrfGpuStates *self)
{
  orf_store_set_span_states (self->parts.store, NULL);
  orf_span_states_free (self->states);
  g_free (self);
}
