/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-books.h"

#define MIB       (G_GINT64_CONSTANT (1048576))
#define TOLERANCE (4 * MIB)
#define N_LOOKS   5

/* Beside what it reserved a process has its code, its heap, its threads: 30 MiB in these. */
static OrfBooksReport
report (gint64 t_us, gint64 reserved_mib, gint64 returned_mib)
{
  return (OrfBooksReport){
    .reported_us = t_us,
    .reserved_bytes = reserved_mib < 0 ? -1 : reserved_mib * MIB,
    .returned_bytes = returned_mib < 0 ? -1 : returned_mib * MIB,
  };
}

/* It reports, and is looked at until the next report; -1: its process cannot be measured. */
static void
add (OrfCleanupBooks *books, OrfBooksReport told, gint64 used_mib)
{
  for (guint i = 0; i <= N_LOOKS; i++)
    orf_cleanup_books_add (books, &told, used_mib < 0 ? -1 : used_mib * MIB);
}

static OrfCleanupBooks
begin (OrfBooksReport told, gint64 used_mib)
{
  OrfCleanupBooks books;

  orf_cleanup_books_begin (&books, &told, used_mib < 0 ? -1 : used_mib * MIB);
  return books;
}

static gboolean
explains (const OrfCleanupBooks *books, gint64 claimed_mib)
{
  return orf_cleanup_books_explain (books, claimed_mib * MIB, TOLERANCE);
}

/* It trims 60 of 100 and takes 50 again before anybody looks. */
static void
test_taken_again (void)
{
  OrfCleanupBooks books = begin (report (1, 100, 0), 130);

  g_assert_false (explains (&books, 60));
  add (&books, report (2, 40, 60), 120);
  g_assert_true (explains (&books, 60));
  add (&books, report (3, 90, 60), 120);
  add (&books, report (4, 90, 60), 120);
  g_assert_true (explains (&books, 60));
  g_assert_true (explains (&books, 64));
  g_assert_false (explains (&books, 65));
}

/* Its batches had taken more since its last report: only the counter tells what it gave. */
static void
test_grown_meanwhile (void)
{
  OrfCleanupBooks with = begin (report (1, 60, 500), 90);
  OrfCleanupBooks without = begin (report (1, 60, -1), 90);

  add (&with, report (2, 48, 552), 78);
  g_assert_true (explains (&with, 52));
  add (&without, report (2, 48, -1), 78);
  g_assert_false (explains (&without, 52));
  g_assert_true (explains (&without, 12));
}

/* Its books are true, and it claims what they do not say; whatever its batches do. */
static void
test_liar (void)
{
  OrfCleanupBooks books = begin (report (1, 100, 7), 130);

  add (&books, report (2, 100, 7), 130);
  g_assert_false (explains (&books, 52));
  add (&books, report (3, 120, 7), 150);
  add (&books, report (4, 118, 7), 148);
  g_assert_false (explains (&books, 52));
}

/* Its books are made up: its process still has what they say was given back. */
static void
test_forger (void)
{
  OrfCleanupBooks books = begin (report (1, 1000, 0), 1030);

  add (&books, report (2, 0, 1000), 1030);
  /* one report is no proof: its next batch may have begun behind it */
  g_assert_true (explains (&books, 1000));
  add (&books, report (3, 0, 1000), 1030);
  g_assert_false (explains (&books, 1000));
  /* it comes late, and it was no lie */
  add (&books, report (4, 0, 1000), 30);
  add (&books, report (5, 0, 1000), 30);
  g_assert_true (explains (&books, 1000));
}

/* What a process takes beside is not held against its books, nor is little. */
static void
test_beside (void)
{
  OrfCleanupBooks small = begin (report (1, 40, 0), 70);
  OrfCleanupBooks large = begin (report (1, 1000, 0), 1030);
  OrfCleanupBooks unsteady = begin (report (1, 1000, 0), -1);

  add (&small, report (2, 0, 40), 70);
  add (&small, report (3, 0, 40), 70);
  g_assert_true (explains (&small, 40));
  add (&large, report (2, 0, 1000), 480);
  add (&large, report (3, 0, 1000), 480);
  g_assert_true (explains (&large, 1000));
  add (&unsteady, report (2, 0, 1000), 1030);
  add (&unsteady, report (3, 0, 1000), 1030);
  g_assert_true (explains (&unsteady, 1000));
}

/* Between two reports memory may rise, up to what the second says. */
static void
test_rising (void)
{
  OrfCleanupBooks books = begin (report (1, 1000, 0), 1030);

  add (&books, report (2, 0, 1000), 1030);
  add (&books, report (3, 1000, 1000), 1030);
  add (&books, report (4, 1000, 1000), 1030);
  g_assert_true (explains (&books, 1000));
}

/* A look that was under way when a report came is of neither, and few looks may meet a batch each.
 */
static void
test_few_looks (void)
{
  OrfCleanupBooks books = begin (report (1, 1000, 0), 1030);
  const OrfBooksReport second = report (2, 0, 1000), third = report (3, 0, 1000);
  const OrfBooksReport fourth = report (4, 0, 1000);

  orf_cleanup_books_add (&books, &second, 1030 * MIB);
  orf_cleanup_books_add (&books, &second, 1030 * MIB);
  orf_cleanup_books_add (&books, &second, 1030 * MIB);
  orf_cleanup_books_add (&books, &third, 1030 * MIB);
  g_assert_true (explains (&books, 1000));
  /* with those behind the next they are enough */
  orf_cleanup_books_add (&books, &third, 1030 * MIB);
  orf_cleanup_books_add (&books, &fourth, 1030 * MIB);
  g_assert_false (explains (&books, 1000));
}

static void
test_unknown (void)
{
  OrfCleanupBooks silent = begin (report (0, -1, -1), 130);
  OrfCleanupBooks device = begin (report (1, 100, 0), -1);
  OrfCleanupBooks new_worker = begin (report (0, -1, -1), 130);

  add (&silent, report (0, -1, -1), 130);
  g_assert_false (explains (&silent, 10));
  /* who cannot be measured cannot be contradicted */
  add (&device, report (2, 0, 100), -1);
  add (&device, report (3, 0, 100), -1);
  g_assert_true (explains (&device, 100));
  /* its first report says nothing of what it held before */
  add (&new_worker, report (2, 0, 100), 130);
  add (&new_worker, report (3, 0, 100), 130);
  g_assert_false (explains (&new_worker, 100));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleanup-books/taken-again", test_taken_again);
  g_test_add_func ("/cleanup-books/grown-meanwhile", test_grown_meanwhile);
  g_test_add_func ("/cleanup-books/liar", test_liar);
  g_test_add_func ("/cleanup-books/forger", test_forger);
  g_test_add_func ("/cleanup-books/beside", test_beside);
  g_test_add_func ("/cleanup-books/rising", test_rising);
  g_test_add_func ("/cleanup-books/few-looks", test_few_looks);
  g_test_add_func ("/cleanup-books/unknown", test_unknown);
  return g_test_run ();
}
