/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The notifier on a store and an outbox of its own, with commands as receivers: what they are told,
 * what the file says of it, and what another run goes on from. */
#include "notify/orf-notifier.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "../store/store-fixture.h"
#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "exec/orf-errand.h"
#include "notice-engine.h"
#include "notice-fixture.h"
#include "orf-error.h"

typedef struct {
  StoreFixture base;
  char *config_path, *log_path, *gate_path;
  OrfConfig *config;
  OrfOutbox *outbox;
  OrfNotifier *notifier;
  NoticeEngine engine;
} Fixture;

/* Writes id and status of each telling to a log; while there is no gate it fails. */
static const char script[] = "#!/bin/sh\n"
                             "[ -e %s ] || { echo 'no gate' >&2; exit 1; }\n"
                             "cat > /dev/null\n"
                             "echo \"$ORFEAS_RECEIVER $ORFEAS_NOTIFICATION $ORFEAS_COUNT\" >> %s\n"
                             "echo thanks\n";

static void
write_file (const char *path, const char *text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
load_config (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *script_path = store_fixture_dup_path (&fixture->base, "tell.sh");
  GString *all = g_string_new (text);
  g_autoptr (OrfConfig) fresh = NULL;

  g_string_replace (all, "SCRIPT", script_path, 0);
  write_file (fixture->config_path, all->str);
  g_string_free (all, TRUE);
  fresh = orf_config_load (fixture->config_path, NULL, &error);
  g_assert_no_error (error);
  if (fixture->config == NULL)
    fixture->config = g_steal_pointer (&fresh);
  else
    g_strfreev (orf_config_reload (fixture->config, fresh));
}

#define ONE                                                                                        \
  "[outbox]\nbackoff_us=1000\nbackoff_max_us=20000\n"                                              \
  "[notify]\ngroup_interval_us=0\n[receivers]\none=exec\n[receivers.one]\ncommand=SCRIPT\n"

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL, *text = NULL;

  store_fixture_set_up (&fixture->base, data);
  fixture->config_path = store_fixture_dup_path (&fixture->base, "orfeasd.conf");
  fixture->log_path = store_fixture_dup_path (&fixture->base, "log");
  fixture->gate_path = store_fixture_dup_path (&fixture->base, "gate");
  path = store_fixture_dup_path (&fixture->base, "tell.sh");
  text = g_strdup_printf (script, fixture->gate_path, fixture->log_path);
  write_file (path, text);
  g_assert_cmpint (g_chmod (path, 0700), ==, 0);
  write_file (fixture->gate_path, "");
  write_file (fixture->log_path, "");
  load_config (fixture, ONE);
  orf_errands_set_up (g_getenv ("ORFEAS_EXEC"), fixture->config_path, NULL);
}

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_fixture_open (&fixture->base);
  fixture->outbox = orf_outbox_new (fixture->config, fixture->base.store, &error);
  g_assert_no_error (error);
  fixture->notifier = orf_notifier_new (fixture->config, fixture->base.store, fixture->outbox,
                                        &error);
  g_assert_no_error (error);
  orf_outbox_start (fixture->outbox);
  notice_engine_start (&fixture->engine, fixture->base.store, fixture->notifier);
}

static void
stop (Fixture *fixture)
{
  if (fixture->notifier == NULL)
    return;
  notice_engine_settle (&fixture->engine);
  orf_notifier_stop (fixture->notifier);
  orf_outbox_stop (fixture->outbox);
  store_fixture_close (&fixture->base);
  notice_engine_clear (&fixture->engine);
  g_clear_pointer (&fixture->notifier, orf_notifier_free);
  g_clear_pointer (&fixture->outbox, orf_outbox_free);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (fixture);
  store_fixture_tear_down (&fixture->base, data);
  orf_config_free (fixture->config);
  g_free (fixture->config_path);
  g_free (fixture->log_path);
  g_free (fixture->gate_path);
}

static void
fire (Fixture *fixture, gint64 id, const char *rule)
{
  notice_engine_fire (&fixture->engine,
                      make_alert (id, rule, "device 0", NULL, orf_clock_now_us ()));
}

/* Until the log says so. */
static void
wait_log (Fixture *fixture, const char *expected)
{
  for (;;) {
    g_autofree char *text = NULL;

    g_assert_true (g_file_get_contents (fixture->log_path, &text, NULL, NULL));
    if (g_str_equal (text, expected))
      return;
    g_assert_cmpuint (strlen (text), <, strlen (expected));
    g_main_context_iteration (NULL, TRUE);
  }
}

static gboolean
tick_cb (gpointer user_data G_GNUC_UNUSED)
{
  return G_SOURCE_CONTINUE;
}

