/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-packer.h"
#include "store/orf-sample-batch.h"
#include "store/orf-store.h"

/* A directory of its own and a store in it, whose calls wait for their answers. */
typedef struct {
  char *directory;
  char *path;
  OrfStoreOptions options;
  OrfStore *store;
} StoreFixture;

void store_fixture_set_up (StoreFixture *fixture, gconstpointer data);
void store_fixture_tear_down (StoreFixture *fixture, gconstpointer data);
void store_fixture_open (StoreFixture *fixture);
void store_fixture_close (StoreFixture *fixture);
/* Waits for the frames: nothing else tells when they are in the file. */
void store_fixture_reopen (StoreFixture *fixture);
/* With the store closed: packs by at most n steps, of which some are made and lost, as by a kill.
 * How many were written. */
guint store_fixture_pack (StoreFixture *fixture, guint n, const OrfPackLimits *limits);
/* In the fixture's directory. */
char *store_fixture_dup_path (StoreFixture *fixture, const char *name);
void store_remove_directory (const char *directory);

typedef struct {
  gboolean done;
  char *replayed_json;
  char **problems;
  GPtrArray *rows; /* borrowed from nobody: copies */
  gint64 size_bytes;
  GError *error;
} StoreAnswer;

void store_answer_clear (StoreAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (StoreAnswer, store_answer_clear)
void store_answer_wait (StoreAnswer *answer);
void store_answer_write_cb (gpointer data, const OrfWriteResult *result, const GError *error);
void store_answer_backup_cb (gpointer data, gint64 size_bytes, gint64 took_us, const GError *error);
void store_answer_check_cb (gpointer data, char **problems, gint64 took_us, const GError *error);
void store_answer_series_cb (gpointer data, GPtrArray *rows, const GError *error);
/* rows: OrfSeriesPoints */
void store_answer_samples_cb (gpointer data, GPtrArray *series, const GError *error);

OrfSeriesRow *store_series_row (gint64 id, const char *name);
/* n samples of series 1 (declared in it) from t_us on, a second apart. */
OrfSampleBatch *store_batch (gint64 t_us, guint n);
void store_fixture_write (StoreFixture *fixture,
                          OrfSampleBatch *batch,
                          const OrfIdempotency *idempotency,
                          StoreAnswer *answer);
/* What was submitted before is in the file when this is. */
void store_fixture_settle (StoreFixture *fixture);
/* By a connection of the test's own. */
gint64 store_query (const char *path, const char *sql);
