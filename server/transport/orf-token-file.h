/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-methods.h"
#include "rpc/orf-call.h"
#include "orf-token.h"

G_BEGIN_DECLS

/*
 * The tokens of [auth] token_file: a key file with a group for each, named as the token is.
 *
 *   [grafana]
 *   hash=blake2b:…            what `orfeasctl token new` printed
 *   roles=read;ingest         one or more of read, ingest, operate, admin
 *   expires=2027-01-01T00:00:00Z   RFC 3339; left out: never
 *
 * Only hashes are in it, so that who reads a backup of it gets in nowhere.
 */
typedef struct _OrfTokenFile OrfTokenFile;

#define ORF_TOKEN_ACTOR_PREFIX ORF_CALL_TOKEN_ACTOR_PREFIX

typedef struct {
  char *actor; /* "token:grafana" */
  OrfRole role;
  gint64 expires_us; /* wall clock; G_MAXINT64: never */
  guint8 hash[ORF_TOKEN_HASH_BYTES];
} OrfToken;

/* FAILED_PRECONDITION: not to be read, or others may read or change it; INVALID_ARGUMENT: what is
 * in it.  Either names the file. */
OrfTokenFile *orf_token_file_load (const char *path, GError **error);
void orf_token_file_free (OrfTokenFile *file);
guint orf_token_file_get_n_tokens (const OrfTokenFile *file);

/* The token that this is, unless it has expired; NULL: none.  Looks at all of them, and takes as
 * long whichever it is and however much of it is right. */
const OrfToken *orf_token_file_find (const OrfTokenFile *file, const char *text, gint64 now_us);
/* The token of that hash, unless it has expired. */
const OrfToken *orf_token_file_find_hash (const OrfTokenFile *file,
                                          const guint8 hash[ORF_TOKEN_HASH_BYTES],
                                          gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTokenFile, orf_token_file_free)

G_END_DECLS
