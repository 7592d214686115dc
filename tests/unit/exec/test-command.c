/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec/orf-command.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "orf-error.h"

#define PATIENCE_S 60

typedef struct {
  GMainLoop *loop;
  char *output, *problem;
  gboolean ended;
  int status;
} Run;

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->loop, g_main_loop_unref);
  g_free (run->output);
  g_free (run->problem);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static void
ended_cb (gpointer user_data, int status, const GString *output, const char *problem)
{
  Run *run = user_data;

  run->ended = TRUE;
  run->status = status;
  run->output = g_strdup (output->str);
  run->problem = g_strdup (problem);
  g_main_loop_quit (run->loop);
}

static gboolean
patience_cb (gpointer user_data)
{
  g_error ("waited too long");
  return G_SOURCE_REMOVE;
}

static void
run_loop (GMainLoop *loop)
{
  guint id = g_timeout_add_seconds (PATIENCE_S, patience_cb, NULL);

  g_main_loop_run (loop);
  g_source_remove (id);
}

static Run
run_shell (const char *script, const char *ask)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  Run run = { .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (orf_command_start (argv, NULL, g_strdup (ask), ended_cb, &run, &error));
  g_assert_no_error (error);
  run_loop (run.loop);
  g_assert_true (run.ended);
  return run;
}

/* It reads to the end of its input, which is the line. */
static void
test_line_in_and_out (void)
{
  g_auto (Run) run = run_shell ("cat; echo done", "{\"a\":1}\n");

  g_assert_cmpstr (run.output, ==, "{\"a\":1}\ndone\n");
  g_assert_null (run.problem);
}

/* No shell between us and it: an argument is an argument. */
static void
test_arguments (void)
{
  const char *const argv[] = { "/bin/echo", "$HOME; `false`", "a  b", NULL };
  g_auto (Run) run = { .loop = g_main_loop_new (NULL, FALSE) };

  g_assert_nonnull (orf_command_start (argv, NULL, g_strdup ("{}\n"), ended_cb, &run, NULL));
  run_loop (run.loop);
  g_assert_cmpstr (run.output, ==, "$HOME; `false` a  b\n");
}

/* It has the environment that was given to it, and no other. */
static void
test_environment (void)
{
  const char *const argv[] = { "/usr/bin/env", NULL };
  const char *const environment[] = { "ORFEAS_WORD=a b", NULL };
  g_auto (Run) run = { .loop = g_main_loop_new (NULL, FALSE) };

  g_assert_nonnull (orf_command_start (argv, environment, g_strdup (""), ended_cb, &run, NULL));
  run_loop (run.loop);
  g_assert_cmpstr (run.output, ==, "ORFEAS_WORD=a b\n");
}

static void
test_failures (void)
{
  g_auto (Run) run = run_shell ("echo no room >&2; exit 3", "{}\n");
  g_auto (Run) killed = run_shell ("kill -9 $$", "{}\n");

  g_assert_cmpstr (run.problem, ==, "ended with status 3: no room");
  g_assert_cmpint (run.status, ==, 3);
  g_assert_cmpint (killed.status, ==, -1);
  g_assert_cmpstr (killed.problem, ==, "was killed by signal 9 (Killed)");
}

static void
test_not_there (void)
{
  const char *const argv[] = { "/nowhere/at/all", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_command_start (argv, NULL, g_strdup ("{}\n"), ended_cb, NULL, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
}

/* More than is kept neither stalls it nor grows us. */
static void
test_much_output (void)
{
  g_auto (Run) run = run_shell ("head -c 1000000 /dev/zero | tr '\\0' x; exit 0", "{}\n");

  g_assert_null (run.problem);
  g_assert_cmpuint (strlen (run.output), <=, 16384);
  g_assert_cmpuint (strlen (run.output), >, 4096);
}

static void
test_no_descriptors (void)
{
  g_autofree char *dir = g_dir_make_tmp ("orf-exec-XXXXXX", NULL);
  int fd = open (dir, O_RDONLY); /* not close-on-exec */
  g_auto (Run) run = run_shell ("ls /proc/$$/fd", "{}\n");

  g_assert_cmpint (fd, >, 2);
  g_assert_cmpstr (run.output, ==, "0\n1\n2\n");
  close (fd);
  g_rmdir (dir);
}

/* What it left running holds its output open; that is not waited for, and goes on. */
static void
test_what_it_starts_goes_on (void)
{
  g_auto (Run) run = run_shell ("sleep 1000 & echo $!", "{}\n");
  pid_t pid = (pid_t) g_ascii_strtoll (run.output, NULL, 10);

  g_assert_cmpint (pid, >, 1);
  g_assert_null (run.problem);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  kill (pid, SIGKILL);
}

typedef struct {
  int fd;
  char line[32];
  GMainLoop *loop;
  gboolean ended;
} Watch;

/* The pipe ends when the last process that has it does. */
static gboolean
watched_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  Watch *watch = user_data;
  gssize n = read (fd, watch->line, sizeof watch->line - 1);

  g_assert_cmpint (n, >=, 0);
  watch->ended = n == 0;
  g_main_loop_quit (watch->loop);
  return watch->ended ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
never_cb (gpointer user_data, int status, const GString *output, const char *problem)
{
  g_assert_not_reached ();
}

/* A fifo tells when the whole group is gone, and not only its leader. */
static void
test_kill_takes_the_group (void)
{
  g_autofree char *dir = g_dir_make_tmp ("orf-exec-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  g_autofree char *script =
    g_strdup_printf ("exec 3>%s; sleep 1000 & sleep 1000 & echo up >&3; wait", fifo);
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  Watch watch = { .loop = g_main_loop_new (NULL, FALSE) };
  OrfCommand *command;
  int keep;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  watch.fd = open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  keep = open (fifo,
               O_WRONLY | O_CLOEXEC); /* so that it is not at its end before the script opens it */
  command = orf_command_start (argv, NULL, g_strdup ("{}\n"), never_cb, NULL, NULL);
  g_unix_fd_add (watch.fd, G_IO_IN | G_IO_HUP, watched_cb, &watch);
  run_loop (watch.loop);
  g_assert_cmpstr (watch.line, ==, "up\n");
  close (keep);
  orf_command_kill (command);
  run_loop (watch.loop);
  g_assert_true (watch.ended);
  close (watch.fd);
  g_main_loop_unref (watch.loop);
  unlink (fifo);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command/line-in-and-out", test_line_in_and_out);
  g_test_add_func ("/command/arguments", test_arguments);
  g_test_add_func ("/command/environment", test_environment);
  g_test_add_func ("/command/failures", test_failures);
  g_test_add_func ("/command/not-there", test_not_there);
  g_test_add_func ("/command/much-output", test_much_output);
  g_test_add_func ("/command/no-descriptors", test_no_descriptors);
  g_test_add_func ("/command/what-it-starts-goes-on", test_what_it_starts_goes_on);
  g_test_add_func ("/command/kill-takes-the-group", test_kill_takes_the_group);
  return g_test_run ();
}
