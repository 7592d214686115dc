/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-config.h"
#include "orf-error.h"
#include "transport/orf-gate.h"

typedef struct {
  char *dir;
  char *path;
  OrfConfig *config;
  OrfGate *gate;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->dir = g_dir_make_tmp ("orf-gate-XXXXXX", &error);
  g_assert_no_error (error);
  f->path = g_build_filename (f->dir, "new", "cookie", NULL);
  f->config = orf_config_new_defaults ();
  f->gate = orf_gate_new (f->config, f->path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (f->path);

  orf_gate_free (f->gate);
  orf_config_free (f->config);
  g_unlink (f->path);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* nothing temporary is left */
  g_rmdir (f->dir);
  g_free (f->path);
  g_free (f->dir);
}

static char *
read_token (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (f->path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strchomp (text);
}

static void
admits (
  Fixture *f, gboolean loopback, const char *bearer, OrfRole expected, const char *expected_actor)
{
  g_autoptr (GError) error = NULL;
  OrfRole role = ORF_ROLE_NONE;
  const char *actor = NULL;

  g_assert_true (orf_gate_admit (f->gate, loopback, bearer, &role, &actor, &error));
  g_assert_no_error (error);
  g_assert_cmpint (role, ==, expected);
  g_assert_cmpstr (actor, ==, expected_actor);
}

static void
refuses (Fixture *f, gboolean loopback, const char *bearer)
{
  g_autoptr (GError) error = NULL;
  OrfRole role = ORF_ROLE_NONE;
  const char *actor = NULL;

  g_assert_false (orf_gate_admit (f->gate, loopback, bearer, &role, &actor, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED);
  g_assert_cmpint (role, ==, ORF_ROLE_NONE);
  g_assert_null (actor);
}

static void
test_file (Fixture *f, gconstpointer data)
{
  g_autofree char *token = read_token (f);
  g_autofree char *folder = g_path_get_dirname (f->path);
  GStatBuf info;

  g_assert_cmpuint (strlen (token), ==, 64);
  g_assert_cmpuint (strspn (token, "0123456789abcdef"), ==, 64);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (g_stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
  g_clear_pointer (&f->gate, orf_gate_free);
  g_assert_cmpint (g_access (f->path, F_OK), !=, 0);
}

static void
test_roles (Fixture *f, gconstpointer data)
{
  g_autofree char *token = read_token (f);
  g_autofree char *wrong = g_strdup (token);
  g_autofree char *longer = g_strconcat (token, "0", NULL);

  wrong[63] = wrong[63] == '0' ? '1' : '0';
  admits (f, TRUE, NULL, ORF_ROLE_OPERATE, "loopback");
  admits (f, TRUE, token, ORF_ROLE_ADMIN, "cookie");
  admits (f, FALSE, token, ORF_ROLE_ADMIN, "cookie");
  refuses (f, FALSE, NULL);
  refuses (f, TRUE, wrong);
  refuses (f, TRUE, longer);
  refuses (f, TRUE, "");
  refuses (f, FALSE, wrong);
}

static void
test_require (Fixture *f, gconstpointer data)
{
  g_autofree char *token = read_token (f);

  f->config->auth.require = TRUE;
  refuses (f, TRUE, NULL);
  admits (f, TRUE, token, ORF_ROLE_ADMIN, "cookie");
}

/* A second start writes another token; the first one's end does not take it away. */
static void
test_new_at_each_start (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *first = read_token (f);
  g_autofree char *second = NULL;
  OrfGate *gate = orf_gate_new (f->config, f->path, &error);

  g_assert_no_error (error);
  second = read_token (f);
  g_assert_cmpstr (first, !=, second);
  g_clear_pointer (&f->gate, orf_gate_free);
  g_assert_cmpint (g_access (f->path, F_OK), ==, 0);
  f->gate = gate;
  refuses (f, TRUE, first);
}

/* What lies there is replaced, not written through. */
static void
test_link (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *victim = g_build_filename (f->dir, "victim", NULL);
  g_autofree char *text = NULL;

  g_clear_pointer (&f->gate, orf_gate_free);
  g_assert_true (g_file_set_contents (victim, "precious", -1, NULL));
  g_assert_cmpint (symlink (victim, f->path), ==, 0);
  f->gate = orf_gate_new (f->config, f->path, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (victim, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "precious");
  g_unlink (victim);
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *below = g_build_filename (f->path, "cookie", NULL);

  g_assert_null (orf_gate_new (f->config, below, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gate/file", Fixture, NULL, set_up, test_file, tear_down);
  g_test_add ("/gate/roles", Fixture, NULL, set_up, test_roles, tear_down);
  g_test_add ("/gate/require", Fixture, NULL, set_up, test_require, tear_down);
  g_test_add ("/gate/new-at-each-start", Fixture, NULL, set_up, test_new_at_each_start, tear_down);
  g_test_add ("/gate/link", Fixture, NULL, set_up, test_link, tear_down);
  g_test_add ("/gate/no-folder", Fixture, NULL, set_up, test_no_folder, tear_down);
  return g_test_run ();
}
