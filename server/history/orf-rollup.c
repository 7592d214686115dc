/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history/orf-rollup.h"

#include "history/orf-sketch.h"

static void
rollup_clear_cb (gpointer data)
{
  g_clear_pointer (&((OrfRollup *) data)->sketch, g_byte_array_unref);
}

GArray *
orf_rollup_array_new (void)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (OrfRollup));

  g_array_set_clear_func (rows, rollup_clear_cb);
  return rows;
}

gboolean
orf_rollup_is_duration (const char *unit)
{
  static const char *const units[] = { "ns",      "us",          "\u00b5s",      "ms",
                                       "s",       "nanoseconds", "microseconds", "milliseconds",
                                       "seconds", NULL };

  return unit != NULL && g_strv_contains (units, unit);
}

gint64
orf_rollup_align (gint64 t_us, gint64 step_us)
{
  gint64 rest = t_us % step_us;

  return t_us - (rest < 0 ? rest + step_us : rest);
}

void
orf_rollup_add (OrfRollup *rollup, const OrfRollup *later)
{
  rollup->count += later->count;
  rollup->min = MIN (rollup->min, later->min);
  rollup->max = MAX (rollup->max, later->max);
  rollup->sum += later->sum;
  rollup->last = later->last;
}

/* The rows from first on get the sketches of their samples. */
static void
sketch_rows (GArray *rows, guint first, const double *values)
{
  gsize at = 0;

  for (guint i = first; i < rows->len; i++) {
    OrfRollup *row = &g_array_index (rows, OrfRollup, i);
    g_autoptr (OrfSketch) sketch = orf_sketch_new ();

    for (gint64 n = 0; n < row->count; n++)
      orf_sketch_add (sketch, values[at++]);
    row->sketch = orf_sketch_encode (sketch);
  }
}

void
orf_rollup_fold (gint64 series_id,
                 const gint64 *times_us,
                 const double *values,
                 gsize count,
                 gint64 step_us,
                 gboolean sketched,
                 GArray *rows)
{
  gint64 end_us = G_MININT64;
  guint first = rows->len;

  for (gsize i = 0; i < count; i++) {
    OrfRollup one = { series_id, 0, 1, values[i], values[i], values[i], values[i], NULL };

    if (times_us[i] < end_us) {
      orf_rollup_add (&g_array_index (rows, OrfRollup, rows->len - 1), &one);
      continue;
    }
    one.t_us = orf_rollup_align (times_us[i], step_us);
    end_us = one.t_us + step_us;
    g_array_append_val (rows, one);
  }
  if (sketched)
    sketch_rows (rows, first, values);
}

static gboolean
sum_sketches (const OrfRollup *rows, guint n_rows, GByteArray **sum, GError **error)
{
  g_autoptr (OrfSketch) all = orf_sketch_new ();

  for (guint i = 0; i < n_rows; i++) {
    g_autoptr (OrfSketch) one = NULL;

    if (rows[i].sketch == NULL)
      return TRUE;
    one = orf_sketch_decode (rows[i].sketch->data, rows[i].sketch->len, error);
    if (one == NULL)
      return FALSE;
    orf_sketch_merge (all, one);
  }
  *sum = orf_sketch_encode (all);
  return TRUE;
}

gboolean
orf_rollup_sum (const OrfRollup *rows, guint n_rows, gint64 t_us, OrfRollup *sum, GError **error)
{
  GByteArray *sketch = NULL;

  if (!sum_sketches (rows, n_rows, &sketch, error))
    return FALSE;
  *sum = rows[0];
  for (guint i = 1; i < n_rows; i++)
    orf_rollup_add (sum, &rows[i]);
  sum->t_us = t_us;
  sum->sketch = sketch;
  return TRUE;
}
