/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a settings file: it is refused with words, or each key that it set can be told and
 * set again. */
#include "core/orf-config.h"
#include "core/orf-config-private.h"
#include "orf-schema-config.h"

#include "fuzz-file.h"

static void
check_again (OrfConfig *config)
{
  for (guint i = 0; i < orf_n_config_keys; i++) {
    const OrfConfigKey *key = &orf_config_keys[i];
    g_autofree char *text = orf_config_key_to_text (config, key);
    g_autofree char *again = NULL;
    g_autoptr (GError) error = NULL;

    if (!orf_config_set_key (config, key, text, &error))
      g_error ("%s.%s is %s, and that is refused: %s", key->section, key->name, text,
               error->message);
    again = orf_config_key_to_text (config, key);
    if (!g_str_equal (text, again))
      g_error ("%s.%s: %s became %s", key->section, key->name, text, again);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConfig) config = orf_config_load (path, NULL, &error);

  if ((config == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (config != NULL)
    check_again (config);
  return 0;
}
