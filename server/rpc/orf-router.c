/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-router.h"

#include "core/orf-clock.h"
#include "core/orf-turn.h"
#include "orf-error.h"
#include "orf-json.h"
#include "rpc/orf-admission.h"
#include "rpc/orf-call-private.h"

/* What a caller is told to wait when too many calls are in flight: about one round of slow ones. */
#define BUSY_RETRY_MS 100
/* And when they come faster than they are answered, which passes no sooner. */
#define OVERLOAD_RETRY_MS 1000

typedef struct {
  OrfHandler handler;
  gpointer user_data;
  gboolean waits;    /* a call of it was once kept by the handler */
  gboolean may_wait; /* however many: see orf_router_let_wait() */
} Binding;

struct _OrfRouter {
  guint references;
  OrfRpcLimits limits;
  OrfMemory *memory;
  OrfRpcReader *reader;    /* NULL: none */
  OrfAdmission *admission; /* NULL: all may wait */
  OrfRpcCounts counts;
  OrfAuditFunc audit;
  gpointer audit_data;
  OrfDeniedFunc denied;
  gpointer denied_data;
  const OrfCallTracing *tracing; /* NULL: nobody */
  gpointer tracing_data;
  OrfStreamHub *streams;
  char *elsewhere; /* NULL: what has no handler needs the daemon */
  Binding bindings[ORF_N_METHODS];
};

OrfRouter *
orf_router_new (const OrfRpcLimits *limits)
{
  OrfRouter *router = g_new0 (OrfRouter, 1);

  router->references = 1;
  router->limits = *limits;
  if (limits->max_wait_us > 0)
    router->admission = orf_admission_new (limits->max_wait_us, limits->max_in_flight);
  router->streams = orf_stream_hub_new ();
  return router;
}

OrfRouter *
orf_router_ref (OrfRouter *router)
{
  router->references++;
  return router;
}

void
orf_router_unref (OrfRouter *router)
{
  if (--router->references > 0)
    return;
  orf_stream_hub_free (router->streams);
  g_clear_pointer (&router->admission, orf_admission_free);
  g_free (router->elsewhere);
  g_free (router);
}

void
orf_router_bind (OrfRouter *router, OrfMethodId method, OrfHandler handler, gpointer user_data)
{
  router->bindings[method] = (Binding){ .handler = handler, .user_data = user_data };
}

void
orf_router_let_wait (OrfRouter *router, OrfMethodId method)
{
  router->bindings[method].may_wait = TRUE;
}

gboolean
orf_router_is_bound (OrfRouter *router, OrfMethodId method)
{
  return router->bindings[method].handler != NULL;
}

const OrfRpcLimits *
orf_router_get_limits (OrfRouter *router)
{
  return &router->limits;
}

OrfRpcCounts
orf_router_get_counts (OrfRouter *router)
{
  return router->counts;
}

json_t *
orf_rpc_limits_parse_json (const OrfRpcLimits *limits,
                           const char *text,
                           gsize length,
                           GError **error)
{
  json_t *value = orf_json_parse (text, length, limits->max_depth, error);

  if (value == NULL && error != NULL && orf_json_is_deeper (text, length, limits->max_depth)) {
    g_clear_error (error);
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR,
                 "the JSON is nested deeper than %u levels (rpc.max_depth)", limits->max_depth);
  }
  return value;
}

void
orf_router_set_reader (OrfRouter *router, OrfRpcReader *reader)
{
  router->reader = reader;
}

OrfRpcReader *
orf_router_get_reader (OrfRouter *router)
{
  return router->reader;
}

void
orf_router_set_memory (OrfRouter *router, OrfMemory *memory)
{
  router->memory = memory;
  orf_stream_hub_set_memory (router->streams, memory);
}

OrfMemory *
orf_router_get_memory (OrfRouter *router)
{
  return router->memory;
}

OrfStreamHub *
orf_router_get_streams (OrfRouter *router)
{
  return router->streams;
}

static gboolean
check_room (OrfRouter *router, GError **error)
{
  if (router->counts.in_flight < router->limits.max_in_flight)
    return TRUE;
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, BUSY_RETRY_MS,
                                                 "%u calls are in flight, which is the limit "
                                                 "(rpc.max_in_flight)",
                                                 router->counts.in_flight));
  return FALSE;
}

/* What was never kept by its handler never is: it costs nobody a wait. */
static gboolean
check_wait (OrfRouter *router, const OrfMethod *method, GError **error)
{
  if (router->admission == NULL || !router->bindings[orf_method_get_id (method)].waits ||
      orf_admission_admits (router->admission, orf_clock_monotonic_us ()))
    return TRUE;
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, OVERLOAD_RETRY_MS,
                                                 "calls of %s take longer than %" G_GINT64_FORMAT
                                                 " ms, so that no more may wait (rpc.max_wait_us)",
                                                 method->name,
                                                 router->limits.max_wait_us / ORF_US_PER_MS));
  return FALSE;
}

