/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * The settings in force.  Sources, later ones go before earlier ones: defaults of the schema, the
 * key file, environment (ORFEAS_SECTION_KEY and the names from before orfeas), --set
 * SECTION.KEY=VALUE. Errors are INVALID_ARGUMENT with the field "section.key" and its allowed
 * range.
 */
OrfConfig *orf_config_new_defaults (void);
void orf_config_free (OrfConfig *config);
/* For another thread: all keys of the schema, without those of the user's own choosing. */
OrfConfig *orf_config_copy_keys (const OrfConfig *config);

/* file NULL: the first found of $XDG_CONFIG_HOME/orfeas/orfeasd.conf and /etc/orfeas/orfeasd.conf,
 * and none is fine.  overrides: "section.key=value", NULL-terminated, may be NULL. */
OrfConfig *orf_config_load (const char *file, const char *const *overrides, GError **error);

/* Our environment without the settings in it, of which some are secret: what children get. */
char **orf_config_dup_environment (void);

/* Copies from fresh into config the keys that may change while running.  The names of keys that
 * differ and may not are returned, NULL-terminated. */
char **orf_config_reload (OrfConfig *config, const OrfConfig *fresh);

/* An entry of a section of the user's own keys, such as "actuators", for those that outlive a
 * reload. */
gpointer orf_config_entry_copy (const char *section, gconstpointer entry);
void orf_config_entry_free (const char *section, gpointer entry);
/* All that is said of them, their names too. */
gboolean orf_config_entry_equal (const char *section, gconstpointer a, gconstpointer b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfConfig, orf_config_free)

G_END_DECLS
