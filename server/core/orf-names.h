/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Hashing of names that come from outside (metric names, labels, keys): SipHash-2-4 by libsodium,
 * keyed once a process, so that nobody can choose names that collide.
 */
guint64 orf_names_hash64 (const char *name, gssize length);
/* Of a name that is not kept: that two have the same one need not be thought of. */
typedef struct {
  guint64 words[2];
} OrfNameDigest;
OrfNameDigest orf_names_digest (const char *name, gsize length);
/* GHashFunc; equality is g_str_equal. */
guint orf_names_hash (gconstpointer name);
GHashTable *orf_names_table_new (GDestroyNotify free_key, GDestroyNotify free_value);

/* Of an array of char *, as qsort() and g_ptr_array_sort() ask. */
int orf_names_compare (gconstpointer a, gconstpointer b);
/* 1 to max_bytes letters, digits, - and _. */
gboolean orf_names_is_plain (const char *name, gsize max_bytes);

G_END_DECLS
