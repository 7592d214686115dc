/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-waterfall.h"
#include "store/orf-store-traces.h"

static void
add_span (GPtrArray *rows,
          guint8 id,
          guint8 parent,
          const char *operation,
          gint64 start_us,
          gint64 duration_us)
{
  OrfSpanRow *row = orf_span_row_new ();

  row->span_id[0] = id;
  row->parent_id[0] = parent;
  row->has_parent = parent > 0;
  row->service = g_strdup ("api");
  row->operation = g_strdup (operation);
  row->start_us = start_us;
  row->duration_us = duration_us;
  g_ptr_array_add (rows, row);
}

static GPtrArray *
make_rows (void)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);

  add_span (rows, 1, 0, "/infer", 0, 100);
  add_span (rows, 2, 1, "cache", 0, 10);
  add_span (rows, 3, 1, "model", 20, 70);
  add_span (rows, 4, 3, "queue", 25, 5);
  return rows;
}

static void
path_free_cb (gpointer step)
{
  orf_postmortem_path_step_free (step);
}

static void
test_draw (void)
{
  g_autoptr (GPtrArray) rows = make_rows ();
  g_autoptr (OrfPostmortemWaterfall) waterfall = NULL;
  static const char *const names[] = { "/infer", "cache", "model", "queue" };
  static const gint64 depths[] = { 0, 1, 1, 2 };

  waterfall = orf_postmortem_waterfall_draw ("ab", rows, 3);
  g_assert_cmpint (waterfall->more, ==, 3);
  g_assert_cmpuint (waterfall->spans->len, ==, 4);
  for (guint i = 0; i < 4; i++) {
    const OrfPostmortemSpan *span = waterfall->spans->pdata[i];

    g_assert_cmpstr (span->operation, ==, names[i]);
    g_assert_cmpint (span->depth, ==, depths[i]);
  }
}

static void
test_cut (void)
{
  g_autoptr (GPtrArray) rows = make_rows ();
  g_autoptr (OrfPostmortemWaterfall) waterfall = NULL;

  for (guint i = 0; i < 100; i++)
    add_span (rows, (guint8) (10 + i), 1, "tail", 90 + i, 1);
  waterfall = orf_postmortem_waterfall_draw ("ab", rows, 0);
  g_assert_cmpuint (waterfall->spans->len, ==, 60);
  g_assert_cmpint (waterfall->more, ==, 44);
}

/* What is on the critical path, most first; the shares are of all of it. */
static void
test_path (void)
{
  g_autoptr (GPtrArray) rows = make_rows ();
  g_autoptr (GPtrArray) path = orf_postmortem_waterfall_find_path (rows);
  double share = 0;

  g_ptr_array_set_free_func (path, path_free_cb);
  g_assert_cmpuint (path->len, >=, 2);
  g_assert_cmpstr (((OrfPostmortemPathStep *) path->pdata[0])->operation, ==, "model");
  g_assert_cmpint (((OrfPostmortemPathStep *) path->pdata[0])->self_us, ==, 65);
  for (guint i = 0; i < path->len; i++)
    share += ((OrfPostmortemPathStep *) path->pdata[i])->share_percent;
  g_assert_cmpfloat_with_epsilon (share, 100, 1e-6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-waterfall/draw", test_draw);
  g_test_add_func ("/postmortem-waterfall/cut", test_cut);
  g_test_add_func ("/postmortem-waterfall/path", test_path);
  return g_test_run ();
}
