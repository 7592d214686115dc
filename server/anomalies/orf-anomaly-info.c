/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-info.h"

#include <math.h>

#include "core/orf-format.h"
#include "core/orf-id.h"
#include "metrics/orf-series-name.h"

char *
orf_anomaly_info_dup_series (const OrfAnomalyEntry *entry)
{
  g_auto (GStrv) labels = entry->labels_json != NULL
                            ? orf_series_name_labels_from_json (entry->labels_json)
                            : NULL;

  return labels != NULL ? orf_series_name_to_text (entry->name, labels) : g_strdup ("(unknown)");
}

/* ---- words ----------------------------------------------------------------------------------- */

/* What has no range of its own: a shape, or the values of several series at once. */
static void
append_unlike (GString *text, const OrfAnomalyRecord *row)
{
  if (row->kind == ORF_ANOMALY_KIND_PATTERN)
    g_string_append (text, " took a shape that it had not taken before");
  else if (row->kind == ORF_ANOMALY_KIND_MULTIVARIATE)
    g_string_append_printf (text, " and the others of %s have values that rarely come together",
                            row->entity);
  else
    g_string_append_printf (text, " does not move with the others of %s as it did", row->entity);
}

static void
append_what (GString *text, const OrfAnomalyRecord *row, const char *series)
{
  g_string_append (text, series);
  if (row->kind == ORF_ANOMALY_KIND_SILENCE && isnan (row->value)) {
    g_string_append (text, " no longer comes");
  } else if (isfinite (row->value) && isfinite (row->lower) && isfinite (row->upper)) {
    g_string_append_printf (text, " was %.4g, expected %.4g to %.4g", row->value, row->lower,
                            row->upper);
    if (row->value >= row->lower && row->value <= row->upper)
      g_string_append (text, ", and moved as it does not");
  } else {
    append_unlike (text, row);
  }
}

static void
append_rarity (GString *text, const OrfAnomalyRecord *row)
{
  g_autofree char *span = row->once_in_us > 0 ? orf_format_span (row->once_in_us) : NULL;

  if (span != NULL)
    g_string_append_printf (text, ": the like of it comes once in %s", span);
  else
    g_string_append (text, ": nothing like it has been seen");
}

char *
orf_anomaly_info_describe (const OrfAnomalyRecord *row, const char *series)
{
  guint n = row->related != NULL ? g_strv_length (row->related) : 0;
  GString *text = g_string_new (NULL);

  append_what (text, row, series);
  append_rarity (text, row);
  if (n > 0)
    g_string_append_printf (text, "; %u more with it, first %s", n, row->related[0]);
  return g_string_free (text, FALSE);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static char **
format_ids (OrfIdKind kind, const GArray *ids)
{
  guint n = ids != NULL ? ids->len : 0;
  char **texts = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    texts[i] = orf_id_format (kind, g_array_index (ids, gint64, i));
  return texts;
}

static char **
copy_texts (const GPtrArray *texts)
{
  guint n = texts != NULL ? texts->len : 0;
  char **copies = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    copies[i] = g_strdup (texts->pdata[i]);
  return copies;
}

static OrfAnomalyInfo *
make (const OrfAnomalyRecord *row, const char *series, const OrfAnomalyEntry *near)
{
  OrfAnomalyInfo *info = orf_anomaly_info_new ();

  info->id = orf_id_format (ORF_ID_ANOMALY, row->id);
  info->kind = row->kind;
  info->detector = g_strdup (row->detector);
  info->entity = g_strdup (row->entity);
  info->series = g_strdup (series);
  info->score = MAX (row->score, 0);
  info->has_once_in_us = row->once_in_us >= 0;
  info->once_in_us = row->once_in_us;
  info->severity = row->severity;
  info->started_us = row->started_us;
  info->has_ended_us = row->ended_us > 0;
  info->ended_us = row->ended_us;
  info->value = row->value;
  info->expected = orf_anomaly_expected_new ();
  info->expected->lower = row->lower;
  info->expected->upper = row->upper;
  info->text = orf_anomaly_info_describe (row, series);
  info->related = g_strdupv (row->related);
  info->traces = copy_texts (near != NULL ? near->traces : NULL);
  info->alerts = format_ids (ORF_ID_ALERT, near != NULL ? near->alerts : NULL);
  info->events = format_ids (ORF_ID_EVENT, near != NULL ? near->events : NULL);
  info->incident = near != NULL && near->incident_id > 0
                     ? orf_id_format (ORF_ID_INCIDENT, near->incident_id)
                     : NULL;
  info->verdict = row->verdict;
  info->note = g_strdup (row->note);
  return info;
}

OrfAnomalyInfo *
orf_anomaly_info_make (const OrfAnomalyRecord *row, const char *series)
{
  return make (row, series, NULL);
}

OrfAnomalyInfo *
orf_anomaly_info_make_entry (const OrfAnomalyEntry *entry)
{
  g_autofree char *series = orf_anomaly_info_dup_series (entry);

  return make (entry->row, series, entry);
}
