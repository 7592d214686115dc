/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec/orf-errand.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "orf-error.h"

#define PATIENCE_S 60

/* Errands by the real helper as a child, and by a socket where somebody else answers. */
typedef struct {
  char *dir, *config, *socket;
  GThread *answerer;
  int listener;
  const char *answer; /* of the answerer, before it closes */
  GMainLoop *loop;
  gboolean ended;
  int status;
  char *output, *problem;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("orf-errand-XXXXXX", NULL);
  fixture->config = g_build_filename (fixture->dir, "orfeasd.conf", NULL);
  fixture->socket = g_build_filename (fixture->dir, "exec.sock", NULL);
  fixture->listener = -1;
  fixture->loop = g_main_loop_new (NULL, FALSE);
  g_assert_true (g_file_set_contents (fixture->config,
                                      "[receivers]\npage=exec\nhook=webhook\n"
                                      "[receivers.page]\ncommand=/bin/sh;-c;cat\n"
                                      "[receivers.hook]\nurl=http://127.0.0.1:1/\n",
                                      -1, NULL));
  orf_errands_set_up (g_getenv ("ORFEAS_EXEC"), fixture->config, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->answerer, g_thread_join);
  if (fixture->listener >= 0)
    close (fixture->listener);
  g_unlink (fixture->socket);
  g_unlink (fixture->config);
  g_rmdir (fixture->dir);
  g_main_loop_unref (fixture->loop);
  g_free (fixture->dir);
  g_free (fixture->config);
  g_free (fixture->socket);
  g_free (fixture->output);
  g_free (fixture->problem);
}

static void
ended_cb (gpointer user_data, int status, const GString *output, const char *problem)
{
  Fixture *fixture = user_data;

  g_assert_false (fixture->ended);
  fixture->ended = TRUE;
  fixture->status = status;
  fixture->output = g_strdup (output->str);
  fixture->problem = g_strdup (problem);
  g_main_loop_quit (fixture->loop);
}

static gboolean
patience_cb (gpointer user_data)
{
  g_error ("waited too long");
  return G_SOURCE_REMOVE;
}

static void
run (Fixture *fixture, const char *socket, const char *name)
{
  guint id = g_timeout_add_seconds (PATIENCE_S, patience_cb, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (orf_errand_start (socket, ORF_EXEC_SECTION_RECEIVERS, name, NULL, "a line\n",
                                      ended_cb, fixture, &error));
  g_assert_no_error (error);
  g_main_loop_run (fixture->loop);
  g_source_remove (id);
}

static gpointer
answer_thread_cb (gpointer user_data)
{
  Fixture *fixture = user_data;
  int fd = accept (fixture->listener, NULL, NULL);
  char ask[4096];

  g_assert_cmpint (read (fd, ask, sizeof ask), >, 0);
  if (send (fd, fixture->answer, strlen (fixture->answer), MSG_NOSIGNAL) < 0)
    g_test_message ("it was hung up on");
  close (fd);
  return NULL;
}

static void
answer_with (Fixture *fixture, const char *answer)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  fixture->answer = answer;
  fixture->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, fixture->socket, sizeof address.sun_path);
  g_assert_cmpint (bind (fixture->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fixture->listener, 1), ==, 0);
  fixture->answerer = g_thread_new ("answerer", answer_thread_cb, fixture);
}

static void
test_child (Fixture *fixture, gconstpointer data)
{
  run (fixture, "", "page");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_cmpstr (fixture->output, ==, "a line\n");
  g_assert_null (fixture->problem);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  run (fixture, "", "hook");
  g_assert_cmpint (fixture->status, ==, -1);
  g_assert_cmpstr (fixture->problem, ==, "receiver hook has no command in the settings");
}

/* A child that cannot even begin says why on its standard error. */
static void
test_child_that_ends (Fixture *fixture, gconstpointer data)
{
  static const char *const sets[] = { "--no-such-option", NULL };

  orf_errands_set_up ("/bin/ls", NULL, sets);
  run (fixture, "", "page");
  g_assert_true (g_str_has_prefix (fixture->problem, "orfeas-exec ended without an answer: "));
  orf_errands_set_up ("/nowhere/at/all", NULL, NULL);
  g_assert_null (
    orf_errand_start ("", ORF_EXEC_SECTION_RECEIVERS, "page", NULL, "", ended_cb, NULL, NULL));
}

static void
test_nobody_there (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_errand_start (fixture->socket, ORF_EXEC_SECTION_RECEIVERS, "page", NULL, "",
                                   ended_cb, fixture, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "systemctl enable --now orfeas-exec.socket"));
}

static void
test_nonsense (Fixture *fixture, gconstpointer data)
{
  answer_with (fixture, data);
  run (fixture, fixture->socket, "page");
  g_assert_cmpint (fixture->status, ==, -1);
  g_assert_nonnull (fixture->problem);
}

static void
test_answer (Fixture *fixture, gconstpointer data)
{
  answer_with (fixture, "{\"status\":3,\"output\":\"x\",\"problem\":\"bad\",\"refused\":null}\n");
  run (fixture, fixture->socket, "page");
  g_assert_cmpint (fixture->status, ==, 3);
  g_assert_cmpstr (fixture->problem, ==, "bad");
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  OrfErrand *errand = orf_errand_start ("", ORF_EXEC_SECTION_RECEIVERS, "page", NULL, "", ended_cb,
                                        fixture, NULL);

  g_assert_nonnull (errand);
  orf_errand_cancel (errand);
  run (fixture, "", "page"); /* another one's end is the only one that is told */
}

static void
add (const char *path, gconstpointer data, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/errand/child", NULL, test_child);
  add ("/errand/refused", NULL, test_refused);
  add ("/errand/child-that-ends", NULL, test_child_that_ends);
  add ("/errand/nobody-there", NULL, test_nobody_there);
  add ("/errand/nothing", "", test_nonsense);
  add ("/errand/half", "{\"status\":0,\"out", test_nonsense);
  add ("/errand/no-answer", "HTTP/1.1 200 OK\r\n\r\n", test_nonsense);
  add ("/errand/answer-of-too-much", "{\"status\":999,\"output\":\"\"}\n", test_nonsense);
  add ("/errand/answer", NULL, test_answer);
  add ("/errand/cancelled", NULL, test_cancelled);
  return g_test_run ();
}
