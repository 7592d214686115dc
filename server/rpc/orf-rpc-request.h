/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "rpc/orf-peer.h"

G_BEGIN_DECLS

/*
 * One request of JSON-RPC 2.0, a JSON object, as it has to be.  Pure.
 */
gboolean orf_rpc_request_check_id (json_t *id, GError **error);
/* All but the id. */
gboolean orf_rpc_request_check (json_t *request, GError **error);
/* Of a request that is checked; METHOD_NOT_FOUND. */
const OrfMethod *orf_rpc_request_find_method (json_t *request, GError **error);
/* `meta` in the message goes before what the transport brought (beside; may be NULL).  *meta
 * borrows from what is returned, and from beside. */
OrfRpcMeta *orf_rpc_request_decode_meta (json_t *request,
                                         const OrfCallMeta *beside,
                                         OrfCallMeta *meta,
                                         GError **error);

G_END_DECLS
