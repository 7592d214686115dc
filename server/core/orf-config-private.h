/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* What the config's own files share.  base: what the key's offset counts from, an OrfConfig or an
 * entry. */
gboolean
orf_config_set_key (gpointer base, const OrfConfigKey *key, const char *text, GError **error);
char *orf_config_key_to_text (gconstpointer base, const OrfConfigKey *key);
void orf_config_clear_key (gpointer base, const OrfConfigKey *key);

/* ---- keys of the user's own choosing ----------------------------------------------------------
 */

void orf_config_entries_init (OrfConfig *config);
void orf_config_entries_clear (OrfConfig *config);
/* The entries of a section, of [SECTION.NAME] too; NULL: it has none. */
const OrfConfigEntries *orf_config_entries_find (const char *section);
/* A key of such a section that the schema does not have. */
gboolean orf_config_entries_set (
  OrfConfig *config, const char *section, const char *name, const char *text, GError **error);
/* When all was said: each entry has its value, and what was not said of it is as its section has
 * it. */
gboolean orf_config_entries_settle (OrfConfig *config, GError **error);
/* Takes over from fresh those that may change; else the section goes to fixed. */
void orf_config_entries_reload (OrfConfig *config, const OrfConfig *fresh, GPtrArray *fixed);

G_END_DECLS
