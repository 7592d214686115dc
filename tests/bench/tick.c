/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tick DIR SERIES TICKS: what a tick of so many series costs from the source to the commit, and
 * beside it the same rows by a bare loop of prepared inserts.  Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <sqlite3.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "metrics/orf-sampler.h"

#define PERIOD_US (200 * ORF_US_PER_MS)
/* Not counted: the first batches bring the series rows. */
#define WARM_UP_TICKS 3

typedef struct {
  GMainLoop *loop;
  GPtrArray *series;
  guint n_ticks, wanted;
  OrfStore *store;
  gint64 cpu_us, written_bytes, commits; /* when the warm-up was over */
} Bench;

typedef struct {
  double cpu_ms, bytes_per_sample, commits_per_tick;
} Cost;

static gint64
read_cpu_us (void)
{
  struct rusage used;

  getrusage (RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * ORF_US_PER_S + used.ru_utime.tv_usec +
         used.ru_stime.tv_usec;
}

static gint64
read_written_bytes (void)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents ("/proc/self/io", &text, NULL, NULL) ||
      (at = strstr (text, "wchar: ")) == NULL)
    return 0;
  return g_ascii_strtoll (at + strlen ("wchar: "), NULL, 10);
}

/* ---- ours ------------------------------------------------------------------------------------ */

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  Bench *bench = self;

  if (++bench->n_ticks == WARM_UP_TICKS) {
    bench->cpu_us = read_cpu_us ();
    bench->written_bytes = read_written_bytes ();
    bench->commits = (gint64) orf_store_get_stats (bench->store)->commits;
  }
  for (guint i = 0; i < bench->series->len; i++)
    orf_frame_add_series (frame, bench->series->pdata[i], i + bench->n_ticks * 0.25);
  if (bench->n_ticks >= bench->wanted + WARM_UP_TICKS)
    g_main_loop_quit (bench->loop);
}

static gint64
get_period_us_cb (gpointer self)
{
  return PERIOD_US;
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  Bench *bench = user_data;

  if (error != NULL) {
    fprintf (stderr, "tick: %s\n", error->message);
    exit (EXIT_FAILURE);
  }
  for (guint i = 0; i < n_series; i++)
    g_ptr_array_add (bench->series, series[i]);
  g_main_loop_quit (bench->loop);
}

static void
resolve (Bench *bench, OrfRegistry *registry, guint n)
{
  g_autofree OrfSeriesRef *refs = g_new0 (OrfSeriesRef, n);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++) {
    g_ptr_array_add (names, g_strdup_printf ("bench.%u", i));
    refs[i].name = names->pdata[i];
  }
  orf_registry_resolve (registry, refs, n, resolved_cb, bench);
  g_main_loop_run (bench->loop);
}

static OrfStore *
open_store (const char *path, const OrfConfig *config, GError **error)
{
  const OrfStoreOptions options = {
    .path = path,
    .readers = 1,
    .max_write_jobs = 1024,
    .max_read_jobs = 16,
    .batch_us = config->store.batch_us,
    .read_us = config->store.read_us,
    .raw_us = config->history.raw_us,
    .idempotency_us = config->store.idempotency_us,
    .min_free_bytes = 1 << 20,
  };

  return orf_store_open (&options, error);
}

static Cost
measure_ours (const char *dir, guint n, guint ticks)
{
  g_autofree char *path = g_build_filename (dir, "tick.db", NULL);
  g_autoptr (OrfConfig) config = orf_config_new_defaults ();
  g_autoptr (GError) error = NULL;
  OrfStore *store = open_store (path, config, &error);
  g_autoptr (OrfRegistry) registry = store != NULL ? orf_registry_new (config, store, &error)
                                                   : NULL;
  Bench bench = {
    .loop = g_main_loop_new (NULL, FALSE),
    .series = g_ptr_array_new (),
    .wanted = ticks,
    .store = store,
  };
  OrfSampler *sampler;
  Cost cost;

  if (registry == NULL) {
    fprintf (stderr, "tick: %s\n", error->message);
    exit (EXIT_FAILURE);
  }
  resolve (&bench, registry, n);
  config->store.commit_us = PERIOD_US; /* each tick a commit */
  sampler = orf_sampler_new (registry, store, config);
  orf_sampler_add_source (sampler, &source, &bench);
  orf_sampler_start (sampler);
  g_main_loop_run (bench.loop);
  cost.commits_per_tick = (double) ((gint64) orf_store_get_stats (store)->commits - bench.commits) /
                          ticks; /* the last tick's is still to come */
  orf_sampler_free (sampler);
  orf_store_close (store); /* waits for the last commit and its checkpoint */
  cost.cpu_ms = (double) (read_cpu_us () - bench.cpu_us) / 1000 / (ticks + 1);
  cost.bytes_per_sample = (double) (read_written_bytes () - bench.written_bytes) / (ticks + 1) / n;
  g_ptr_array_unref (bench.series);
  g_main_loop_unref (bench.loop);
  return cost;
}

/* ---- the peer -------------------------------------------------------------------------------- */

static void
run_sql (sqlite3 *db, const char *sql)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    fprintf (stderr, "tick: %s: %s\n", sql, sqlite3_errmsg (db));
    exit (EXIT_FAILURE);
  }
}

static Cost
measure_bare (const char *dir, guint n, guint ticks)
{
  g_autofree char *path = g_build_filename (dir, "bare.db", NULL);
  sqlite3 *db;
  sqlite3_stmt *insert;
  gint64 cpu_us, written_bytes;

  /* as the store opens it: no lock around each call */
  sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                   NULL);
  run_sql (db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "CREATE TABLE sample_raw (t_us INTEGER, series_id INTEGER, value REAL)");
  sqlite3_prepare_v2 (db, "INSERT INTO sample_raw VALUES (?,?,?)", -1, &insert, NULL);
  cpu_us = read_cpu_us ();
  written_bytes = read_written_bytes ();
  for (guint tick = 0; tick < ticks; tick++) {
    gint64 t_us = orf_clock_now_us ();

    run_sql (db, "BEGIN");
    for (guint i = 0; i < n; i++) {
      sqlite3_bind_int64 (insert, 1, t_us);
      sqlite3_bind_int64 (insert, 2, i);
      sqlite3_bind_double (insert, 3, i + tick * 0.25);
      sqlite3_step (insert);
      sqlite3_reset (insert);
    }
    run_sql (db, "COMMIT");
  }
  sqlite3_finalize (insert);
  sqlite3_close (db);
  return (Cost){ (double) (read_cpu_us () - cpu_us) / 1000 / ticks,
                 (double) (read_written_bytes () - written_bytes) / ticks / n, 1 };
}

int
main (int argc, char **argv)
{
  guint n, ticks;
  Cost ours, bare;

  if (argc != 4) {
    fputs ("usage: tick DIR SERIES TICKS\n", stderr);
    return 2;
  }
  n = (guint) atoi (argv[2]);
  ticks = (guint) atoi (argv[3]);
  ours = measure_ours (argv[1], n, ticks);
  bare = measure_bare (argv[1], n, ticks);
  printf ("{\"cpu_ms\":%.3f,\"bytes\":%.1f,\"commits\":%.2f,\"bare_cpu_ms\":%.3f,"
          "\"bare_bytes\":%.1f}\n",
          ours.cpu_ms, ours.bytes_per_sample, ours.commits_per_tick, bare.cpu_ms,
          bare.bytes_per_sample);
  return 0;
}
