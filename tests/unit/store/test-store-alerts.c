/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-alert-rules.h"
#include "store/orf-store-alerts.h"
#include "store/orf-store-silences.h"

static OrfAlertRow *
make_alert (gint64 id, OrfAlertState state, gint64 started_us)
{
  OrfAlertRow *row = orf_alert_row_new ();

  row->id = id;
  row->rule = g_strdup (id % 2 == 0 ? "even" : "odd");
  row->labels_json = g_strdup ("{\"device\":\"gpu0\",\"team\":\"render\"}");
  row->own_labels_json = g_strdup ("{\"device\":\"gpu0\"}");
  row->severity = ORF_SEVERITY_CRITICAL;
  row->state = state;
  row->value = 91.5;
  row->threshold = 85;
  row->started_us = row->changed_us = started_us;
  if (state == ORF_ALERT_STATE_FIRING || state == ORF_ALERT_STATE_RESOLVED) {
    row->fired_us = started_us + 10;
    row->summary = g_strdup ("it is full");
  }
  if (state == ORF_ALERT_STATE_RESOLVED)
    row->resolved_us = row->changed_us = started_us + 20;
  row->life = g_strdup ("[2]");
  return row;
}

static void
add_event (OrfAlertsChange *change, gint64 id, gint64 t_us, const char *step)
{
  OrfAlertEventRow *row = orf_alert_event_row_new ();

  row->alert_id = id;
  row->t_us = t_us;
  row->step = g_strdup (step);
  row->reason = g_strdup ("91.5 > 85");
  g_ptr_array_add (change->events, row);
}

static void
add_notice (OrfAlertsChange *change, gint64 id, gint64 alert_id, OrfNoticeState state)
{
  OrfNoticeRow *row = orf_notice_row_new ();

  row->id = id;
  row->alert_id = alert_id;
  row->receiver = g_strdup ("pager");
  row->state = state;
  row->made_us = 5;
  row->outbox_id = state == ORF_NOTICE_POSTED ? 5 : 0;
  g_ptr_array_add (change->notices, row);
}

static void
write_change (StoreFixture *fixture, OrfAlertsChange *change)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_write_alerts (fixture->store, change, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static void
write_alert (StoreFixture *fixture, OrfAlertRow *row)
{
  OrfAlertsChange *change = orf_alerts_change_new ();

  g_ptr_array_add (change->alerts, row);
  write_change (fixture, change);
}

static GPtrArray *
read_alerts (StoreFixture *fixture, const OrfAlertFilter *filter)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_read_alerts (fixture->store, filter, NULL, store_answer_series_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  return g_ptr_array_ref (answer.rows);
}

static const OrfAlertFilter all = {
  .to_us = G_MAXINT64, .unfired = TRUE, .before_us = G_MAXINT64, .max = 100
};

static void
test_list (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GPtrArray) rows = NULL, fired = NULL, odd = NULL, rest = NULL;
  OrfAlertFilter filter = all;
  const OrfAlertRow *row;

  store_fixture_open (fixture);
  write_alert (fixture, make_alert (1, ORF_ALERT_STATE_RESOLVED, 1000));
  write_alert (fixture, make_alert (2, ORF_ALERT_STATE_FIRING, 2000));
  write_alert (fixture, make_alert (3, ORF_ALERT_STATE_INACTIVE, 3000));
  rows = read_alerts (fixture, &all);
  g_assert_cmpuint (rows->len, ==, 3);
  row = rows->pdata[1];
  g_assert_cmpint (row->id, ==, 2);
  g_assert_cmpstr (row->rule, ==, "even");
  g_assert_cmpint (row->state, ==, ORF_ALERT_STATE_FIRING);
  g_assert_cmpint (row->severity, ==, ORF_SEVERITY_CRITICAL);
  g_assert_cmpstr (row->labels_json, ==, "{\"device\":\"gpu0\",\"team\":\"render\"}");
  g_assert_cmpstr (row->own_labels_json, ==, "{\"device\":\"gpu0\"}");
  g_assert_cmpfloat (row->value, ==, 91.5);
  g_assert_cmpint (row->fired_us, ==, 2010);
  g_assert_cmpint (row->resolved_us, ==, 0);
  g_assert_cmpint (row->acknowledged_us, ==, 0);
  g_assert_cmpstr (row->life, ==, "[2]");

  filter.unfired = FALSE;
  fired = read_alerts (fixture, &filter);
  g_assert_cmpuint (fired->len, ==, 2);
  filter.rule = "odd";
  odd = read_alerts (fixture, &filter);
  g_assert_cmpuint (odd->len, ==, 1);
  filter = all;
  filter.before_us = 2000;
  filter.before_id = 2;
  rest = read_alerts (fixture, &filter);
  g_assert_cmpuint (rest->len, ==, 1);
  g_assert_cmpint (((OrfAlertRow *) rest->pdata[0])->id, ==, 1);
}

