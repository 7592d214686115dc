/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run with fast-clock preloaded, RATE times as fast: what takes WAIT_S takes as long by its own
 * clocks, and not as long by the kernel's. */
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S     40
#define US_PER_S   G_GINT64_CONSTANT (1000000)
#define PATIENCE_S (WAIT_S - 1) /* of a machine that is busy */

static gint64
read_us (clockid_t clock)
{
  struct timespec now;

  g_assert_cmpint (clock_gettime (clock, &now), ==, 0);
  return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* Past the library, which has no reason to change this one. */
static gint64
read_kernel_us (void)
{
  struct timespec now;

  g_assert_cmpint (syscall (SYS_clock_gettime, CLOCK_MONOTONIC, &now), ==, 0);
  return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static struct timespec
find_end (clockid_t clock)
{
  gint64 end_us = read_us (clock) + WAIT_S * US_PER_S;

  return (struct timespec){ end_us / US_PER_S, end_us % US_PER_S * 1000 };
}

static void
wait_poll (void)
{
  g_assert_cmpint (poll (NULL, 0, WAIT_S * 1000), ==, 0);
}

static void
wait_select (void)
{
  struct timeval wait = { WAIT_S, 0 };

  g_assert_cmpint (select (0, NULL, NULL, NULL, &wait), ==, 0);
}

static void
wait_sleep (void)
{
  g_usleep (WAIT_S * G_USEC_PER_SEC);
}

static void
wait_usleep (void)
{
  for (int i = 0; i < WAIT_S; i++)
    usleep (999999);
  sleep (1);
}

static void
wait_condition (clockid_t clock)
{
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  struct timespec end = find_end (clock);
  pthread_condattr_t kind;
  pthread_cond_t condition;

  pthread_condattr_init (&kind);
  pthread_condattr_setclock (&kind, clock);
  pthread_cond_init (&condition, &kind);
  pthread_mutex_lock (&mutex);
  while (pthread_cond_timedwait (&condition, &mutex, &end) == 0)
    ;
  pthread_mutex_unlock (&mutex);
  pthread_cond_destroy (&condition);
  pthread_condattr_destroy (&kind);
}

static void
wait_monotonic_condition (void)
{
  wait_condition (CLOCK_MONOTONIC);
}

static void
wait_real_condition (void)
{
  wait_condition (CLOCK_REALTIME);
}

static void
wait_glib_condition (void)
{
  gint64 end_us = g_get_monotonic_time () + WAIT_S * US_PER_S;
  GMutex mutex;
  GCond condition;

  g_mutex_init (&mutex);
  g_cond_init (&condition);
  g_mutex_lock (&mutex);
  while (g_cond_wait_until (&condition, &mutex, end_us))
    ;
  g_mutex_unlock (&mutex);
  g_mutex_clear (&mutex);
  g_cond_clear (&condition);
}

static gboolean
quit_cb (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
wait_loop (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_timeout_add_seconds (WAIT_S, quit_cb, loop);
  g_main_loop_run (loop);
}

static void
test_wait (gconstpointer data)
{
  void (*const *wait) (void) = data;
  gint64 kernel_us = read_kernel_us (), real_us = g_get_real_time (), time_s = time (NULL);
  gint64 monotonic_us = g_get_monotonic_time ();

  (*wait) ();
  /* a timer in whole seconds may be early by what they begin with */
  g_assert_cmpint (g_get_monotonic_time () - monotonic_us, >=, (WAIT_S - 1) * US_PER_S);
  g_assert_cmpint (g_get_real_time () - real_us, >=, (WAIT_S - 1) * US_PER_S);
  g_assert_cmpint (time (NULL) - time_s, >=, WAIT_S - 1);
  g_assert_cmpint (read_kernel_us () - kernel_us, <, PATIENCE_S * US_PER_S);
}

static void
test_cpu (void)
{
  g_assert_cmpint (read_us (CLOCK_PROCESS_CPUTIME_ID), <, PATIENCE_S * US_PER_S);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*wait) (void);
  } waits[] = {
    { "/fast-clock/poll", wait_poll },
    { "/fast-clock/select", wait_select },
    { "/fast-clock/sleep", wait_sleep },
    { "/fast-clock/usleep", wait_usleep },
    { "/fast-clock/condition/monotonic", wait_monotonic_condition },
    { "/fast-clock/condition/real", wait_real_condition },
    { "/fast-clock/condition/glib", wait_glib_condition },
    { "/fast-clock/loop", wait_loop },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    g_test_add_data_func (waits[i].path, &waits[i].wait, test_wait);
  g_test_add_func ("/fast-clock/cpu", test_cpu);
  return g_test_run ();
}
