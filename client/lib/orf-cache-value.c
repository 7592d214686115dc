/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-cache-value.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct OrfCacheValue {
  atomic_uint n_holders;
  bool is_null, is_stale;
  size_t length;
  char data[];
};

OrfCacheValue *
orf_cache_value_new (const void *data, size_t length, bool is_null, bool is_stale)
{
  OrfCacheValue *value = malloc (sizeof *value + length + 1);

  if (value == NULL)
    return NULL;
  atomic_init (&value->n_holders, 1);
  value->is_null = is_null;
  value->is_stale = is_stale;
  value->length = length;
  if (length > 0)
    memcpy (value->data, data, length);
  value->data[length] = '\0'; /* for those who know that it is text */
  return value;
}

OrfCacheValue *
orf_cache_value_hold (OrfCacheValue *value)
{
  atomic_fetch_add_explicit (&value->n_holders, 1, memory_order_relaxed);
  return value;
}

void
orf_cache_value_release (OrfCacheValue *value)
{
  if (value != NULL && atomic_fetch_sub_explicit (&value->n_holders, 1, memory_order_acq_rel) == 1)
    free (value);
}

const void *
orf_cache_value_get_data (const OrfCacheValue *value, size_t *length)
{
  if (length != NULL)
    *length = value->length;
  return value->is_null ? NULL : value->data;
}

bool
orf_cache_value_is_stale (const OrfCacheValue *value)
{
  return value->is_stale;
}

size_t
orf_cache_value_get_size (const OrfCacheValue *value)
{
  return sizeof *value + value->length + 1;
}
