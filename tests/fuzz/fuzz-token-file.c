/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a file of tokens: a token that it has is good for something, and one that it has not
 * is good for nothing.  With one of ours behind it, that is found by each of its names until it
 * ends. */
#include <string.h>

#include "transport/orf-token-file.h"

#include "fuzz-file.h"

/* Of the year 2100. */
#define ENDS_US G_GINT64_CONSTANT (4102444800000000)

static void
check_all (const OrfTokenFile *file, const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  if (orf_token_file_find (file, text, 0) != NULL)
    g_error ("a file is its own token");
  if (orf_token_file_get_n_tokens (file) > size / 64)
    g_error ("more tokens than there is text for");
}

static void
check_ours (const OrfTokenFile *file, const char *token)
{
  guint8 hash[ORF_TOKEN_HASH_BYTES];
  const OrfToken *found = orf_token_file_find (file, token, 0);

  orf_token_hash (token, hash);
  if (found == NULL || found->role != ORF_ROLE_READ ||
      orf_token_file_find_hash (file, hash, 0) != found)
    g_error ("our token is lost");
  if (orf_token_file_find (file, token, ENDS_US) != NULL ||
      orf_token_file_find_hash (file, hash, ENDS_US) != NULL)
    g_error ("our token does not end");
  hash[0] ^= 1;
  if (orf_token_file_find_hash (file, hash, 0) != NULL)
    g_error ("another is taken for ours");
}

static OrfTokenFile *
load (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  OrfTokenFile *file = orf_token_file_load (fuzz_write_file (data, size), &error);

  if ((file == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  return file;
}

static void
add_ours (const uint8_t *data, size_t size)
{
  g_autofree char *token = orf_token_new ();
  guint8 hash[ORF_TOKEN_HASH_BYTES];
  g_autofree char *hash_text = NULL;
  g_autoptr (GString) text = g_string_new_len ((const char *) data, (gssize) size);
  g_autoptr (OrfTokenFile) file = NULL;

  orf_token_hash (token, hash);
  hash_text = orf_token_hash_to_text (hash);
  g_string_append_printf (text,
                          "\n[fuzz@ours]\nhash=%s\nroles=read\nexpires=2100-01-01T00:00:00Z\n",
                          hash_text);
  file = load ((const uint8_t *) text->str, text->len);
  if (file != NULL)
    check_ours (file, token);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (OrfTokenFile) file = load (data, size);

  if (file != NULL)
    check_all (file, data, size);
  add_ours (data, size);
  return 0;
}