static void
acknowledge (StoreFixture *fixture, gint64 id, StoreAnswer *answer)
{
  const OrfAcknowledgement said = { id, 2500, "ann", "seen", ORF_ALERT_VERDICT_USEFUL };

  orf_store_acknowledge_alert (fixture->store, &said, NULL, store_answer_write_cb, answer);
  store_answer_wait (answer);
}

static void
story_cb (gpointer user_data, const OrfAlertStory *story, const GError *error)
{
  StoreAnswer *answer = user_data;

  answer->done = TRUE;
  answer->error = error != NULL ? g_error_copy (error) : NULL;
  if (story == NULL)
    return;
  g_assert_cmpint (story->alert->acknowledged_us, ==, 2500);
  g_assert_cmpstr (story->alert->author, ==, "ann");
  g_assert_cmpint (story->alert->verdict, ==, ORF_ALERT_VERDICT_USEFUL);
  g_assert_cmpuint (story->events->len, ==, 3);
  g_assert_cmpstr (((OrfAlertEventRow *) story->events->pdata[2])->step, ==, "acknowledged");
  g_assert_cmpstr (((OrfAlertEventRow *) story->events->pdata[2])->reason, ==,
                   "ann (useful): seen");
  g_assert_cmpuint (story->notices->len, ==, 1);
  g_assert_cmpint (((OrfNoticeRow *) story->notices->pdata[0])->state, ==, ORF_NOTICE_DELIVERED);
}

