/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "export/orf-span-outlet.h"

G_BEGIN_DECLS

/* Hands every span on to the receivers of [trace_export], OTLP by HTTP.  Main context. */
typedef struct _OrfTraceExport OrfTraceExport;

/* Adds its destinations to outbox, which must not be started yet.  config, store and outbox outlive
 * it. */
OrfTraceExport *
orf_trace_export_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, GError **error);
/* Once the outbox is started. */
void orf_trace_export_start (OrfTraceExport *self);
/* Before the outbox is stopped. */
void orf_trace_export_stop (OrfTraceExport *self);
/* After the store is closed. */
void orf_trace_export_free (OrfTraceExport *self);
/* Other receivers, and secrets that may be others.  On error those before stay in force. */
gboolean orf_trace_export_reload (OrfTraceExport *self, GError **error);

/* OrfSpanOutlet, borrowed; also of receivers that are gone. */
const GPtrArray *orf_trace_export_get_outlets (OrfTraceExport *self);
/* By the name of its destination; NULL: it is none of these. */
OrfSpanOutlet *orf_trace_export_find (OrfTraceExport *self, const char *destination);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTraceExport, orf_trace_export_free)

G_END_DECLS
