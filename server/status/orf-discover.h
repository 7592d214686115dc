/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * rpc.discover: the OpenRPC document, with the address that this daemon is in fact reached at.
 */
typedef struct _OrfDiscover OrfDiscover;

/* Binds the method; it outlives the router's calls.  url: "http://127.0.0.1:5000/rpc", or
 * "unix:/SOCKET" without HTTP; NULL: nobody listens. */
OrfDiscover *orf_discover_new (OrfRouter *router, const char *url);
void orf_discover_free (OrfDiscover *discover);
/* Borrowed for as long as it lives. */
const char *orf_discover_get_document (OrfDiscover *discover, gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDiscover, orf_discover_free)

G_END_DECLS
