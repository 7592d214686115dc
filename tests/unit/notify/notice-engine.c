/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notice-engine.h"

#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"
#include "notice-fixture.h"
#include "store/orf-store-alerts.h"

typedef struct {
  NoticeEngine *engine;
  OrfNoticeAlert *alert;
  GPtrArray *rows;
} Step;

static OrfAlertRow *
make_row (const OrfNoticeAlert *alert)
{
  OrfAlertRow *row = orf_alert_row_new ();

  row->id = alert->alert_id;
  row->rule = g_strdup (alert->rule);
  row->labels_json = orf_series_name_labels_to_json (alert->labels);
  row->own_labels_json = g_strdup (row->labels_json);
  row->severity = alert->severity;
  row->state = alert->resolved_us > 0 ? ORF_ALERT_STATE_RESOLVED : ORF_ALERT_STATE_FIRING;
  row->value = alert->value;
  row->threshold = alert->threshold;
  row->summary = g_strdup (alert->summary);
  row->started_us = alert->started_us;
  row->fired_us = alert->fired_us;
  row->resolved_us = alert->resolved_us;
  row->changed_us = MAX (alert->fired_us, alert->resolved_us);
  row->life = g_strdup ("[]");
  return row;
}

static OrfNoticeAlert *
read_row (const OrfAlertRow *row)
{
  OrfNoticeAlert *alert = orf_notice_alert_new ();

  alert->alert_id = row->id;
  alert->rule = g_strdup (row->rule);
  alert->labels = orf_series_name_labels_from_json (row->labels_json);
  alert->severity = row->severity;
  alert->value = row->value;
  alert->threshold = row->threshold;
  alert->summary = g_strdup (row->summary);
  alert->started_us = row->started_us;
  alert->fired_us = row->fired_us;
  return alert;
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result G_GNUC_UNUSED, const GError *error)
{
  Step *step = user_data;

  g_assert_no_error (error);
  orf_notifier_tell (step->engine->notifier, step->alert, step->rows);
  step->engine->n_writing--;
  orf_notice_alert_unref (step->alert);
  g_ptr_array_unref (step->rows);
  g_free (step);
}

/* Takes alert. */
static void
take_step (NoticeEngine *engine, OrfNoticeAlert *alert, OrfNoticeEvent event)
{
  OrfAlertsChange *change = orf_alerts_change_new ();
  Step *step = g_new0 (Step, 1);

  step->engine = engine;
  step->alert = alert;
  step->rows = orf_notifier_make_rows (engine->notifier, alert, event, orf_clock_now_us ());
  g_ptr_array_add (change->alerts, make_row (alert));
  for (guint i = 0; i < step->rows->len; i++)
    g_ptr_array_add (change->notices, orf_notice_row_copy (step->rows->pdata[i]));
  engine->n_writing++;
  orf_store_write_alerts (engine->store, change, written_cb, step);
}

void
notice_engine_fire (NoticeEngine *engine, OrfNoticeAlert *alert)
{
  OrfNoticeAlert *kept = orf_notice_alert_ref (alert);

  g_hash_table_replace (engine->alerts, &kept->alert_id, kept);
  take_step (engine, alert, ORF_NOTICE_FIRING);
}

void
notice_engine_resolve (NoticeEngine *engine, gint64 id)
{
  OrfNoticeAlert *over = make_over (g_hash_table_lookup (engine->alerts, &id), orf_clock_now_us ());

  g_hash_table_remove (engine->alerts, &id);
  take_step (engine, over, ORF_NOTICE_RESOLVED);
}

void
notice_engine_silence (NoticeEngine *engine, const char *matchers, gint64 until_us)
{
  GPtrArray *silences = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_silence_free);

  if (matchers != NULL) {
    OrfNoticeSilence *silence = orf_notice_silence_new (1, matchers, 1, until_us, NULL);

    g_assert_nonnull (silence);
    g_ptr_array_add (silences, silence);
  }
  orf_notifier_set_silences (engine->notifier, silences);
}

void
notice_engine_settle (NoticeEngine *engine)
{
  while (engine->n_writing > 0)
    g_main_context_iteration (NULL, TRUE);
}

void
notice_engine_start (NoticeEngine *engine, OrfStore *store, OrfNotifier *notifier)
{
  g_autoptr (GError) error = NULL;
  gint64 max_id;
  g_autoptr (GPtrArray) rows = orf_store_load_alerts (store, G_MAXINT64, &max_id, &error);
  g_autoptr (GPtrArray) alerts = g_ptr_array_new ();

  g_assert_no_error (error);
  *engine = (NoticeEngine){ store, notifier, NULL, 0 };
  engine->alerts = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                          (GDestroyNotify) orf_notice_alert_unref);
  for (guint i = 0; i < rows->len; i++) {
    OrfNoticeAlert *alert = read_row (rows->pdata[i]);

    g_hash_table_insert (engine->alerts, &alert->alert_id, alert);
    g_ptr_array_add (alerts, alert);
  }
  orf_notifier_start (notifier, alerts);
}

void
notice_engine_clear (NoticeEngine *engine)
{
  g_clear_pointer (&engine->alerts, g_hash_table_unref);
}
