/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "history/orf-rollup.h"
#include "load/orf-load-saturation.h"

#define SECOND_US G_GINT64_CONSTANT (1000000)
#define START_US  (1760000000 * SECOND_US)
#define N         20
#define CRITICAL  90

typedef struct {
  OrfLoadServer *server;
  GPtrArray *slices;
} Run;

static Run
run_new (void)
{
  Run run = { orf_load_server_new (),
              g_ptr_array_new_with_free_func ((GDestroyNotify) orf_load_slice_free) };

  run.server->from_us = START_US;
  run.server->to_us = START_US + N * SECOND_US;
  run.server->step_us = SECOND_US;
  run.server->series = g_ptr_array_new ();
  return run;
}

static void
run_clear (Run *run)
{
  orf_load_server_free (run->server);
  g_ptr_array_unref (run->slices);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* `low`, and from the second on `high` for so long. */
static void
add_series (Run *run, const char *name, double low, guint from, guint n, double high)
{
  OrfLoadSeries *series = orf_load_series_new ();

  series->name = g_strdup (name);
  series->series = g_strdup (name);
  series->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  for (guint i = 0; i < N; i++) {
    const OrfPoint point = { START_US + i * SECOND_US, i >= from && i < from + n ? high : low };

    g_array_append_val (series->points, point);
  }
  g_ptr_array_add (run->server->series, series);
}

/* 100/s, answered in a millisecond; from the second on slow, failing, or not at all. */
static void
add_slices (Run *run, guint from, gint64 p95_us, gint64 failed, double rate)
{
  for (guint i = 0; i < N; i++) {
    OrfLoadSlice *slice = orf_load_slice_new ();

    slice->at_us = i * SECOND_US;
    slice->planned_per_s = 100;
    slice->rate_per_s = i >= from ? rate : 100;
    slice->has_failed = slice->has_p95_us = TRUE;
    slice->failed = i >= from ? failed : 0;
    slice->p95_us = i >= from ? p95_us : 1000;
    g_ptr_array_add (run->slices, slice);
  }
}

static GPtrArray *
find (const Run *run)
{
  GPtrArray *found = orf_load_saturation_find (run->server, run->slices, CRITICAL);

  g_ptr_array_set_free_func (found, (GDestroyNotify) orf_load_saturation_free);
  return found;
}

static void
check (const GPtrArray *found, guint i, const char *name, OrfLoadSaturationKind kind, guint at_s)
{
  const OrfLoadSaturation *one;

  g_assert_cmpuint (i, <, found->len);
  one = found->pdata[i];
  g_assert_cmpstr (one->name, ==, name);
  g_assert_cmpint (one->kind, ==, kind);
  g_assert_cmpint (one->at_us, ==, at_s * SECOND_US);
}

static void
test_nothing (void)
{
  g_auto (Run) run = run_new ();
  g_autoptr (GPtrArray) found = NULL;

  add_series (&run, "gpu.memory.used_percent", 50, 5, N, CRITICAL - 1);
  add_series (&run, "host.cpu.used_percent", 20, 5, N, 89);
  add_series (&run, "some.other", 1, 5, N, 1000);
  add_slices (&run, 5, 1900, 0, 95);
  found = find (&run);
  g_assert_cmpuint (found->len, ==, 0);
}

static void
test_order (void)
{
  g_auto (Run) run = run_new ();
  g_autoptr (GPtrArray) found = NULL;

  add_slices (&run, 9, 50000, 0, 100);
  add_series (&run, "host.cpu.used_percent", 20, 9, N, 95);
  add_series (&run, "gpu.memory.used_percent", 50, 7, N, CRITICAL);
  found = find (&run);
  g_assert_cmpuint (found->len, ==, 3);
  check (found, 0, "gpu.memory.used_percent", ORF_LOAD_SATURATION_KIND_LIMIT, 7);
  /* of the same second: the server's may be why */
  check (found, 1, "host.cpu.used_percent", ORF_LOAD_SATURATION_KIND_LIMIT, 9);
  check (found, 2, "p95_us", ORF_LOAD_SATURATION_KIND_KNEE, 9);
  g_assert_cmpfloat (((OrfLoadSaturation *) found->pdata[0])->planned_per_s, ==, 100);
  g_assert_nonnull (strstr (((OrfLoadSaturation *) found->pdata[0])->reason,
                            "7.0 s into the run, at 100 requests a second"));
}

/* A moment is none; three values are. */
static void
test_hold (void)
{
  for (guint n = 1; n <= 3; n++) {
    g_auto (Run) run = run_new ();
    g_autoptr (GPtrArray) found = NULL;

    add_series (&run, "host.cpu.used_percent", 20, 5, n, 95);
    found = find (&run);
    g_assert_cmpuint (found->len, ==, n == 3 ? 1 : 0);
  }
}

static void
test_knees (void)
{
  g_auto (Run) run = run_new ();
  g_autoptr (GPtrArray) found = NULL;

  add_series (&run, "cache.hit_rate_percent", 90, 4, N, 45);
  add_series (&run, "orfeas.memory.rss_bytes", 100e6, 5, N, 160e6);
  /* twice as much, and too little to speak of */
  add_series (&run, "span.duration_us", 1000, 6, N, 9000);
  add_series (&run, "orfeas.memory.rss_bytes", 1e6, 6, N, 10e6);
  found = find (&run);
  g_assert_cmpuint (found->len, ==, 2);
  check (found, 0, "cache.hit_rate_percent", ORF_LOAD_SATURATION_KIND_KNEE, 4);
  check (found, 1, "orfeas.memory.rss_bytes", ORF_LOAD_SATURATION_KIND_KNEE, 5);
}

static void
test_client (void)
{
  g_auto (Run) run = run_new ();
  g_autoptr (GPtrArray) found = NULL;

  add_slices (&run, 6, 1000, 15, 85);
  found = find (&run);
  g_assert_cmpuint (found->len, ==, 2);
  check (found, 0, "errors_percent", ORF_LOAD_SATURATION_KIND_LIMIT, 6);
  g_assert_cmpfloat (((OrfLoadSaturation *) found->pdata[0])->value, ==, 15);
  check (found, 1, "rate_percent", ORF_LOAD_SATURATION_KIND_SHORTFALL, 6);
}

/* A run of a few seconds has nothing that it began with. */
static void
test_short (void)
{
  g_auto (Run) run = run_new ();
  g_autoptr (GPtrArray) found = NULL;

  add_slices (&run, 2, 50000, 0, 100);
  g_ptr_array_set_size (run.slices, 5);
  found = find (&run);
  g_assert_cmpuint (found->len, ==, 0);
}

/* Nothing is known of a closed model's plan, and of a run that told nothing. */
static void
test_unknown (void)
{
  g_auto (Run) run = run_new ();
  g_autoptr (GPtrArray) found = NULL;

  for (guint i = 0; i < N; i++)
    g_ptr_array_add (run.slices, orf_load_slice_new ());
  add_series (&run, "host.cpu.used_percent", 95, 0, 0, 0);
  found = find (&run);
  g_assert_cmpuint (found->len, ==, 1);
  check (found, 0, "host.cpu.used_percent", ORF_LOAD_SATURATION_KIND_LIMIT, 0);
  g_assert_true (isnan (((OrfLoadSaturation *) found->pdata[0])->planned_per_s));
  g_assert_nonnull (
    strstr (((OrfLoadSaturation *) found->pdata[0])->reason, "from the beginning of the run on ("));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-saturation/nothing", test_nothing);
  g_test_add_func ("/load-saturation/order", test_order);
  g_test_add_func ("/load-saturation/hold", test_hold);
  g_test_add_func ("/load-saturation/knees", test_knees);
  g_test_add_func ("/load-saturation/client", test_client);
  g_test_add_func ("/load-saturation/short", test_short);
  g_test_add_func ("/load-saturation/unknown", test_unknown);
  return g_test_run ();
}