/* Until the file says so; the loop turns meanwhile. */
static void
wait_file (Fixture *fixture, const char *sql)
{
  guint tick = g_timeout_add (5, tick_cb, NULL);

  while (store_query (fixture->base.path, sql) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

static void
test_told (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  start (fixture);
  fire (fixture, 7, "hot");
  wait_log (fixture, "one al-7/firing 1\n");
  notice_engine_resolve (&fixture->engine, 7);
  wait_log (fixture, "one al-7/firing 1\none al-7/resolved 1\n");
  wait_file (fixture,
             "SELECT count(*) = 2 FROM alert_notice WHERE state = 'delivered' AND answer = "
             "'thanks' AND attempts = 0 AND posted_us >= made_us AND done_us >= posted_us "
             "AND outbox_id IS NULL");
  stop (fixture);
  g_assert_cmpint (store_query (fixture->base.path, "SELECT count(*) FROM outbox"), ==, 0);
}

static void
test_tried_again (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "alert:one: is tried again*no gate*");
  g_unlink (fixture->gate_path);
  start (fixture);
  fire (fixture, 7, "hot");
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE attempts >= 3 AND state = 'posted' "
                      "AND outbox_id > 0 AND answer LIKE '%no gate%'");
  g_test_assert_expected_messages ();
  write_file (fixture->gate_path, "");
  wait_log (fixture, "one al-7/firing 1\n");
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE state = 'delivered'");
  wait_file (fixture, "SELECT count(*) >= 3 FROM alert_event WHERE step = 'failed' AND receiver = "
                      "'one' AND alert_id = 7 AND reason LIKE 'ended with status 1%'");
}

/* What was in the outbox as a run ended is delivered by the next, and the file says so. */
static void
test_next_run (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "alert:one: is tried again*");
  g_unlink (fixture->gate_path);
  start (fixture);
  fire (fixture, 7, "hot");
  notice_engine_settle (&fixture->engine);
  notice_engine_resolve (&fixture->engine, 7);
  wait_file (fixture,
             "SELECT count(*) = 2 FROM alert_notice WHERE state = 'posted' AND outbox_id > 0");
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE id = 1 AND attempts > 0");
  stop (fixture);
  g_test_assert_expected_messages ();
  write_file (fixture->gate_path, "");
  start (fixture);
  wait_log (fixture, "one al-7/firing 1\none al-7/resolved 1\n");
  wait_file (fixture, "SELECT count(*) = 2 FROM alert_notice WHERE state = 'delivered'");
  stop (fixture);
}

/* On disk and not handed over, as a kill leaves it: of an alert that fires, and of one that is over
 * and whose firing was told. */
static void
test_waiting_in_file (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  start (fixture);
  fire (fixture, 7, "hot");
  wait_log (fixture, "one al-7/firing 1\n");
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE state = 'delivered'");
  notice_engine_settle (&fixture->engine);
  /* the notifier sees none of it */
  orf_notifier_stop (fixture->notifier);
  notice_engine_resolve (&fixture->engine, 7);
  fire (fixture, 8, "hot");
  stop (fixture);
  g_assert_cmpint (store_query (fixture->base.path,
                                "SELECT count(*) FROM alert_notice WHERE state = 'waiting'"),
                   ==, 2);
  start (fixture);
  wait_file (fixture, "SELECT count(*) = 3 FROM alert_notice WHERE state = 'delivered'");
  stop (fixture);
}

static void
damage (Fixture *fixture, const char *sql)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (fixture->base.path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_changes (db), ==, 1);
  sqlite3_close (db);
}

/* A word that no telling of ours has, in what waits in the file: refused, not told as nothing. */
static void
test_damaged (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "alert:one: is tried again*");
  g_unlink (fixture->gate_path);
  start (fixture);
  fire (fixture, 7, "hot");
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE state = 'posted' AND attempts > 0");
  stop (fixture);
  g_test_assert_expected_messages ();
  damage (fixture,
          "UPDATE outbox SET body = CAST (replace (CAST (body AS TEXT), '\"status\":\"firing\"', "
          "'\"status\":\"fire\"') AS BLOB)");
  write_file (fixture->gate_path, "");
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "alert:one: an entry was dropped*status: unknown value*");
  start (fixture);
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE state = 'refused'");
  stop (fixture);
  g_test_assert_expected_messages ();
}

static void
test_silence (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  start (fixture);
  notice_engine_silence (&fixture->engine, "{device=\"0\"}", G_MAXINT64);
  fire (fixture, 7, "hot");
  wait_file (
    fixture,
    "SELECT count(*) FROM alert_notice WHERE state = 'silenced' AND answer = 'silence si-1'");
  g_assert_cmpint (store_query (fixture->base.path,
                                "SELECT count(*) FROM alert_event WHERE step = 'silenced'"),
                   ==, 1);
  stop (fixture);
  start (fixture); /* nothing silences it now */
  wait_log (fixture, "one al-7/firing 1\n");
}

