/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state as it is in memory, behind a head that tells its version and its sum. */
#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "forecast/orf-forecaster-state.h"

#define BLOB_MAGIC   0x4346524fu /* "ORFC" */
#define BLOB_VERSION 2u          /* of the layout: another is refused */

typedef struct {
  guint32 magic, version;
  guint64 state_bytes;
  guint64 sum; /* of the state's bytes: FNV-1a */
} BlobHead;

static guint64
sum_bytes (const guint8 *data, gsize length)
{
  guint64 sum = 0xcbf29ce484222325u;

  for (gsize i = 0; i < length; i++)
    sum = (sum ^ data[i]) * 0x100000001b3u;
  return sum;
}

GBytes *
orf_forecaster_save (const OrfForecaster *self)
{
  BlobHead head = { BLOB_MAGIC, BLOB_VERSION, sizeof self->state,
                    sum_bytes ((const guint8 *) &self->state, sizeof self->state) };
  guint8 *data = g_malloc (sizeof head + sizeof self->state);

  memcpy (data, &head, sizeof head);
  memcpy (data + sizeof head, &self->state, sizeof self->state);
  return g_bytes_new_take (data, sizeof head + sizeof self->state);
}

static gboolean
is_horizon (const OrfForecasterHorizon *horizon)
{
  for (guint i = 0; i < ORF_FORECASTER_N_METHODS; i++)
    if (!(horizon->errors[i] >= 0))
      return FALSE;
  return orf_quantile_track_is_valid (&horizon->moves) &&
         orf_conformal_is_valid (&horizon->outside[0]) &&
         orf_conformal_is_valid (&horizon->outside[1]);
}

/* Beyond its sum, which only tells that nobody damaged it: nothing in it leads out of bounds. */
static gboolean
is_state (const OrfForecasterState *state)
{
  OrfForecasterSetup setup;
  g_autoptr (OrfForecaster) fresh = NULL;
  OrfForecaster self = { *state };

  if (state->n_horizons > ORF_FORECASTER_MAX_HORIZONS || isinf (state->last) ||
      isinf (state->ring.base) || isnan (state->last) != isnan (state->ring.base))
    return FALSE;
  orf_forecaster_get_setup (&self, &setup);
  fresh = orf_forecaster_new (&setup, NULL);
  for (guint i = 0; fresh != NULL && i < state->n_horizons; i++)
    if (!is_horizon (&state->horizons[i]))
      return FALSE;
  return fresh != NULL && isfinite (state->holt.trend) && !isnan (state->holt.usual) &&
         orf_leak_watch_is_valid (&state->leak);
}

OrfForecaster *
orf_forecaster_restore (GBytes *blob, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (blob, &length);
  g_autofree OrfForecaster *self = g_new0 (OrfForecaster, 1);
  BlobHead head = { 0 };

  if (length == sizeof head + sizeof self->state) {
    memcpy (&head, data, sizeof head);
    memcpy (&self->state, data + sizeof head, sizeof self->state);
  }
  if (head.magic == BLOB_MAGIC && head.version == BLOB_VERSION &&
      head.state_bytes == sizeof self->state &&
      head.sum == sum_bytes (data + sizeof head, sizeof self->state) && is_state (&self->state))
    return g_steal_pointer (&self);
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DATA_LOSS,
                       "not the saved state of a forecaster of this version");
  return NULL;
}
