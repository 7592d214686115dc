/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/orf-probe-child.h"

/* The child is the real probe, with the simulated backend told to go wrong.  Time-outs that are to
 * be met are short; those that are not are long, so that a slow machine changes nothing. */
#define NEVER_US G_GINT64_CONSTANT (60000000)

typedef struct {
  OrfProbeChild *child;
  guint hellos, samples, losses, settled;
  gint64 devices;  /* in the last hello or sample */
  gboolean ask_on; /* asks again as soon as it may */
} Watch;

static void
ask (Watch *watch)
{
  if (watch->ask_on)
    orf_probe_child_ask (watch->child);
}

static void
hello_cb (gpointer user_data, const OrfProbeHello *hello)
{
  Watch *watch = user_data;

  watch->hellos++;
  watch->devices = hello->devices->len;
  g_assert_cmpstr (hello->backend, ==, "simulated");
  ask (watch);
}

static void
sample_cb (gpointer user_data, const OrfProbeSample *sample)
{
  Watch *watch = user_data;

  watch->samples++;
  watch->devices = sample->devices->len;
}

static void
lost_cb (gpointer user_data)
{
  Watch *watch = user_data;

  watch->losses++;
  g_assert_cmpint (orf_probe_child_get_state (watch->child), ==, ORF_PROBE_UNAVAILABLE);
}

static void
settled_cb (gpointer user_data)
{
  Watch *watch = user_data;

  watch->settled++;
  g_assert_false (orf_probe_child_is_pending (watch->child));
  ask (watch);
}

static const OrfProbeChildEvents events = { hello_cb, sample_cb, lost_cb, settled_cb };

static OrfProbeOptions
patient (void)
{
  return (OrfProbeOptions){
    .program = g_getenv ("ORFEAS_PROBE"),
    .backend = "simulated",
    .start_timeout_us = NEVER_US,
    .timeout_us = NEVER_US,
    .backoff_us = NEVER_US,
    .backoff_max_us = NEVER_US,
  };
}

static void
start_with (Watch *watch, OrfProbeOptions options, const char *words)
{
  g_auto (GStrv) arguments = g_strsplit (words, " ", -1);

  options.arguments = (const char *const *) arguments;
  watch->ask_on = TRUE;
  watch->child = orf_probe_child_new (&options, &events, watch, NULL);
  g_assert_cmpuint (watch->hellos, ==, 0);
}

#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
  }                                                                                                \
  G_STMT_END

static guint
count_fds (void)
{
  GDir *dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n;
}

/* Frees and waits until the process is reaped. */
static void
finish (Watch *watch)
{
  pid_t pid = orf_probe_child_get_pid (watch->child);

  g_clear_pointer (&watch->child, orf_probe_child_free);
  wait_until (pid < 0 || kill (pid, 0) < 0);
}

static gboolean
waits_for_start (Watch *watch)
{
  return orf_probe_child_get_pid (watch->child) < 0;
}

static void
assert_reason (Watch *watch, const char *part)
{
  const char *reason = orf_probe_child_get_reason (watch->child);

  g_assert_cmpint (orf_probe_child_get_state (watch->child), ==, ORF_PROBE_UNAVAILABLE);
  g_assert_nonnull (reason);
  if (!strstr (reason, part))
    g_error ("'%s' does not say '%s'", reason, part);
}

static void
test_samples (void)
{
  Watch watch = { 0 };

  start_with (&watch, patient (), "devices=3");
  g_assert_cmpint (orf_probe_child_get_state (watch.child), ==, ORF_PROBE_STARTING);
  g_assert_nonnull (orf_probe_child_get_reason (watch.child));
  g_assert_false (orf_probe_child_ask (watch.child));
  wait_until (watch.samples >= 5);
  g_assert_cmpint (watch.devices, ==, 3);
  g_assert_cmpint (orf_probe_child_get_state (watch.child), ==, ORF_PROBE_OPERATIONAL);
  g_assert_null (orf_probe_child_get_reason (watch.child));
  g_assert_cmpuint (orf_probe_child_get_restarts (watch.child), ==, 0);
  g_assert_cmpint (orf_probe_child_get_rss_bytes (watch.child), >, 0);
  g_assert_cmpint (getpgid (orf_probe_child_get_pid (watch.child)), ==,
                   orf_probe_child_get_pid (watch.child));
  g_assert_cmpint (getsid (orf_probe_child_get_pid (watch.child)), ==,
                   orf_probe_child_get_pid (watch.child));
  finish (&watch);
  g_assert_cmpuint (watch.losses, ==, 0);
}

static void
test_one_ask_at_a_time (void)
{
  Watch watch = { 0 };

  start_with (&watch, patient (), "");
  watch.ask_on = FALSE;
  wait_until (watch.hellos == 1);
  g_assert_true (orf_probe_child_ask (watch.child));
  g_assert_true (orf_probe_child_is_pending (watch.child));
  g_assert_false (orf_probe_child_ask (watch.child));
  wait_until (watch.settled == 1);
  g_assert_cmpuint (watch.samples, ==, 1);
  finish (&watch);
}

