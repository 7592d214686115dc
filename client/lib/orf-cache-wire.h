/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "orf-cache-value.h"

/* The methods cache.* as JSON-RPC lines, and back; schema/services/cache.json has what they mean.
 * Nothing here knows a socket. */

/* Whether the daemon takes it as a key. */
bool orf_cache_wire_is_key (const char *key);

/* A call: its id, and how long its caller waits, of which the daemon is told. */
typedef struct {
  int64_t id;
  int64_t timeout_us;
} OrfCacheCall;

/* Each is a line without its end, for free(); NULL for want of memory. */
/* lease_us 0: none is wanted. */
char *orf_cache_wire_make_get (const OrfCacheCall *call,
                               const char *key,
                               int64_t lease_us,
                               int64_t wait_us);
/* Takes keys over: an array of text. */
char *orf_cache_wire_make_get_many (const OrfCacheCall *call, json_t *keys);
/* data NULL: there is none.  options NULL: all zero. */
char *orf_cache_wire_make_set (const OrfCacheCall *call,
                               const char *key,
                               const void *data,
                               size_t length,
                               const OrfCacheSetOptions *options);
char *orf_cache_wire_make_delete (const OrfCacheCall *call, const char *key);
/* pattern, tag NULL: any. */
char *
orf_cache_wire_make_invalidate (const OrfCacheCall *call, const char *pattern, const char *tag);
char *orf_cache_wire_make_watch (int64_t id, const char *prefix);
char *orf_cache_wire_make_sync (int64_t id);

/* What a line said; all is borrowed from root. */
typedef struct {
  json_t *root;
  int64_t id;          /* of an answer; 0: it is none */
  json_t *result;      /* NULL: an error, or no answer */
  json_t *error;       /* as JSON-RPC has it; NULL: none */
  const char *stream;  /* whose value or end it is; NULL: neither */
  const json_t *value; /* of the stream; NULL: its end */
  bool has_dropped;    /* values before this one were lost */
} OrfCacheMessage;

/* Never fails; json_decref() of root in any case. */
void orf_cache_wire_parse (const char *line, OrfCacheMessage *message);

/* 0, NULL where there is none. */
int64_t orf_cache_wire_get_number (const json_t *object, const char *name);
const char *orf_cache_wire_get_text (const json_t *object, const char *name);
/* The value of a cache.get; false: it cannot be read, or memory is short.  *value NULL: a miss. */
bool orf_cache_wire_read_value (const json_t *result, OrfCacheValue **value);
