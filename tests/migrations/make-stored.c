/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the stored database of the present version, once for each release: a few rows in each
 * table, written by the store itself.  make-stored DEST
 */
#include <stdlib.h>

#include "core/orf-clock.h"
#include "store/orf-connection.h"
#include "store/orf-sample-batch.h"

typedef struct {
  GMainLoop *loop;
  gboolean failed;
} Run;

static void
finish (Run *run, const GError *error)
{
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  run->failed = error != NULL;
  g_main_loop_quit (run->loop);
}

static void
write_done_cb (gpointer data, const OrfWriteResult *result G_GNUC_UNUSED, const GError *error)
{
  finish (data, error);
}

static void
backup_done_cb (gpointer data,
                gint64 size_bytes G_GNUC_UNUSED,
                gint64 took_us G_GNUC_UNUSED,
                const GError *error)
{
  finish (data, error);
}

static GPtrArray *
make_series (gint64 now_us)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);

  for (int kind = 1; kind <= 3; kind++) {
    OrfSeriesRow *row = orf_series_row_new ();

    row->id = kind;
    row->name = g_strdup_printf ("stored.series_%d", kind);
    row->labels_json = g_strdup (kind == 1 ? "{}" : "{\"device\":\"gpu0\",\"unit\":\"a\\\"b\"}");
    row->kind = kind;
    row->unit = kind == 1 ? NULL : g_strdup ("bytes");
    row->help = g_strdup ("what a test stored");
    row->extra_json = kind == 3 ? g_strdup ("[0.1,1,10]") : NULL;
    row->created_us = row->last_us = now_us;
    g_ptr_array_add (rows, row);
  }
  return rows;
}

static OrfEventRow *
make_event (gint64 now_us)
{
  OrfEventRow *row = orf_event_row_new ();

  row->id = 1;
  row->t_us = now_us;
  row->kind = g_strdup ("deploy");
  row->text = g_strdup ("what a test stored");
  row->author = g_strdup ("uid 0");
  return row;
}

static OrfIncidentRow *
make_incident (gint64 now_us)
{
  OrfIncidentRow *row = orf_incident_row_new ();

  row->id = 1;
  row->from_us = now_us;
  row->to_us = now_us + ORF_US_PER_S;
  row->title = g_strdup ("what a test pinned");
  row->reason = g_strdup ("a test");
  row->author = g_strdup ("uid 0");
  row->created_us = now_us;
  return row;
}

static OrfOutboxChange *
make_outbox (gint64 now_us)
{
  OrfOutboxChange *change = orf_outbox_change_new ();
  OrfOutboxRow *row = orf_outbox_row_new ();

  row->id = 1;
  row->destination = g_strdup ("stored");
  row->created_us = now_us;
  row->attempts = 2;
  row->next_us = now_us + ORF_US_PER_S;
  row->sample_rowid = 101;
  row->last_error = g_strdup ("what a test stored");
  row->body = g_bytes_new_static ("101-200", 7);
  g_ptr_array_add (change->added, row);
  change->cursor = (OrfOutboxCursor){ g_strdup ("stored"), 201 };
  return change;
}

/* A row of each table that others than the store fill. */
static gboolean
write_gpu_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  return orf_connection_exec (connection, data, error);
}

