/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "rpc/orf-peer.h"

G_BEGIN_DECLS

/*
 * A large request whose parameters are plain (see orf-decode-plain.h) is read without a tree of
 * them: what is around becomes JSON, with {} for the parameters.  Ten thousand samples take half
 * the time.
 */
typedef struct {
  char *text; /* the envelope */
  gsize length;
  json_t *envelope;
  const OrfMethod *method;
  gpointer params; /* of method->params; may be taken */
} OrfRpcPlain;

/* NULL: to be read as any other message is, which may say what is wrong with it.  beside: as
 * orf_peer_receive() has it. */
OrfRpcPlain *orf_rpc_plain_read (const OrfRpcLimits *limits,
                                 const char *text,
                                 gsize length,
                                 const OrfCallMeta *beside);
void orf_rpc_plain_free (OrfRpcPlain *plain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRpcPlain, orf_rpc_plain_free)

G_END_DECLS
