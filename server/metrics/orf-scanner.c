/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-scanner.h"

#include <string.h>

#include "orf-error.h"

guint
orf_scanner_get_position (const OrfScanner *scanner)
{
  return (guint) (scanner->at - scanner->text);
}

gboolean
orf_scanner_fail (const OrfScanner *scanner, const char *expected)
{
  g_propagate_error (scanner->error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, scanner->field,
                                          scanner->allowed, "%s: expected %s at position %u",
                                          scanner->field, expected,
                                          orf_scanner_get_position (scanner)));
  return FALSE;
}

void
orf_scanner_skip_blanks (OrfScanner *scanner)
{
  scanner->at += strspn (scanner->at, " \t\r\n");
}

gboolean
orf_scanner_take (OrfScanner *scanner, const char *token)
{
  orf_scanner_skip_blanks (scanner);
  if (!g_str_has_prefix (scanner->at, token))
    return FALSE;
  scanner->at += strlen (token);
  return TRUE;
}

char *
orf_scanner_take_word (OrfScanner *scanner, const char *more)
{
  gsize length = 0;
  const char *at;

  orf_scanner_skip_blanks (scanner);
  at = scanner->at;
  while (g_ascii_isalnum (at[length]) || at[length] == '_' ||
         (at[length] != '\0' && strchr (more, at[length]) != NULL))
    length++;
  if (length == 0 || g_ascii_isdigit (*at))
    return NULL;
  scanner->at += length;
  return g_strndup (at, length);
}
