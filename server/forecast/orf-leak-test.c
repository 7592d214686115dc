/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-leak-test.h"

#include "stats/orf-mann-kendall.h"
#include "stats/orf-median.h"

#include <math.h>

/* The constants were chosen with leaks and controls laid over the real memory of a GPU cluster's
 * pods, all of which were looked at; doc/leaks.md has what they are worth on other leaks over the
 * same. */

#define SEGMENTS 5
/* A shorter rise may be one tooth of a saw or a queue that fills. */
#define MIN_ROWS 80
/* Without this much before, and a third of what came after, nothing says that it is new. */
#define MIN_ROWS_BEFORE  100
#define MIN_SHARE_BEFORE .33
/* Of the whole rise, in each segment but the first: a step rises in one. */
#define MIN_SHARE_EACH .12
/* Of the whole rise, in the last two segments: what warms up rises less and less. */
#define MIN_SHARE_LATE .42
/* Of the whole rise, in half of a stretch as long before: else it began before. */
#define MAX_SHARE_BEFORE .3
/* Of the whole rise, above all lows that were before: a rhythm comes back to where it was. */
#define MIN_SHARE_NEW .65
/* Of the room to the threshold at the start, and of the level: less is no matter yet. */
#define MIN_SHARE_ROOM  .28
#define MIN_SHARE_LEVEL .03
/* A rise of which its tests are less sure is not told.  Chosen on every second pod: the most at
 * which leaks were still found half-way (doc/leaks.md). */
#define MIN_CONFIDENCE .92
/* Of the level, where there is no threshold. */
#define MIN_SHARE_LEVEL_ALONE .08

typedef struct {
  const OrfLeakPoint *points;
  guint n;
  double level, threshold;
  double spread; /* between least and most of a few rows, usually */
} Leak;

/* The envelope at the end of each segment of what came after k; FALSE: the last one is empty. */
static gboolean
get_envelope (const Leak *leak, guint k, double *envelope)
{
  double rows = leak->points[k].from, low = INFINITY;

  for (guint s = 0; s < SEGMENTS; s++)
    envelope[s] = INFINITY;
  for (guint i = k; i < leak->n; i++) {
    double place = (rows - leak->points[i].center) / rows * SEGMENTS;
    guint segment = (guint) CLAMP (place, 0, SEGMENTS - 1);

    envelope[segment] = MIN (envelope[segment], leak->points[i].low);
  }
  if (isinf (envelope[SEGMENTS - 1]))
    return FALSE;
  for (guint s = SEGMENTS; s-- > 0;)
    envelope[s] = low = MIN (low, envelope[s]);
  return TRUE;
}

/* The least share of the rise in any segment; the first is where it begins. */
static double
get_evenness (const double *envelope, double rise)
{
  double least = 1;

  for (guint s = 1; s < SEGMENTS; s++)
    least = MIN (least, (envelope[s] - envelope[s - 1]) / rise);
  return least;
}

static gboolean
is_material (const Leak *leak, double start, double rise)
{
  if (rise < leak->spread)
    return FALSE;
  if (isnan (leak->threshold))
    return rise >= MIN_SHARE_LEVEL_ALONE * leak->level;
  return rise >= MIN_SHARE_LEVEL * leak->level &&
         rise >= MIN_SHARE_ROOM * (leak->threshold - start);
}

/* Whether what was before k lies below, and did not rise like this. */
static gboolean
is_new (const Leak *leak, guint k, double last, double rise)
{
  double rows = leak->points[k].from, top = -INFINITY, far = INFINITY, near = INFINITY;
  double lows[ORF_LEAK_POINTS];

  for (guint i = 0; i < k; i++) {
    const OrfLeakPoint *point = &leak->points[i];
    double before = point->center - rows;

    top = MAX (top, point->top);
    lows[i] = point->low;
    if (before < rows / 2)
      near = MIN (near, point->low);
    else if (before < rows)
      far = MIN (far, point->low);
  }
  if (last < top + MIN_SHARE_NEW * rise)
    return FALSE;
  if (!isinf (near) && !isinf (far) && near - far > MAX_SHARE_BEFORE * rise)
    return FALSE;
  return rise >= top - orf_median_of (lows, k);
}

/* How evenly it rises from k on; 0: it is no leak. */
static double
test_from (const Leak *leak, guint k)
{
  double rows = leak->points[k].from, before = leak->points[0].from - rows;
  double envelope[SEGMENTS], rise, evenness;

  if (rows < MIN_ROWS || before < MAX (MIN_ROWS_BEFORE, rows * MIN_SHARE_BEFORE))
    return 0;
  if (!get_envelope (leak, k, envelope))
    return 0;
  rise = envelope[SEGMENTS - 1] - envelope[0];
  if (!(rise > 0) || !is_material (leak, envelope[0], rise))
    return 0;
  evenness = get_evenness (envelope, rise);
  if (evenness < MIN_SHARE_EACH)
    return 0;
  if (envelope[SEGMENTS - 1] - envelope[SEGMENTS - 3] < MIN_SHARE_LATE * rise)
    return 0;
  return is_new (leak, k, envelope[SEGMENTS - 1], rise) ? evenness : 0;
}

static double
get_spread (const OrfLeakPoint *points, guint n)
{
  double spreads[ORF_LEAK_POINTS];
  guint n_spreads = 0;

  for (guint i = 0; i < n; i++)
    if (points[i].width == 2 * ORF_LEAK_ROWS || points[i].width == 4 * ORF_LEAK_ROWS)
      spreads[n_spreads++] = points[i].most - points[i].low;
  return n_spreads > 0 ? orf_median_of (spreads, n_spreads) : 0;
}

/* Kendall's test on the lows since it began, less where one segment rises more than another: in a
 * rise that is even each of those after the first has its share. */
static double
get_confidence (const OrfLeakPoint *points, guint n, double evenness)
{
  double lows[ORF_LEAK_POINTS];

  for (guint i = 0; i < n; i++)
    lows[i] = points[i].low;
  return (1 - erfc (orf_mann_kendall (lows, n) / G_SQRT2) / 2) *
         (.8 + .2 * MIN (1, evenness * (SEGMENTS - 1)));
}

void
orf_leak_test (
  const OrfLeakPoint *points, guint n, double level, double threshold, OrfLeakFinding *finding)
{
  Leak leak = { points, n, level, threshold, get_spread (points, n) };
  double best = 0, confidence;
  guint begin = 0;

  *finding = (OrfLeakFinding){ .leak = FALSE };
  for (guint k = 1; k < n; k++) {
    double evenness = test_from (&leak, k);

    if (evenness > best) {
      best = evenness;
      begin = k;
    }
  }
  if (begin == 0)
    return;
  confidence = get_confidence (points + begin, n - begin, best);
  if (confidence < MIN_CONFIDENCE)
    return;
  *finding = (OrfLeakFinding){
    .leak = TRUE,
    .age = points[begin].from,
    .confidence = confidence,
  };
}
