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

/* left <= n */
static void
give (Rest *rests, guint n, gint64 left, gint64 *parts)
{
  if (left <= 0)
    return;
  qsort (rests, n, sizeof *rests, compare_cb);
  for (guint i = 0; i < n && left > 0; i++, left--)
    parts[rests[i].index]++;
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
    give (rests, n, left, parts);
  return sum > 0;
}

gint64
orf_split_round (OrfWide sum, gint64 divisor)
{
  return (gint64) ((2 * sum + divisor) / (2 * (OrfWide) divisor));
}

void
orf_split_quotients (const OrfWide *sums, guint n, gint64 divisor, gint64 total, gint64 *parts)
{
  g_autofree Rest *rests = g_new (Rest, n);
  gint64 left = total;

  for (guint i = 0; i < n; i++) {
    parts[i] = (gint64) (sums[i] / divisor);
    rests[i] = (Rest){ sums[i] % divisor, i };
    left -= parts[i];
  }
  give (rests, n, left, parts);
}
