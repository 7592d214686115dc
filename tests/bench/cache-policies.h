/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What decides which key has to go, for the bench: keys are 0 to n_keys - 1, all of one size. */
typedef struct {
  const char *name;
  gpointer (*new) (guint n_keys, guint capacity);
  /* TRUE: a hit.  A miss puts the key in. */
  gboolean (*ask) (gpointer policy, guint key);
  void (*free) (gpointer policy);
} CachePolicy;

/* Ends with one that has no name. */
extern const CachePolicy cache_policies[];
