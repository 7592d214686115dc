/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-thread.h"

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

bool
orf_thread_start (pthread_t *thread, void *(*run) (void *), void *data)
{
  sigset_t all;
  sigset_t before;
  int code;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  code = pthread_create (thread, NULL, run, data);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return code == 0;
}

void
orf_thread_init_cond (pthread_cond_t *cond)
{
  pthread_condattr_t clock;

  pthread_condattr_init (&clock);
  pthread_condattr_setclock (&clock, CLOCK_MONOTONIC);
  pthread_cond_init (cond, &clock);
  pthread_condattr_destroy (&clock);
}

static atomic_uint fork_generation;

static void
forked_cb (void)
{
  atomic_fetch_add (&fork_generation, 1);
}

static void
watch_forks (void)
{
  pthread_atfork (NULL, NULL, forked_cb);
}

void
orf_thread_watch_forks (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, watch_forks);
}

unsigned
orf_thread_get_fork_generation (void)
{
  return atomic_load_explicit (&fork_generation, memory_order_relaxed);
}

int64_t
orf_thread_now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
