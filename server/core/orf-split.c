/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-split.h"

typedef struct {
  OrfWide remainder;
  guint index;
} Rest;

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const Rest *first = a, *second = b;

  if (first->remainder != second->remainder)
    return first->remainder > second->remainder ? -1 : 1;
  return first->index < second->index ? -1 : 1;
}

/* Those that have one more are the first n of rests then. */
static guint
choose (Rest *rests, guint n, OrfWide left)
{
  if (left <= 0)
    return 0;
  qsort (rests, n, sizeof *rests, compare_cb);
  return (guint) MIN (left, (OrfWide) n);
}

gboolean
orf_split (gint64 total, const gint64 *weights, guint n, gint64 *parts)
{
  g_autofree Rest *rests = g_new (Rest, n);
  OrfWide sum = 0;
  gint64 left = total;

  for (guint i = 0; i < n; i++)
    sum += weights[i];
  for (guint i = 0; i < n; i++) {
    OrfWide share = sum > 0 ? (OrfWide) total * weights[i] : 0;

    parts[i] = sum > 0 ? (gint64) (share / sum) : 0;
    rests[i] = (Rest){ sum > 0 ? share % sum : 0, i };
    left -= parts[i];
  }
  if (sum > 0)
    for (guint more = choose (rests, n, left); more > 0; more--)
      parts[rests[more - 1].index]++;
  return sum > 0;
}

OrfWide
orf_split_round (OrfWide sum, gint64 divisor)
{
  return (2 * sum + divisor) / (2 * (OrfWide) divisor);
}

void
orf_split_quotients (const OrfWide *sums, guint n, gint64 divisor, OrfWide total, OrfWide *parts)
{
  g_autofree Rest *rests = g_new (Rest, n);
  OrfWide left = total;

  for (guint i = 0; i < n; i++) {
    parts[i] = sums[i] / divisor;
    rests[i] = (Rest){ sums[i] % divisor, i };
    left -= parts[i];
  }
  for (guint more = choose (rests, n, left); more > 0; more--)
    parts[rests[more - 1].index]++;
}
