/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-entity.h"

#include <string.h>

gboolean
orf_anomaly_entity_is_watched (const OrfSeries *series)
{
  const OrfFamily *family = series->family;

  return (family->kind == ORF_SERIES_KIND_GAUGE || family->kind == ORF_SERIES_KIND_COUNTER) &&
         !g_str_has_prefix (family->name, "orfeas.anomaly.") &&
         !g_str_has_prefix (family->name, "forecast.");
}

/* Names of Prometheus have their parts apart by underscores alone. */
static gsize
get_part_length (const char *name)
{
  gsize length = strcspn (name, ".:/");

  return name[length] != '\0' ? length : strcspn (name, "_");
}

char *
orf_anomaly_entity_make (const OrfSeries *series)
{
  const char *name = series->family->name;
  gsize length = get_part_length (name);
  g_autofree char *part = g_strndup (name, length > 0 ? length : strlen (name));

  return orf_series_name_to_text (part, series->labels);
}

gboolean
orf_anomaly_entity_departs (const OrfSeries *series)
{
  return series->family->builtin && (orf_series_name_get_label (series->labels, "pid") != NULL ||
                                     orf_series_name_get_label (series->labels, "worker") != NULL);
}
