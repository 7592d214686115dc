/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-call-params.h"
#include "rpc/orf-peer.h"

G_BEGIN_DECLS

/*
 * A message of JSON-RPC 2.0 as it was read: a request, a notification or a batch.  Reading it needs
 * nothing but its text, and happens in any thread.
 */
typedef struct {
  char *id;         /* as it stood in the text; NULL: there was none to be read */
  json_t *id_value; /* what rpc.cancel names */
  gboolean notification;
  gboolean well_formed;    /* only then the errors of a notification are told nobody */
  const OrfMethod *method; /* NULL: `error` says why */
  OrfRpcMeta *inside;      /* `meta` borrows from it */
  OrfCallMeta meta;
  OrfCallParams params;
  GError *error; /* it cannot be started, whatever its parameters say */
} OrfRpcRequest;

typedef struct {
  GError *error; /* it is no message; NULL: it is one */
  json_t *tree;  /* from which parameters that are not read yet borrow */
  gboolean batch;
  guint n_requests;
  OrfRpcRequest requests[];
} OrfRpcMessage;

/* beside: as orf_peer_receive() has it; it is borrowed from.  Parameters of requests are only read
 * where that takes no tree of them. */
OrfRpcMessage *orf_rpc_message_new (const OrfRpcLimits *limits,
                                    const char *text,
                                    gsize length,
                                    const OrfCallMeta *beside);
/* Reads what is not read yet, and lets go of the tree. */
void orf_rpc_message_read_params (OrfRpcMessage *message);
void orf_rpc_message_free (OrfRpcMessage *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRpcMessage, orf_rpc_message_free)

G_END_DECLS
