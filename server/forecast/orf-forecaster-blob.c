/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <math.h>

#include "orf-error.h"

#include "forecast/orf-forecaster-state.h"
#include "stats/orf-state-blob.h"

#define BLOB_MAGIC   0x4346524fu /* "ORFC" */
#define BLOB_VERSION 2u          /* of the layout: another is refused */

GBytes *
orf_forecaster_save (const OrfForecaster *self)
{
  return orf_state_blob_pack (BLOB_MAGIC, BLOB_VERSION, &self->state, sizeof self->state);
}

static gboolean
is_horizon (const OrfForecasterHorizon *horizon)
{
  for (guint i = 0; i < ORF_FORECASTER_N_METHODS; i++)
    if (!(horizon->errors[i] >= 0 && horizon->errors[i] <= FLT_MAX))
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
      !orf_row_ring_is_valid (&state->ring) || isnan (state->last) != isnan (state->ring.base))
    return FALSE;
  orf_forecaster_get_setup (&self, &setup);
  fresh = orf_forecaster_new (&setup, NULL);
  for (guint i = 0; fresh != NULL && i < state->n_horizons; i++)
    if (!is_horizon (&state->horizons[i]))
      return FALSE;
  return fresh != NULL && orf_holt_is_valid (&state->holt) &&
         orf_leak_watch_is_valid (&state->leak);
}

OrfForecaster *
orf_forecaster_restore (GBytes *blob, GError **error)
{
  gsize length = 0;
  g_autofree OrfForecasterState *state = orf_state_blob_unpack (BLOB_MAGIC, BLOB_VERSION, blob,
                                                                &length);
  OrfForecaster *self;

  if (state == NULL || length != sizeof *state || !is_state (state)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DATA_LOSS,
                         "not the saved state of a forecaster of this version");
    return NULL;
  }
  self = g_new0 (OrfForecaster, 1);
  self->state = *state;
  return self;
}
