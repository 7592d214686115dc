/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a file of tokens: a token that it has is good for something, and one that it has not
 * is good for nothing. */
#include "transport/orf-token-file.h"

#include "fuzz-file.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file (data, size);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfTokenFile) file = orf_token_file_load (path, &error);

  if ((file == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (file == NULL)
    return 0;
  if (orf_token_file_find (file, text, 0) != NULL)
    g_error ("a file is its own token");
  if (orf_token_file_get_n_tokens (file) > size / 64)
    g_error ("more tokens than there is text for");
  return 0;
}
