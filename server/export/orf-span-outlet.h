/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "outbox/orf-outbox.h"

G_BEGIN_DECLS

/*
 * Spans on their way to one receiver of [trace_export].  The queue is the table `span` itself: an
 * entry of the outbox names a run of its numbers, a cursor says how far entries go.  Main context;
 * runs are read and packed in a reader's thread.
 */
typedef struct _OrfSpanOutlet OrfSpanOutlet;

/* Adds itself to outbox.  Nothing is sent before there are settings.  All outlive it. */
OrfSpanOutlet *
orf_span_outlet_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, const char *name);
/* Once the outbox is started. */
void orf_span_outlet_start (OrfSpanOutlet *outlet);
/* Before the outbox is stopped. */
void orf_span_outlet_stop (OrfSpanOutlet *outlet);
/* After the store is closed. */
void orf_span_outlet_free (OrfSpanOutlet *outlet);

/* The receiver's, whose secrets are read again; NULL: there is none any more, and what waits for it
 * is dropped.  On error those before stay in force. */
gboolean orf_span_outlet_set_settings (OrfSpanOutlet *outlet,
                                       const OrfConfigTraceReceiver *settings,
                                       GError **error);
const char *orf_span_outlet_get_name (OrfSpanOutlet *outlet);
/* There may be spans that are not sent. */
void orf_span_outlet_look (OrfSpanOutlet *outlet);

typedef struct {
  const char *url;
  guint64 sent;    /* spans that the receiver took, since start */
  guint64 dropped; /* refused, or gone before they were read */
  gint64 pending;  /* stored and not taken yet, about */
} OrfSpanOutletState;

/* FALSE: there is no receiver. */
gboolean orf_span_outlet_get_state (OrfSpanOutlet *outlet, OrfSpanOutletState *state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanOutlet, orf_span_outlet_free)

G_END_DECLS
