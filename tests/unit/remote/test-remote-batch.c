/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of a file's rows as requests: names, order, what is late.  The bodies are read by halves,
 * down to one sample each. */
#include "remote/orf-remote-batch.h"

#include <string.h>

#include <snappy-c.h>

#include "../store/store-fixture.h"
#include "core/orf-clock.h"

#define T(s) ((s) *ORF_US_PER_S)

typedef struct {
  StoreFixture base;
  OrfRemoteNames *names;
  OrfConnection *connection;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  char *const external[] = { (char *) "job", (char *) "t", NULL };

  store_fixture_set_up (&fixture->base, data);
  store_fixture_open (&fixture->base);
  fixture->names = orf_remote_names_new (external);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->connection, orf_connection_close);
  orf_remote_names_free (fixture->names);
  store_fixture_tear_down (&fixture->base, data);
}

static void
add_series (OrfSampleBatch *batch,
            gint64 id,
            const char *name,
            const char *labels_json,
            int kind,
            const char *unit)
{
  OrfSeriesRow *row = store_series_row (id, name);

  g_free (row->labels_json);
  row->labels_json = g_strdup (labels_json);
  row->kind = kind;
  row->unit = g_strdup (unit);
  g_ptr_array_add (batch->new_series, row);
}

/* Takes batch. */
static void
write_batch (Fixture *fixture, OrfSampleBatch *batch)
{
  g_auto (StoreAnswer) answer = { 0 };

  store_fixture_write (&fixture->base, batch, NULL, &answer);
  g_assert_no_error (answer.error);
}

static OrfRemoteBatch *
read_batch (Fixture *fixture, gint64 from, guint max)
{
  OrfRemoteBatch *batch = orf_remote_batch_new (from, G_MAXINT64, max);
  g_autoptr (GError) error = NULL;

  if (fixture->connection == NULL)
    fixture->connection = orf_connection_open (fixture->base.path, ORF_CONNECTION_READ, &error);
  g_assert_no_error (error);
  orf_remote_batch_read (batch, fixture->names, fixture->connection, &error);
  g_assert_no_error (error);
  return batch;
}

/* The texts of a plain request, one after the other, without what is between them. */
static void
append_texts (GBytes *body, GString *text)
{
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  size_t n;
  g_autofree char *plain = NULL;

  g_assert_cmpint (snappy_uncompressed_length (data, length, &n), ==, SNAPPY_OK);
  plain = g_malloc (n);
  g_assert_cmpint (snappy_uncompress (data, length, plain, &n), ==, SNAPPY_OK);
  /* of one series and one sample: labels, then the sample's tag and length, then a double's tag */
  for (size_t at = n - 4; at > 0; at--) {
    double value;

    if (plain[at] != 0x12 || plain[at + 2] != 0x09 || at + 2 + (guchar) plain[at + 1] != n)
      continue;
    for (size_t i = 0; i < at; i++)
      if (g_ascii_isprint (plain[i]))
        g_string_append_c (text, plain[i]);
    memcpy (&value, plain + at + 3, sizeof value);
    g_string_append_printf (text, " %g; ", value);
    return;
  }
  g_assert_not_reached ();
}

static void
describe_body (GBytes *body, GString *text)
{
  OrfWritePiece pieces[2];

  if (!orf_write_request_split (body, pieces)) {
    append_texts (body, text);
    return;
  }
  for (guint i = 0; i < 2; i++) {
    describe_body (pieces[i].body, text);
    g_bytes_unref (pieces[i].body);
  }
}

/* Takes batch.  Parts are parted by "|". */
static char *
describe (OrfRemoteBatch *batch)
{
  GString *text = g_string_new (NULL);

  for (GList *at = batch->parts.head; at != NULL; at = at->next) {
    g_string_append (text, "|");
    describe_body (((OrfRemotePart *) at->data)->body, text);
  }
  orf_remote_batch_free (batch);
  return g_string_free (text, FALSE);
}

static gboolean
says (const char *text, const char *const *parts)
{
  for (; *parts != NULL; parts++) {
    text = strstr (text, *parts);
    if (text == NULL)
      return FALSE;
    text += strlen (*parts);
  }
  return TRUE;
}

