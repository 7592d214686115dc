/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packing where the file cannot be read, for a while or for good. */
#include <fcntl.h>
#include <unistd.h>

#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-packer.h"
#include "store/orf-store-pack.h"

static const OrfPackLimits limits = { .max_rows = 1000, .all = TRUE };

typedef struct {
  StoreFixture base;
  goffset page_at; /* of the chunk that is packed */
  gsize page_bytes;
} Fixture;

/* A sample that is packed, and another of the same minute that is to be. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_auto (StoreAnswer) first = { 0 }, second = { 0 };

  store_fixture_set_up (&fixture->base, data);
  store_fixture_open (&fixture->base);
  store_fixture_write (&fixture->base, store_batch (1, 1), NULL, &first);
  store_fixture_close (&fixture->base);
  store_fixture_pack (&fixture->base, G_MAXUINT, &limits);
  store_fixture_open (&fixture->base);
  store_fixture_write (&fixture->base, store_batch (2000001, 1), NULL, &second);
  store_fixture_close (&fixture->base);
  fixture->page_bytes = (gsize) store_query (fixture->base.path, "PRAGMA page_size");
  fixture->page_at = (store_query (fixture->base.path,
                                   "SELECT rootpage FROM sqlite_schema WHERE name = 'chunk'") -
                      1) *
                     (goffset) fixture->page_bytes;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  store_fixture_tear_down (&fixture->base, data);
}

/* Puts `page` there, and gives what was; nobody has the file open. */
static guint8 *
swap_page (Fixture *fixture, const guint8 *page)
{
  int fd = open (fixture->base.path, O_RDWR | O_CLOEXEC);
  guint8 *was = g_malloc (fixture->page_bytes);

  g_assert_cmpint (pread (fd, was, fixture->page_bytes, fixture->page_at), ==, fixture->page_bytes);
  g_assert_cmpint (pwrite (fd, page, fixture->page_bytes, fixture->page_at), ==,
                   fixture->page_bytes);
  close (fd);
  return was;
}

/* The first step that has the rollup; NULL: *error. */
static OrfPackStep *
make_rollup (Fixture *fixture, OrfPacker *packer, GError **error)
{
  g_autoptr (OrfConnection)
    connection = orf_connection_open (fixture->base.path, ORF_CONNECTION_WRITE, error);
  g_autoptr (OrfPackStep) step = NULL;

  g_assert_no_error (*error);
  while (orf_packer_make_step (packer, connection, &limits, &step, error) && step != NULL &&
         step->minutes->len == 0) {
    g_assert_true (orf_pack_apply (connection, step, error));
    g_clear_pointer (&step, orf_pack_step_free);
  }
  return g_steal_pointer (&step);
}

static gint64
count_samples (const OrfPackStep *step)
{
  return g_array_index (step->minutes, OrfRollup, 0).count;
}

static void
assert_unread (Fixture *fixture, OrfPacker *packer)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (make_rollup (fixture, packer, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
}

/* What is read again is all there. */
static void
test_unread_for_a_while (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfPacker) packer = orf_packer_new ();
  g_autofree guint8 *broken = g_malloc0 (fixture->page_bytes);
  g_autofree guint8 *good = swap_page (fixture, broken);
  g_autofree guint8 *was = NULL;
  g_autoptr (OrfPackStep) step = NULL;
  g_autoptr (GError) error = NULL;

  assert_unread (fixture, packer);
  assert_unread (fixture, packer);
  was = swap_page (fixture, good);
  step = make_rollup (fixture, packer, &error);
  g_assert_no_error (error);
  g_assert_cmpint (count_samples (step), ==, 2);
}

/* New samples do not wait for ever. */
static void
test_unread_for_good (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfPacker) packer = orf_packer_new ();
  g_autofree guint8 *broken = g_malloc0 (fixture->page_bytes);
  g_autofree guint8 *good = swap_page (fixture, broken);
  g_autoptr (OrfPackStep) step = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    assert_unread (fixture, packer);
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "a rollup leaves out *");
  step = make_rollup (fixture, packer, &error);
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  g_assert_cmpint (count_samples (step), ==, 1);
}

#define LEAF_OF_SAMPLES                                                                            \
  " FROM dbstat WHERE name = 'sample_raw' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 1"

/* Of samples that wait to be packed one page is broken: the others are, once it is given up. */
static void
test_samples_unread (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfPacker) packer = orf_packer_new ();
  g_autofree guint8 *broken = g_malloc0 (fixture->page_bytes);
  g_autofree guint8 *good = NULL;
  g_auto (StoreAnswer) answer = { 0 };
  g_autoptr (OrfPackStep) step = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n = 0, n_broken;

  store_fixture_open (&fixture->base);
  store_fixture_write (&fixture->base, store_batch (3000001, 900), NULL, &answer);
  store_fixture_close (&fixture->base);
  n_broken = store_query (fixture->base.path, "SELECT ncell" LEAF_OF_SAMPLES);
  g_assert_cmpint (n_broken, >, 10);
  fixture->page_at = (store_query (fixture->base.path, "SELECT pageno" LEAF_OF_SAMPLES) - 1) *
                     (goffset) fixture->page_bytes;
  good = swap_page (fixture, broken);

  for (guint i = 0; i < 60; i++) /* ten minutes, ten seconds apart */
    assert_unread (fixture, packer);
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "packing leaves out *");
  step = make_rollup (fixture, packer, &error);
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  for (guint i = 0; i < step->minutes->len; i++)
    n += g_array_index (step->minutes, OrfRollup, i).count;
  g_assert_cmpint (n, ==, 1 + 1 + 900 - n_broken); /* with the one that was packed before */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/packer/unread-for-a-while", Fixture, NULL, set_up, test_unread_for_a_while,
              tear_down);
  g_test_add ("/store/packer/unread-for-good", Fixture, NULL, set_up, test_unread_for_good,
              tear_down);
  g_test_add ("/store/packer/samples-unread", Fixture, NULL, set_up, test_samples_unread,
              tear_down);
  return g_test_run ();
}