gboolean
orf_router_is_full (OrfRouter *router)
{
  return router->admission != NULL &&
         !orf_admission_admits (router->admission, orf_clock_monotonic_us ());
}

gboolean
orf_router_admits (OrfRouter *router, const OrfMethod *method, GError **error)
{
  if (check_room (router, error) && check_wait (router, method, error))
    return TRUE;
  router->counts.calls++;
  router->counts.errors++;
  return FALSE;
}

gboolean
orf_router_enter (OrfRouter *router, const OrfMethod *method, GError **error)
{
  if (!orf_router_admits (router, method, error))
    return FALSE;
  router->counts.calls++;
  router->counts.in_flight++;
  return TRUE;
}

gint64
orf_router_begin_wait (OrfRouter *router, const OrfMethod *method)
{
  Binding *binding = &router->bindings[orf_method_get_id (method)];
  gint64 now_us;

  /* writes gather for a commit, however few they are */
  if (router->admission == NULL || binding->may_wait || method->role != ORF_ROLE_READ ||
      method->stream)
    return 0;
  now_us = orf_clock_monotonic_us ();
  binding->waits = TRUE;
  orf_admission_begin (router->admission, now_us);
  return now_us;
}

void
orf_router_leave (OrfRouter *router, gint64 waiting_us, gboolean failed)
{
  gint64 now_us;

  router->counts.in_flight--;
  if (failed)
    router->counts.errors++;
  if (waiting_us == 0)
    return;
  now_us = orf_clock_monotonic_us ();
  orf_admission_end (router->admission, now_us - waiting_us, !failed, now_us);
}

void
orf_router_set_audit (OrfRouter *router, OrfAuditFunc func, gpointer user_data)
{
  router->audit = func;
  router->audit_data = user_data;
}

void
orf_router_set_tracing (OrfRouter *router, const OrfCallTracing *tracing, gpointer user_data)
{
  router->tracing = tracing;
  router->tracing_data = user_data;
}

OrfSteps *
orf_router_begin_trace (OrfRouter *router, OrfCall *call)
{
  return router->tracing != NULL ? router->tracing->begin (router->tracing_data, call) : NULL;
}

void
orf_router_end_trace (OrfRouter *router, OrfCall *call, const OrfSteps *steps, const GError *error)
{
  if (router->tracing != NULL)
    router->tracing->end (router->tracing_data, call, steps, error);
}

void
orf_router_set_denied (OrfRouter *router, OrfDeniedFunc func, gpointer user_data)
{
  router->denied = func;
  router->denied_data = user_data;
}

void
orf_router_tell_denied (OrfRouter *router, const char *actor, const OrfMethod *method)
{
  if (router->denied != NULL)
    router->denied (router->denied_data, actor, method->name);
}

gboolean
orf_router_wants_audit (OrfRouter *router, const OrfMethod *method)
{
  return method->audit && router->audit != NULL &&
         orf_router_is_bound (router, orf_method_get_id (method));
}

void
orf_router_audit (OrfRouter *router,
                  const char *actor,
                  const OrfMethod *method,
                  const char *detail_json,
                  OrfAuditedFunc done,
                  gpointer data)
{
  if (router->audit != NULL)
    router->audit (router->audit_data, actor, method->name, detail_json, done, data);
  else
    done (data, NULL);
}

void
orf_router_set_elsewhere (OrfRouter *router, const char *path)
{
  g_free (router->elsewhere);
  router->elsewhere = g_strdup (path);
}

static GError *
no_handler_error (const OrfRouter *router, const OrfMethod *method)
{
  if (router->elsewhere != NULL)
    return g_error_new (ORF_ERROR, ORF_ERROR_METHOD_NOT_FOUND,
                        "%s is not answered at this socket, but at %s", method->name,
                        router->elsewhere);
  return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                      "%s is not available here: it needs a running daemon", method->name);
}

void
orf_router_run (OrfRouter *router, OrfCall *call, const OrfMethod *method, gconstpointer params)
{
  const Binding *binding = &router->bindings[orf_method_get_id (method)];
  OrfTurn turn;

  orf_turn_begin (&turn, "call", method->name);
  if (binding->handler == NULL)
    orf_call_fail (call, no_handler_error (router, method));
  else
    binding->handler (call, params, binding->user_data);
  orf_turn_end (&turn);
}
