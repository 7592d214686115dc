/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-config.h"
#include "incidents/orf-black-box.h"
#include "orf-error.h"
#include "../store/store-fixture.h"

#define SECOND   G_GINT64_CONSTANT (1000000)
#define MINUTE   (60 * SECOND)
#define AT       (G_GINT64_CONSTANT (1760000000) * SECOND)
#define COUNT(x) store_query (fixture->store.path, "SELECT count(*) FROM " x)

typedef struct {
  StoreFixture store;
  OrfConfig *config;
  OrfIncidentService *incidents;
  OrfBlackBox *box;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  store_fixture_set_up (&fixture->store, data);
  store_fixture_open (&fixture->store);
  fixture->config = orf_config_new_defaults ();
  fixture->incidents = orf_incident_service_new (fixture->config, fixture->store.store, &error);
  g_assert_no_error (error);
  fixture->box = orf_black_box_new (fixture->config, fixture->store.store, fixture->incidents);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  orf_black_box_free (fixture->box);
  orf_incident_service_free (fixture->incidents);
  orf_config_free (fixture->config);
  store_fixture_tear_down (&fixture->store, data);
}

static void
record (Fixture *fixture, const char *title, gint64 at_us)
{
  orf_black_box_record (fixture->box, title, "seen", at_us);
  store_fixture_settle (&fixture->store);
}

static gint64
get (Fixture *fixture, const char *sql)
{
  return store_query (fixture->store.path, sql);
}

static void
test_window (Fixture *fixture, gconstpointer data)
{
  record (fixture, "out of GPU memory on a", AT);
  g_assert_cmpint (COUNT ("incident WHERE author = 'black box' AND reason = 'seen'"), ==, 1);
  g_assert_cmpint (get (fixture, "SELECT from_us FROM incident"), ==, AT - 10 * MINUTE);
  g_assert_cmpint (get (fixture, "SELECT to_us FROM pin"), ==, AT + MINUTE);
}

/* The same again makes it longer; another is another. */
static void
test_joined (Fixture *fixture, gconstpointer data)
{
  record (fixture, "a", AT);
  record (fixture, "a", AT + SECOND); /* not worth a write */
  g_assert_cmpint (get (fixture, "SELECT to_us FROM incident"), ==, AT + MINUTE);
  record (fixture, "a", AT + 9 * MINUTE);
  g_assert_cmpint (COUNT ("incident"), ==, 1);
  g_assert_cmpint (get (fixture, "SELECT to_us FROM incident"), ==, AT + 10 * MINUTE);
  g_assert_cmpint (get (fixture, "SELECT to_us FROM pin"), ==, AT + 10 * MINUTE);
  record (fixture, "b", AT + 9 * MINUTE);
  g_assert_cmpint (COUNT ("incident"), ==, 2);
  record (fixture, "a", AT + 10 * MINUTE);
  g_assert_cmpint (COUNT ("incident WHERE title = 'a'"), ==, 2);
}

/* What broke while the clock was a year ahead is not what breaks now. */
static void
test_clock_ahead (Fixture *fixture, gconstpointer data)
{
  record (fixture, "a", AT + 365 * 1440 * MINUTE);
  record (fixture, "a", AT);
  g_assert_cmpint (COUNT ("incident"), ==, 2);
  record (fixture, "a", AT + MINUTE);
  g_assert_cmpint (COUNT ("incident"), ==, 2);
  g_assert_cmpint (get (fixture, "SELECT to_us FROM pin ORDER BY to_us LIMIT 1"), ==,
                   AT + 2 * MINUTE);
}

/* Which one there is, is known from the file. */
static void
test_joined_after_restart (Fixture *fixture, gconstpointer data)
{
  record (fixture, "a", AT);
  orf_black_box_free (fixture->box);
  fixture->box = orf_black_box_new (fixture->config, fixture->store.store, fixture->incidents);
  record (fixture, "a", AT + SECOND);
  g_assert_cmpint (COUNT ("incident"), ==, 1);
  g_assert_cmpint (get (fixture, "SELECT to_us FROM incident"), ==, AT + SECOND + MINUTE);
}

