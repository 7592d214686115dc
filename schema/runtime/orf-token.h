/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A token's text, and the hash by which a token file knows it; here because the daemon reads what
 * orfeasctl writes.
 *
 * A token is 256 random bits: nobody can try them all, nor any list of likely ones, so its hash
 * needs neither salt nor slowness, which passwords have to have and which would let anyone keep
 * the daemon busy with wrong tokens.  BLAKE2b takes about a microsecond.
 */
#define ORF_TOKEN_HASH_BYTES 32 /* crypto_verify_32() compares them */
/* "orf_" and 32 bytes in base64url without padding. */
#define ORF_TOKEN_CHARS 47
/* What names the hash's kind in a file. */
#define ORF_TOKEN_HASH_PREFIX "blake2b:"

char *orf_token_new (void);
/* Of any text, so that what a caller sends needs no look at its form. */
void orf_token_hash (const char *text, guint8 hash[ORF_TOKEN_HASH_BYTES]);
/* "blake2b:" and 64 hex digits. */
char *orf_token_hash_to_text (const guint8 hash[ORF_TOKEN_HASH_BYTES]);
gboolean orf_token_hash_from_text (const char *text, guint8 hash[ORF_TOKEN_HASH_BYTES]);

G_END_DECLS
