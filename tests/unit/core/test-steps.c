/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-steps.h"

#include <pthread.h>

#include "core/orf-clock.h"
#include "core/orf-queue.h"

static const OrfQueueSteps names = { "wait", "work", "back" };

typedef struct {
  OrfJob base;
  guint *n_done;
  OrfSteps **told;
} Job;

static void
work_cb (OrfJob *base, gpointer state)
{
  g_assert_null (orf_steps_get_current ());
}

static void
done_cb (OrfJob *base)
{
  Job *job = (Job *) base;

  *job->told = orf_steps_get_current ();
  ++*job->n_done;
}

static void
free_cb (OrfJob *base)
{
  g_free (base);
}

static OrfJob *
job_new (OrfQueue *reply, guint *n_done, OrfSteps **told)
{
  Job *job = g_new0 (Job, 1);

  job->base = (OrfJob){ .reply = reply, .work = work_cb, .done = done_cb, .free = free_cb };
  job->n_done = n_done;
  job->told = told;
  return &job->base;
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
  return NULL;
}

/* What a job of a traced call takes is put down, and what it leads to is the call's too. */
static void
test_across_threads (void)
{
  g_autoptr (OrfQueue) queue = orf_queue_new (1, 10);
  g_autoptr (OrfQueue) replies = orf_queue_new (1, G_MAXUINT);
  g_autoptr (OrfSteps) steps = orf_steps_new (-1);
  OrfSteps *told = NULL, *told_other = steps;
  guint n_done = 0, n_steps;
  const OrfStep *all;
  pthread_t thread;

  orf_queue_set_steps (queue, &names);
  orf_queue_attach (replies, NULL);
  g_assert_null (orf_steps_enter (steps));
  g_assert_true (orf_queue_push (queue, 0, job_new (replies, &n_done, &told)));
  g_assert_true (orf_steps_enter (NULL) == steps);
  g_assert_true (orf_queue_push (queue, 0, job_new (replies, &n_done, &told_other)));
  pthread_create (&thread, NULL, consume_thread_cb, queue);
  while (n_done < 2)
    g_main_context_iteration (NULL, TRUE);
  orf_queue_close (queue);
  pthread_join (thread, NULL);

  g_assert_true (told == steps);
  g_assert_null (told_other);
  g_assert_null (orf_steps_get_current ());
  all = orf_steps_get (steps, &n_steps);
  g_assert_cmpuint (n_steps, ==, 3);
  g_assert_cmpstr (all[0].name, ==, "wait");
  g_assert_cmpstr (all[1].name, ==, "work");
  g_assert_cmpstr (all[2].name, ==, "back");
  g_assert_cmpint (all[0].start_us, >=, orf_steps_get_began_us (steps));
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpint (all[i].start_us, <=, all[i].end_us);
    g_assert_true (i == 0 || all[i].start_us == all[i - 1].end_us);
  }
}

/* A job that is refused, or never worked on, holds nothing. */
static void
test_left (void)
{
  OrfQueue *queue = orf_queue_new (1, 1);
  g_autoptr (OrfSteps) steps = orf_steps_new (-1);
  OrfSteps *told = NULL;
  OrfJob *refused = job_new (NULL, NULL, &told);
  guint n_steps;

  orf_queue_set_steps (queue, &names);
  orf_steps_enter (steps);
  g_assert_true (orf_queue_push (queue, 0, job_new (NULL, NULL, &told)));
  g_assert_false (orf_queue_push (queue, 0, refused));
  orf_steps_enter (NULL);
  g_assert_null (refused->trace);
  refused->free (refused);
  orf_queue_unref (queue);
  orf_steps_get (steps, &n_steps);
  g_assert_cmpuint (n_steps, ==, 0);
}

static void
test_slow_and_many (void)
{
  g_autoptr (OrfSteps) steps = orf_steps_new (100);
  guint n_steps;

  orf_steps_add (steps, "short", 0, 100);
  for (gint64 i = 0; i < 40; i++)
    orf_steps_add (steps, "long", i, i + 101);
  g_assert_cmpstr (orf_steps_get (steps, &n_steps)[0].name, ==, "long");
  g_assert_cmpuint (n_steps, ==, 32);
  g_assert_cmpuint (orf_steps_get_n_dropped (steps), ==, 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/steps/across-threads", test_across_threads);
  g_test_add_func ("/steps/left", test_left);
  g_test_add_func ("/steps/slow-and-many", test_slow_and_many);
  return g_test_run ();
}
