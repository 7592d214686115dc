/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "transport/orf-token-file.h"

typedef struct {
  char *dir;
  char *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("orf-tokens-XXXXXX", NULL);
  g_assert_nonnull (f->dir);
  f->path = g_build_filename (f->dir, "tokens", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unlink (f->path);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->path);
  g_free (f->dir);
}

static void
write_file (Fixture *f, const char *text)
{
  g_assert_true (
    g_file_set_contents_full (f->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

static char *
section (const char *name, const char *token, const char *rest)
{
  guint8 hash[ORF_TOKEN_HASH_BYTES];
  g_autofree char *text = NULL;

  orf_token_hash (token, hash);
  text = orf_token_hash_to_text (hash);
  return g_strdup_printf ("[%s]\nhash=%s\n%s\n", name, text, rest);
}

static OrfTokenFile *
load (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  OrfTokenFile *file = orf_token_file_load (f->path, &error);

  g_assert_no_error (error);
  return file;
}

static void
refuses (Fixture *f, int code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_token_file_load (f->path, &error));
  g_assert_error (error, ORF_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
  g_assert_nonnull (strstr (error->message, f->path));
}

static void
test_token (Fixture *f, gconstpointer data)
{
  g_autofree char *one = orf_token_new ();
  g_autofree char *other = orf_token_new ();
  g_autofree char *text = NULL;
  guint8 hash[ORF_TOKEN_HASH_BYTES], again[ORF_TOKEN_HASH_BYTES];

  g_assert_cmpuint (strlen (one), ==, ORF_TOKEN_CHARS);
  g_assert_true (g_str_has_prefix (one, "orf_"));
  g_assert_cmpstr (one, !=, other);
  orf_token_hash (one, hash);
  text = orf_token_hash_to_text (hash);
  g_assert_true (orf_token_hash_from_text (text, again));
  g_assert_cmpmem (hash, sizeof hash, again, sizeof again);
  text[20] = 'x';
  g_assert_false (orf_token_hash_from_text (text, again));
  g_assert_false (orf_token_hash_from_text ("blake2b:", again));
  g_assert_false (orf_token_hash_from_text ("", again));
}

static void
test_find (Fixture *f, gconstpointer data)
{
  g_autofree char *a = section ("a", "token a", "roles=read;ingest;");
  g_autofree char *b = section ("b.c@d-e_f", "token b", " roles = ingest \n# a comment\n");
  g_autofree char *text = g_strconcat ("# tokens\n\n", a, b, NULL);
  g_autoptr (OrfTokenFile) file = NULL;
  gint64 now_us = orf_clock_now_us ();
  const OrfToken *token;

  write_file (f, text);
  file = load (f);
  g_assert_cmpuint (orf_token_file_get_n_tokens (file), ==, 2);
  token = orf_token_file_find (file, "token a", now_us);
  g_assert_nonnull (token);
  g_assert_cmpstr (token->actor, ==, "token:a");
  g_assert_true (orf_role_holds (token->role, ORF_ROLE_READ));
  g_assert_true (orf_role_holds (token->role, ORF_ROLE_INGEST));
  g_assert_false (orf_role_holds (token->role, ORF_ROLE_OPERATE));
  g_assert_true (token == orf_token_file_find_hash (file, token->hash, now_us));
  token = orf_token_file_find (file, "token b", now_us);
  g_assert_cmpstr (token->actor, ==, "token:b.c@d-e_f");
  g_assert_false (orf_role_holds (token->role, ORF_ROLE_READ));
  g_assert_null (orf_token_file_find (file, "token c", now_us));
  g_assert_null (orf_token_file_find (file, "", now_us));
}

static void
test_expiry (Fixture *f, gconstpointer data)
{
  g_autofree char *text = section ("a", "x", "roles=read\nexpires=2026-11-21T08:00:00.5+01:00\n");
  g_autoptr (OrfTokenFile) file = NULL;
  const gint64 end_us = G_GINT64_CONSTANT (1795244400500000);
  const OrfToken *token;

  write_file (f, text);
  file = load (f);
  token = orf_token_file_find (file, "x", end_us - 1);
  g_assert_nonnull (token);
  g_assert_cmpint (token->expires_us, ==, end_us);
  g_assert_null (orf_token_file_find (file, "x", end_us));
  g_assert_null (orf_token_file_find_hash (file, token->hash, end_us));
}

static void
test_bad_text (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *rest, *part;
  } bad[] = {
    { "", "roles" },
    { "roles=\n", "roles" },
    { "roles=read;root\n", "roles" },
    { "roles=read\nexpires=tomorrow\n", "expires" },
    { "roles=read\nexpires=2026-11-21T08:00:00\n", "expires" }, /* of which zone? */
    { "roles=read\nexpire=2026-11-21T08:00:00Z\n", "only hash" },
    { "roles=read\nhash=blake2b:00\n", "hash" },
    { "roles=read\nnonsense\n", "" },
  };
  g_autofree char *one = section ("a", "x", "roles=read");
  g_autofree char *same_hash = section ("b", "x", "roles=read");
  g_autofree char *same_name = section ("a", "y", "roles=admin");
  g_autofree char *two_hashes = g_strconcat (one, same_hash, NULL);
  g_autofree char *two_names = g_strconcat (one, same_name, NULL);
  g_autofree char *odd_name = section ("a b", "x", "roles=read");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *text = section ("a", "x", bad[i].rest);

    write_file (f, text);
    refuses (f, ORF_ERROR_INVALID_ARGUMENT, bad[i].part);
  }
  write_file (f, "[a]\nroles=read\n");
  refuses (f, ORF_ERROR_INVALID_ARGUMENT, "hash");
  write_file (f, two_hashes);
  refuses (f, ORF_ERROR_INVALID_ARGUMENT, "twice");
  write_file (f, two_names);
  refuses (f, ORF_ERROR_INVALID_ARGUMENT, "twice");
  write_file (f, odd_name);
  refuses (f, ORF_ERROR_INVALID_ARGUMENT, "name");
}

static void
test_bounds (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *large = g_strnfill (600000, '#');

  for (guint i = 0; i < 1001; i++) {
    g_autofree char *name = g_strdup_printf ("t%u", i);
    g_autofree char *one = section (name, name, "roles=read");

    if (i == 1000) {
      g_autoptr (OrfTokenFile) file = NULL;

      write_file (f, text->str);
      file = load (f);
      g_assert_cmpuint (orf_token_file_get_n_tokens (file), ==, 1000);
      g_assert_nonnull (orf_token_file_find (file, "t0", 0));
      g_assert_nonnull (orf_token_file_find (file, "t999", 0));
    }
    g_string_append (text, one);
  }
  write_file (f, text->str);
  refuses (f, ORF_ERROR_INVALID_ARGUMENT, "more than 1000");
  write_file (f, large);
  refuses (f, ORF_ERROR_INVALID_ARGUMENT, "bytes");
}

static void
test_modes (Fixture *f, gconstpointer data)
{
  static const mode_t bad[] = { 0644, 0604, 0640, 0620, 0602, 0666 };
  g_autofree char *text = section ("a", "x", "roles=read");
  g_autoptr (OrfTokenFile) file = NULL;

  refuses (f, ORF_ERROR_FAILED_PRECONDITION, "No such file");
  write_file (f, text);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_cmpint (g_chmod (f->path, bad[i]), ==, 0);
    refuses (f, ORF_ERROR_FAILED_PRECONDITION, "chmod 600");
  }
  g_assert_cmpint (g_chmod (f->path, 0400), ==, 0);
  file = load (f);
  g_assert_cmpuint (orf_token_file_get_n_tokens (file), ==, 1);
}

/* Neither waits for a writer, nor reads what never ends. */
static void
test_no_file (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  refuses (f, ORF_ERROR_FAILED_PRECONDITION, "not a file");
  g_assert_null (orf_token_file_load (f->dir, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
#define ADD(name) g_test_add ("/token-file/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (token);
  ADD (find);
  ADD (expiry);
  ADD (bad_text);
  ADD (bounds);
  ADD (modes);
  ADD (no_file);
  return g_test_run ();
}
