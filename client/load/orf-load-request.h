/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-target.h"

G_BEGIN_DECLS

/*
 * The requests of a run, as bytes: one, or those of a file by turns.  In a body {{n}} stands for
 * the number of the request, and {{random}} for a number below 2^31.
 */
typedef struct _OrfLoadRequests OrfLoadRequests;

typedef struct {
  const char *method;  /* NULL: GET, or POST with a body */
  const char *headers; /* lines of "Name: value"; NULL: none */
  const char *body;    /* NULL: none; over WebSocket and socket: health.check */
  const char *file;    /* one JSON object a line: method, path, headers, body; NULL: none */
} OrfLoadRequestSetup;

/* INVALID_ARGUMENT names what is wrong; target must outlive it. */
OrfLoadRequests *orf_load_requests_new (const OrfLoadTarget *target,
                                        const OrfLoadRequestSetup *setup,
                                        GError **error);
void orf_load_requests_free (OrfLoadRequests *requests);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadRequests, orf_load_requests_free)

/* The bytes of the n-th, as the way has them. */
void orf_load_requests_append (OrfLoadRequests *requests, guint64 n, GString *out);
/* Of a WebSocket: what it begins with. */
void orf_load_requests_append_handshake (const OrfLoadRequests *requests, GString *out);

G_END_DECLS