typedef struct {
  const char *path;
  const char *words;
  const char *reason;
  guint samples; /* before it goes wrong */
} Fault;

static const Fault faults[] = {
  { "die", "die_at=3", "was killed by signal 6", 2 },
  { "garbage", "garbage_at=2", "not its protocol", 1 },
  { "flood", "flood_at=2", "wrote a line of more than 65536 bytes", 1 },
  { "stranger", "stranger_at=2", "simulated-2 that it had not named", 1 },
  { "too-many-devices", "devices=65", "too many items", 0 },
  { "greed", "eat_at=2", "MiB of memory and was killed", 1 },
  { "die-at-start", "start_die=1", "was killed by signal 6", 0 },
  { "garbage-at-start", "start_garbage=1", "not its protocol", 0 },
  { "fail-at-start", "start_fail=1", "cannot work: no simulated device", 0 },
  { "wrong-setting", "no_such=1", "cannot work: no such setting: no_such=1", 0 },
};

/* Given up, killed, reaped, explained, and waiting for its next start. */
static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.max_line_bytes = 64 * 1024;
  options.max_rss_bytes = 200 * 1024 * 1024;
  start_with (&watch, options, fault->words);
  wait_until (waits_for_start (&watch));
  assert_reason (&watch, fault->reason);
  assert_reason (&watch, "next try in ");
  g_assert_cmpuint (watch.samples, ==, fault->samples);
  g_assert_cmpuint (watch.losses, ==, watch.hellos);
  g_assert_false (orf_probe_child_is_pending (watch.child));
  g_assert_false (orf_probe_child_ask (watch.child));
  g_assert_cmpint (orf_probe_child_get_rss_bytes (watch.child), ==, -1);
  finish (&watch);
}

/* More answers than asks. */
static void
test_chatter (void)
{
  Watch watch = { 0 };

  start_with (&watch, patient (), "chatter_at=1");
  watch.ask_on = FALSE;
  wait_until (watch.hellos == 1);
  g_assert_true (orf_probe_child_ask (watch.child));
  wait_until (waits_for_start (&watch));
  assert_reason (&watch, "spoke without being asked");
  g_assert_cmpuint (watch.samples, ==, 1);
  g_assert_cmpuint (watch.settled, ==, 1);
  finish (&watch);
}

static void
test_hang (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.timeout_us = 300000;
  start_with (&watch, options, "hang_at=1");
  wait_until (waits_for_start (&watch));
  assert_reason (&watch, "did not answer within 0.3 s and was killed");
  g_assert_cmpuint (watch.samples, ==, 0);
  g_assert_cmpuint (watch.settled, ==, 1);
  finish (&watch);
}

static void
test_hang_at_start (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.start_timeout_us = 200000;
  start_with (&watch, options, "start_hang=1");
  wait_until (waits_for_start (&watch));
  assert_reason (&watch, "did not come up within 0.2 s and was killed");
  finish (&watch);
}

/* A stopped process is what a driver that never returns looks like. */
static void
test_stopped (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.timeout_us = 300000;
  start_with (&watch, options, "");
  watch.ask_on = FALSE;
  wait_until (watch.hellos == 1);
  kill (orf_probe_child_get_pid (watch.child), SIGSTOP);
  g_assert_true (orf_probe_child_ask (watch.child));
  wait_until (waits_for_start (&watch));
  assert_reason (&watch, "did not answer");
  finish (&watch);
}

static void
test_errors_are_borne (void)
{
  Watch watch = { 0 };

  start_with (&watch, patient (), "fail_at=2");
  wait_until (watch.samples >= 3);
  g_assert_cmpuint (watch.settled, >=, 3);
  g_assert_cmpint (orf_probe_child_get_state (watch.child), ==, ORF_PROBE_OPERATIONAL);
  finish (&watch);
}

static void
test_no_program (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.program = "/nonexistent/orfeas-probe";
  start_with (&watch, options, "");
  g_assert_true (waits_for_start (&watch));
  assert_reason (&watch, "cannot start /nonexistent/orfeas-probe: No such file");
  finish (&watch);
}

static void
test_restart (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.backoff_us = 1000;
  options.backoff_max_us = 8000;
  start_with (&watch, options, "die_at=2");
  wait_until (watch.samples >= 3);
  g_assert_cmpuint (watch.hellos, ==, 3);
  g_assert_cmpuint (watch.losses, ==, 2);
  g_assert_cmpuint (orf_probe_child_get_restarts (watch.child), ==, 2);
  g_assert_cmpint (orf_probe_child_get_state (watch.child), ==, ORF_PROBE_OPERATIONAL);
  finish (&watch);
}

/* The sum of the waits, each at least 0.75 of its nominal length, bounds the time from below; speed
 * can only make it longer. */
