/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-gaps.h"

#include <stdlib.h>
#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "postmortem/orf-postmortem-series.h"

#define EVERYTHING "everything"
#define MAX_GAPS   100
/* So many usual distances without a sample, and so long, are a gap: a tick may be late. */
#define MISSED     2.5
#define MIN_GAP_US (5 * ORF_US_PER_S)
/* While the daemon ends it may still sample. */
#define LAST_BEATS_US (2 * ORF_US_PER_S)
/* The daemon's own samples may be written so late. */
#define BEHIND_US (15 * ORF_US_PER_S)

static int
compare_us_cb (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* The median distance; 0: there are too few. */
static gint64
get_period (const GArray *points)
{
  g_autofree gint64 *distances = NULL;
  guint n = points->len;

  if (n < 3)
    return 0;
  distances = g_new (gint64, n - 1);
  for (guint i = 1; i < n; i++)
    distances[i - 1] = g_array_index (points, OrfPoint, i).t_us -
                       g_array_index (points, OrfPoint, i - 1).t_us;
  qsort (distances, n - 1, sizeof *distances, compare_us_cb);
  return distances[(n - 1) / 2];
}

/* ---- why ------------------------------------------------------------------------------------- */

typedef struct {
  gint64 started_us, ended_us; /* the last in the gap; -1: it did not */
} Turns;

static const OrfPostmortemMoment *
get_moment (const GPtrArray *moments, guint i)
{
  return moments->pdata[i];
}

/* The first behind t_us, by halving: each distance of two samples is asked about. */
static guint
find_behind (const GPtrArray *moments, gint64 t_us)
{
  guint first = 0, end = moments->len;

  while (first < end) {
    guint middle = first + (end - first) / 2;

    if (get_moment (moments, middle)->t_us > t_us)
      end = middle;
    else
      first = middle + 1;
  }
  return first;
}

static Turns
find_turns (const GPtrArray *daemon, gint64 from_us, gint64 to_us)
{
  Turns turns = { -1, -1 };

  for (guint i = find_behind (daemon, from_us - LAST_BEATS_US);
       i < daemon->len && get_moment (daemon, i)->t_us <= to_us; i++) {
    const OrfPostmortemMoment *moment = get_moment (daemon, i);

    if (strstr (moment->text, "started") == NULL)
      turns.ended_us = moment->t_us;
    else if (moment->t_us > from_us)
      turns.started_us = moment->t_us;
  }
  return turns;
}

/* Between two samples one after the other, or a sample and the edge of the window. */
typedef struct {
  gint64 from_us, to_us;
  gint64 least_us; /* less is no gap */
  gboolean first;  /* there is no sample before */
  gboolean last;   /* there is none behind */
} Distance;

static const char *
explain (Turns turns, const Distance *distance)
{
  gboolean started = turns.started_us >= 0, ended = turns.ended_us >= 0;

  if (distance->first)
    return "nothing was recorded before";
  if (started && ended)
    return "the daemon was ended and started again";
  if (started)
    return "the daemon was killed, or its machine: it started without having ended";
  if (ended)
    return "the daemon was ended";
  return distance->last ? "nothing was recorded after that" : NULL;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static void
add_gap (OrfPostmortemFacts *facts, const char *what, gint64 from_us, gint64 to_us, const char *why)
{
  OrfPostmortemGaps *section = facts->document->gaps;
  OrfPostmortemGap *gap;

  if (section->rows->len >= MAX_GAPS) {
    section->more++;
    return;
  }
  gap = orf_postmortem_gap_new ();
  gap->from_us = from_us;
  gap->to_us = to_us;
  gap->what = g_strdup (what);
  gap->why = g_strdup (why);
  g_ptr_array_add (section->rows, gap);
}

/* Of a long window there are rollups, between whose beginnings much was recorded: of a short turn
 * there no more is missing for certain than from when the daemon ended until it started. */
static void
narrow (Distance *distance, Turns turns)
{
  if (distance->least_us < ORF_MINUTE_US)
    return;
  distance->from_us = turns.ended_us >= 0 ? MIN (turns.ended_us, turns.started_us)
                                          : turns.started_us;
  distance->to_us = turns.started_us;
}

static gint64
judge_distance (OrfPostmortemFacts *facts, Distance distance)
{
  Turns turns = find_turns (facts->daemon, distance.from_us, distance.to_us);
  gboolean restarted = turns.started_us >= 0 && !distance.last;
  gboolean is_short = distance.to_us - distance.from_us < distance.least_us;
  gint64 from_us, to_us;

  if (is_short && !restarted)
    return 0;
  if (is_short)
    narrow (&distance, turns);
  from_us = MAX (distance.from_us, facts->document->window->from_us);
  to_us = MIN (distance.to_us, facts->seen_to_us);
  if (to_us < from_us || (to_us == from_us && !is_short))
    return 0;
  add_gap (facts, EVERYTHING, from_us, to_us, explain (turns, &distance));
  return to_us - from_us;
}

static gint64
judge_distances (OrfPostmortemFacts *facts, const GArray *points)
{
  gint64 from_us = facts->document->window->from_us, missing_us = 0;
  gint64 period_us = get_period (points);
  gint64 least_us = MAX ((gint64) (MISSED * (double) period_us), MIN_GAP_US);
  Distance distance = { .to_us = from_us, .least_us = least_us, .first = TRUE };

  for (guint i = 0; i < points->len; i++) {
    distance.from_us = distance.to_us;
    distance.to_us = g_array_index (points, OrfPoint, i).t_us;
    if (distance.to_us >= from_us)
      missing_us += judge_distance (facts, distance);
    distance.first = FALSE;
  }
  distance = (Distance){ .from_us = distance.to_us,
                         .to_us = facts->seen_to_us,
                         .least_us = MAX (least_us, BEHIND_US + period_us),
                         .last = TRUE };
  return missing_us + judge_distance (facts, distance);
}

static void
judge_beats (OrfPostmortemFacts *facts, const GArray *points)
{
  gint64 length_us = facts->seen_to_us - facts->document->window->from_us;
  gint64 missing_us = judge_distances (facts, points);

  /* in tenths, never rounded up: 100 % is said of nothing less, and all say the same of it */
  if (length_us > 0)
    facts->document->gaps->covered_percent =
      floor (1000.0 * (double) (length_us - missing_us) / (double) length_us) / 10;
}

/* Nothing at all of the window is there. */
static void
judge_nothing (OrfPostmortemFacts *facts)
{
  const OrfPostmortemWindow *window = facts->document->window;

  add_gap (facts, EVERYTHING, window->from_us, window->to_us, "nothing was recorded");
  facts->document->gaps->covered_percent = 0;
}

/* ---- devices --------------------------------------------------------------------------------- */

static gboolean
is_within_gap (const OrfPostmortemFacts *facts, gint64 from_us, gint64 to_us, gint64 slack_us)
{
  const GPtrArray *rows = facts->document->gaps->rows;

  for (guint i = 0; i < rows->len; i++) {
    const OrfPostmortemGap *gap = rows->pdata[i];

    if (g_str_equal (gap->what, EVERYTHING) && gap->from_us - slack_us <= from_us &&
        gap->to_us + slack_us >= to_us)
      return TRUE;
  }
  return FALSE;
}

/* Before its first and after its last sample it may not have been there at all. */
static void
judge_device (OrfPostmortemFacts *facts, const OrfPostmortemSeries *used)
{
  const OrfPostmortemWindow *window = facts->document->window;
  gint64 least_us = MAX ((gint64) (MISSED * (double) get_period (used->points)), MIN_GAP_US);

  for (guint i = 1; i < used->points->len; i++) {
    gint64 from_us = g_array_index (used->points, OrfPoint, i - 1).t_us;
    gint64 to_us = g_array_index (used->points, OrfPoint, i).t_us;

    if (to_us - from_us >= least_us && to_us > window->from_us &&
        !is_within_gap (facts, MAX (from_us, window->from_us), to_us, least_us))
      add_gap (facts, orf_postmortem_series_get_label (used, "device"),
               MAX (from_us, window->from_us), to_us, "the device told nothing");
  }
}

static int
compare_gaps_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemGap *x = *(OrfPostmortemGap *const *) a;
  const OrfPostmortemGap *y = *(OrfPostmortemGap *const *) b;

  return compare_us_cb (&x->from_us, &y->from_us);
}

void
orf_postmortem_gaps_find (OrfPostmortemFacts *facts)
{
  const OrfPostmortemSeries *beats = facts->beats->len > 0 ? facts->beats->pdata[0] : NULL;

  if (beats == NULL)
    judge_nothing (facts);
  else
    judge_beats (facts, beats->points);
  for (guint i = 0; i < facts->used->len; i++)
    judge_device (facts, facts->used->pdata[i]);
  g_ptr_array_sort (facts->document->gaps->rows, compare_gaps_cb);
}
