/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-rates.h"

#include "anomaly/orf-anomaly-watch.h"
#include "core/orf-clock.h"

#define DAY_US (86400 * ORF_US_PER_S)
/* Within less than that a rate a day is a guess. */
#define LEAST_US (3600 * ORF_US_PER_S)
#define MAX_TOLD 10000

typedef struct {
  gint64 at_us;
  char *detector;
} Told;

struct _OrfAnomalyRates {
  gint64 began_us, last_id;
  guint64 n_found[ORF_ANOMALY_KIND_N][ORF_SEVERITY_N];
  GArray *told;          /* Told, of the last day, by time of telling */
  GHashTable *detectors; /* that ever told one since the start */
};

static void
clear_told (gpointer data)
{
  g_free (((Told *) data)->detector);
}

OrfAnomalyRates *
orf_anomaly_rates_new (gint64 now_us)
{
  OrfAnomalyRates *rates = g_new0 (OrfAnomalyRates, 1);

  rates->began_us = now_us;
  rates->told = g_array_new (FALSE, FALSE, sizeof (Told));
  g_array_set_clear_func (rates->told, clear_told);
  rates->detectors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return rates;
}

void
orf_anomaly_rates_free (OrfAnomalyRates *rates)
{
  if (rates == NULL)
    return;
  g_array_unref (rates->told);
  g_hash_table_unref (rates->detectors);
  g_free (rates);
}

void
orf_anomaly_rates_note (OrfAnomalyRates *rates, const OrfAnomalyRecord *row)
{
  Told told = { orf_clock_now_us (), NULL };

  /* ids rise: a known one has been counted */
  if (row->id <= rates->last_id)
    return;
  rates->last_id = row->id;
  rates->n_found[row->kind][row->severity]++;
  if (row->severity == ORF_SEVERITY_INFO)
    return;
  g_hash_table_add (rates->detectors, g_strdup (row->detector));
  if (rates->told->len >= MAX_TOLD)
    return;
  told.detector = g_strdup (row->detector);
  g_array_append_val (rates->told, told);
}

static double
get_per_day (OrfAnomalyRates *rates, const char *detector, gint64 now_us)
{
  gint64 span_us = CLAMP (now_us - rates->began_us, LEAST_US, DAY_US);
  guint n = 0;

  for (guint i = 0; i < rates->told->len; i++)
    n += g_str_equal (g_array_index (rates->told, Told, i).detector, detector);
  return n * (double) DAY_US / (double) span_us;
}

/* And what was told by a clock that was ahead: it would stay until that time comes. */
static void
forget_old (OrfAnomalyRates *rates, gint64 now_us)
{
  for (guint i = rates->told->len; i > 0; i--) {
    gint64 at_us = g_array_index (rates->told, Told, i - 1).at_us;

    if (at_us < now_us - DAY_US || at_us > now_us + LEAST_US)
      g_array_remove_index (rates->told, i - 1);
  }
}

void
orf_anomaly_rates_fill (OrfAnomalyRates *rates, OrfFrame *frame, gint64 now_us)
{
  GHashTableIter iter;
  gpointer detector;

  forget_old (rates, now_us);
  for (OrfAnomalyKind kind = 0; kind < ORF_ANOMALY_KIND_N; kind++)
    for (OrfSeverity severity = 0; severity < ORF_SEVERITY_N; severity++) {
      const char *const labels[] = { orf_anomaly_kind_to_string (kind),
                                     orf_severity_to_string (severity), NULL };

      if (rates->n_found[kind][severity] > 0)
        orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_FOUND, labels,
                       (double) rates->n_found[kind][severity]);
    }
  g_hash_table_iter_init (&iter, rates->detectors);
  while (g_hash_table_iter_next (&iter, &detector, NULL)) {
    const char *const labels[] = { detector, NULL };

    orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_REALISED_PER_DAY, labels,
                   get_per_day (rates, detector, now_us));
  }
}