static void
test_story (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) acknowledged = { 0 }, unknown = { 0 }, story = { 0 }, missing = { 0 };
  OrfAlertsChange *change = orf_alerts_change_new ();

  store_fixture_open (fixture);
  g_ptr_array_add (change->alerts, make_alert (2, ORF_ALERT_STATE_FIRING, 2000));
  add_event (change, 2, 2000, "pending");
  add_event (change, 2, 2010, "firing");
  add_notice (change, 7, 2, ORF_NOTICE_WAITING);
  write_change (fixture, change);
  change = orf_alerts_change_new ();
  add_notice (change, 7, 2, ORF_NOTICE_DELIVERED);
  write_change (fixture, change);
  acknowledge (fixture, 2, &acknowledged);
  g_assert_no_error (acknowledged.error);
  /* what is written of it afterwards leaves that alone */
  write_alert (fixture, make_alert (2, ORF_ALERT_STATE_RESOLVED, 2000));
  orf_store_read_alert_story (fixture->store, 2, 100, NULL, story_cb, &story);
  store_answer_wait (&story);
  g_assert_no_error (story.error);

  acknowledge (fixture, 3, &unknown);
  g_assert_error (unknown.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
  orf_store_read_alert_story (fixture->store, 3, 100, NULL, story_cb, &missing);
  store_answer_wait (&missing);
  g_assert_error (missing.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
}

static void
test_restart (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfAlertsChange *change = orf_alerts_change_new ();
  g_autoptr (GPtrArray) alerts = NULL, notices = NULL;
  g_autoptr (GError) error = NULL;
  gint64 max_id = 0, max_notice = 0;

  store_fixture_open (fixture);
  g_ptr_array_add (change->alerts, make_alert (1, ORF_ALERT_STATE_RESOLVED, 1000));
  g_ptr_array_add (change->alerts, make_alert (2, ORF_ALERT_STATE_RESOLVED, 5000));
  g_ptr_array_add (change->alerts, make_alert (3, ORF_ALERT_STATE_FIRING, 10));
  g_ptr_array_add (change->alerts, make_alert (4, ORF_ALERT_STATE_INACTIVE, 5000));
  add_notice (change, 11, 2, ORF_NOTICE_POSTED);
  add_notice (change, 12, 2, ORF_NOTICE_SILENCED);
  add_notice (change, 13, 3, ORF_NOTICE_SILENCED);
  add_notice (change, 14, 3, ORF_NOTICE_DELIVERED);
  write_change (fixture, change);
  store_fixture_reopen (fixture);
  alerts = orf_store_load_alerts (fixture->store, 4000, &max_id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alerts->len, ==, 2);
  g_assert_cmpint (((OrfAlertRow *) alerts->pdata[0])->id, ==, 2);
  g_assert_cmpint (((OrfAlertRow *) alerts->pdata[1])->id, ==, 3);
  g_assert_cmpint (max_id, ==, 4);
  notices = orf_store_load_notices (fixture->store, &max_notice, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (notices->len, ==, 3);
  for (guint i = 0; i < notices->len; i++)
    g_assert_cmpint (((OrfNoticeRow *) notices->pdata[i])->id, ==, i == 0 ? 11 : 12 + i);
  g_assert_cmpint (((OrfNoticeRow *) notices->pdata[0])->outbox_id, ==, 5);
  g_assert_cmpint (((OrfNoticeRow *) notices->pdata[1])->outbox_id, ==, 0);
  g_assert_cmpint (max_notice, ==, 14);
}

/* What goes on, and what is pinned, stays. */
static void
test_retention (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfAlertsChange *change = orf_alerts_change_new ();
  OrfIncidentRow *incident = orf_incident_row_new ();
  g_auto (StoreAnswer) pinned = { 0 };

  store_fixture_open (fixture);
  incident->id = 1;
  incident->from_us = 2000;
  incident->to_us = 2100;
  incident->title = g_strdup ("kept");
  incident->reason = g_strdup ("a test");
  orf_store_write_incident (fixture->store, incident, 10, NULL, store_answer_write_cb, &pinned);
  store_answer_wait (&pinned);
  g_assert_no_error (pinned.error);
  for (gint64 id = 1; id <= 4; id++) {
    g_ptr_array_add (change->alerts,
                     make_alert (id, id == 3 ? ORF_ALERT_STATE_FIRING : ORF_ALERT_STATE_RESOLVED,
                                 id * 1000));
    add_event (change, id, id * 1000, "firing");
    add_notice (change, id, id, ORF_NOTICE_DELIVERED);
  }
  write_change (fixture, change);
  change = orf_alerts_change_new ();
  g_ptr_array_add (change->alerts, make_alert (5, ORF_ALERT_STATE_PENDING, 9000));
  change->before_us = 8000;
  change->max_rows = 1000;
  write_change (fixture, change);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "SELECT sum(id) FROM alert"), ==, 2 + 3 + 5);
  g_assert_cmpint (store_query (fixture->path, "SELECT sum(alert_id) FROM alert_event"), ==, 5);
  g_assert_cmpint (store_query (fixture->path, "SELECT sum(alert_id) FROM alert_notice"), ==, 5);
  g_assert_cmpint (store_query (fixture->path,
                                "SELECT count(*) FROM v_timeline WHERE source = 'alert'"),
                   ==, 3);
}

static void
records_cb (gpointer user_data, GPtrArray *records, const GError *error)
{
  StoreAnswer *answer = user_data;
  const OrfAlertRecord *record;

  g_assert_no_error (error);
  g_assert_cmpuint (records->len, ==, 2);
  record = records->pdata[0];
  g_assert_cmpstr (record->rule, ==, "even");
  g_assert_cmpint (record->fired, ==, 1);
  g_assert_cmpint (record->useful, ==, 1);
  g_assert_cmpint (record->mean_acknowledge_us, ==, 490);
  record = records->pdata[1];
  g_assert_cmpint (record->acknowledged, ==, 0);
  g_assert_cmpint (record->mean_acknowledge_us, ==, -1);
  answer->done = TRUE;
}

