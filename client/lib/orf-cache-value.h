/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/cache.h>

/* data is copied; NULL with null: there is none. */
OrfCacheValue *orf_cache_value_new (const void *data, size_t length, bool is_null, bool is_stale);
OrfCacheValue *orf_cache_value_hold (OrfCacheValue *value);
/* What it takes, to within malloc's rounding. */
size_t orf_cache_value_get_size (const OrfCacheValue *value);
