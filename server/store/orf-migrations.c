/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-migrations.h"

#include <gio/gio.h>

#include "core/orf-names.h"
#include "orf-error.h"
/* Generated from migrations/migrations.gresource.xml; naming it is what links it in. */
GResource *orf_migrations_get_resource (void);

#define PREFIX "/org/orfeas/migrations"

/* The steps' names in order; the first is 001-…, and none is left out (checked by a test). */
static char **
dup_names (void)
{
  char **names = g_resource_enumerate_children (orf_migrations_get_resource (), PREFIX, 0, NULL);

  g_return_val_if_fail (names != NULL, g_new0 (char *, 1));
  qsort (names, g_strv_length (names), sizeof *names, orf_names_compare);
  return names;
}

guint
orf_migrations_get_latest (void)
{
  g_auto (GStrv) names = dup_names ();

  return g_strv_length (names);
}

GPtrArray *
orf_migrations_load (GError **error)
{
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_auto (GStrv) names = dup_names ();

  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat (PREFIX "/", names[i], NULL);
    g_autoptr (GError) failure = NULL;
    GBytes *sql = g_resource_lookup_data (orf_migrations_get_resource (), path, 0, &failure);

    if (sql == NULL) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s: %s", path, failure->message);
      return NULL;
    }
    g_ptr_array_add (steps, sql);
  }
  return g_steal_pointer (&steps);
}
