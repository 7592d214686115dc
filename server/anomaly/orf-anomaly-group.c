/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-anomaly-group.h"
#include "orf-error.h"
#include "stats/orf-state-blob.h"

#include <math.h>
#include <string.h>

#define BLOB_MAGIC   0x4152464fu /* "OFRA" */
#define BLOB_VERSION 1u          /* of the layout: another is refused */

/* What each other series counts that says something too: they are not independent. */
#define OTHERS_SHARE .1f
/* What the axes say is one question, against the many that the detectors are asked. */
#define TOGETHER_WEIGHT 2

struct _OrfAnomalyGroup {
  OrfAnomalySetup setup;
  OrfAlarmGate gate;
  gint64 last_us;
  gboolean begun;
  OrfAnomalyWatch watches[]; /* and, of several series, an OrfDecayedPca after them */
};

static gsize
get_bytes (guint n_series)
{
  gsize bytes = sizeof (OrfAnomalyGroup) + n_series * sizeof (OrfAnomalyWatch);

  G_STATIC_ASSERT (sizeof (OrfAnomalyWatch) % sizeof (double) == 0);
  return n_series > 1 ? bytes + orf_decayed_pca_get_bytes (n_series) : bytes;
}

/* NULL: of one series. */
static OrfDecayedPca *
get_pca (const OrfAnomalyGroup *self)
{
  if (self->setup.n_series < 2)
    return NULL;
  return (OrfDecayedPca *) (gpointer) (self->watches + self->setup.n_series);
}

static gboolean
is_setup (const OrfAnomalySetup *setup)
{
  return setup->n_series >= 1 && setup->n_series <= ORF_DECAYED_PCA_MAX && setup->step_us > 0 &&
         setup->alarms_per_day > 0 && isfinite (setup->alarms_per_day);
}

OrfAnomalyGroup *
orf_anomaly_group_new (const OrfAnomalySetup *setup, GError **error)
{
  OrfAnomalyGroup *self;
  OrfDecayedPca *pca;

  if (!is_setup (setup)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "1 to %u series, with a step and a number of alarms a day above 0",
                 ORF_DECAYED_PCA_MAX);
    return NULL;
  }
  self = g_malloc0 (get_bytes (setup->n_series));
  self->setup = *setup;
  orf_alarm_gate_init (&self->gate, setup->step_us, setup->alarms_per_day);
  for (guint i = 0; i < setup->n_series; i++)
    orf_anomaly_watch_init (&self->watches[i], setup->step_us, (setup->counters >> i & 1) != 0);
  pca = get_pca (self);
  if (pca != NULL)
    orf_decayed_pca_init (pca, setup->n_series, setup->number * 8);
  return self;
}

void
orf_anomaly_group_free (OrfAnomalyGroup *self)
{
  g_free (self);
}

static void
take (OrfAnomalyGroupVerdict *verdict, guint series, const OrfAnomalyVerdict *said)
{
  verdict->series = series;
  verdict->detector = said->detector;
  verdict->score = said->score;
  verdict->expected = said->expected;
  verdict->lower = said->lower;
  verdict->upper = said->upper;
}

/* In verdict the strangest series; the sum of what all say. */
static float
judge_each (OrfAnomalyGroup *self,
            gint64 t_us,
            const double *values,
            OrfAnomalyGroupVerdict *verdict)
{
  float sum = 0;

  for (guint i = 0; i < self->setup.n_series; i++) {
    OrfAnomalyVerdict said;

    if (!orf_anomaly_watch_push (&self->watches[i], t_us, values[i], &said))
      continue;
    sum += said.score;
    if (said.score > verdict->score)
      take (verdict, i, &said);
  }
  return sum;
}

/* Each row's distance from what the series' own past tells is not what the axes are given: those
 * know their levels themselves, and see what is new at the same time in several. */
static void
judge_together (OrfAnomalyGroup *self,
                const double *values,
                float sum,
                OrfAnomalyGroupVerdict *verdict)
{
  OrfDecayedPca *pca = get_pca (self);
  float alone = verdict->score, together;
  guint strongest;

  if (pca == NULL)
    return;
  together = TOGETHER_WEIGHT * orf_decayed_pca_push (pca, values, &strongest);
  if (together > alone) {
    verdict->detector = ORF_N_DETECTORS;
    verdict->series = strongest;
    verdict->expected = verdict->lower = verdict->upper = NAN;
  }
  verdict->score = fmaxf (0, alone + OTHERS_SHARE * (sum - alone) -
                               log10f ((float) self->setup.n_series)) +
                   together;
}

gboolean
orf_anomaly_group_push (OrfAnomalyGroup *self,
                        gint64 t_us,
                        const double *values,
                        OrfAnomalyGroupVerdict *verdict)
{
  OrfAnomalyGroupVerdict said = { .expected = NAN, .lower = NAN, .upper = NAN };
  float sum;

  if (self->begun && t_us <= self->last_us)
    return FALSE;
  self->begun = TRUE;
  self->last_us = t_us;
  sum = judge_each (self, t_us, values, &said);
  judge_together (self, values, sum, &said);
  said.alarm = orf_alarm_gate_push (&self->gate, &said.score);
  *verdict = said;
  return TRUE;
}

guint
orf_anomaly_group_get_n_series (const OrfAnomalyGroup *self)
{
  return self->setup.n_series;
}

gsize
orf_anomaly_group_get_bytes (const OrfAnomalyGroup *self)
{
  return get_bytes (self->setup.n_series);
}

/* ---- saved -------------------------------------------------------------------------------------
 */

GBytes *
orf_anomaly_group_save (const OrfAnomalyGroup *self)
{
  return orf_state_blob_pack (BLOB_MAGIC, BLOB_VERSION, self, get_bytes (self->setup.n_series));
}

static gboolean
is_group (const OrfAnomalyGroup *self, gsize length)
{
  const OrfDecayedPca *pca;

  if (length < sizeof *self || !is_setup (&self->setup) ||
      length != get_bytes (self->setup.n_series) || !isfinite (self->gate.threshold))
    return FALSE;
  for (guint i = 0; i < self->setup.n_series; i++)
    if (!orf_anomaly_watch_is_valid (&self->watches[i]))
      return FALSE;
  pca = get_pca (self);
  return pca == NULL || orf_decayed_pca_is_valid (pca, self->setup.n_series);
}

OrfAnomalyGroup *
orf_anomaly_group_restore (GBytes *blob, GError **error)
{
  gsize length = 0;
  g_autofree OrfAnomalyGroup *self = orf_state_blob_unpack (BLOB_MAGIC, BLOB_VERSION, blob,
                                                            &length);

  if (self != NULL && is_group (self, length))
    return g_steal_pointer (&self);
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DATA_LOSS,
                       "not the saved state of an anomaly group of this version");
  return NULL;
}
