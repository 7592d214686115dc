/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../store/store-fixture.h"
#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "gpu/orf-device-events.h"

#define SECOND   G_GINT64_CONSTANT (1000000)
#define AT       (G_GINT64_CONSTANT (1760000000) * SECOND)
#define DEVICE   "pci-0000:03:00.0"
#define COUNT(x) store_query (fixture->store.path, "SELECT count(*) FROM " x)

typedef struct {
  StoreFixture store;
  OrfConfig *config;
  OrfIncidentService *incidents;
  OrfBlackBox *box;
  OrfDeviceEvents *events;
  OrfProbeDeviceSample *sample;
} Fixture;

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->incidents = orf_incident_service_new (fixture->config, fixture->store.store, &error);
  g_assert_no_error (error);
  fixture->box = orf_black_box_new (fixture->config, fixture->store.store, fixture->incidents);
  fixture->events = orf_device_events_new (fixture->store.store, fixture->box, &error);
  g_assert_no_error (error);
}

static void
stop (Fixture *fixture)
{
  orf_device_events_free (fixture->events);
  orf_black_box_free (fixture->box);
  orf_incident_service_free (fixture->incidents);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  store_fixture_set_up (&fixture->store, data);
  store_fixture_open (&fixture->store);
  fixture->config = orf_config_new_defaults ();
  fixture->sample = orf_probe_device_sample_new ();
  start (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (fixture);
  orf_probe_device_sample_free (fixture->sample);
  orf_config_free (fixture->config);
  store_fixture_tear_down (&fixture->store, data);
}

static void
look (Fixture *fixture, gint64 after_us)
{
  orf_device_events_look (fixture->events, DEVICE, fixture->sample, AT + after_us);
  store_fixture_settle (&fixture->store);
}

static void
set_reasons (Fixture *fixture, const char *reasons)
{
  g_strfreev (fixture->sample->throttle_reasons);
  fixture->sample->throttle_reasons = g_strsplit (reasons, " ", -1);
}

static void
set_xid (Fixture *fixture, gint64 code)
{
  g_clear_pointer (&fixture->sample->xids, g_array_unref);
  fixture->sample->xids = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (code >= 0)
    g_array_append_val (fixture->sample->xids, code);
}

/* An error is over when it was last seen, and told so a minute later; a storm is one event. */
static void
test_xid (Fixture *fixture, gconstpointer data)
{
  set_xid (fixture, 31);
  look (fixture, 0);
  g_assert_cmpint (
    COUNT ("gpu_event WHERE code = 31 AND severity = 'warning' AND cleared_us IS NULL"), ==, 1);
  look (fixture, 40 * SECOND);
  set_xid (fixture, -1);
  look (fixture, 99 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event WHERE cleared_us IS NULL"), ==, 1);
  look (fixture, 100 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event"), ==, 1);
  g_assert_cmpint (store_query (fixture->store.path,
                                "SELECT cleared_us - raised_us FROM gpu_event"),
                   ==, 40 * SECOND);
  g_assert_cmpint (COUNT ("incident"), ==, 0);

  set_xid (fixture, 31);
  look (fixture, 200 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event"), ==, 2);
}

/* What lasts for less than two seconds is not told, and one that goes for less than ten not
 * cleared.
 */
static void
test_throttle (Fixture *fixture, gconstpointer data)
{
  set_reasons (fixture, "thermal");
  look (fixture, 0);
  look (fixture, SECOND);
  set_reasons (fixture, "idle");
  look (fixture, 2 * SECOND);
  set_reasons (fixture, "thermal");
  look (fixture, 3 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event"), ==, 0);
  look (fixture, 5 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event WHERE kind = 'throttle'"), ==, 1);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT raised_us FROM gpu_event"), ==,
                   AT + 3 * SECOND);

  set_reasons (fixture, "");
  look (fixture, 9 * SECOND);
  set_reasons (fixture, "thermal");
  look (fixture, 10 * SECOND);
  set_reasons (fixture, "");
  look (fixture, 19 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event WHERE cleared_us IS NULL"), ==, 1);
  look (fixture, 20 * SECOND);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT cleared_us FROM gpu_event"), ==,
                   AT + 10 * SECOND);
}

/* What is critical is kept; loss ends with the first sample. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*" DEVICE "*");
  orf_device_events_look (fixture->events, DEVICE, NULL, AT);
  orf_device_events_look (fixture->events, DEVICE, NULL, AT + SECOND);
  store_fixture_settle (&fixture->store);
  g_test_assert_expected_messages ();
  g_assert_cmpint (COUNT ("gpu_event WHERE kind = 'lost' AND cleared_us IS NULL"), ==, 1);
  g_assert_cmpint (COUNT ("incident WHERE title = '" DEVICE " is lost'"), ==, 1);
  look (fixture, 2 * SECOND);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT cleared_us FROM gpu_event"), ==,
                   AT + SECOND);
}

/* What a daemon left open is not open for ever. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  set_xid (fixture, 13);
  look (fixture, 0);
  stop (fixture);
  start (fixture);
  store_fixture_settle (&fixture->store);
  g_assert_cmpint (COUNT ("gpu_event WHERE cleared_us > raised_us"), ==, 1);
  look (fixture, SECOND);
  g_assert_cmpint (COUNT ("gpu_event"), ==, 2);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT max(id) FROM gpu_event"), ==, 2);
}

/* A probe that comes back without a device never tells of it again: nothing of it stays open. */
static void
test_vanished (Fixture *fixture, gconstpointer data)
{
  set_xid (fixture, 31);
  look (fixture, 0);
  look (fixture, SECOND);
  orf_device_events_sweep (fixture->events, orf_clock_monotonic_us () + 1800 * SECOND);
  store_fixture_settle (&fixture->store);
  g_assert_cmpint (COUNT ("gpu_event WHERE cleared_us IS NULL"), ==, 1);
  orf_device_events_sweep (fixture->events, orf_clock_monotonic_us () + 3600 * SECOND);
  store_fixture_settle (&fixture->store);
  g_assert_cmpint (store_query (fixture->store.path,
                                "SELECT cleared_us - raised_us FROM gpu_event"),
                   ==, SECOND);

  look (fixture, 7200 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event"), ==, 2);
  g_assert_cmpint (COUNT ("gpu_event WHERE cleared_us IS NULL"), ==, 1);
}

static void
test_bounded (Fixture *fixture, gconstpointer data)
{
  set_xid (fixture, -1);
  for (gint64 code = 1000; code < 1256; code++)
    g_array_append_val (fixture->sample->xids, code);
  look (fixture, 0);
  g_assert_cmpint (COUNT ("gpu_event"), ==, 64);
}

/* A clock that is set back ends what was seen ahead of it. */
static void
test_clock_set_back (Fixture *fixture, gconstpointer data)
{
  set_xid (fixture, 31);
  look (fixture, 0);
  set_xid (fixture, -1);
  look (fixture, -3600 * SECOND);
  g_assert_cmpint (COUNT ("gpu_event WHERE cleared_us IS NULL"), ==, 0);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
  gboolean done;
  char *ids;
  GError *error;
} Answer;

static void
read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Answer *answer = user_data;
  GString *ids = g_string_new (NULL);

  for (guint i = 0; rows && i < rows->len; i++)
    g_string_append_printf (ids, "%d ", (int) ((OrfGpuEventRow *) rows->pdata[i])->id);
  answer->ids = g_string_free (ids, FALSE);
  answer->error = error ? g_error_copy (error) : NULL;
  answer->done = TRUE;
}

static void
check_read (Fixture *fixture, OrfGpuEventFilter filter, const char *expected)
{
  Answer answer = { 0 };

  orf_store_read_gpu_events (fixture->store.store, &filter, NULL, read_cb, &answer);
  while (!answer.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (answer.ids, ==, expected ?: "");
  g_assert_cmpint (answer.error == NULL, ==, expected != NULL);
  g_clear_error (&answer.error);
  g_free (answer.ids);
}

static void
test_read (Fixture *fixture, gconstpointer data)
{
  set_xid (fixture, 31);
  look (fixture, 0);
  set_xid (fixture, -1);
  look (fixture, 100 * SECOND);
  set_xid (fixture, 13);
  look (fixture, 200 * SECOND);
  orf_device_events_look (fixture->events, "other", fixture->sample, AT + 300 * SECOND);
  store_fixture_settle (&fixture->store);

  check_read (fixture, (OrfGpuEventFilter){ NULL, FALSE, 0, G_MAXINT64, G_MAXINT64, 0, 9 },
              "3 2 1 ");
  check_read (fixture, (OrfGpuEventFilter){ NULL, FALSE, 0, G_MAXINT64, G_MAXINT64, 0, 2 }, "3 2 ");
  check_read (fixture, (OrfGpuEventFilter){ DEVICE, FALSE, 0, G_MAXINT64, G_MAXINT64, 0, 9 },
              "2 1 ");
  check_read (fixture,
              (OrfGpuEventFilter){ NULL, FALSE, AT + SECOND, AT + 300 * SECOND, G_MAXINT64, 0, 9 },
              "2 ");
  check_read (fixture, (OrfGpuEventFilter){ DEVICE, FALSE, 0, AT, G_MAXINT64, 0, 9 }, "");
  check_read (fixture, (OrfGpuEventFilter){ "none", FALSE, 0, G_MAXINT64, G_MAXINT64, 0, 9 }, NULL);
  check_read (fixture, (OrfGpuEventFilter){ "none", TRUE, 0, G_MAXINT64, G_MAXINT64, 0, 9 }, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/device-events/xid", Fixture, NULL, set_up, test_xid, tear_down);
  g_test_add ("/device-events/throttle", Fixture, NULL, set_up, test_throttle, tear_down);
  g_test_add ("/device-events/lost", Fixture, NULL, set_up, test_lost, tear_down);
  g_test_add ("/device-events/restart", Fixture, NULL, set_up, test_restart, tear_down);
  g_test_add ("/device-events/vanished", Fixture, NULL, set_up, test_vanished, tear_down);
  g_test_add ("/device-events/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
  g_test_add ("/device-events/clock-set-back", Fixture, NULL, set_up, test_clock_set_back,
              tear_down);
  g_test_add ("/device-events/read", Fixture, NULL, set_up, test_read, tear_down);
  return g_test_run ();
}
