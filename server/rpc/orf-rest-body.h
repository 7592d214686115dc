/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-call-params.h"
#include "rpc/orf-call-meta.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * The body of a REST request: a JSON object, whose members become parameters beside those of path
 * and query.
 */
/* In any thread; an empty body has none. */
gboolean orf_rest_body_add (
  const OrfRpcLimits *limits, const char *body, gsize length, json_t *params, GError **error);

/* A large body, read by the router's reader (orf-rpc-reader.h), as the parameters then are. */

/* Main context.  params may be taken from; error: it is no such body. */
typedef void (*OrfRestReadFunc) (gpointer owner,
                                 OrfCallParams *params,
                                 const OrfCallMeta *meta,
                                 const GError *error);

/* Takes params, those of path and query.  NULL: there is no room for it. */
OrfRpcReading *orf_rest_reading_new (OrfRouter *router,
                                     const OrfMethod *method,
                                     json_t *params,
                                     GBytes *body,
                                     const OrfCallMeta *meta,
                                     OrfRestReadFunc done,
                                     gpointer owner,
                                     GError **error);

G_END_DECLS
