/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-facts.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-format.h"

/* Of a chart: as many as are told apart where it is drawn a hand wide. */
#define MAX_STEPS 120
#define DAY_US    (86400 * ORF_US_PER_S)

static GPtrArray *
new_series (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_series_free);
}

static GPtrArray *
new_moments (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_moment_free);
}

static OrfPostmortemDocument *
new_document (const OrfPostmortemTimes *times)
{
  OrfPostmortemDocument *document = orf_postmortem_document_new ();

  document->version = 1;
  document->made_us = times->now_us;
  document->source = orf_postmortem_source_new ();
  document->window = orf_postmortem_window_new ();
  document->window->from_us = times->from_us;
  document->window->to_us = times->to_us;
  document->window->baseline_from_us = MAX (2 * times->from_us - times->to_us, 0);
  document->window->baseline_to_us = times->from_us;
  document->summary = g_ptr_array_new ();
  document->timeline = orf_postmortem_timeline_new ();
  document->changes = orf_postmortem_changes_new ();
  document->memory = orf_postmortem_memory_new ();
  document->cleanups = orf_postmortem_cleanups_new ();
  document->alerts = orf_postmortem_alerts_new ();
  document->anomalies = orf_postmortem_anomalies_new ();
  document->traces = orf_postmortem_traces_new ();
  document->forecasts = orf_postmortem_forecasts_new ();
  document->cost = orf_postmortem_cost_new ();
  document->gaps = orf_postmortem_gaps_new ();
  return document;
}

static void
make_rows (OrfPostmortemDocument *document)
{
  GPtrArray **const arrays[] = {
    &document->timeline->rows,  &document->changes->rows,       &document->memory->devices,
    &document->memory->leaks,   &document->memory->ooms,        &document->cleanups->rows,
    &document->alerts->rows,    &document->anomalies->rows,     &document->traces->slowest,
    &document->traces->failing, &document->traces->operations,  &document->traces->waterfalls,
    &document->forecasts->rows, &document->forecasts->accuracy, &document->cost->rows,
    &document->gaps->rows,
  };

  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    *arrays[i] = g_ptr_array_new ();
}

OrfPostmortemFacts *
orf_postmortem_facts_new (const OrfPostmortemTimes *times, const char *own_service)
{
  OrfPostmortemFacts *facts = g_new0 (OrfPostmortemFacts, 1);

  facts->document = new_document (times);
  facts->own_service = g_strdup (own_service);
  make_rows (facts->document);
  facts->seen_to_us = MIN (times->to_us, MAX (times->now_us, times->from_us));
  facts->earlier = new_moments ();
  facts->daemon = new_moments ();
  facts->used = new_series ();
  facts->pressure = new_series ();
  facts->beats = new_series ();
  return facts;
}

void
orf_postmortem_facts_free (OrfPostmortemFacts *facts)
{
  if (facts == NULL)
    return;
  orf_postmortem_document_free (facts->document);
  g_free (facts->own_service);
  g_ptr_array_unref (facts->earlier);
  g_ptr_array_unref (facts->daemon);
  g_ptr_array_unref (facts->used);
  g_ptr_array_unref (facts->pressure);
  g_ptr_array_unref (facts->beats);
  g_free (facts);
}

void
orf_postmortem_series_free (OrfPostmortemSeries *series)
{
  g_strfreev (series->labels);
  g_array_unref (series->points);
  g_free (series);
}

gint64
orf_postmortem_get_step_us (const OrfPostmortemWindow *window)
{
  static const gint64 steps_s[] = { 1,   2,    5,    10,   15,   30,    60,    120,   300,
                                    600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400 };
  gint64 length_us = window->to_us - window->from_us;

  for (guint i = 0; i < G_N_ELEMENTS (steps_s); i++)
    if (length_us <= MAX_STEPS * steps_s[i] * ORF_US_PER_S)
      return steps_s[i] * ORF_US_PER_S;
  return DAY_US;
}

guint
orf_postmortem_get_n_steps (const OrfPostmortemWindow *window)
{
  gint64 step_us = orf_postmortem_get_step_us (window);

  return (guint) ((window->to_us - window->from_us + step_us - 1) / step_us);
}

char *
orf_postmortem_format_time (const OrfPostmortemWindow *window, gint64 t_us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (t_us / ORF_US_PER_S);
  gboolean dated = window->to_us - window->from_us > DAY_US;

  return g_date_time_format (time, dated ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S");
}

gboolean
orf_postmortem_facts_is_own_service (const OrfPostmortemFacts *facts, const char *service)
{
  return g_strcmp0 (service, facts->own_service) == 0;
}

static char *
format_plain (double value, const char *unit)
{
  g_autofree char *number = orf_format_number (value);

  if (g_strcmp0 (unit, "percent") == 0)
    return g_strdup_printf ("%s %%", number);
  return unit != NULL && strcmp (unit, "1") != 0 ? g_strdup_printf ("%s %s", number, unit)
                                                 : g_steal_pointer (&number);
}

static char *
format_us (double us)
{
  if (fabs (us) < 1000)
    return g_strdup_printf ("%.0f µs", us);
  if (fabs (us) < 1e6)
    return g_strdup_printf ("%.3g ms", us / 1000);
  return fabs (us) < 120e6 ? g_strdup_printf ("%.3g s", us / 1e6) : orf_format_span ((gint64) us);
}

char *
orf_postmortem_format_value (double value, const char *unit, gboolean rate)
{
  g_autofree char *text = NULL;

  if (isnan (value))
    return g_strdup ("nothing");
  text = g_strcmp0 (unit, "bytes") == 0 ? orf_format_bytes (value)
         : g_strcmp0 (unit, "us") == 0  ? format_us (value)
                                        : format_plain (value, unit);
  return rate ? g_strdup_printf ("%s a second", text) : g_steal_pointer (&text);
}
