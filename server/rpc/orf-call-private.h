/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-call-params.h"
#include "rpc/orf-peer.h"

G_BEGIN_DECLS

/*
 * How peers and REST start calls and learn their outcome.  The sink hears exactly once, unless the
 * call was abandoned; json is set or error is.
 */
typedef void (*OrfCallSink) (gpointer owner, const char *json, gsize length, const GError *error);

typedef struct {
  OrfRouter *router;
  OrfRole role;
  const char *actor; /* a GRefString */
  gint64 pid;        /* 0: unknown */
  gboolean rest;
  /* Opens a stream; 0 with an error set where there are enough.  NULL: it cannot stream. */
  guint64 (*open_stream) (gpointer owner, OrfChannel *channel, OrfBlob *first, GError **error);
  OrfCallSink sink;
  gpointer owner;
} OrfCallOrigin;

/* Takes what params has, and reads them where that was not done.  Answers through the sink, often
 * before it returns; NULL then, else a reference with which the owner may abandon or cancel the
 * call. */
OrfCall *orf_call_start (const OrfCallOrigin *origin,
                         const OrfMethod *method,
                         OrfCallParams *params,
                         const OrfCallMeta *meta);
/* Nobody waits for it any more: the sink is not called.  Consumes the owner's reference. */
void orf_call_abandon (OrfCall *call);
/* Ends it with CANCELLED, through the sink. */
void orf_call_cancel (OrfCall *call);
void orf_call_unref (OrfCall *call);
const OrfCallOrigin *orf_call_peek_origin (OrfCall *call);

/* Of any thread.  What cannot be told of a result is said in the log. */
gboolean
orf_call_encode (const OrfMethod *method, gconstpointer result, GString *json, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCall, orf_call_unref)

/* What the router tells calls. */
gboolean orf_router_enter (OrfRouter *router, const OrfMethod *method, GError **error);
/* Its handler keeps it.  When: it is one of those of which only so many may wait; else 0. */
gint64 orf_router_begin_wait (OrfRouter *router, const OrfMethod *method);
/* waiting_us: since when it waits. */
void orf_router_leave (OrfRouter *router, gint64 waiting_us, gboolean failed);
OrfSteps *orf_router_begin_trace (OrfRouter *router, OrfCall *call);
void
orf_router_end_trace (OrfRouter *router, OrfCall *call, const OrfSteps *steps, const GError *error);
gboolean orf_router_wants_audit (OrfRouter *router, const OrfMethod *method);
void
orf_router_run (OrfRouter *router, OrfCall *call, const OrfMethod *method, gconstpointer params);

G_END_DECLS
