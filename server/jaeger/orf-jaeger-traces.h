/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "jaeger/orf-jaeger-query.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What traces are asked for, and the answer: made in a reader's thread. */
typedef struct {
  OrfJaegerSearch *search;
  gboolean single; /* one trace by its id, which has to be there */
  gboolean gzip;   /* the client takes it */
  GString *body;   /* NULL where packed is */
  char *packed;
  gsize packed_length;
} OrfJaegerTraces;

/* Takes search. */
OrfJaegerTraces *orf_jaeger_traces_new (OrfJaegerSearch *search, gboolean single, gboolean gzip);
void orf_jaeger_traces_free (OrfJaegerTraces *traces);
/* OrfReadThreadCb. */
gboolean orf_jaeger_traces_read (gpointer traces, OrfConnection *connection, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJaegerTraces, orf_jaeger_traces_free)

G_END_DECLS