static void
test_records (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) acknowledged = { 0 }, read = { 0 };

  store_fixture_open (fixture);
  write_alert (fixture, make_alert (1, ORF_ALERT_STATE_RESOLVED, 1000));
  write_alert (fixture, make_alert (2, ORF_ALERT_STATE_FIRING, 2000));
  acknowledge (fixture, 2, &acknowledged);
  orf_store_read_alert_records (fixture->store, NULL, records_cb, &read);
  store_answer_wait (&read);
}

static void
write_rule (StoreFixture *fixture, OrfAlertRuleRow *row)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_write_alert_rule (fixture->store, row, NULL, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static void
test_rules (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfAlertRuleRow) row = orf_alert_rule_row_new ();
  g_autoptr (GPtrArray) rows = NULL, none = NULL;
  g_auto (StoreAnswer) gone = { 0 };
  g_autoptr (GError) error = NULL;
  const OrfAlertRuleRow *read;

  store_fixture_open (fixture);
  row->name = g_strdup ("gpu_memory_high");
  row->set_by = g_strdup ("ann");
  row->set_us = 5;
  write_rule (fixture, orf_alert_rule_row_copy (row));
  row->threshold = 80;
  row->severity = ORF_SEVERITY_INFO;
  row->cooldown_us = 0;
  row->labels_json = g_strdup ("{\"team\":\"render\"}");
  row->enabled = FALSE;
  write_rule (fixture, orf_alert_rule_row_copy (row));
  store_fixture_reopen (fixture);
  rows = orf_store_load_alert_rules (fixture->store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 1);
  read = rows->pdata[0];
  g_assert_null (read->expr);
  g_assert_cmpfloat (read->threshold, ==, 80);
  g_assert_true (isnan (read->hysteresis));
  g_assert_cmpint (read->severity, ==, ORF_SEVERITY_INFO);
  g_assert_cmpint (read->for_us, ==, -1);
  g_assert_cmpint (read->cooldown_us, ==, 0);
  g_assert_cmpstr (read->labels_json, ==, "{\"team\":\"render\"}");
  g_assert_cmpint (read->enabled, ==, FALSE);
  g_assert_cmpstr (read->set_by, ==, "ann");
  orf_store_delete_alert_rule (fixture->store, "gpu_memory_high", NULL, store_answer_write_cb,
                               &gone);
  store_answer_wait (&gone);
  none = orf_store_load_alert_rules (fixture->store, &error);
  g_assert_cmpuint (none->len, ==, 0);
}

static void
write_silence (StoreFixture *fixture, gint64 id, gint64 until_us)
{
  g_auto (StoreAnswer) answer = { 0 };
  OrfSilenceRow *row = orf_silence_row_new ();

  row->id = id;
  row->matchers = g_strdup ("{rule=\"gpu_memory_high\"}");
  row->from_us = 1;
  row->until_us = until_us;
  row->author = g_strdup ("ann");
  orf_store_write_silence (fixture->store, row, 50, NULL, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static void
test_silences (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  gint64 max_id = 0;

  store_fixture_open (fixture);
  write_silence (fixture, 1, 10);
  write_silence (fixture, 2, 100);
  write_silence (fixture, 3, 200);
  write_silence (fixture, 3, 300);
  rows = orf_store_load_silences (fixture->store, 150, &max_id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpint (((OrfSilenceRow *) rows->pdata[0])->until_us, ==, 300);
  g_assert_cmpint (max_id, ==, 3);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM silence"), ==, 2);
}

static void
add (const char *name, void (*test) (StoreFixture *, gconstpointer))
{
  g_test_add (name, StoreFixture, NULL, store_fixture_set_up, test, store_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/store/alerts/list", test_list);
  add ("/store/alerts/story", test_story);
  add ("/store/alerts/restart", test_restart);
  add ("/store/alerts/retention", test_retention);
  add ("/store/alerts/records", test_records);
  add ("/store/alerts/rules", test_rules);
  add ("/store/alerts/silences", test_silences);
  return g_test_run ();
}