#define SAYS(text, ...) g_assert_true (says (text, (const char *const[]){ __VA_ARGS__, NULL }))

static void
test_names (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfSampleBatch *batch = orf_sample_batch_new (8);
  g_autofree char *text = NULL;

  add_series (batch, 1, "wait.time", "{\"gpu\":\"a\"}", 1, "ms");
  add_series (batch, 2, "jobs", "{}", 2, NULL);
  add_series (batch, 3, "render", "{}", 3, "ms");
  add_series (batch, 4, "render_bucket", "{\"le\":\"100\"}", 2, NULL);
  add_series (batch, 5, "render_sum", "{}", 2, NULL);
  add_series (batch, 6, "gpu.power_w", "{\"device\":\"gpu0\"}", 1, "watts");
  add_series (batch, 7, "up", "{}", 1, NULL);
  /* one of ours, of which the file has no row */
  add_series (batch, 8, "span.duration_us_bucket", "{\"le\":\"100\",\"service\":\"s\"}", 2,
              "spans");
  add_series (batch, 9, "span.duration_us_sum", "{\"service\":\"s\"}", 2, "us");
  for (gint64 id = 1; id <= 9; id++)
    if (id != 3)
      orf_sample_batch_add (batch, T (100), id, (double) id * 1000);
  write_batch (fixture, batch);
  text = describe (read_batch (fixture, 1, 100));
  SAYS (text, "__name__", "wait_time_seconds", "gpu", "a", "job", "t", " 1; ");
  SAYS (text, "jobs_total", " 2000; ");
  SAYS (text, "render_seconds_bucket", "le", "0.1", " 4000; ");
  SAYS (text, "render_seconds_sum", " 5; ");
  SAYS (text, "hw_power_watts", "hw_id", "gpu0", " 6000; ");
  SAYS (text, "orfeas_span_duration_seconds_bucket", "le", "0.0001", "service", "s", " 8000; ");
  SAYS (text, "orfeas_span_duration_seconds_sum", " 0.009; ");
  g_assert_null (strstr (text, "up\n"));
  SAYS (text, "up_", " 7000; ");
}

/* The family that the file has had for longer keeps its name, also for who starts anew. */
static void
test_same_names (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  char *const none[] = { NULL };

  for (guint run = 0; run < 2; run++) {
    OrfSampleBatch *batch = orf_sample_batch_new (2);
    g_autofree char *text = NULL;

    add_series (batch, 2 - run, run == 0 ? "b_c" : "b.c", "{}", 1, NULL);
    orf_sample_batch_add (batch, T (100 + run), 2 - run, run);
    write_batch (fixture, batch);
    text = describe (read_batch (fixture, run + 1, 10));
    /* id 1 is the older one, whenever it is met */
    if (run == 0)
      SAYS (text, "b_c", " 0; ");
    else
      SAYS (text, "b_c_", " 1; "); /* met by this run when the plain name was taken */
  }
  orf_remote_names_free (fixture->names);
  fixture->names = orf_remote_names_new (none);
  {
    g_autofree char *text = describe (read_batch (fixture, 1, 10));

    SAYS (text, "b_c_", " 0; "); /* by ids, from the start */
  }
}

