/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-job.h"

#include "core/orf-clock.h"

struct _OrfAlertDesk {
  OrfAlertBench *bench;
  OrfMemory *memory;
  gint64 counted_bytes;
  GHashTable *rules; /* gint64 *, their numbers */
};

OrfAlertDesk *
orf_alert_desk_new (const OrfAlertDeskSetup *setup)
{
  OrfAlertDesk *desk = g_new0 (OrfAlertDesk, 1);

  desk->bench = orf_alert_bench_new (&setup->limits);
  desk->memory = setup->memory;
  desk->rules = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return desk;
}

static void
count_bytes (OrfAlertDesk *desk, gint64 bytes)
{
  if (desk->memory != NULL && bytes != desk->counted_bytes)
    orf_memory_add (desk->memory, ORF_MEMORY_ALERTS, bytes - desk->counted_bytes);
  desk->counted_bytes = bytes;
}

void
orf_alert_desk_free (OrfAlertDesk *desk)
{
  if (desk == NULL)
    return;
  count_bytes (desk, 0);
  orf_alert_bench_free (desk->bench);
  g_hash_table_unref (desk->rules);
  g_free (desk);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void
restore (OrfAlertDesk *desk, gint64 number, GArray *kept)
{
  for (guint i = 0; kept != NULL && i < kept->len; i++) {
    OrfAlertKept *one = &g_array_index (kept, OrfAlertKept, i);
    OrfAlert *alert = orf_alert_bench_restore (desk->bench, number, g_steal_pointer (&one->labels),
                                               &one->life);

    if (alert == NULL)
      continue;
    alert->value = one->value;
    alert->patient_until_us = one->patient_until_us;
  }
}

static void
take_rule (OrfAlertJob *job, OrfAlertRuleChange *change)
{
  OrfAlertDesk *desk = job->desk;
  g_autoptr (GError) error = NULL;

  if (change->rule == NULL) {
    orf_alert_bench_remove_rule (desk->bench, change->number);
    g_hash_table_remove (desk->rules, &change->number);
  } else if (!orf_alert_bench_set_rule (desk->bench, change->number,
                                        g_steal_pointer (&change->rule), &error)) {
    OrfAlertTrouble trouble = { change->number, g_strdup (error->message) };

    g_array_append_val (job->troubles, trouble);
  } else {
    g_hash_table_add (desk->rules, g_memdup2 (&change->number, sizeof change->number));
    restore (desk, change->number, change->kept);
  }
}

static void
list_troubles (OrfAlertJob *job)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, job->desk->rules);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    gint64 number = *(const gint64 *) key;
    const GError *error = orf_alert_bench_get_error (job->desk->bench, number);
    OrfAlertTrouble trouble = { number, error != NULL ? g_strdup (error->message) : NULL };

    if (error != NULL)
      g_array_append_val (job->troubles, trouble);
  }
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
take_series (OrfAlertJob *job)
{
  OrfLivePool *pool = orf_alert_bench_get_pool (job->desk->bench);

  for (guint i = 0; i < job->openings->len; i++) {
    const OrfAlertOpening *opening = &g_array_index (job->openings, OrfAlertOpening, i);

    orf_live_pool_add (pool, opening->number, opening->name, opening->labels);
  }
  orf_live_pool_push_all (pool, (const OrfLiveSample *) job->samples->data, job->samples->len);
  for (guint i = 0; i < job->closings->len; i++)
    orf_live_pool_remove (pool, g_array_index (job->closings, guint, i));
}

/* ---- the job --------------------------------------------------------------------------------- */

static void
changed_cb (gpointer user_data, gint64 rule, OrfAlert *alert, OrfAlertChange change)
{
  OrfAlertJob *job = user_data;
  const OrfAlertFinding finding = {
    rule, change, g_strdupv (alert->labels), g_strdup (alert->key), alert->life, alert->value
  };

  g_array_append_val (job->findings, finding);
}

static void
work_thread_cb (OrfJob *base, gpointer state)
{
  OrfAlertJob *job = (OrfAlertJob *) base;
  OrfAlertBench *bench = job->desk->bench;
  gint64 begun_us = orf_clock_monotonic_us ();
  OrfLiveFigures live;

  for (guint i = 0; i < job->rules->len; i++)
    take_rule (job, &g_array_index (job->rules, OrfAlertRuleChange, i));
  take_series (job);
  job->figures.n_left_out = orf_alert_bench_step (bench, job->now_us, changed_cb, job);
  list_troubles (job);
  live = orf_live_pool_get_figures (orf_alert_bench_get_pool (bench));
  job->figures.n_series = live.n_series;
  job->figures.n_refused = live.n_refused;
  job->figures.n_lost = live.n_lost;
  job->figures.n_alerts = orf_alert_bench_get_n_alerts (bench);
  count_bytes (job->desk, (gint64) orf_alert_bench_get_bytes (bench));
  job->figures.tick_us = orf_clock_monotonic_us () - begun_us;
  orf_job_reply (base);
}

static void
clear_kept (gpointer data)
{
  g_strfreev (((OrfAlertKept *) data)->labels);
}

void
orf_alert_rule_change_clear (OrfAlertRuleChange *change)
{
  orf_alert_rule_free (change->rule);
  if (change->kept == NULL)
    return;
  g_array_set_clear_func (change->kept, clear_kept);
  g_array_unref (change->kept);
}

static void
clear_opening (gpointer data)
{
  OrfAlertOpening *opening = data;

  g_free (opening->name);
  g_strfreev (opening->labels);
}

static void
clear_finding (gpointer data)
{
  OrfAlertFinding *finding = data;

  g_strfreev (finding->labels);
  g_free (finding->key);
}

static void
clear_trouble (gpointer data)
{
  g_free (((OrfAlertTrouble *) data)->text);
}

static GArray *
array_new (gsize size, GDestroyNotify clear)
{
  GArray *array = g_array_new (FALSE, FALSE, (guint) size);

  if (clear != NULL)
    g_array_set_clear_func (array, clear);
  return array;
}

static void
free_cb (OrfJob *base)
{
  OrfAlertJob *job = (OrfAlertJob *) base;

  g_array_unref (job->rules);
  g_array_unref (job->openings);
  g_array_unref (job->samples);
  g_array_unref (job->closings);
  g_array_unref (job->findings);
  g_array_unref (job->troubles);
  g_free (job);
}

OrfAlertJob *
orf_alert_job_new (OrfAlertDesk *desk)
{
  OrfAlertJob *job = g_new0 (OrfAlertJob, 1);

  job->base.work = work_thread_cb;
  job->base.free = free_cb;
  job->desk = desk;
  job->rules = array_new (sizeof (OrfAlertRuleChange),
                          (GDestroyNotify) orf_alert_rule_change_clear);
  job->openings = array_new (sizeof (OrfAlertOpening), clear_opening);
  job->samples = array_new (sizeof (OrfLiveSample), NULL);
  job->closings = array_new (sizeof (guint), NULL);
  job->findings = array_new (sizeof (OrfAlertFinding), clear_finding);
  job->troubles = array_new (sizeof (OrfAlertTrouble), clear_trouble);
  return job;
}
