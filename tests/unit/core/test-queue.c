/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>

#include "core/orf-clock.h"
#include "core/orf-queue.h"

typedef struct {
  OrfJob base;
  guint value;
  guint *done_sum;
  guint *n_freed;
  pthread_t worked_in;
} Job;

static void
work_cb (OrfJob *base, gpointer state)
{
  Job *job = (Job *) base;

  job->value *= 2;
  job->worked_in = pthread_self ();
}

static void
done_cb (OrfJob *base)
{
  Job *job = (Job *) base;

  g_assert_false (pthread_equal (job->worked_in, pthread_self ()));
  *job->done_sum += job->value;
}

static void
free_cb (OrfJob *base)
{
  Job *job = (Job *) base;

  ++*job->n_freed;
  g_free (job);
}

static Job *
job_new (guint value, OrfQueue *reply, guint *done_sum, guint *n_freed)
{
  Job *job = g_new0 (Job, 1);

  job->base = (OrfJob){ .reply = reply, .work = work_cb, .done = done_cb, .free = free_cb };
  job->value = value;
  job->done_sum = done_sum;
  job->n_freed = n_freed;
  return job;
}

static void *
consume_thread_cb (void *data)
{
  OrfQueue *queue = data;
  OrfJob *job;

  while ((job = orf_queue_pop (queue, -1)) != NULL) {
    job->work (job, NULL);
    orf_job_reply (job);
  }
  orf_queue_unref (queue);
  return NULL;
}

static void
test_there_and_back (void)
{
  g_autoptr (OrfQueue) queue = orf_queue_new (2, 1000);
  g_autoptr (OrfQueue) replies = orf_queue_new (1, G_MAXUINT);
  guint sum = 0, n_freed = 0;
  pthread_t threads[2];

  orf_queue_attach (replies, NULL);
  for (guint i = 0; i < 2; i++)
    pthread_create (&threads[i], NULL, consume_thread_cb, orf_queue_ref (queue));
  for (guint i = 1; i <= 1000; i++)
    g_assert_true (orf_queue_push (queue, i % 2, &job_new (i, replies, &sum, &n_freed)->base));
  while (n_freed < 1000)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (sum, ==, 1000 * 1001);
  orf_queue_close (queue);
  for (guint i = 0; i < 2; i++)
    pthread_join (threads[i], NULL);
}

static void
test_lanes_and_bounds (void)
{
  g_autoptr (OrfQueue) queue = orf_queue_new (2, 2);
  guint sum = 0, n_freed = 0;
  Job *jobs[5];

  for (guint i = 0; i < 5; i++)
    jobs[i] = job_new (i, NULL, &sum, &n_freed);
  g_assert_true (orf_queue_push (queue, 1, &jobs[0]->base));
  g_assert_true (orf_queue_push (queue, 1, &jobs[1]->base));
  g_assert_false (orf_queue_push (queue, 1, &jobs[2]->base)); /* full; still ours */
  g_assert_true (orf_queue_push (queue, 0, &jobs[3]->base));
  g_assert_cmpuint (orf_queue_get_length (queue, 1), ==, 2);
  g_assert_true (orf_queue_try_pop_lane (queue, 0) == &jobs[3]->base);
  g_assert_null (orf_queue_try_pop_lane (queue, 0));
  g_assert_true (orf_queue_push (queue, 0, &jobs[3]->base));
  /* the first lane goes before, whatever came first */
  g_assert_true (orf_queue_pop (queue, 0) == &jobs[3]->base);
  g_assert_true (orf_queue_pop (queue, 0) == &jobs[0]->base);
  orf_queue_close (queue);
  g_assert_true (orf_queue_is_closed (queue));
  g_assert_false (orf_queue_push (queue, 0, &jobs[4]->base));
  g_assert_true (orf_queue_pop (queue, -1) == &jobs[1]->base); /* what is queued can be had */
  g_assert_null (orf_queue_pop (queue, -1));
  for (guint i = 0; i < 5; i++)
    jobs[i]->base.free (&jobs[i]->base);
  g_assert_cmpuint (n_freed, ==, 5);
}

static void
test_waiting_ends (void)
{
  g_autoptr (OrfQueue) queue = orf_queue_new (1, 1);

  g_assert_null (orf_queue_pop (queue, 0));
  g_assert_null (orf_queue_pop (queue, orf_clock_monotonic_us () + 1000));
  g_assert_false (orf_queue_is_closed (queue));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue/there-and-back", test_there_and_back);
  g_test_add_func ("/queue/lanes-and-bounds", test_lanes_and_bounds);
  g_test_add_func ("/queue/waiting-ends", test_waiting_ends);
  return g_test_run ();
}