/* A file never forgets a series: of one that has had very many, no more is known than is sent. */
static void
test_large_file (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  guint n_own = orf_remote_names_get_n_families (fixture->names);
  OrfSampleBatch *batch = orf_sample_batch_new (8);
  gint64 now_us = orf_clock_monotonic_us ();
  g_autoptr (GError) error = NULL;

  for (gint64 id = 1; id <= 100; id++) {
    g_autofree char *name = g_strdup_printf ("old_%d", (int) id);

    add_series (batch, id, name, "{}", 1, NULL);
  }
  add_series (batch, 60001, "render", "{}", 3, "ms");
  add_series (batch, 60002, "render_bucket", "{\"le\":\"100\"}", 2, NULL);
  add_series (batch, 60003, "render_sum", "{}", 2, NULL);
  add_series (batch, 60004, "b_c", "{\"k\":\"v\"}", 1, NULL);
  add_series (batch, 60005, "b.c", "{}", 1, NULL);
  add_series (batch, 60006, "span.duration_us_sum", "{\"service\":\"s\"}", 2, "us");
  for (gint64 id = 60002; id <= 60006; id++)
    orf_sample_batch_add (batch, T (100), id, (double) (id - 60000) * 1000);
  write_batch (fixture, batch);

  for (guint round = 0; round < 3; round++) {
    g_autofree char *text = describe (read_batch (fixture, 1, 100));

    SAYS (text, "render_seconds_bucket", "le", "0.1", " 2000; ");
    SAYS (text, "render_seconds_sum", " 3; ");
    SAYS (text, "b_c", " 4000; ", "b_c_", " 5000; ");
    SAYS (text, "orfeas_span_duration_seconds_sum", " 0.006; ");
    /* its own histograms, render and the five that were sent */
    g_assert_cmpuint (orf_remote_names_get_n_families (fixture->names), ==, n_own + 6);
    orf_remote_names_rewind (fixture->names);
    /* in a minute all are still known, after a quarter of an hour without samples none is */
    now_us += round == 0 ? T (60) : T (1000);
    orf_remote_names_begin (fixture->names, fixture->connection, now_us, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (orf_remote_names_get_n_families (fixture->names), ==,
                      round == 0 ? n_own + 6 : n_own);
  }
}

static void
test_order (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  static const struct {
    gint64 t_us;
    double value;
  } rows[] = {
    { T (10), 1 }, { T (12), 2 }, { T (11), 3 }, { T (12) + 100, 4 }, /* the same millisecond */
    { T (13), 5 }, { T (9), 6 },
  };
  OrfSampleBatch *batch = orf_sample_batch_new (8);
  g_autofree char *first = NULL, *second = NULL;
  OrfRemoteBatch *read;

  add_series (batch, 1, "s", "{}", 1, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    orf_sample_batch_add (batch, rows[i].t_us, 1, rows[i].value);
  write_batch (fixture, batch);
  read = read_batch (fixture, 1, 4);
  g_assert_cmpuint (read->n_rows, ==, 4);
  g_assert_cmpint (read->next_rowid, ==, 5);
  g_assert_cmpint (read->last_rowid, ==, 6);
  g_assert_cmpint (read->from_us, ==, T (10));
  first = describe (read);
  SAYS (first, "|", " 1; ", " 4; ", "|", " 3; ");
  g_assert_null (strstr (first, " 2; "));
  second = describe (read_batch (fixture, 5, 4));
  SAYS (second, "|", " 5; ", "|", " 6; ");
  /* the same rows once more, by one who was told that it is so */
  orf_remote_names_rewind (fixture->names);
  g_clear_pointer (&second, g_free);
  second = describe (read_batch (fixture, 5, 4));
  SAYS (second, "|", " 5; ", "|", " 6; ");
}

static void
test_none (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfRemoteBatch) batch = read_batch (fixture, 1, 10);
  OrfSampleBatch *unknown = orf_sample_batch_new (1);
  g_autoptr (OrfRemoteBatch) left_out = NULL;

  g_assert_cmpuint (batch->n_rows, ==, 0);
  g_assert_cmpint (batch->next_rowid, ==, 1);
  g_assert_cmpint (batch->last_rowid, ==, 0);
  orf_sample_batch_add (unknown, T (1), 99, 1);
  write_batch (fixture, unknown);
  left_out = read_batch (fixture, 1, 10);
  g_assert_cmpuint (left_out->n_rows, ==, 1);
  g_assert_cmpuint (left_out->n_left_out, ==, 1);
  g_assert_cmpuint (left_out->parts.length, ==, 0);
}

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/remote-batch/names", test_names);
  ADD ("/remote-batch/same-names", test_same_names);
  ADD ("/remote-batch/large-file", test_large_file);
  ADD ("/remote-batch/order", test_order);
  ADD ("/remote-batch/none", test_none);
  return g_test_run ();
}
