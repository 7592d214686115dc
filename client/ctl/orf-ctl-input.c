/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "orf-error.h"

/* More than the server takes (16 MiB), so that it is the server who says no. */
#define MAX_INPUT_BYTES (64 * 1024 * 1024)

static char *
refuse (const char *why, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "standard input: %s", why);
  return NULL;
}

char *
orf_ctl_input_read (GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char chunk[65536];
  gsize length;

  while ((length = fread (chunk, 1, sizeof chunk, stdin)) > 0 && text->len <= MAX_INPUT_BYTES)
    g_string_append_len (text, chunk, (gssize) length);
  if (ferror (stdin))
    return refuse (g_strerror (errno), error);
  if (text->len > MAX_INPUT_BYTES)
    return refuse ("it is larger than 64 MiB", error);
  if (memchr (text->str, '\0', text->len) != NULL)
    return refuse ("a NUL byte, which no text has", error);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
