/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-config.h"
#include "orf-error.h"
#include "orf-token.h"
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
admits_as (Fixture *f,
           const OrfCredentials *credentials,
           OrfRole expected,
           const char *expected_actor)
{
  g_autoptr (GError) error = NULL;
  OrfIdentity identity = { 0 };

  g_assert_true (orf_gate_admit (f->gate, credentials, &identity, &error));
  g_assert_no_error (error);
  g_assert_cmpint (identity.role, ==, expected);
  g_assert_cmpstr (identity.actor, ==, expected_actor);
}

static void
admits (
  Fixture *f, gboolean loopback, const char *bearer, OrfRole expected, const char *expected_actor)
{
  const OrfCredentials credentials = { loopback, bearer, NULL };

  admits_as (f, &credentials, expected, expected_actor);
}

static void
refuses_these (Fixture *f, const OrfCredentials *credentials)
{
  g_autoptr (GError) error = NULL;
  OrfIdentity identity = { ORF_ROLE_NONE, NULL };

  g_assert_false (orf_gate_admit (f->gate, credentials, &identity, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED);
  g_assert_cmpint (identity.role, ==, ORF_ROLE_NONE);
  g_assert_null (identity.actor);
}

static void
refuses (Fixture *f, gboolean loopback, const char *bearer)
{
  const OrfCredentials credentials = { loopback, bearer, NULL };

  refuses_these (f, &credentials);
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

/* Of a start that was killed before it gave the file its name. */
static void
test_left_over (Fixture *f, gconstpointer data)
{
  g_autofree char *left_over = g_strconcat (f->path, ".new", NULL);
  g_autoptr (GError) error = NULL;

  orf_gate_free (f->gate);
  g_assert_true (g_file_set_contents (left_over, "half a tok", -1, &error));
  f->gate = orf_gate_new (f->config, f->path, &error);
  g_assert_no_error (error);
  g_assert_false (g_file_test (left_over, G_FILE_TEST_EXISTS));
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *below = g_build_filename (f->path, "cookie", NULL);

  g_assert_null (orf_gate_new (f->config, below, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
}

/* ---- tokens and sessions ----------------------------------------------------------------------
 */

/* Writes the token file; rest NULL: one with no token in it. */
static void
write_tokens (Fixture *f, const char *token, const char *rest)
{
  g_autofree char *path = g_build_filename (f->dir, "tokens", NULL);
  guint8 hash[ORF_TOKEN_HASH_BYTES];
  g_autofree char *hex = NULL;
  g_autofree char *text = NULL;

  orf_token_hash (token, hash);
  hex = orf_token_hash_to_text (hash);
  text = rest != NULL ? g_strdup_printf ("[ci]\nhash=%s\n%s\n", hex, rest) : g_strdup ("");
  g_assert_true (
    g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  g_free (f->config->auth.token_file);
  f->config->auth.token_file = g_steal_pointer (&path);
}

static void
reloads (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (orf_gate_reload (f->gate, &error));
  g_assert_no_error (error);
}

static void
drop_tokens (Fixture *f)
{
  g_unlink (f->config->auth.token_file);
}

static void
test_tokens (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_tokens (f, "secret", "roles=read;ingest");
  refuses (f, TRUE, "secret"); /* not read yet */
  reloads (f);
  g_assert_cmpuint (orf_gate_get_n_tokens (f->gate), ==, 1);
  admits (f, TRUE, "secret", ORF_ROLE_READ | ORF_ROLE_INGEST, "token:ci");
  admits (f, FALSE, "secret", ORF_ROLE_READ | ORF_ROLE_INGEST, "token:ci");
  refuses (f, TRUE, "secreT");
  admits (f, TRUE, NULL, ORF_ROLE_OPERATE, "loopback");

  /* a bad file changes nothing */
  write_tokens (f, "other", "roles=root");
  g_assert_false (orf_gate_reload (f->gate, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  admits (f, TRUE, "secret", ORF_ROLE_READ | ORF_ROLE_INGEST, "token:ci");
  write_tokens (f, "secret", "roles=read\nexpires=2001-01-01T00:00:00Z");
  reloads (f);
  refuses (f, TRUE, "secret");
  drop_tokens (f);
}

/* A connection that stays.  Whose actor lives as long. */
static OrfIdentity
stay (Fixture *f, const char *bearer, const char *session, char **actor)
{
  const OrfCredentials credentials = { TRUE, bearer, session };
  OrfIdentity identity = { 0 };

  g_assert_true (orf_gate_admit (f->gate, &credentials, &identity, NULL));
  identity.actor = *actor = g_strdup (identity.actor);
  return identity;
}

static void
test_staying (Fixture *f, gconstpointer data)
{
  g_autofree char *cookie = read_token (f);
  char *names[5] = { NULL };
  OrfIdentity by_token, by_session, nobody, owner, owner_session;
  g_autofree char *id = NULL, *owner_id = NULL;
  OrfCredentials shown = { TRUE, NULL, NULL };

  write_tokens (f, "secret", "roles=read");
  reloads (f);
  id = orf_gate_log_in (f->gate, "secret", "", NULL);
  owner_id = orf_gate_log_in (f->gate, cookie, "", NULL);
  by_token = stay (f, "secret", NULL, &names[0]);
  by_session = stay (f, NULL, id, &names[1]);
  nobody = stay (f, NULL, NULL, &names[2]);
  owner = stay (f, cookie, NULL, &names[3]);
  owner_session = stay (f, NULL, owner_id, &names[4]);
  g_assert_true (orf_gate_still_admits (f->gate, &by_token));
  g_assert_true (orf_gate_still_admits (f->gate, &by_session));

  /* another token of the same name and roles is another's */
  write_tokens (f, "newer", "roles=read");
  reloads (f);
  g_assert_false (orf_gate_still_admits (f->gate, &by_token));
  g_assert_false (orf_gate_still_admits (f->gate, &by_session));
  write_tokens (f, "secret", "roles=operate");
  reloads (f);
  g_assert_false (orf_gate_still_admits (f->gate, &by_token));
  write_tokens (f, "secret", "roles=read\nexpires=2001-01-01T00:00:00Z");
  reloads (f);
  g_assert_false (orf_gate_still_admits (f->gate, &by_token));
  write_tokens (f, "secret", "roles=read");
  reloads (f);
  g_assert_true (orf_gate_still_admits (f->gate, &by_token));
  g_assert_true (orf_gate_still_admits (f->gate, &by_session));

  /* a session ends alone */
  shown.session = id;
  g_assert_true (orf_gate_log_out (f->gate, &shown, ""));
  g_assert_false (orf_gate_still_admits (f->gate, &by_session));
  g_assert_true (orf_gate_still_admits (f->gate, &by_token));
  g_assert_true (orf_gate_still_admits (f->gate, &owner_session));
  f->config->auth.session_us = 0; /* of any */
  g_assert_false (orf_gate_still_admits (f->gate, &owner_session));
  g_assert_true (orf_gate_still_admits (f->gate, &owner));
  g_assert_true (orf_gate_still_admits (f->gate, &nobody));
  drop_tokens (f);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_free (names[i]);
}

/* Nobody learns from the words whether a token was one. */
static void
test_same_words (Fixture *f, gconstpointer data)
{
  static const char *const tokens[] = { "secret", "never was one" };
  char *words[2];

  write_tokens (f, "secret", "roles=read\nexpires=2001-01-01T00:00:00Z");
  reloads (f);
  for (guint i = 0; i < 2; i++) {
    const OrfCredentials credentials = { TRUE, tokens[i], NULL };
    g_autoptr (GError) error = NULL;
    OrfIdentity identity;

    g_assert_false (orf_gate_admit (f->gate, &credentials, &identity, &error));
    words[i] = g_strdup (error->message);
  }
  g_assert_cmpstr (words[0], ==, words[1]);
  g_free (words[0]);
  g_free (words[1]);
  drop_tokens (f);
}

static void
test_page_session (Fixture *f, gconstpointer data)
{
  OrfCredentials credentials = { TRUE, NULL, NULL };
  g_autofree char *id = orf_gate_open_page_session (f->gate, &credentials);

  g_assert_nonnull (id);
  credentials.session = id;
  admits_as (f, &credentials, ORF_ROLE_OPERATE, "loopback");
  g_assert_null (orf_gate_open_page_session (f->gate, &credentials)); /* has one */
  credentials.loopback = FALSE;
  refuses_these (f, &credentials); /* taken elsewhere it is worth nothing */
  credentials.session = NULL;
  g_assert_null (orf_gate_open_page_session (f->gate, &credentials));
  credentials.loopback = TRUE;
  f->config->auth.require = TRUE;
  g_assert_null (orf_gate_open_page_session (f->gate, &credentials));
  credentials.session = id;
  refuses_these (f, &credentials);
}

static void
witness_cb (gpointer user_data, OrfGateEvent event, const char *actor, const char *address)
{
  static const char *const words[] = { "in", "refused", "out" };

  g_string_append_printf (user_data, "%s %s %s; ", words[event], actor, address);
}

static void
test_login (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) seen = g_string_new (NULL);
  OrfCredentials credentials = { FALSE, NULL, NULL };
  g_autofree char *id = NULL;

  orf_gate_set_witness (f->gate, witness_cb, seen);
  write_tokens (f, "secret", "roles=read");
  reloads (f);
  g_assert_null (orf_gate_log_in (f->gate, "wrong", "::1", &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED);
  id = orf_gate_log_in (f->gate, "secret", "127.0.0.1", NULL);
  g_assert_nonnull (id);
  g_assert_cmpstr (seen->str, ==, "refused  ::1; in token:ci 127.0.0.1; ");
  g_string_truncate (seen, 0);
  g_assert_false (orf_gate_log_out (f->gate, &credentials, "::1"));
  credentials.session = id;
  admits_as (f, &credentials, ORF_ROLE_READ, "token:ci");

  /* a session is worth what its token is worth now */
  write_tokens (f, "secret", "roles=operate");
  reloads (f);
  admits_as (f, &credentials, ORF_ROLE_OPERATE, "token:ci");
  write_tokens (f, "secret", NULL);
  reloads (f);
  refuses_these (f, &credentials);
  write_tokens (f, "secret", "roles=read");
  reloads (f);
  g_assert_true (orf_gate_log_out (f->gate, &credentials, "::1"));
  g_assert_false (orf_gate_log_out (f->gate, &credentials, "::1"));
  g_assert_cmpstr (seen->str, ==, "out token:ci ::1; ");
  refuses_these (f, &credentials);
  drop_tokens (f);
}

static void
test_cookie_login (Fixture *f, gconstpointer data)
{
  g_autofree char *token = read_token (f);
  OrfCredentials credentials = { FALSE, NULL, NULL };
  g_autofree char *id = orf_gate_log_in (f->gate, token, "", NULL);

  credentials.session = id;
  admits_as (f, &credentials, ORF_ROLE_ADMIN, "cookie");
  credentials.bearer = "wrong"; /* goes before the session */
  refuses_these (f, &credentials);
}

/* Refused at the start, before anything is written. */
static void
test_bad_file_at_start (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *cookie = g_build_filename (f->dir, "other", NULL);

  write_tokens (f, "secret", "roles=read");
  g_assert_cmpint (g_chmod (f->config->auth.token_file, 0644), ==, 0);
  g_assert_null (orf_gate_new (f->config, cookie, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  g_assert_nonnull (strstr (error->message, "auth.token_file"));
  g_assert_cmpint (g_access (cookie, F_OK), !=, 0);
  drop_tokens (f);
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
  g_test_add ("/gate/left-over", Fixture, NULL, set_up, test_left_over, tear_down);
  g_test_add ("/gate/no-folder", Fixture, NULL, set_up, test_no_folder, tear_down);
  g_test_add ("/gate/tokens", Fixture, NULL, set_up, test_tokens, tear_down);
  g_test_add ("/gate/staying", Fixture, NULL, set_up, test_staying, tear_down);
  g_test_add ("/gate/same-words", Fixture, NULL, set_up, test_same_words, tear_down);
  g_test_add ("/gate/page-session", Fixture, NULL, set_up, test_page_session, tear_down);
  g_test_add ("/gate/login", Fixture, NULL, set_up, test_login, tear_down);
  g_test_add ("/gate/cookie-login", Fixture, NULL, set_up, test_cookie_login, tear_down);
  g_test_add ("/gate/bad-file-at-start", Fixture, NULL, set_up, test_bad_file_at_start, tear_down);
  return g_test_run ();
}
