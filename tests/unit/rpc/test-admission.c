/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-admission.h"

#define TARGET_US 1000
#define SPAN_US   100000
#define MOST      4096

typedef struct {
  OrfAdmission *admission;
  gint64 now_us;
  guint n_waiting;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->now_us = 1000 * SPAN_US;
  f->admission = orf_admission_new (TARGET_US, MOST);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_admission_free (f->admission);
}

/* Until no more may wait, or n do; how many then do. */
static guint
fill (Fixture *f, guint n)
{
  while (f->n_waiting < n && orf_admission_admits (f->admission, f->now_us)) {
    orf_admission_begin (f->admission, f->now_us);
    f->n_waiting++;
  }
  return f->n_waiting;
}

static void
end (Fixture *f, guint n, gint64 took_us, gboolean answered)
{
  for (guint i = 0; i < n; i++)
    orf_admission_end (f->admission, took_us, answered, f->now_us);
  f->n_waiting -= n;
}

/* All that wait are answered after took_us, within the span; then up to n others come. */
static void
pass_span (Fixture *f, gint64 took_us, guint n)
{
  end (f, f->n_waiting, took_us, TRUE);
  f->now_us += SPAN_US;
  fill (f, n);
}

static void
test_calm (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    pass_span (f, TARGET_US, 2000);
  g_assert_cmpuint (f->n_waiting, ==, 2000);
}

/* As many as take the target, by what was measured; halved at most at once. */
static void
test_overload (Fixture *f, gconstpointer data)
{
  fill (f, 1000);
  pass_span (f, 5 * TARGET_US, 1000);
  g_assert_cmpuint (f->n_waiting, ==, 500);
  pass_span (f, 5 * TARGET_US / 2, 1000);
  g_assert_cmpuint (f->n_waiting, ==, 250);
  pass_span (f, 5 * TARGET_US / 4, 1000);
  g_assert_cmpuint (f->n_waiting, ==, 200);
  pass_span (f, TARGET_US, 1000);
  g_assert_cmpuint (f->n_waiting, ==, 225); /* more are tried */
}

static void
test_few (Fixture *f, gconstpointer data)
{
  fill (f, 1000);
  for (guint i = 0; i < 20; i++)
    pass_span (f, 1000 * TARGET_US, 1000);
  g_assert_cmpuint (f->n_waiting, ==, ORF_ADMISSION_FEW);
  /* who never has more waiting is never refused, whatever they take */
  for (guint i = 0; i < 20; i++)
    pass_span (f, 1000 * TARGET_US, ORF_ADMISSION_FEW);
  g_assert_cmpuint (f->n_waiting, ==, ORF_ADMISSION_FEW);
}

/* One that was quick is enough: it is a burst that is worked off. */
static void
test_luckiest_counts (Fixture *f, gconstpointer data)
{
  fill (f, 1000);
  for (guint i = 0; i < 10; i++) {
    end (f, 1, TARGET_US, TRUE);
    end (f, 500, 50 * TARGET_US, TRUE);
    f->now_us += SPAN_US;
    fill (f, 1000);
  }
  g_assert_cmpuint (f->n_waiting, ==, 1000);
}

/* What was given up says nothing of how long an answer takes, but that there was none does. */
static void
test_stuck (Fixture *f, gconstpointer data)
{
  fill (f, 1000);
  f->now_us += SPAN_US / 2;
  end (f, 100, 1, FALSE);
  f->now_us += SPAN_US;
  g_assert_false (orf_admission_admits (f->admission, f->now_us));
  g_assert_cmpuint (f->n_waiting, ==, 900);
}

static void
test_recovers (Fixture *f, gconstpointer data)
{
  guint n_spans = 0;

  fill (f, 1000);
  for (guint i = 0; i < 20; i++)
    pass_span (f, 1000 * TARGET_US, 1000);
  while (f->n_waiting < 1000 && n_spans++ < 100)
    pass_span (f, TARGET_US / 2, 1000);
  g_assert_cmpuint (n_spans, <, 40);
  /* and once nobody was refused: at once nearly */
  for (guint i = 0; i < 20; i++)
    pass_span (f, 1000 * TARGET_US, 1000);
  for (guint i = 0; i < 8; i++)
    pass_span (f, TARGET_US / 2, 1);
  g_assert_cmpuint (fill (f, MOST), ==, MOST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name)                                                                                  \
  g_test_add ("/rpc/admission/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (calm);
  ADD (overload);
  ADD (few);
  ADD (luckiest_counts);
  ADD (stuck);
  ADD (recovers);
  return g_test_run ();
}
