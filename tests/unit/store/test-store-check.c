/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What db.check finds in tiers that lie, where SQLite finds nothing wrong. */
#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "history/orf-rollup.h"
#include "history/orf-sketch.h"
#include "store-fixture.h"
#include "store/orf-packer.h"
#include "store/orf-store-check.h"
#include "store/orf-store-pack.h"

#define N_SERIES  3
#define N_SECONDS 8000

static void
write_samples (StoreFixture *fixture, gint64 from_us)
{
  OrfSampleBatch *batch = orf_sample_batch_new (N_SERIES * N_SECONDS);
  g_auto (StoreAnswer) answer = { 0 };

  for (gint64 id = 1; id <= N_SERIES; id++) {
    g_autofree char *name = g_strdup_printf ("s%d", (int) id);

    g_ptr_array_add (batch->new_series, store_series_row (id, name));
  }
  for (gint64 i = 0; i < N_SECONDS; i++)
    for (gint64 id = 1; id <= N_SERIES; id++)
      orf_sample_batch_add (batch, from_us + i * ORF_US_PER_S, id, sin ((double) (i * id)) * 1e6);
  store_fixture_write (fixture, batch, NULL, &answer);
  g_assert_no_error (answer.error);
}

/* Every step that there is; some blocks so small that they are merged. */
static void
pack (OrfConnection *connection)
{
  const OrfPackLimits limits = { 1500, TRUE };
  g_autoptr (OrfPacker) packer = orf_packer_new ();
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more) {
    g_autoptr (OrfPackStep) step = NULL;

    orf_packer_make_step (packer, connection, &limits, &step, &error);
    g_assert_no_error (error);
    more = step != NULL;
    if (more)
      orf_pack_apply (connection, step, &error);
    g_assert_no_error (error);
  }
}

static OrfConnection *
make_file (StoreFixture *fixture)
{
  OrfConnection *connection;
  g_autoptr (GError) error = NULL;

  store_fixture_open (fixture);
  write_samples (fixture, G_GINT64_CONSTANT (1760000000) * ORF_US_PER_S);
  store_fixture_close (fixture);
  connection = orf_connection_open (fixture->path, ORF_CONNECTION_WRITE, &error);
  g_assert_no_error (error);
  return connection;
}

static char **
check (OrfConnection *connection)
{
  g_autoptr (GError) error = NULL;
  char **problems = orf_store_check_run (connection, &error);

  g_assert_no_error (error);
  return problems;
}

/* At each step of packing and merging it is sound. */
static void
test_sound (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = make_file (fixture);
  const OrfPackLimits limits = { 4000, TRUE };
  g_autoptr (OrfPacker) packer = orf_packer_new ();
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more) {
    g_autoptr (OrfPackStep) step = NULL;
    g_auto (GStrv) problems = check (connection);

    g_assert_cmpstr (problems[0], ==, NULL);
    orf_packer_make_step (packer, connection, &limits, &step, &error);
    g_assert_no_error (error);
    more = step != NULL;
    if (more)
      orf_pack_apply (connection, step, &error);
    g_assert_no_error (error);
  }
}

static gint64
ask (OrfConnection *connection, const char *sql)
{
  g_autoptr (GError) error = NULL;
  gint64 value = -1;

  orf_connection_get_int64 (connection, sql, &value, &error);
  g_assert_no_error (error);
  return value;
}

#define LAST_HOUR "series_id = 2 AND t_us = 1760007600000000"

/* New samples do not wait for a minute whose sketch is broken: its hour goes without. */
static void
test_broken_sketch (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = make_file (fixture);
  g_autoptr (GError) error = NULL;

  orf_connection_exec (connection, "UPDATE series SET unit = 'seconds' WHERE id = 2", &error);
  g_assert_no_error (error);
  pack (connection);
  g_assert_cmpint (ask (connection,
                        "SELECT count(*) FROM rollup_1h WHERE sketch IS NOT NULL AND " LAST_HOUR),
                   ==, 1);

  orf_connection_exec (
    connection,
    "UPDATE rollup_1m SET sketch = x'ff00' WHERE " LAST_HOUR ";"
    "INSERT INTO sample_raw (rowid, t_us, series_id, value) SELECT last_rowid + 1, "
    "1760008000000000, 2, 7 FROM raw_block ORDER BY first_rowid DESC LIMIT 1;"
    "INSERT INTO raw_block SELECT max(rowid), max(rowid), 1760008000000000, "
    "1760008000000000 FROM sample_raw",
    &error);
  g_assert_no_error (error);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*series 2 has no quantiles*");
  pack (connection);
  g_test_assert_expected_messages ();
  g_assert_cmpint (ask (connection,
                        "SELECT count(*) FROM rollup_1h WHERE sketch IS NULL AND count = 401 "
                        "AND last = 7 AND " LAST_HOUR),
                   ==, 1);
}

typedef struct {
  const char *sql;
  const char *told;
  guint n; /* problems at least */
} Lie;

#define SOME   "(SELECT id FROM chunk WHERE series_id = 2 ORDER BY id LIMIT 1)"
#define MINUTE "series_id = 2 AND t_us = 1760002200000000"

