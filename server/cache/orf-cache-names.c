/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-names.h"

#include <string.h>

#include "core/orf-names.h"

/* The number of ORF_CACHE_OTHER_NAMES. */
#define OTHER 0

struct _OrfCacheNames {
  guint max_names;
  GArray *all;         /* OrfCacheName */
  GHashTable *numbers; /* name → number */
  guint16 last;        /* found last: keys of one namespace come together */
};

static guint16
add (OrfCacheNames *names, const char *name)
{
  OrfCacheName fresh = { .hits = 0 };

  g_strlcpy (fresh.name, name, sizeof fresh.name);
  g_array_append_val (names->all, fresh);
  g_hash_table_insert (names->numbers, g_strdup (name), GUINT_TO_POINTER (names->all->len - 1));
  return (guint16) (names->all->len - 1);
}

OrfCacheNames *
orf_cache_names_new (guint max_names)
{
  OrfCacheNames *names = g_new0 (OrfCacheNames, 1);

  names->max_names = max_names;
  names->all = g_array_new (FALSE, FALSE, sizeof (OrfCacheName));
  names->numbers = orf_names_table_new (g_free, NULL);
  add (names, ORF_CACHE_OTHER_NAMES);
  return names;
}

void
orf_cache_names_free (OrfCacheNames *names)
{
  g_hash_table_unref (names->numbers);
  g_array_unref (names->all);
  g_free (names);
}

OrfCacheName *
orf_cache_names_get (OrfCacheNames *names, guint16 number)
{
  return &g_array_index (names->all, OrfCacheName, number);
}

GArray *
orf_cache_names_copy (const OrfCacheNames *names)
{
  return g_array_copy (names->all);
}

guint
orf_cache_names_get_n (const OrfCacheNames *names)
{
  return names->all->len;
}

static gsize
measure_prefix (OrfCacheBytes key)
{
  const char *end = memchr (key.data, ':', MIN (key.length, ORF_CACHE_NAME_BYTES + 1));

  return end != NULL ? (gsize) (end - key.data) : 0;
}

/* Bytes that are no text, or begin as the sum of all others does, have no name of their own. */
static gboolean
is_fit (const char *name, gsize length)
{
  return (length == 0 || name[0] != ORF_CACHE_OTHER_NAMES[0]) &&
         g_utf8_validate_len (name, (gssize) length, NULL);
}

guint16
orf_cache_names_find (OrfCacheNames *names, OrfCacheBytes key)
{
  gsize length = measure_prefix (key);
  const char *last = orf_cache_names_get (names, names->last)->name;
  char name[ORF_CACHE_NAME_BYTES + 1];
  gpointer number;

  if (strlen (last) == length && memcmp (last, key.data, length) == 0)
    return names->last;
  memcpy (name, key.data, length);
  name[length] = '\0';
  if (g_hash_table_lookup_extended (names->numbers, name, NULL, &number))
    names->last = (guint16) GPOINTER_TO_UINT (number);
  else if (names->all->len > names->max_names || !is_fit (name, length))
    return OTHER;
  else
    names->last = add (names, name);
  return names->last;
}
