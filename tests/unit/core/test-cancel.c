/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>

#include "core/orf-cancel.h"
#include "core/orf-clock.h"

static void
test_trigger (void)
{
  g_autoptr (OrfCancel) cancel = orf_cancel_new (0);

  g_assert_false (orf_cancel_is_set (NULL));
  g_assert_false (orf_cancel_is_set (cancel));
  orf_cancel_trigger (cancel);
  orf_cancel_trigger (cancel);
  g_assert_true (orf_cancel_is_set (cancel));
}

static void
test_deadline (void)
{
  g_autoptr (OrfCancel) past = orf_cancel_new (orf_clock_monotonic_us () - 1);
  g_autoptr (OrfCancel) future = orf_cancel_new (orf_clock_monotonic_us () + 3600 * ORF_US_PER_S);

  g_assert_true (orf_cancel_is_set (past));
  g_assert_false (orf_cancel_is_set (future));
  g_assert_cmpint (orf_cancel_get_deadline_us (future), >, 0);
}

static void *
wait_thread_cb (void *data)
{
  while (!orf_cancel_is_set (data))
    continue;
  orf_cancel_unref (data);
  return NULL;
}

static void
test_across_threads (void)
{
  OrfCancel *cancel = orf_cancel_new (0);
  pthread_t thread;

  g_assert_cmpint (pthread_create (&thread, NULL, wait_thread_cb, orf_cancel_ref (cancel)), ==, 0);
  orf_cancel_trigger (cancel);
  orf_cancel_unref (cancel); /* whoever is last frees it */
  pthread_join (thread, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cancel/trigger", test_trigger);
  g_test_add_func ("/cancel/deadline", test_deadline);
  g_test_add_func ("/cancel/across-threads", test_across_threads);
  return g_test_run ();
}
