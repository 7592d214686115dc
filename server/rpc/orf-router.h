/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "core/orf-memory.h"
#include "core/orf-steps.h"
#include "rpc/orf-call.h"
#include "rpc/orf-rpc-reader.h"
#include "rpc/orf-stream-hub.h"

G_BEGIN_DECLS

/*
 * Which handler answers which method of the schema.  A method without one answers UNAVAILABLE.
 * Use the generated orf_bind_<service>_<method>() instead of orf_router_bind(): they are typed.
 */
typedef struct _OrfRouter OrfRouter;
typedef void (*OrfHandler) (OrfCall *call, gconstpointer params, gpointer user_data);

typedef struct {
  gsize max_message_bytes; /* one JSON text */
  guint max_depth;
  guint max_batch;
  gsize max_batch_bytes; /* its answers, together; 0: no matter how many */
  guint max_in_flight; /* calls not yet ended, over all peers */
  guint max_in_flight_per_peer;
  guint max_streams_per_peer;
  gint64 max_wait_us;         /* see orf-admission.h; 0: no matter how long */
  gint64 default_deadline_us; /* for calls that name none */
  gint64 max_deadline_us;
} OrfRpcLimits;

typedef struct {
  guint64 calls;
  guint64 errors;
  guint in_flight;
} OrfRpcCounts;

OrfRouter *orf_router_new (const OrfRpcLimits *limits);
OrfRouter *orf_router_ref (OrfRouter *router);
void orf_router_unref (OrfRouter *router);

void
orf_router_bind (OrfRouter *router, OrfMethodId method, OrfHandler handler, gpointer user_data);
/* After it is bound: its calls wait for what is not our load (a value that somebody computes, a
 * process of its own), and as many may as like. */
void orf_router_let_wait (OrfRouter *router, OrfMethodId method);
gboolean orf_router_is_bound (OrfRouter *router, OrfMethodId method);
/* Whether a call of the method would be begun.  RESOURCE_EXHAUSTED, and counted as a call that
 * failed: as many wait as may. */
gboolean orf_router_admits (OrfRouter *router, const OrfMethod *method, GError **error);
/* No: any would be. */
gboolean orf_router_is_full (OrfRouter *router);
const OrfRpcLimits *orf_router_get_limits (OrfRouter *router);
OrfRpcCounts orf_router_get_counts (OrfRouter *router);
/* What comes from a caller, in any thread; the errors name the limit. */
json_t *orf_rpc_limits_parse_json (const OrfRpcLimits *limits,
                                   const char *text,
                                   gsize length,
                                   GError **error);
/* Who reads large messages in a thread of his own, and outlives all peers.  NULL, as it is without:
 * all are read where they come. */
void orf_router_set_reader (OrfRouter *router, OrfRpcReader *reader);
OrfRpcReader *orf_router_get_reader (OrfRouter *router);
/* Calls are counted there, and refused where it is short; it outlives all of them. */
void orf_router_set_memory (OrfRouter *router, OrfMemory *memory);
/* NULL: nobody set one. */
OrfMemory *orf_router_get_memory (OrfRouter *router);
/* Where the values of all streams come from; the router's. */
OrfStreamHub *orf_router_get_streams (OrfRouter *router);

/* Who makes spans of calls; static.  begin: what the call's steps are put down in, which is the
 * call's; NULL: it is none of those that are traced.  end: once for each that was begun, when it is
 * answered or nobody waits for it any more (error: CANCELLED then). */
typedef struct {
  OrfSteps *(*begin) (gpointer user_data, OrfCall *call);
  void (*end) (gpointer user_data, OrfCall *call, const OrfSteps *steps, const GError *error);
} OrfCallTracing;
/* tracing NULL: nobody any more. */
void orf_router_set_tracing (OrfRouter *router, const OrfCallTracing *tracing, gpointer user_data);

/* Who leaves the rows of calls whose method asks for one.  `done` is told once, maybe at once:
 * error NULL where the row is on disk.  Without one (a file that is only looked at) none are left.
 */
typedef void (*OrfAuditedFunc) (gpointer data, const GError *error);
typedef void (*OrfAuditFunc) (gpointer user_data,
                              const char *actor,
                              const char *method,
                              const char *detail_json,
                              OrfAuditedFunc done,
                              gpointer data);
/* func NULL: nobody any more. */
void orf_router_set_audit (OrfRouter *router, OrfAuditFunc func, gpointer user_data);
/* Told of each call of one whose roles do not allow it.  NULL: nobody is. */
typedef void (*OrfDeniedFunc) (gpointer user_data, const char *actor, const char *method);
void orf_router_set_denied (OrfRouter *router, OrfDeniedFunc func, gpointer user_data);
void orf_router_tell_denied (OrfRouter *router, const char *actor, const OrfMethod *method);
/* For a router of another thread, whose calls leave their rows here: done is told at once where
 * none are left. */
void orf_router_audit (OrfRouter *router,
                       const char *actor,
                       const OrfMethod *method,
                       const char *detail_json,
                       OrfAuditedFunc done,
                       gpointer data);

/* A router that answers few methods says where the others are answered: path of a socket. */
void orf_router_set_elsewhere (OrfRouter *router, const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRouter, orf_router_unref)

G_END_DECLS
