/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-self.h"

#include "cost/orf-cost-book.h"

#define M ORF_COST_MINUTE_US

static OrfCostSpan
make (guint8 id, guint8 parent, gint64 start_us, gint64 end_us)
{
  return (OrfCostSpan){
    .span_no = id,
    .trace_no = 1,
    .id = { id },
    .parent = { parent },
    .has_parent = parent > 0,
    .start_us = start_us,
    .end_us = end_us,
    .operation_no = id,
  };
}

static gint64
get (const OrfCostSelfBook *book, gint64 t_us, gint64 operation_no)
{
  g_autoptr (GArray) selves = orf_cost_self_book_tell (book, 1, 1);

  for (guint i = 0; i < selves->len; i++) {
    const OrfCostSelf *self = &g_array_index (selves, OrfCostSelf, i);

    if (self->t_us == t_us && self->operation_no == operation_no)
      return self->self_us;
  }
  return 0;
}

static void
test_children_cover (void)
{
  OrfCostSpan spans[] = {
    make (3, 1, 2000, 4000), /* overlaps the other child */
    make (1, 0, 0, 10000),    make (2, 1, 1000, 3000),
    make (4, 1, 9000, 12000), /* outlives its parent */
    make (5, 3, 0, 5000),     /* began before its parent */
    make (6, 9, 0, 100),      /* whose parent has not come */
  };
  g_autoptr (OrfCostSelfBook) book = orf_cost_self_book_new (0, M, NULL);

  orf_cost_self_book_add (book, spans, G_N_ELEMENTS (spans), 0, 100);
  g_assert_cmpint (get (book, 0, 1), ==, 1000 + 5000);
  g_assert_cmpint (get (book, 0, 2), ==, 2000);
  g_assert_cmpint (get (book, 0, 3), ==, 0);
  g_assert_cmpint (get (book, 0, 4), ==, 3000);
  g_assert_cmpint (get (book, 0, 5), ==, 5000);
  g_assert_cmpint (get (book, 0, 6), ==, 100);
}

static void
test_minutes (void)
{
  OrfCostSpan spans[] = { make (1, 0, -M, 5 * M + 7), make (2, 1, M + 10, 3 * M) };
  g_autoptr (OrfCostSelfBook) book = orf_cost_self_book_new (0, 5 * M, NULL);

  orf_cost_self_book_add (book, spans, 2, 0, 100);
  g_assert_cmpint (get (book, 0, 1), ==, M);
  g_assert_cmpint (get (book, M, 1), ==, 10);
  g_assert_cmpint (get (book, M, 2), ==, M - 10);
  g_assert_cmpint (get (book, 2 * M, 1), ==, 0);
  g_assert_cmpint (get (book, 4 * M, 1), ==, M);
  g_assert_cmpint (get (book, 5 * M, 1), ==, 0); /* beyond the book */
}

/* Those that came before are children, and count no second time. */
static void
test_what_came (void)
{
  OrfCostSpan spans[] = { make (1, 0, 0, 1000), make (2, 1, 0, 400), make (7, 7, 0, 50) };
  g_autoptr (OrfCostSelfBook) book = orf_cost_self_book_new (0, M, NULL);
  g_autoptr (GArray) half = NULL;

  orf_cost_self_book_add (book, spans, 3, 0, 1);
  g_assert_cmpint (get (book, 0, 1), ==, 600);
  g_assert_cmpint (get (book, 0, 2), ==, 0);
  orf_cost_self_book_add (book, spans, 3, 6, 7); /* its own parent */
  g_assert_cmpint (get (book, 0, 7), ==, 50);
  /* a sample of two in five stands for all */
  half = orf_cost_self_book_tell (book, 5, 2);
  g_assert_cmpint (half->len, ==, 2);
  g_assert_cmpint (g_array_index (half, OrfCostSelf, 0).self_us, ==, 1500);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost-self/children-cover", test_children_cover);
  g_test_add_func ("/cost-self/minutes", test_minutes);
  g_test_add_func ("/cost-self/what-came", test_what_came);
  return g_test_run ();
}
