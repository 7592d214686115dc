/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that do all but what orfeas-sql does. */
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "orf-error.h"
#include "sql/orf-sql-child.h"

#define MAX_ANSWER 100000

typedef struct {
  char *dir;
  char *program;
  gboolean ended;
  char *answer;
  char *problem;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer script)
{
  fixture->dir = g_dir_make_tmp ("orf-sql-XXXXXX", NULL);
  fixture->program = g_build_filename (fixture->dir, "program", NULL);
  g_assert_true (g_file_set_contents (fixture->program, script, -1, NULL));
  g_assert_cmpint (g_chmod (fixture->program, 0700), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer script)
{
  g_remove (fixture->program);
  g_rmdir (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->program);
  g_free (fixture->answer);
  g_free (fixture->problem);
}

static void
ended_cb (gpointer user_data, const GString *answer, const char *problem)
{
  Fixture *fixture = user_data;

  g_assert_false (fixture->ended);
  fixture->ended = TRUE;
  fixture->answer = g_strndup (answer->str, answer->len);
  fixture->problem = g_strdup (problem);
}

static OrfSqlChild *
start (Fixture *fixture, char *ask)
{
  g_autoptr (GError) error = NULL;
  OrfSqlChild *child = orf_sql_child_start (fixture->program, ask, MAX_ANSWER, ended_cb, fixture,
                                            &error);

  g_assert_no_error (error);
  return child;
}

static void
run (Fixture *fixture, char *ask)
{
  g_autoptr (OrfSqlChild) child = start (fixture, ask);

  g_assert_nonnull (child);
  while (!fixture->ended)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_whole (Fixture *fixture, gconstpointer script)
{
  run (fixture, g_strdup ("hello\n"));
  g_assert_cmpstr (fixture->problem, ==, NULL);
  g_assert_cmpstr (fixture->answer, ==, "hello\n");
}

/* More than a socket holds, both ways. */
static void
test_large (Fixture *fixture, gconstpointer script)
{
  gsize length = 3 << 20;
  char *ask = g_malloc (length + 1);

  memset (ask, 'a', length);
  strcpy (ask + length - 1, "\n");
  run (fixture, ask);
  g_assert_cmpstr (fixture->problem, ==, NULL);
  g_assert_cmpstr (fixture->answer, ==, "3145728\n");
}

static void
test_problem (Fixture *fixture, gconstpointer script)
{
  run (fixture, g_strdup ("ask\n"));
  g_assert_nonnull (fixture->problem);
  if (strstr (script, "exit 7") != NULL)
    g_assert_cmpstr (fixture->problem, ==, "ended with status 7");
  else if (strstr (script, "kill") != NULL)
    g_assert_true (g_str_has_prefix (fixture->problem, "was killed by signal 11"));
  else
    g_assert_cmpstr (fixture->problem, ==, "wrote more than it may and was killed");
}

/* Reads nothing, and ends before all was sent. */
static void
test_no_reader (Fixture *fixture, gconstpointer script)
{
  run (fixture, g_strnfill (3 << 20, 'a'));
  g_assert_cmpstr (fixture->answer, ==, "");
}

static void
test_kill (Fixture *fixture, gconstpointer script)
{
  g_autoptr (OrfSqlChild) child = start (fixture, g_strdup ("ask\n"));

  orf_sql_child_kill (child);
  while (!fixture->ended)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_str_has_prefix (fixture->problem, "was killed by signal 9"));
}

/* Nobody is told. */
static void
test_free (Fixture *fixture, gconstpointer script)
{
  orf_sql_child_free (start (fixture, g_strdup ("ask\n")));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (fixture->ended);
}

static void
test_log (Fixture *fixture, gconstpointer script)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "orfeas-sql: oh");
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "orfeas-sql: dear");
  run (fixture, g_strdup ("ask\n"));
  g_test_assert_expected_messages ();
  g_assert_cmpstr (fixture->problem, ==, NULL);
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (
    orf_sql_child_start ("/nonexistent/orfeas-sql", g_strdup ("ask\n"), 1, ended_cb, NULL, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path, *script;
    void (*test) (Fixture *fixture, gconstpointer script);
  } cases[] = {
    { "/sql/child/whole", "#!/bin/sh\nread -r line\necho $line\n", test_whole },
    { "/sql/child/large", "#!/bin/sh\nhead -c 3145728 | wc -c\n", test_large },
    { "/sql/child/status", "#!/bin/sh\nexit 7\n", test_problem },
    { "/sql/child/crash", "#!/bin/sh\necho half; kill -SEGV $$\n", test_problem },
    { "/sql/child/flood", "#!/bin/sh\nwhile echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do :; done\n",
      test_problem },
    { "/sql/child/no-reader", "#!/bin/sh\nexit 0\n", test_no_reader },
    { "/sql/child/kill", "#!/bin/sh\nwhile :; do :; done\n", test_kill },
    { "/sql/child/free", "#!/bin/sh\nwhile :; do :; done\n", test_free },
    { "/sql/child/log", "#!/bin/sh\necho oh >&2; echo dear >&2\n", test_log },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].path, Fixture, cases[i].script, set_up, cases[i].test, tear_down);
  g_test_add_func ("/sql/child/missing", test_missing);
  return g_test_run ();
}
