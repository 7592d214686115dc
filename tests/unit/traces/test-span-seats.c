/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which operations are series, and which spans stand for the others. */
#include <string.h>

#include "traces/orf-span-seats.h"

#define T G_GINT64_CONSTANT (1760000000000000)

/* n spans of 10 µs. */
static void
add (OrfSpanSeats *seats, const char *operation, guint n, guint max)
{
  g_autoptr (OrfSpanTally) tally = orf_span_tally_new ("s", operation);
  const OrfSpan span = { .start_us = T, .duration_us = 10 };

  for (guint i = 0; i < n; i++)
    orf_span_tally_add (tally, &span);
  orf_span_seats_add (seats, tally, max);
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfSpanTally *const *) a)->operation, (*(OrfSpanTally *const *) b)->operation);
}

/* "a b", those with a seat. */
#define ASSERT_SEATED(seats, expected)                                                             \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GPtrArray) seated = orf_span_seats_dup_seated (seats);                              \
    g_autoptr (GString) names = g_string_new (NULL);                                               \
                                                                                                   \
    g_ptr_array_sort (seated, compare_cb);                                                         \
    for (guint i_ = 0; i_ < seated->len; i_++)                                                     \
      g_string_append_printf (names, "%s%s", i_ > 0 ? " " : "",                                    \
                              ((OrfSpanTally *) seated->pdata[i_])->operation);                    \
    g_assert_cmpstr (names->str, ==, (expected));                                                  \
  }                                                                                                \
  G_STMT_END

static void
test_seats (void)
{
  g_autoptr (OrfSpanSeats) seats = orf_span_seats_new ();

  add (seats, "a", 10, 2);
  add (seats, "b", 100, 2);
  add (seats, "c", 15, 2);
  ASSERT_SEATED (seats, "a b");
  /* not twice as busy */
  orf_span_seats_rank (seats, 2);
  ASSERT_SEATED (seats, "a b");
  add (seats, "c", 100, 2);
  ASSERT_SEATED (seats, "a b");
  orf_span_seats_rank (seats, 2);
  ASSERT_SEATED (seats, "b c");
  g_assert_cmpint (orf_span_seats_find (seats, "s", "c")->spans, ==, 115);
  g_assert_cmpint (orf_span_seats_find (seats, "s", "c")->counts[0], ==, 115);
  g_assert_null (orf_span_seats_find (seats, "", "sc"));
  /* a setting that became smaller, none at all, and larger again */
  orf_span_seats_rank (seats, 1);
  ASSERT_SEATED (seats, "c");
  orf_span_seats_rank (seats, 0);
  ASSERT_SEATED (seats, "");
  add (seats, "d", 1, 0);
  orf_span_seats_rank (seats, 9);
  ASSERT_SEATED (seats, "a b c d");
}

/* Who has no seat and is idle is forgotten; who has one keeps it and its sums. */
static void
test_idle (void)
{
  g_autoptr (OrfSpanSeats) seats = orf_span_seats_new ();

  add (seats, "stays", 1, 1);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *name = g_strdup_printf ("n%u", i);

    add (seats, name, 1, 1);
  }
  g_assert_cmpuint (orf_span_seats_get_n_known (seats), ==, 101);
  for (guint i = 0; i < 60; i++)
    orf_span_seats_rank (seats, 1);
  g_assert_cmpuint (orf_span_seats_get_n_known (seats), ==, 1);
  ASSERT_SEATED (seats, "stays");
  g_assert_cmpint (orf_span_seats_find (seats, "s", "stays")->spans, ==, 1);
}

static void
tell (OrfSpanSeats *seats, guint8 id, gint64 start_us, gint64 duration_us, OrfSpanOutcome outcome)
{
  g_autoptr (OrfSpanTally) tally = orf_span_tally_new ("s", "o");
  const OrfSpan span = { .trace_id = { id },
                         .span_id = { id },
                         .start_us = start_us,
                         .duration_us = duration_us,
                         .outcome = outcome };

  orf_span_tally_add (tally, &span);
  orf_span_seats_add (seats, tally, 1);
}

static void
test_exemplars (void)
{
  g_autoptr (OrfSpanSeats) seats = orf_span_seats_new ();
  const OrfSpanTally *sum;

  tell (seats, 1, T, 80, ORF_SPAN_OUTCOME_ERROR);
  tell (seats, 2, T, 100, ORF_SPAN_OUTCOME_OK);
  tell (seats, 3, T, 101, ORF_SPAN_OUTCOME_UNSET);
  tell (seats, 4, T + 5, 90, ORF_SPAN_OUTCOME_ERROR);
  tell (seats, 5, T + 5, 70, ORF_SPAN_OUTCOME_ERROR);
  sum = orf_span_seats_find (seats, "s", "o");
  g_assert_cmpint (sum->errors, ==, 3);
  g_assert_cmpint (sum->sum_us, ==, 441);
  g_assert_cmpint (sum->counts[0], ==, 4);
  g_assert_cmpint (sum->counts[1], ==, 1);
  g_assert_cmpuint (sum->exemplars[0].trace_id[0], ==, 2);
  g_assert_cmpuint (sum->exemplars[1].span_id[0], ==, 3);
  g_assert_cmpuint (sum->failed.trace_id[0], ==, 4);
  g_assert_cmpint (sum->exemplars[2].start_us, ==, 0);
  /* a shorter one takes the place of one that is old */
  tell (seats, 6, T + ORF_SPAN_EXEMPLAR_US, 5, ORF_SPAN_OUTCOME_UNSET);
  g_assert_cmpuint (sum->exemplars[0].trace_id[0], ==, 2);
  tell (seats, 7, T + ORF_SPAN_EXEMPLAR_US + 1, 5, ORF_SPAN_OUTCOME_UNSET);
  g_assert_cmpuint (sum->exemplars[0].trace_id[0], ==, 7);
}

static void
test_classes (void)
{
  g_assert_cmpuint (orf_span_get_class (0), ==, 0);
  for (guint i = 0; i < ORF_SPAN_N_BOUNDS; i++) {
    g_assert_cmpuint (orf_span_get_class (orf_span_bounds_us[i]), ==, i);
    g_assert_cmpuint (orf_span_get_class (orf_span_bounds_us[i] + 1), ==, i + 1);
  }
  g_assert_cmpuint (orf_span_get_class (G_MAXINT64), ==, ORF_SPAN_N_CLASSES - 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/span-seats/seats", test_seats);
  g_test_add_func ("/span-seats/idle", test_idle);
  g_test_add_func ("/span-seats/exemplars", test_exemplars);
  g_test_add_func ("/span-seats/classes", test_classes);
  return g_test_run ();
}
