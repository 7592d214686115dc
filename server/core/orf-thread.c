/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-thread.h"

#include <signal.h>

#include "orf-error.h"

gboolean
orf_thread_start (
  pthread_t *thread, const char *name, void *(*run_thread_cb) (void *), void *data, GError **error)
{
  sigset_t all, before;
  int failed;

  /* Our error domain, and the lock that GLib keeps domains by, are made when first used: not by two
   * threads at once. */
  g_error_free (g_error_new_literal (ORF_ERROR, ORF_ERROR_INTERNAL, ""));
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  failed = pthread_create (thread, NULL, run_thread_cb, data);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (failed != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot start thread %s: %s", name,
                 g_strerror (failed));
    return FALSE;
  }
  pthread_setname_np (*thread, name); /* for people who look with top -H; nothing relies on it */
  return TRUE;
}

static void *
work_thread_cb (void *data)
{
  OrfQueue *jobs = data;
  OrfJob *job;

  while ((job = orf_queue_pop (jobs, -1)) != NULL)
    job->work (job, NULL);
  orf_queue_unref (jobs);
  return NULL;
}

gboolean
orf_thread_start_worker (pthread_t *thread, const char *name, OrfQueue *jobs, GError **error)
{
  if (orf_thread_start (thread, name, work_thread_cb, orf_queue_ref (jobs), error))
    return TRUE;
  orf_queue_unref (jobs);
  return FALSE;
}