#define GPU_ROWS                                                                                   \
  "INSERT INTO worker VALUES (1, 'vllm-0', 'gpu0', 12, 'registered', '[\"trim\"]', "               \
  "1763700000000000, "                                                                             \
  "1763700001000000, NULL, NULL, 1024, 4096, 1024, 512, 2048, 1, 2, 1);"                           \
  "INSERT INTO worker_batch VALUES (1763700001000000, 1, 8, 4096, 20000, 'mesh');"                 \
  "INSERT INTO cleanup VALUES (1, 'gpu0', 'call', 'uid 0', NULL, 'normal', 1763700002000000, "     \
  "900000, "                                                                                       \
  "'freed', 'device', 8192, 5120, 3072, 0, 0, NULL, 3072, '[[2,\"vllm-1\",\"does not "             \
  "listen\"]]');"                                                                                  \
  "INSERT INTO cleanup_worker VALUES (1, 0, 1, 'vllm-0', 'freed', 'process', 3072, 4096, 1024, "   \
  "3072, "                                                                                         \
  "3072, "                                                                                         \
  "800000, NULL, 3072, 3072, 0, '3.0 KiB held idle');"                                             \
  "INSERT INTO gpu_event VALUES (1, 'gpu0', 'xid', 'critical', 79, 'XID 79', 1763700003000000, "   \
  "NULL);"                                                                                         \
  "INSERT INTO prediction VALUES (1, 2, 'holt', 300000000, 1763700000000000, 1763700300000000, "   \
  "1, 2, 1.5, 2.5, 1.25, 2.75, 0.8, 'degrading', 0.01, 'quiet', 90, 1000, 2000, NULL, "            \
  "1763700301000000, 2.25, -0.25, -1.25, 1, 1);"                                                   \
  "INSERT INTO forecast_state VALUES ('stored.series_1', 60000000, 1763700000000000, "             \
  "1763700001000000, x'0102');"                                                                    \
  "INSERT INTO forecast_warning VALUES (1, 2, 'gpu0', 1763700000000000, 90, 88, "                  \
  "1763700060000000, 1763700120000000, 1763700180000000, 'quiet', 'act', 1, 1763700100000000, "    \
  "1763700100000000, 'came_true');"                                                                \
  "INSERT INTO leak VALUES (1, 'stored.series_2', 'gpu0', 1, 'vllm-0', 12, 1763700000000000, "     \
  "1763703600000000, 1763703600000000, NULL, NULL, 1024, 512, 2048, 0.97, 3686400, 'deploy', "     \
  "1763699990000000, 'deploy of v2');"                                                             \
  "INSERT INTO anomaly VALUES (1, 'spike', 'level', 'stored', 1, 1, 6.5, 3162277660000, "          \
  "'warning', 1763700004000000, 1763700009000000, 9, 1, 3, '[\"stored.series_2\"]', 'known', "     \
  "'a test', 'uid 0', 1763700010000000);"                                                          \
  "INSERT INTO anomaly_state VALUES (1, 'stored#0@1000000', '[\"stored.series_1\"]', "             \
  "1763700005000000, x'0102')"

static OrfSampleBatch *
make_samples (gint64 now_us)
{
  OrfSampleBatch *batch = orf_sample_batch_new (300);

  for (gint64 i = 0; i < 300; i++)
    orf_sample_batch_add (batch, now_us + (i / 3) * ORF_US_PER_S, i % 3 + 1, (double) i / 7);
  return batch;
}

int
main (int argc, char **argv)
{
  g_autofree char *work = g_dir_make_tmp ("orf-stored-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (work, "t.db", NULL);
  OrfStoreOptions options = { .path = path,
                              .readers = 1,
                              .max_write_jobs = 10,
                              .max_read_jobs = 10,
                              .batch_us = 20000,
                              .read_us = 2000000,
                              .raw_us = G_MAXINT64 / 4,
                              .idempotency_us = G_MAXINT64 / 4 };
  const OrfGpuProcessRow processes[] = { { "gpu0", 12, "python", 4096 }, { "gpu0", 13, NULL, -1 } };
  const OrfIdempotency key = { "stored-key", "metrics.record", 42, "{\"accepted\":300}" };
  const OrfAudit audit = { "uid 0", "metrics.define", "{\"name\":\"stored.series_1\"}" };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Run run = { loop, FALSE };
  gint64 now_us = G_GINT64_CONSTANT (1763700000000000);
  OrfStore *store = argc == 2 ? orf_store_open (&options, &error) : NULL;

  if (store == NULL) {
    g_printerr ("%s\n", error != NULL ? error->message : "usage: make-stored DEST");
    return EXIT_FAILURE;
  }
  orf_store_write_gpu_processes (store, now_us, processes, G_N_ELEMENTS (processes));
  orf_store_write_series (store, make_series (now_us), &audit, NULL, write_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_write_samples (store, make_samples (now_us), &key, write_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_write_event (store, make_event (now_us), NULL, NULL, write_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_write_incident (store, make_incident (now_us), 1, NULL, write_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_write_outbox (store, make_outbox (now_us), write_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_write (store,
                   &(OrfStoreChange){ .write_thread_cb = write_gpu_thread_cb,
                                      .data = (gpointer) GPU_ROWS },
                   write_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_backup (store, argv[1], NULL, backup_done_cb, &run);
  g_main_loop_run (loop);
  orf_store_close (store);
  return run.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