static void
test_repeat (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  load_config (fixture, ONE "[notify]\nrepeat_us=1\ngroup_interval_us=0\nmax_per_minute=3\n");
  start (fixture);
  fire (fixture, 7, "hot");
  wait_log (fixture, "one al-7/firing 1\none al-7/repeat-2 1\none al-7/repeat-3 1\n");
  wait_file (fixture,
             "SELECT count(*) = 1 FROM alert_notice WHERE event = 'repeat' AND state = 'limited'");
  orf_notifier_acknowledged (fixture->notifier, 7);
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE id = 4 AND state = 'dropped' AND "
                      "answer = 'it was acknowledged'");
}

static void
test_reload (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  start (fixture);
  load_config (fixture,
               ONE "[receivers]\none=exec\ntwo=exec\n[receivers.two]\ncommand=SCRIPT\n"
                   "severity=critical\n[receivers.bad]\ncommand=x\n[receivers]\nbad=exec\n");
  g_assert_false (orf_notifier_reload (fixture->notifier, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "receivers.bad.command"));
  load_config (fixture, ONE "[receivers]\ntwo=exec\n[receivers.two]\ncommand=SCRIPT\n"
                            "matchers={device=\"0\"}\n");
  g_assert_true (orf_notifier_reload (fixture->notifier, NULL));
  fire (fixture, 7, "hot");
  wait_file (fixture, "SELECT count(*) = 2 FROM alert_notice WHERE state = 'delivered'");
  load_config (fixture, "[receivers]\ntwo=exec\n[receivers.two]\ncommand=SCRIPT\n");
  g_assert_true (orf_notifier_reload (fixture->notifier, NULL));
  notice_engine_resolve (&fixture->engine, 7);
  wait_file (fixture, "SELECT count(*) = 3 FROM alert_notice WHERE state = 'delivered'");
  g_assert_cmpint (store_query (fixture->base.path,
                                "SELECT count(*) FROM alert_notice WHERE receiver = 'one'"),
                   ==, 1);
}

/* A receiver that never ends delays no other, and is killed in time. */
static void
test_hang (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  load_config (fixture, ONE "[receivers]\nhang=exec\n[receivers.hang]\ncommand=/bin/sleep;1000\n"
                            "timeout_us=300000\n");
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "alert:hang: is tried again: no end*");
  start (fixture);
  fire (fixture, 7, "hot");
  wait_log (fixture, "one al-7/firing 1\n");
  wait_file (fixture,
             "SELECT count(*) FROM alert_notice WHERE receiver = 'hang' AND attempts >= 2 AND "
             "answer LIKE 'no end in time%'");
  g_test_assert_expected_messages ();
}

/* EX_DATAERR: it would be so again. */
static void
test_refused (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  load_config (fixture, ONE "[receivers.one]\ncommand=/bin/sh;-c;exit 65\n");
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "alert:one: an entry was dropped*65");
  start (fixture);
  fire (fixture, 7, "hot");
  wait_file (fixture, "SELECT count(*) FROM alert_notice WHERE state = 'refused' AND answer = "
                      "'ended with status 65'");
  g_test_assert_expected_messages ();
}

static void
check_refused (Fixture *fixture, const char *text, const char *field)
{
  g_autoptr (GError) error = NULL;

  load_config (fixture, text);
  store_fixture_open (&fixture->base);
  fixture->outbox = orf_outbox_new (fixture->config, fixture->base.store, NULL);
  g_assert_null (orf_notifier_new (fixture->config, fixture->base.store, fixture->outbox, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_str_has_prefix (error->message, field));
  orf_outbox_stop (fixture->outbox);
  store_fixture_close (&fixture->base);
  g_clear_pointer (&fixture->outbox, orf_outbox_free);
}

static void
test_settings (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  check_refused (fixture, "[receivers]\na=pigeon\n", "receivers.a: webhook");
  check_refused (fixture, "[receivers]\na=webhook\n", "receivers.a.url");
  check_refused (fixture, "[receivers]\na=exec\n[receivers.a]\ncommand=tell\n",
                 "receivers.a.command");
  check_refused (fixture, "[receivers]\na=sendmail\n", "receivers.a.to");
  check_refused (fixture, "[receivers]\na=sendmail\n[receivers.a]\nto=x y@z\n", "receivers.a.to");
  check_refused (fixture, "[receivers]\na=journal\n[receivers.a]\nmatchers={x\n",
                 "receivers.a.matchers");
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/notifier/told", test_told);
  ADD ("/notifier/tried-again", test_tried_again);
  ADD ("/notifier/next-run", test_next_run);
  ADD ("/notifier/waiting-in-file", test_waiting_in_file);
  ADD ("/notifier/damaged", test_damaged);
  ADD ("/notifier/silence", test_silence);
  ADD ("/notifier/repeat", test_repeat);
  ADD ("/notifier/reload", test_reload);
  ADD ("/notifier/hang", test_hang);
  ADD ("/notifier/refused", test_refused);
  ADD ("/notifier/settings", test_settings);
  return g_test_run ();
}
