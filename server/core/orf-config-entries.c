/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An entry is a plain struct that begins with its name; a table of keys says what else is in it.
 * Until the entries are settled, what was not said of one is NULL or NOT_SAID where its section has
 * the default.
 */
#include <string.h>

#include "core/orf-config-private.h"
#include "core/orf-config.h"
#include "core/orf-names.h"
#include "orf-error.h"

#define MAX_ENTRIES    100
#define MAX_NAME_BYTES 64
#define NOT_SAID       G_MININT64

static char *
get_name (gconstpointer entry)
{
  return *(char *const *) entry;
}

static gpointer
get_member (gconstpointer base, guint offset)
{
  return (char *) base + offset;
}

static GPtrArray **
get_array (const OrfConfig *config, const OrfConfigEntries *entries)
{
  return get_member (config, entries->offset);
}

static gboolean
refuse (
  const char *section, const char *name, const char *allowed, const char *what, GError **error)
{
  g_autofree char *field = g_strconcat (section, name != NULL ? "." : "", name, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: %s", field, what));
  return FALSE;
}

/* ---- entries --------------------------------------------------------------------------------- */

static void
entry_free (const OrfConfigEntries *entries, gpointer entry)
{
  for (guint i = 0; i < entries->n_keys; i++)
    orf_config_clear_key (entry, &entries->keys[i]);
  g_free (get_name (entry));
  g_free (entry);
}

static gpointer
entry_new (const OrfConfigEntries *entries, const char *name)
{
  gpointer entry = g_malloc0 (entries->size);

  *(char **) entry = g_strdup (name);
  for (guint i = 1; i < entries->n_keys; i++) {
    const OrfConfigKey *key = &entries->keys[i];

    if (key->inherited == 0)
      orf_config_set_key (entry, key, key->default_text, NULL); /* the build has checked it */
    else if (key->type == ORF_CONFIG_INTEGER)
      *(gint64 *) get_member (entry, key->offset) = NOT_SAID;
  }
  return entry;
}

static gpointer
find (const OrfConfig *config, const OrfConfigEntries *entries, const char *name)
{
  const GPtrArray *array = *get_array (config, entries);

  for (guint i = 0; i < array->len; i++)
    if (g_str_equal (get_name (array->pdata[i]), name))
      return array->pdata[i];
  return NULL;
}

/* NULL: the name is none, or there are too many. */
static gpointer
ensure (OrfConfig *config, const OrfConfigEntries *entries, const char *name, GError **error)
{
  GPtrArray *array = *get_array (config, entries);
  gpointer entry = find (config, entries, name);
  guint max = entries->max > 0 ? entries->max : MAX_ENTRIES;

  if (entry != NULL)
    return entry;
  if (!orf_names_is_plain (name, MAX_NAME_BYTES)) {
    refuse (entries->section, name, "letters, digits, - and _, at most 64",
            "neither a key of orfeasd --print-defaults nor a name", error);
    return NULL;
  }
  if (array->len >= max) {
    g_autofree char *allowed = g_strdup_printf ("at most %u", max);

    refuse (entries->section, NULL, allowed, "there are too many entries", error);
    return NULL;
  }
  entry = entry_new (entries, name);
  g_ptr_array_add (array, entry);
  return entry;
}

/* ---- keys ------------------------------------------------------------------------------------ */

const OrfConfigEntries *
orf_config_entries_find (const char *section)
{
  for (guint i = 0; i < orf_n_config_entries; i++) {
    gsize length = strlen (orf_config_entries[i].section);

    if (strncmp (section, orf_config_entries[i].section, length) == 0 &&
        (section[length] == '\0' || section[length] == '.'))
      return &orf_config_entries[i];
  }
  return NULL;
}

/* The error of a key names [SECTION.*], for the table knows no more. */
static gboolean
set_key (gpointer entry,
         const OrfConfigKey *key,
         const char *section,
         const char *name,
         const char *text,
         GError **error)
{
  g_autofree char *what = NULL;

  if (orf_config_set_key (entry, key, text, NULL))
    return TRUE;
  what = g_strdup_printf ("\"%s\" is not %s", text, key->allowed);
  return refuse (section, name, key->allowed, what, error);
}

gboolean
orf_config_entries_set (
  OrfConfig *config, const char *section, const char *name, const char *text, GError **error)
{
  const OrfConfigEntries *entries = orf_config_entries_find (section);
  const char *dot = strchr (section, '.');
  gpointer entry;

  g_assert (entries != NULL); /* the caller has found them */
  entry = ensure (config, entries, dot != NULL ? dot + 1 : name, error);
  if (entry == NULL)
    return FALSE;
  if (dot == NULL)
    return set_key (entry, &entries->keys[0], section, name, text, error);
  for (guint i = 1; i < entries->n_keys; i++)
    if (g_str_equal (entries->keys[i].name, name))
      return set_key (entry, &entries->keys[i], section, name, text, error);
  return refuse (section, name, "a key of orfeasd --print-defaults", "there is no such key", error);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void
inherit (const OrfConfig *config, gpointer entry, const OrfConfigKey *key)
{
  gpointer own = get_member (entry, key->offset);
  gconstpointer default_value = get_member (config, key->inherited);

  if (key->type == ORF_CONFIG_INTEGER && *(gint64 *) own == NOT_SAID)
    *(gint64 *) own = *(const gint64 *) default_value;
  else if (key->type == ORF_CONFIG_STRING && *(char **) own == NULL)
    *(char **) own = g_strdup (*(char *const *) default_value);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (get_name (*(gconstpointer const *) a), get_name (*(gconstpointer const *) b));
}

static gboolean
ensure_value (const OrfConfigEntries *entries, gpointer entry, GError **error)
{
  char **value = get_member (entry, entries->keys[0].offset);
  g_autofree char *what = NULL;

  if (*value == NULL && entries->optional)
    *value = g_strdup ("");
  if (*value != NULL)
    return TRUE;
  what = g_strdup_printf ("[%s] has no key %s", entries->section, get_name (entry));
  return refuse (entries->section, get_name (entry), entries->keys[0].allowed, what, error);
}

static gboolean
settle (const OrfConfig *config, const OrfConfigEntries *entries, GError **error)
{
  GPtrArray *array = *get_array (config, entries);

  g_ptr_array_sort (array, compare);
  for (guint i = 0; i < array->len; i++) {
    gpointer entry = array->pdata[i];

    if (!ensure_value (entries, entry, error))
      return FALSE;
    for (guint j = 1; j < entries->n_keys; j++)
      if (entries->keys[j].inherited != 0)
        inherit (config, entry, &entries->keys[j]);
  }
  return TRUE;
}

gboolean
orf_config_entries_settle (OrfConfig *config, GError **error)
{
  for (guint i = 0; i < orf_n_config_entries; i++)
    if (!settle (config, &orf_config_entries[i], error))
      return FALSE;
  return TRUE;
}

void
orf_config_entries_init (OrfConfig *config)
{
  for (guint i = 0; i < orf_n_config_entries; i++)
    *get_array (config, &orf_config_entries[i]) = g_ptr_array_new ();
}

static void
clear (const OrfConfigEntries *entries, GPtrArray *array)
{
  for (guint i = 0; i < array->len; i++)
    entry_free (entries, array->pdata[i]);
  g_ptr_array_set_size (array, 0);
}

void
orf_config_entries_clear (OrfConfig *config)
{
  for (guint i = 0; i < orf_n_config_entries; i++) {
    GPtrArray **array = get_array (config, &orf_config_entries[i]);

    clear (&orf_config_entries[i], *array);
    g_clear_pointer (array, g_ptr_array_unref);
  }
}

/* ---- reload ---------------------------------------------------------------------------------- */

static gpointer
copy (const OrfConfigEntries *entries, gconstpointer from)
{
  gpointer entry = entry_new (entries, get_name (from));

  for (guint i = 0; i < entries->n_keys; i++) {
    g_autofree char *text = orf_config_key_to_text (from, &entries->keys[i]);

    orf_config_set_key (entry, &entries->keys[i], text, NULL); /* it has passed the same check */
  }
  return entry;
}

static gboolean
is_same (const OrfConfigEntries *entries, gconstpointer a, gconstpointer b)
{
  if (!g_str_equal (get_name (a), get_name (b)))
    return FALSE;
  for (guint i = 0; i < entries->n_keys; i++) {
    g_autofree char *before = orf_config_key_to_text (a, &entries->keys[i]);
    g_autofree char *after = orf_config_key_to_text (b, &entries->keys[i]);

    if (!g_str_equal (before, after))
      return FALSE;
  }
  return TRUE;
}

static gboolean
are_equal (const OrfConfigEntries *entries, const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!is_same (entries, a->pdata[i], b->pdata[i]))
      return FALSE;
  return TRUE;
}

void
orf_config_entries_reload (OrfConfig *config, const OrfConfig *fresh, GPtrArray *fixed)
{
  for (guint i = 0; i < orf_n_config_entries; i++) {
    const OrfConfigEntries *entries = &orf_config_entries[i];
    GPtrArray *array = *get_array (config, entries), *from = *get_array (fresh, entries);

    if (are_equal (entries, array, from))
      continue;
    if (!entries->reload) {
      g_ptr_array_add (fixed, g_strdup (entries->section));
      continue;
    }
    clear (entries, array);
    for (guint j = 0; j < from->len; j++)
      g_ptr_array_add (array, copy (entries, from->pdata[j]));
  }
}

/* ---- for those that keep one ----------------------------------------------------------------- */

gpointer
orf_config_entry_copy (const char *section, gconstpointer entry)
{
  return copy (orf_config_entries_find (section), entry);
}

void
orf_config_entry_free (const char *section, gpointer entry)
{
  entry_free (orf_config_entries_find (section), entry);
}

gboolean
orf_config_entry_equal (const char *section, gconstpointer a, gconstpointer b)
{
  return is_same (orf_config_entries_find (section), a, b);
}
