/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-row-ring.h"

#include <math.h>

#include "stats/orf-narrow.h"

/* Below a float's largest, so that differences of two are still numbers. */
#define MAX_DISTANCE 1e37
/* One row of so many at the same end of the range is often. */
#define OFTEN 10

void
orf_row_ring_init (OrfRowRing *ring)
{
  *ring = (OrfRowRing){ .base = NAN };
  for (guint i = 0; i < ORF_ROW_RING_NEW; i++)
    ring->recent[i] = ORF_NARROW_NONE;
  for (guint i = 0; i < ORF_ROW_RING_OLD; i++)
    ring->old[i] = ORF_NARROW_NONE;
}

float
orf_row_ring_measure (const OrfRowRing *ring, double value)
{
  return (float) CLAMP (value - ring->base, -MAX_DISTANCE, MAX_DISTANCE);
}

/* What lay exactly at the new base lies there exactly again. */
static void
move_code (guint16 *code, guint16 same, double by)
{
  if (*code == same)
    *code = 0;
  else if (*code != ORF_NARROW_NONE)
    *code = orf_narrow_pack (
      (float) CLAMP ((double) orf_narrow_unpack (*code) - by, -MAX_DISTANCE, MAX_DISTANCE));
}

/* Where the rows have left the base by more than they move, distances would waste their bits; and
 * where they come back to one value again and again, as to 0, that should be told exactly. */
static gboolean
has_better_base (const OrfRowRing *ring, float distance)
{
  OrfRowRingEntry entries[ORF_ROW_RING_MAX];
  guint n = orf_row_ring_list (ring, entries), n_same = 0;
  float least = INFINITY, most = -INFINITY;
  guint16 same = orf_narrow_pack (distance);

  for (guint i = 0; i < n; i++) {
    least = fminf (least, entries[i].distance);
    most = fmaxf (most, entries[i].distance);
    n_same += entries[i].distance == orf_narrow_unpack (same);
  }
  if (n == 0 || same == 0)
    return FALSE;
  return least > most - least || -most > most - least ||
         (n_same > n / OFTEN &&
          (orf_narrow_unpack (same) == least || orf_narrow_unpack (same) == most));
}

static double
move_base (OrfRowRing *ring, double value)
{
  double by = value - ring->base;
  guint16 same = orf_narrow_pack (orf_row_ring_measure (ring, value));

  for (guint i = 0; i < ORF_ROW_RING_NEW; i++)
    move_code (&ring->recent[i], same, by);
  for (guint i = 0; i < ORF_ROW_RING_OLD; i++)
    move_code (&ring->old[i], same, by);
  ring->base = value;
  return by;
}

void
orf_row_ring_push (OrfRowRing *ring, double value, double *moved)
{
  guint at = ring->n_rows % ORF_ROW_RING_NEW;

  *moved = 0;
  if (isnan (ring->base))
    ring->base = value;
  if (ring->n_rows >= ORF_ROW_RING_NEW && ring->n_rows % ORF_ROW_RING_THIN == 0)
    ring->old[ring->n_rows / ORF_ROW_RING_THIN % ORF_ROW_RING_OLD] = ring->recent[at];
  ring->recent[at] = isnan (value) ? ORF_NARROW_NONE
                                   : orf_narrow_pack (orf_row_ring_measure (ring, value));
  ring->n_rows++;
  /* on average each row is looked at twice */
  if (at == ORF_ROW_RING_NEW - 1 && !isnan (value) &&
      has_better_base (ring, orf_row_ring_measure (ring, value)))
    *moved = move_base (ring, value);
}

/* How many of the old are there, and the age of the newest of them. */
static guint
count_old (const OrfRowRing *ring, guint *age)
{
  guint newest;

  if (ring->n_rows <= ORF_ROW_RING_NEW)
    return 0;
  /* the push of row r put row r − NEW there, where THIN divides r */
  newest = (ring->n_rows - 1) / ORF_ROW_RING_THIN * ORF_ROW_RING_THIN;
  if (newest < ORF_ROW_RING_NEW)
    return 0;
  *age = ring->n_rows - 1 - (newest - ORF_ROW_RING_NEW);
  return MIN ((newest - ORF_ROW_RING_NEW) / ORF_ROW_RING_THIN + 1, ORF_ROW_RING_OLD);
}

static guint16
get_old (const OrfRowRing *ring, guint i)
{
  guint newest = (ring->n_rows - 1) / ORF_ROW_RING_THIN;

  return ring->old[(newest - i) % ORF_ROW_RING_OLD];
}

guint
orf_row_ring_list (const OrfRowRing *ring, OrfRowRingEntry entries[ORF_ROW_RING_MAX])
{
  guint n = 0, age = 0, n_old = count_old (ring, &age);

  for (guint i = 0; i < MIN (ring->n_rows, ORF_ROW_RING_NEW); i++) {
    guint16 code = ring->recent[(ring->n_rows - 1 - i) % ORF_ROW_RING_NEW];

    if (code != ORF_NARROW_NONE)
      entries[n++] = (OrfRowRingEntry){ orf_narrow_unpack (code), i };
  }
  for (guint i = 0; i < n_old; i++)
    if (get_old (ring, i) != ORF_NARROW_NONE)
      entries[n++] = (OrfRowRingEntry){ orf_narrow_unpack (get_old (ring, i)),
                                        age + i * ORF_ROW_RING_THIN };
  return n;
}

float
orf_row_ring_get (const OrfRowRing *ring, guint age)
{
  guint first = 0, n_old, i;

  if (age < MIN (ring->n_rows, ORF_ROW_RING_NEW))
    return orf_narrow_unpack (ring->recent[(ring->n_rows - 1 - age) % ORF_ROW_RING_NEW]);
  n_old = count_old (ring, &first);
  i = (age + ORF_ROW_RING_THIN / 2 - MIN (first, age + ORF_ROW_RING_THIN / 2)) / ORF_ROW_RING_THIN;
  return age < ring->n_rows && i < n_old ? orf_narrow_unpack (get_old (ring, i)) : NAN;
}

gboolean
orf_row_ring_is_valid (const OrfRowRing *ring)
{
  return !isinf (ring->base) && orf_narrow_are_valid (ring->recent, ORF_ROW_RING_NEW) &&
         orf_narrow_are_valid (ring->old, ORF_ROW_RING_OLD);
}
