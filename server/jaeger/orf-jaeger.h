/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"
#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/*
 * Jaeger's query API over the traces of the store (Jaeger's cmd/query/app/http_handler.go): what
 * its page and Grafana ask for.  Main context; traces are read and written out in a reader's
 * thread, a few answers at a time.
 */
typedef struct _OrfJaeger OrfJaeger;

/* Where it is on a server of ours, and where on one of its own. */
#define ORF_JAEGER_PREFIX     "/jaeger/api/"
#define ORF_JAEGER_OWN_PREFIX "/api/"

/* store outlives it. */
OrfJaeger *orf_jaeger_new (OrfStore *store);
/* prefix: one of those; jaeger outlives server. */
void orf_jaeger_add (OrfJaeger *jaeger, OrfHttpServer *server, const char *prefix);
/* What waits is answered; before the store is closed. */
void orf_jaeger_stop (OrfJaeger *jaeger);
/* After that. */
void orf_jaeger_free (OrfJaeger *jaeger);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJaeger, orf_jaeger_free)

G_END_DECLS