static void
pin_by_hand (Fixture *fixture, const char *title)
{
  g_auto (StoreAnswer) answer = { 0 };
  OrfIncidentRow *row = orf_incident_row_new ();

  row->id = orf_incident_service_take_id (fixture->incidents);
  row->from_us = AT - 20 * MINUTE;
  row->to_us = AT;
  row->title = g_strdup (title);
  row->reason = g_strdup ("by hand");
  orf_store_write_incident (fixture->store.store, row, 1000, NULL, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

/* The oldest of its own go, and nobody else's. */
static void
test_bounded (Fixture *fixture, gconstpointer data)
{
  fixture->config->history.max_black_boxes = 3;
  pin_by_hand (fixture, "0");
  for (guint i = 1; i <= 5; i++) {
    g_autofree char *title = g_strdup_printf ("%u", i);

    record (fixture, title, AT + i * MINUTE);
  }
  g_assert_cmpint (COUNT ("incident WHERE title IN ('0','3','4','5')"), ==, 4);
  g_assert_cmpint (COUNT ("incident"), ==, 4);
  g_assert_cmpint (COUNT ("pin"), ==, 4);
  g_assert_cmpint (COUNT ("pin WHERE incident_id IN (SELECT id FROM incident)"), ==, 4);

  fixture->config->history.max_black_boxes = 1;
  record (fixture, "6", AT + 6 * MINUTE);
  g_assert_cmpint (COUNT ("incident WHERE title IN ('0','6')"), ==, 2);
  g_assert_cmpint (COUNT ("pin"), ==, 2);

  fixture->config->history.max_black_boxes = 0;
  record (fixture, "7", AT + 7 * MINUTE);
  g_assert_cmpint (COUNT ("incident WHERE title = '7'"), ==, 0);
}

static void
test_no_room (Fixture *fixture, gconstpointer data)
{
  pin_by_hand (fixture, "0");
  fixture->config->history.max_pins = 1;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "what led to 'a' is not kept: *max_pins*");
  record (fixture, "a", AT);
  g_test_assert_expected_messages ();
  g_assert_cmpint (COUNT ("incident"), ==, 1);
}

/* A storm is a few writes, and many titles are bounded. */
static void
test_storm (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 10000; i++)
    orf_black_box_record (fixture->box, "a", "seen", AT + i);
  for (guint i = 0; i < 200; i++) {
    g_autofree char *title = g_strdup_printf ("t%u", i);

    orf_black_box_record (fixture->box, title, "seen", AT + MINUTE);
  }
  store_fixture_settle (&fixture->store);
  g_assert_cmpint (COUNT ("incident"), ==, fixture->config->history.max_black_boxes);
}

/* ---- members --------------------------------------------------------------------------------- */

static gboolean
add_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  return orf_connection_exec (
    connection,
    "INSERT INTO event (id, t_us, kind, text) VALUES (1, 100, 'note', 'mark'), (2, 200, 'note', "
    "'x');"
    "INSERT INTO gpu_event (id, device, kind, severity, text, raised_us) "
    "VALUES (7, 'd0', 'xid', 'critical', 'XID 79', 120);"
    "INSERT INTO cleanup (id, device, trigger, level, started_us, verdict, freed_bytes) "
    "VALUES (3, 'd0', 'call', 'normal', 110, 'nothing_freed', 0), "
    "(4, 'd0', 'call', 'normal', 115, NULL, NULL);"
    "INSERT INTO worker (id, name, source, capabilities, registered_us, lost_us, batches) "
    "VALUES (5, 'w', 'registered', '[]', 1, 130, 0), (6, 'v', 'registered', '[]', 1, NULL, 0);"
    "INSERT INTO audit (id, t_us, actor, method) VALUES (9, 120, 'ann', 'db.backup'), "
    "(10, 121, 'ann', 'events.mark')",
    error);
}

typedef struct {
  gboolean done;
  char *text; /* kind id title; … */
} Members;

static void
members_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Members *members = user_data;
  GString *text = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++) {
    const OrfMemberRow *row = g_ptr_array_index (rows, i);

    g_string_append_printf (text, "%s %s %s;", row->kind, row->id, row->title);
  }
  members->text = g_string_free (text, FALSE);
  members->done = TRUE;
}

static char *
read_members (Fixture *fixture, guint max)
{
  Members members = { 0 };

  orf_store_read_members (fixture->store.store, 100, 200, max, NULL, members_cb, &members);
  while (!members.done)
    g_main_context_iteration (NULL, TRUE);
  return members.text;
}

static void
test_members (Fixture *fixture, gconstpointer data)
{
  const OrfStoreChange change = { .write_thread_cb = add_thread_cb };
  g_auto (StoreAnswer) answer = { 0 };
  g_autofree char *all = NULL, *few = NULL;

  orf_store_write (fixture->store.store, &change, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  all = read_members (fixture, 100);
  g_assert_cmpstr (all, ==,
                   "worker w-5 w was lost;gpu_event g-7 d0: XID 79;audit a-9 db.backup by ann;"
                   "cleanup c-4 d0: not ended;cleanup c-3 d0: nothing freed, 0.0 MiB freed;"
                   "event e-1 mark;");
  few = read_members (fixture, 2);
  g_assert_cmpstr (few, ==, "worker w-5 w was lost;gpu_event g-7 d0: XID 79;");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/black-box/window", Fixture, NULL, set_up, test_window, tear_down);
  g_test_add ("/black-box/joined", Fixture, NULL, set_up, test_joined, tear_down);
  g_test_add ("/black-box/clock-ahead", Fixture, NULL, set_up, test_clock_ahead, tear_down);
  g_test_add ("/black-box/joined-after-restart", Fixture, NULL, set_up, test_joined_after_restart,
              tear_down);
  g_test_add ("/black-box/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
  g_test_add ("/black-box/no-room", Fixture, NULL, set_up, test_no_room, tear_down);
  g_test_add ("/black-box/storm", Fixture, NULL, set_up, test_storm, tear_down);
  g_test_add ("/black-box/members", Fixture, NULL, set_up, test_members, tear_down);
  return g_test_run ();
}
