/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-quiets.h"

#include "anomalies/orf-anomaly-info.h"
#include "anomalies/orf-anomaly-job.h"

struct _OrfAnomalyQuiets {
  GHashTable *by_id; /* OrfAnomalyQuiet by gint64 * */
  gboolean changed;
};

static void
quiet_free (gpointer data)
{
  OrfAnomalyQuiet *quiet = data;

  g_free (quiet->key);
  g_free (quiet);
}

static void
add (OrfAnomalyQuiets *quiets, const OrfAnomalyRecord *row, const char *series)
{
  OrfAnomalyQuiet *quiet = g_new0 (OrfAnomalyQuiet, 1);

  quiet->key = orf_anomaly_quiet_make_key (row->entity, series, row->detector, row->direction);
  quiet->score = row->score;
  g_hash_table_replace (quiets->by_id, g_memdup2 (&row->id, sizeof row->id), quiet);
}

OrfAnomalyQuiets *
orf_anomaly_quiets_load (const GPtrArray *entries)
{
  OrfAnomalyQuiets *quiets = g_new0 (OrfAnomalyQuiets, 1);

  quiets->by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, quiet_free);
  quiets->changed = entries->len > 0;
  for (guint i = 0; i < entries->len; i++) {
    const OrfAnomalyEntry *entry = entries->pdata[i];
    g_autofree char *series = orf_anomaly_info_dup_series (entry);

    add (quiets, entry->row, series);
  }
  return quiets;
}

void
orf_anomaly_quiets_free (OrfAnomalyQuiets *quiets)
{
  if (quiets == NULL)
    return;
  g_hash_table_unref (quiets->by_id);
  g_free (quiets);
}

static gboolean
is_quiet (OrfAlertVerdict verdict)
{
  return verdict == ORF_ALERT_VERDICT_KNOWN || verdict == ORF_ALERT_VERDICT_NOISE;
}

guint
orf_anomaly_quiets_count (const OrfAnomalyQuiets *quiets,
                          const OrfAnomalyRecord *row,
                          const char *series,
                          OrfAlertVerdict verdict)
{
  g_autofree char *key = orf_anomaly_quiet_make_key (row->entity, series, row->detector,
                                                     row->direction);
  guint n = is_quiet (verdict);
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, quiets->by_id);
  while (g_hash_table_iter_next (&iter, &id, &value))
    n += *(const gint64 *) id != row->id &&
         g_str_equal (((const OrfAnomalyQuiet *) value)->key, key);
  return n;
}

void
orf_anomaly_quiets_judge (OrfAnomalyQuiets *quiets,
                          const OrfAnomalyRecord *row,
                          const char *series,
                          OrfAlertVerdict verdict)
{
  if (!is_quiet (verdict))
    g_hash_table_remove (quiets->by_id, &row->id);
  else if (g_hash_table_size (quiets->by_id) < ORF_ANOMALY_QUIETS_MAX)
    add (quiets, row, series);
  quiets->changed = TRUE;
}

GArray *
orf_anomaly_quiets_take (OrfAnomalyQuiets *quiets)
{
  GHashTableIter iter;
  gpointer value;
  GArray *all;

  if (!quiets->changed)
    return NULL;
  quiets->changed = FALSE;
  all = orf_anomaly_quiet_array_new ();
  g_hash_table_iter_init (&iter, quiets->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const OrfAnomalyQuiet *quiet = value;
    const OrfAnomalyQuiet copy = { g_strdup (quiet->key), quiet->score };

    g_array_append_val (all, copy);
  }
  return all;
}