static const Lie lies[] = {
  { "UPDATE chunk SET data = CAST(substr(data, 1, 30) || x'ab55' || substr(data, 33) AS BLOB) "
    "WHERE id = " SOME,
    "series 2, block", 1 },
  { "UPDATE chunk SET data = x'' WHERE id = " SOME, "series 2, block", 1 },
  { "UPDATE chunk SET checksum = checksum + 1 WHERE id = " SOME, "its checksum is not the one", 1 },
  { "UPDATE chunk SET count = count + 1 WHERE id = " SOME, "and its row tells of", 2 },
  { "UPDATE chunk SET start_us = start_us + 1 WHERE id = " SOME, "its times are not", 1 },
  { "UPDATE chunk SET max = max + 1 WHERE id = " SOME, "its range is not", 1 },
  { "UPDATE chunk SET codec = 7 WHERE id = " SOME, "codec 7 is none", 1 },
  { "UPDATE chunk SET series_id = 3 WHERE id = " SOME, "its id is not that of its series, 3", 1 },
  { "DELETE FROM chunk WHERE id = " SOME, "and there are none", 3 },
  { "DELETE FROM chunk_block WHERE block = " SOME " >> 32", "there is no such block", 2 },
  { "UPDATE chunk_block SET max_t_us = max_t_us - 1 WHERE block = " SOME " >> 32",
    "outside its block's times", 1 },
  { "UPDATE chunk_block SET samples = samples - 1 WHERE block = " SOME " >> 32", "chunk_block", 1 },
  { "INSERT INTO chunk_block VALUES (99999, 0, 99999, 0, 1, 1, 1)",
    "chunk_block 99999 tells of 1 chunks", 1 },
  { "DELETE FROM series WHERE id = 2", "series 2 does not exist", 2 },
  { "UPDATE rollup_1m SET count = 61 WHERE " MINUTE,
    "rollup_1m of series 2 at 1760002200000000: it tells of 61 samples, and there are 60", 2 },
  { "DELETE FROM rollup_1m WHERE " MINUTE, "at 1760002200000000: it is missing", 2 },
  { "UPDATE rollup_1m SET last = last + 1 WHERE " MINUTE, "its min, max or last", 1 },
  { "UPDATE rollup_1m SET sketch = x'0100' WHERE " MINUTE, "its sketch is of 0 values", 1 },
  { "UPDATE rollup_1m SET sketch = x'07' WHERE " MINUTE, "its sketch cannot be read", 1 },
  { "INSERT INTO rollup_1m (series_id, t_us, count, min, max, sum, last) "
    "VALUES (3, 1790000040000000, 5, 0, 1, 2, 1)",
    "series 3 at 1790000040000000: it tells of 5 samples, and there are none", 2 },
  { "UPDATE rollup_1h SET sum = sum + 1 WHERE series_id = 1", "rollup_1h of series 1", 3 },
  { "DELETE FROM rollup_1h WHERE series_id = 1", "rollup_1h of series 1", 3 },
};

static void
test_lies (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = make_file (fixture);
  g_autoptr (GError) error = NULL;

  pack (connection);
  for (guint i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_auto (GStrv) problems = NULL;
    g_autofree char *all = NULL;

    orf_connection_exec (connection, "BEGIN", &error);
    orf_connection_exec (connection, lies[i].sql, &error);
    g_assert_no_error (error);
    g_assert_cmpint (sqlite3_changes (orf_connection_get_db (connection)), >, 0);
    problems = check (connection);
    all = g_strjoinv ("\n", problems);
    if (strstr (all, lies[i].told) == NULL || g_strv_length (problems) < lies[i].n)
      g_error ("%s\nis told as:\n%s", lies[i].sql, all);
    orf_connection_rollback (connection);
  }
}

/* What retention took is no damage. */
static void
test_retained (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  static const char gone_sql[] =
    "DELETE FROM chunk WHERE id >> 32 = (SELECT min(block) FROM chunk_block); "
    "UPDATE retention SET packed_from_us = "
    "(SELECT max_t_us + 1 FROM chunk_block ORDER BY block LIMIT 1); "
    "DELETE FROM chunk_block WHERE block = (SELECT min(block) FROM chunk_block); "
    "DELETE FROM rollup_1m WHERE t_us < 1760000640000000; "
    "UPDATE retention SET minutes_from_us = 1760000640000000";
  g_autoptr (OrfConnection) connection = make_file (fixture);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) problems = NULL;

  pack (connection);
  orf_connection_exec (connection, gone_sql, &error);
  g_assert_no_error (error);
  problems = check (connection);
  g_assert_cmpstr (problems[0], ==, NULL);
}

/* As many problems as anyone reads, of a file where nothing fits. */
static void
test_bounded (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = make_file (fixture);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) problems = NULL;

  pack (connection);
  orf_connection_exec (connection,
                       "UPDATE rollup_1m SET count = count + 1; UPDATE chunk SET codec = 2",
                       &error);
  g_assert_no_error (error);
  problems = check (connection);
  g_assert_cmpuint (g_strv_length (problems), >=, 100);
  g_assert_cmpuint (g_strv_length (problems), <=, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/check/" name, StoreFixture, NULL, store_fixture_set_up, test,                \
              store_fixture_tear_down)
  ADD ("sound", test_sound);
  ADD ("lies", test_lies);
  ADD ("retained", test_retained);
  ADD ("bounded", test_bounded);
  ADD ("broken-sketch", test_broken_sketch);
  return g_test_run ();
}
