/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-quiet.h"

#include "core/orf-names.h"

struct _OrfAnomalyQuietSet {
  GHashTable *scores; /* double by key */
};

char *
orf_anomaly_quiet_make_key (const char *entity,
                            const char *series,
                            const char *detector,
                            int direction)
{
  return g_strdup_printf ("%s\n%s\n%s\n%d", entity, series, detector, direction);
}

OrfAnomalyQuietSet *
orf_anomaly_quiet_set_new (void)
{
  OrfAnomalyQuietSet *set = g_new (OrfAnomalyQuietSet, 1);

  set->scores = orf_names_table_new (g_free, g_free);
  return set;
}

void
orf_anomaly_quiet_set_free (OrfAnomalyQuietSet *set)
{
  if (set == NULL)
    return;
  g_hash_table_unref (set->scores);
  g_free (set);
}

void
orf_anomaly_quiet_set_fill (OrfAnomalyQuietSet *set, const GArray *quiets)
{
  g_hash_table_remove_all (set->scores);
  for (guint i = 0; i < quiets->len; i++) {
    const OrfAnomalyQuiet *quiet = &g_array_index (quiets, OrfAnomalyQuiet, i);
    const double *known = g_hash_table_lookup (set->scores, quiet->key);

    if (known == NULL || *known < quiet->score)
      g_hash_table_replace (set->scores, g_strdup (quiet->key),
                            g_memdup2 (&quiet->score, sizeof quiet->score));
  }
}

gboolean
orf_anomaly_quiet_set_is_empty (const OrfAnomalyQuietSet *set)
{
  return g_hash_table_size (set->scores) == 0;
}

gboolean
orf_anomaly_quiet_set_covers (const OrfAnomalyQuietSet *set, const char *key, double score)
{
  const double *known = g_hash_table_lookup (set->scores, key);

  return known != NULL && score <= *known;
}
