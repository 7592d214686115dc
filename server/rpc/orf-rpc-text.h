/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* JSON-RPC's words, written as text. */

/* The id member of an object's text as it stands there, so that it is echoed exactly (1 is not 1.0,
 * and a number beyond 2^53 is not rounded).  text is valid JSON; NULL: there is none. */
char *orf_rpc_text_dup_id (const char *text, gsize length);
/* The first character of each item of an array's text, and one past its last: GArray of
 * OrfRpcSlice. */
typedef struct {
  const char *text;
  gsize length;
} OrfRpcSlice;
GArray *orf_rpc_text_split_array (const char *text, gsize length);
/* The value of an object's member, from text that nobody has looked at yet: where it is valid JSON,
 * so is the value.  FALSE: it is not there, or not so plainly (twice, or beside keys with escapes).
 */
gboolean
orf_rpc_text_find_member (const char *text, gsize length, const char *name, OrfRpcSlice *value);

/* {"jsonrpc":"2.0","id":ID,"result":JSON} and the same with error; id NULL stands for null. */
void orf_rpc_text_append_result (GString *out, const char *id, const char *json, gsize length);
void orf_rpc_text_append_error (GString *out, const char *id, const GError *error);
/* A JSON string of words that may quote what came from outside, cut where it was too long. */
void orf_rpc_text_append_words (GString *out, const char *words);
/* "field":…,"allowed":…,"retry_after_ms":… with a comma before each, where they are known. */
void orf_rpc_text_append_error_details (GString *out, const GError *error);

G_END_DECLS
