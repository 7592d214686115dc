/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-names.h"

#include "orf-error.h"

#define MAX_ROWS 12

typedef struct {
  OrfWorkerNamesake namesakes[MAX_ROWS];
  guint n;
  gint64 expected;     /* 0: an error */
  OrfErrorCode code;   /* of it */
  const char *allowed; /* what it lists; NULL: nothing */
} Row;

static const Row rows[] = {
  { { { 3, TRUE } }, 1, 3, 0, NULL },
  /* those that have gone are no concern while one is there */
  { { { 1, FALSE }, { 2, FALSE }, { 3, TRUE } }, 3, 3, 0, NULL },
  { { { 7, FALSE } }, 1, 7, 0, NULL },
  { { { 0, FALSE } }, 0, 0, ORF_ERROR_NOT_FOUND, NULL },
  { { { 1, TRUE }, { 2, FALSE }, { 5, TRUE } }, 3, 0, ORF_ERROR_INVALID_ARGUMENT, "w-1, w-5" },
  { { { 1, FALSE }, { 2, FALSE } }, 2, 0, ORF_ERROR_INVALID_ARGUMENT, "w-1, w-2" },
  { { { 1, TRUE },
      { 2, TRUE },
      { 3, TRUE },
      { 4, TRUE },
      { 5, TRUE },
      { 6, TRUE },
      { 7, TRUE },
      { 8, TRUE },
      { 9, TRUE },
      { 10, TRUE } },
    10,
    0,
    ORF_ERROR_INVALID_ARGUMENT,
    "w-1, w-2, w-3, w-4, w-5, w-6, w-7, w-8 and 2 more" },
};

static void
test_choose (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    g_autoptr (GError) error = NULL;
    gint64 no = orf_worker_names_choose ("trainer", row->namesakes, row->n, &error);

    g_test_message ("row %u", i);
    g_assert_cmpint (no, ==, row->expected);
    if (row->expected != 0) {
      g_assert_no_error (error);
      continue;
    }
    g_assert_error (error, ORF_ERROR, (int) row->code);
    g_assert_cmpstr (orf_error_get_field (error), ==, "worker");
    g_assert_cmpstr (orf_error_get_allowed (error), ==, row->allowed);
    g_assert_nonnull (strstr (error->message, "trainer"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker-names/choose", test_choose);
  return g_test_run ();
}
