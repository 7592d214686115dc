/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a settings file: it is refused with words, or each key that it set can be told and
 * set again, and is taken over by who runs already.  Behind a form feed: overrides as --set has
 * them, a line each, or variables of the environment where they begin with a dollar; behind
 * another: a file of rules. */
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "core/orf-config.h"
#include "core/orf-config-private.h"
#include "orf-schema-config.h"

#include "fuzz-file.h"

/* Two to be read with the rules' directory, and the end. */
#define MAX_WORDS 8

static void
check_keys (OrfConfig *config)
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

static void
check_actuators (const OrfConfig *config)
{
  const GPtrArray *servers = config->actuators.servers;

  for (guint i = 0; i < servers->len; i++) {
    gpointer copy = orf_config_entry_copy ("actuators", servers->pdata[i]);

    if (!orf_config_entry_equal ("actuators", copy, servers->pdata[i]))
      g_error ("an entry is not as its copy");
    if (i > 0 && orf_config_entry_equal ("actuators", copy, servers->pdata[i - 1]))
      g_error ("two entries of one name");
    orf_config_entry_free ("actuators", copy);
  }
}

/* What may not change is named, and the same again; all else is there at once. */
static void
check_reload (const OrfConfig *fresh)
{
  g_autoptr (OrfConfig) running = orf_config_new_defaults ();
  g_autoptr (OrfConfig) copy = orf_config_copy_keys (fresh);
  g_auto (GStrv) fixed = orf_config_reload (running, fresh);
  g_auto (GStrv) again = orf_config_reload (running, fresh);

  if (!g_strv_equal ((const char *const *) fixed, (const char *const *) again))
    g_error ("not all was taken over at once");
  for (guint i = 0; i < orf_n_config_keys; i++) {
    g_autofree char *one = orf_config_key_to_text (fresh, &orf_config_keys[i]);
    g_autofree char *other = orf_config_key_to_text (copy, &orf_config_keys[i]);

    if (!g_str_equal (one, other))
      g_error ("a copy has %s, not %s", other, one);
  }
}

/* ---- where it is said ------------------------------------------------------------------------ */

static char rules_dir[] = "/tmp/fuzz-config-XXXXXX";
static char *rules_link;

static void
remove_rules_cb (void)
{
  g_unlink (rules_link);
  g_rmdir (rules_dir);
}

/* The directory in which they are the only file. */
static const char *
write_rules (const char *text)
{
  static int fd = -1;
  static char path[64];

  fuzz_write_file_at (&fd, path, (const uint8_t *) text, strlen (text));
  if (rules_link == NULL) {
    g_mkdtemp (rules_dir);
    rules_link = g_build_filename (rules_dir, "r.conf", NULL);
    if (symlink (path, rules_link) != 0)
      g_error ("no directory of rules");
    atexit (remove_rules_cb);
  }
  return rules_dir;
}

/* NAME=VALUE; ours alone. */
static char *
set_variable (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "=", 2);

  if (g_strv_length (parts) < 2 || !g_str_has_prefix (parts[0], "ORFEAS_"))
    return NULL;
  g_setenv (parts[0], parts[1], TRUE);
  return g_strdup (parts[0]);
}

static OrfConfig *
load (char *const *parts, guint n, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (n > 1 ? parts[1] : "", "\n", MAX_WORDS);
  g_autofree char *rules = n > 2 ? g_strconcat ("alerts.rules_dir=", write_rules (parts[2]), NULL)
                                 : NULL;
  g_autofree char *variable = NULL;
  const char *words[MAX_WORDS + 2] = { NULL };
  OrfConfig *config;
  guint n_words = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] == '$' && variable == NULL)
      variable = set_variable (lines[i] + 1);
    else if (lines[i][0] != '\0')
      words[n_words++] = lines[i];
  words[n_words] = rules;
  config = orf_config_load (fuzz_write_file ((const uint8_t *) parts[0], strlen (parts[0])), words,
                            error);
  if (variable != NULL)
    g_unsetenv (variable);
  return config;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) parts = g_strsplit (text, "\f", 3);
  guint n = g_strv_length (parts);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConfig) config = n > 0 ? load (parts, n, &error) : orf_config_new_defaults ();

  if ((config == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (config != NULL) {
    check_actuators (config);
    check_reload (config);
    check_keys (config);
  }
  return 0;
}