static void
test_backoff_doubles (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };
  gint64 start_us = g_get_monotonic_time ();

  options.backoff_us = 20000;
  options.backoff_max_us = 80000;
  start_with (&watch, options, "start_die=1");
  wait_until (orf_probe_child_get_restarts (watch.child) == 4);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >=, (20000 + 40000 + 80000 + 80000) * 3 / 4);
  finish (&watch);
}

/* Who says in order that there is nothing to watch is asked again only after the longest wait. */
static void
test_orderly_failure_waits_long (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };

  options.backoff_us = 1000;
  start_with (&watch, options, "start_fail=1");
  wait_until (waits_for_start (&watch));
  assert_reason (&watch, "cannot work");
  for (gint64 end_us = g_get_monotonic_time () + 50000; g_get_monotonic_time () < end_us;)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (orf_probe_child_get_restarts (watch.child), ==, 0);
  finish (&watch);
}

static void
test_nothing_is_left (void)
{
  OrfProbeOptions options = patient ();
  Watch watch = { 0 };
  guint fds = 0;
  guint fds_before = 0;

  start_with (&watch, options, ""); /* what GLib opens once and keeps */
  finish (&watch);
  fds_before = count_fds ();

  options.backoff_us = 100;
  options.backoff_max_us = 100;
  start_with (&watch, options, "die_at=2");
  wait_until (watch.samples >= 1);
  fds = count_fds ();
  wait_until (watch.samples >= 21);
  g_assert_cmpuint (orf_probe_child_get_restarts (watch.child), >=, 20);
  g_assert_cmpuint (count_fds (), ==, fds);
  finish (&watch);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  g_assert_cmpuint (count_fds (), ==, fds_before);
}

/* Freed at any moment: before hello, while an answer is awaited, while its end is. */
static void
test_free_any_time (void)
{
  Watch early = { 0 };
  Watch asked = { 0 };
  Watch ending = { 0 };

  start_with (&early, patient (), "");
  finish (&early);

  start_with (&asked, patient (), "hang_at=1");
  wait_until (orf_probe_child_is_pending (asked.child));
  finish (&asked);
  g_assert_cmpuint (asked.settled, ==, 0);

  start_with (&ending, patient (), "garbage_at=1");
  wait_until (orf_probe_child_get_state (ending.child) == ORF_PROBE_UNAVAILABLE);
  finish (&ending);
}

/* No probe outlives its daemon, not even one that reads nothing.  This program plays the daemon
 * too: it starts a probe that hangs, tells its pid and is killed. */
#define PLAY_DAEMON "--play-daemon"

static int
play_daemon (void)
{
  Watch watch = { 0 };

  start_with (&watch, patient (), "hang_at=1");
  wait_until (orf_probe_child_is_pending (watch.child));
  printf ("%d\n", (int) orf_probe_child_get_pid (watch.child));
  fflush (stdout);
  wait_until (watch.samples > 0);
  return 1;
}

static void
test_no_orphan (gconstpointer data)
{
  const char *program = data;
  const char *argv[] = { program, PLAY_DAEMON, NULL };
  g_autoptr (GError) error = NULL;
  GPid daemon_pid = -1;
  char line[32] = { 0 };
  int out = -1;
  int status = 0;
  pid_t probe_pid = -1;

  /* the orphan becomes ours, so that its end can be waited for */
  g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 1), ==, 0);
  g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &daemon_pid, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (out, line, sizeof line - 1), >, 0);
  close (out);
  probe_pid = atoi (line);
  g_assert_cmpint (kill (probe_pid, 0), ==, 0);

  kill (daemon_pid, SIGKILL);
  g_assert_cmpint (waitpid (daemon_pid, &status, 0), ==, daemon_pid);
  g_assert_cmpint (waitpid (probe_pid, &status, 0), ==, probe_pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], PLAY_DAEMON))
    return play_daemon ();

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe-child/samples", test_samples);
  g_test_add_func ("/probe-child/one-ask-at-a-time", test_one_ask_at_a_time);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *path = g_strconcat ("/probe-child/fault/", faults[i].path, NULL);

    g_test_add_data_func (path, &faults[i], test_fault);
  }
  g_test_add_func ("/probe-child/chatter", test_chatter);
  g_test_add_func ("/probe-child/hang", test_hang);
  g_test_add_func ("/probe-child/hang-at-start", test_hang_at_start);
  g_test_add_func ("/probe-child/stopped", test_stopped);
  g_test_add_func ("/probe-child/errors-are-borne", test_errors_are_borne);
  g_test_add_func ("/probe-child/no-program", test_no_program);
  g_test_add_func ("/probe-child/restart", test_restart);
  g_test_add_func ("/probe-child/backoff-doubles", test_backoff_doubles);
  g_test_add_func ("/probe-child/orderly-failure-waits-long", test_orderly_failure_waits_long);
  g_test_add_func ("/probe-child/nothing-is-left", test_nothing_is_left);
  g_test_add_func ("/probe-child/free-any-time", test_free_any_time);
  g_test_add_data_func ("/probe-child/no-orphan", argv[0], test_no_orphan);
  return g_test_run ();
}
