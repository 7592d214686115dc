/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "postmortem/orf-postmortem-gaps.h"

#define S    G_GINT64_CONSTANT (1000000)
#define FROM (10000 * S)
#define TO   (10600 * S)

static OrfPostmortemFacts *
make_facts (gint64 now_us)
{
  const OrfPostmortemTimes times = { FROM, TO, now_us };

  return orf_postmortem_facts_new (&times, "orfeasd");
}

static OrfPostmortemSeries *
add_series (GPtrArray *all, const char *device)
{
  const char *const labels[] = { "device", device, NULL };
  OrfPostmortemSeries *series = g_new0 (OrfPostmortemSeries, 1);

  series->labels = g_strdupv ((char **) labels);
  series->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_ptr_array_add (all, series);
  return series;
}

/* One a second. */
static void
add_points (OrfPostmortemSeries *series, gint64 from_us, gint64 to_us)
{
  for (gint64 t_us = from_us; t_us < to_us; t_us += S) {
    const OrfPoint point = { t_us, 1 };

    g_array_append_val (series->points, point);
  }
}

static void
add_turn (OrfPostmortemFacts *facts, gint64 t_us, const char *text)
{
  OrfPostmortemMoment *moment = orf_postmortem_moment_new ();

  moment->t_us = t_us;
  moment->text = g_strdup (text);
  g_ptr_array_add (facts->daemon, moment);
}

static void
check (const OrfPostmortemFacts *facts,
       guint i,
       gint64 from_us,
       gint64 to_us,
       const char *what,
       const char *why)
{
  const GPtrArray *rows = facts->document->gaps->rows;
  const OrfPostmortemGap *gap;

  g_assert_cmpuint (i, <, rows->len);
  gap = rows->pdata[i];
  g_assert_cmpint (gap->from_us, ==, from_us);
  g_assert_cmpint (gap->to_us, ==, to_us);
  g_assert_cmpstr (gap->what, ==, what);
  g_assert_nonnull (strstr (gap->why, why));
}

static void
test_nothing (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);

  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 1);
  check (facts, 0, FROM, TO, "everything", "nothing was recorded");
  g_assert_cmpfloat (facts->document->gaps->covered_percent, ==, 0);
}

static void
test_whole (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);

  add_points (add_series (facts->beats, ""), FROM - 100 * S, TO);
  add_points (add_series (facts->used, "a"), FROM - 100 * S, TO);
  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 0);
  g_assert_cmpfloat (facts->document->gaps->covered_percent, ==, 100);
}

/* Killed: the start has no end before it.  Ended and started again.  And one with no reason. */
static void
test_why (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);
  OrfPostmortemSeries *beats = add_series (facts->beats, "");

  add_points (beats, FROM, FROM + 100 * S);
  add_turn (facts, FROM + 101 * S, "orfeasd started");
  add_points (beats, FROM + 102 * S, FROM + 200 * S); /* short, but a crash */
  add_turn (facts, FROM + 200 * S, "orfeasd ended");
  add_turn (facts, FROM + 259 * S, "orfeasd started");
  add_points (beats, FROM + 259 * S, FROM + 300 * S);
  add_points (beats, FROM + 303 * S, FROM + 400 * S); /* late ticks are none */
  add_points (beats, FROM + 500 * S, TO);
  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 3);
  check (facts, 0, FROM + 99 * S, FROM + 102 * S, "everything", "killed");
  check (facts, 1, FROM + 199 * S, FROM + 259 * S, "everything", "ended and started again");
  g_assert_null (((OrfPostmortemGap *) facts->document->gaps->rows->pdata[2])->why);
  g_assert_cmpfloat (facts->document->gaps->covered_percent, <, 75);
  g_assert_cmpfloat (facts->document->gaps->covered_percent, >, 70);
}

/* A supervisor that starts it again and again: each gap has its reason, also the last. */
static void
test_many_turns (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);
  OrfPostmortemSeries *beats = add_series (facts->beats, "");

  for (gint64 t_us = FROM; t_us < TO; t_us += 10 * S) {
    add_turn (facts, t_us - S, "orfeasd started");
    add_points (beats, t_us, t_us + 4 * S);
  }
  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 59);
  for (guint i = 0; i < 59; i++)
    check (facts, i, FROM + (10 * i + 3) * S, FROM + (10 * i + 10) * S, "everything", "killed");
}

/* Of rollups a short turn is no minute without anything. */
static void
test_short_turn_of_rollups (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);
  OrfPostmortemSeries *beats = add_series (facts->beats, "");

  for (gint64 t_us = FROM - FROM % (60 * S); t_us < TO; t_us += 60 * S) {
    const OrfPoint point = { t_us, 1 };

    g_array_append_val (beats->points, point);
  }
  add_turn (facts, FROM + 300 * S, "orfeasd ended");
  add_turn (facts, FROM + 303 * S, "orfeasd started");
  add_turn (facts, FROM + 500 * S, "orfeasd started");
  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 2);
  check (facts, 0, FROM + 300 * S, FROM + 303 * S, "everything", "ended and started again");
  check (facts, 1, FROM + 500 * S, FROM + 500 * S, "everything", "killed");
  g_assert_cmpfloat (facts->document->gaps->covered_percent, >, 99);
}

/* Recording began within the window, and ended there; of one that goes on the future is no gap. */
static void
test_edges (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);
  g_autoptr (OrfPostmortemFacts) live = make_facts (FROM + 300 * S);

  add_points (add_series (facts->beats, ""), FROM + 200 * S, FROM + 400 * S);
  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 2);
  check (facts, 0, FROM, FROM + 200 * S, "everything", "nothing was recorded before");
  check (facts, 1, FROM + 399 * S, TO, "everything", "nothing was recorded after");

  add_points (add_series (live->beats, ""), FROM - S, FROM + 292 * S);
  orf_postmortem_gaps_find (live);
  g_assert_cmpuint (live->document->gaps->rows->len, ==, 0);
  g_assert_cmpfloat (live->document->gaps->covered_percent, ==, 100);
}

/* A device that told nothing while the daemon recorded; what everything lacks is not told twice. */
static void
test_device (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts (TO + S);
  OrfPostmortemSeries *beats = add_series (facts->beats, ""), *used = add_series (facts->used, "a");

  add_points (beats, FROM, FROM + 100 * S);
  add_points (beats, FROM + 150 * S, TO);
  add_points (used, FROM, FROM + 100 * S);
  add_points (used, FROM + 150 * S, FROM + 300 * S);
  add_points (used, FROM + 360 * S, FROM + 500 * S);
  orf_postmortem_gaps_find (facts);
  g_assert_cmpuint (facts->document->gaps->rows->len, ==, 2);
  check (facts, 1, FROM + 299 * S, FROM + 360 * S, "a", "the device told nothing");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-gaps/nothing", test_nothing);
  g_test_add_func ("/postmortem-gaps/whole", test_whole);
  g_test_add_func ("/postmortem-gaps/why", test_why);
  g_test_add_func ("/postmortem-gaps/many-turns", test_many_turns);
  g_test_add_func ("/postmortem-gaps/short-turn-of-rollups", test_short_turn_of_rollups);
  g_test_add_func ("/postmortem-gaps/edges", test_edges);
  g_test_add_func ("/postmortem-gaps/device", test_device);
  return g_test_run ();
}
