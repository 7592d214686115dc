/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call has two holders: the handler, until it ends the call, and the owner (a peer or REST),
 * until the sink has been told or the call was abandoned.  Main context only; the cancel flag is
 * what other threads see of it.
 */
#include "rpc/orf-call.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-timer.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "rpc/orf-call-private.h"

struct _OrfCall {
  guint references;
  OrfCallOrigin origin; /* origin.sink is NULL once told or abandoned */
  const OrfMethod *method;
  gpointer params;
  OrfCancel *cancel; /* made when somebody asks */
  gint64 deadline_us;
  gint64 waiting_us; /* since when, of those of which only so many may; else 0 */
  GSource *deadline; /* NULL: none is watched */
  guint64 params_hash;
  gsize held_bytes; /* counted while it is in flight after the handler returned */
  char *idempotency_key;
  gboolean has_trace;
  OrfTraceContext trace;
  char *trace_state;
  OrfSteps *steps; /* NULL: it is not traced, or was answered */
};

void
orf_call_unref (OrfCall *call)
{
  if (--call->references > 0)
    return;
  orf_memory_add (orf_router_get_memory (call->origin.router), ORF_MEMORY_RPC,
                  -(gint64) call->held_bytes);
  orf_struct_free (call->method->params, call->params);
  g_clear_pointer (&call->cancel, orf_cancel_unref);
  g_free (call->idempotency_key);
  g_free (call->trace_state);
  orf_router_unref (call->origin.router);
  g_ref_string_release ((char *) call->origin.actor);
  g_free (call);
}

const OrfCallOrigin *
orf_call_peek_origin (OrfCall *call)
{
  return &call->origin;
}

const OrfMethod *
orf_call_get_method (OrfCall *call)
{
  return call->method;
}

const char *
orf_call_get_actor (OrfCall *call)
{
  return call->origin.actor;
}

gint64
orf_call_get_peer_pid (OrfCall *call)
{
  return call->origin.pid > 0 ? call->origin.pid : -1;
}

const char *
orf_call_get_idempotency_key (OrfCall *call)
{
  return call->idempotency_key;
}

const OrfTraceContext *
orf_call_get_trace (OrfCall *call)
{
  return call->has_trace ? &call->trace : NULL;
}

const char *
orf_call_get_trace_state (OrfCall *call)
{
  return call->trace_state;
}

guint64
orf_call_get_params_hash (OrfCall *call)
{
  return call->params_hash;
}

OrfCancel *
orf_call_get_cancel (OrfCall *call)
{
  if (call->cancel == NULL) {
    call->cancel = orf_cancel_new (call->deadline_us);
    if (call->origin.sink == NULL)
      orf_cancel_trigger (call->cancel);
  }
  return call->cancel;
}

gboolean
orf_call_is_ended (OrfCall *call)
{
  return call->origin.sink == NULL;
}

gboolean
orf_call_may (OrfCall *call, OrfRole role)
{
  return orf_role_holds (call->origin.role, role);
}

gboolean
orf_call_is_rest (OrfCall *call)
{
  return call->origin.rest;
}

static void
leave (OrfCall *call, const GError *error)
{
  call->origin.sink = NULL;
  if (call->steps != NULL) {
    orf_router_end_trace (call->origin.router, call, call->steps, error);
    g_clear_pointer (&call->steps, orf_steps_unref);
  }
  g_clear_pointer (&call->deadline, orf_timer_stop);
  orf_router_leave (call->origin.router, call->waiting_us, error != NULL);
}

/* Tells the sink, if there is still one; the owner's reference goes with it. */
static void
tell (OrfCall *call, const char *json, gsize length, const GError *error)
{
  OrfCallSink sink = call->origin.sink;

  if (sink == NULL)
    return;
  leave (call, error);
  sink (call->origin.owner, json, length, error);
  orf_call_unref (call);
}

static void
stop (OrfCall *call, OrfErrorCode code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (ORF_ERROR, (int) code, message);

  if (call->cancel != NULL)
    orf_cancel_trigger (call->cancel);
  tell (call, NULL, 0, error);
}

void
orf_call_cancel (OrfCall *call)
{
  stop (call, ORF_ERROR_CANCELLED, "the caller cancelled the call");
}

void
orf_call_abandon (OrfCall *call)
{
  if (call->cancel != NULL)
    orf_cancel_trigger (call->cancel);
  if (call->origin.sink != NULL) {
    g_autoptr (GError)
      gone = g_error_new_literal (ORF_ERROR, ORF_ERROR_CANCELLED, "the caller went away");

    leave (call, gone);
  }
  orf_call_unref (call);
}

static gboolean
deadline_cb (gpointer user_data)
{
  OrfCall *call = user_data;

  stop (call, ORF_ERROR_DEADLINE_EXCEEDED, "the deadline passed before the call was done");
  return G_SOURCE_REMOVE;
}

/* Large answers give way where answers pile up; small ones go on. */
static void
tell_result (OrfCall *call, const char *json, gsize length)
{
  OrfMemory *memory = orf_router_get_memory (call->origin.router);
  g_autoptr (GError) error = NULL;

  if (length <= ORF_MEMORY_SMALL_BYTES ||
      (orf_memory_check_part (memory, ORF_MEMORY_RPC, &error) &&
       orf_memory_check_part (memory, ORF_MEMORY_CONNECTIONS, &error)))
    tell (call, json, length, NULL);
  else
    tell (call, NULL, 0, error);
}

void
orf_call_return_encoded (OrfCall *call, const char *json, gsize length)
{
  tell_result (call, json, length);
  orf_call_unref (call);
}

gboolean
orf_call_encode (const OrfMethod *method, gconstpointer result, GString *json, GError **error)
{
  g_autoptr (GError) left_out = NULL;
  g_autoptr (GError) failure = NULL;

  if (!orf_encode_sound (method->result, result, json, &left_out, &failure)) {
    g_warning ("%s: %s", method->name, failure->message);
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (left_out != NULL)
    g_warning ("%s: what makes no sense is left out: %s", method->name, left_out->message);
  return TRUE;
}

void
orf_call_return (OrfCall *call, gconstpointer result)
{
  g_autoptr (GString) json = g_string_sized_new (256);
  g_autoptr (GError) error = NULL;

  if (orf_call_encode (call->method, result, json, &error))
    tell_result (call, json->str, json->len);
  else
    tell (call, NULL, 0, error);
  orf_call_unref (call);
}

gboolean
orf_call_return_stream (OrfCall *call, OrfChannel *channel, OrfBlob *first)
{
  g_autoptr (GError) error = NULL;
  guint64 stream = 0;

  if (call->origin.sink != NULL)
    stream = call->origin.open_stream (call->origin.owner, channel, first, &error);
  if (error != NULL) {
    tell (call, NULL, 0, error);
  } else if (stream != 0) {
    g_autofree char *json = g_strdup_printf ("{\"stream\":\"s%" G_GUINT64_FORMAT "\"}", stream);

    tell (call, json, strlen (json), NULL);
  }
  orf_call_unref (call);
  return stream != 0;
}

void
orf_call_fail (OrfCall *call, GError *error)
{
  tell (call, NULL, 0, error);
  g_error_free (error);
  orf_call_unref (call);
}

static gboolean
take_params (OrfCall *call, OrfCallParams *params, GError **error)
{
  orf_call_params_read (params, call->method, call->idempotency_key != NULL);
  if (params->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&params->error));
    return FALSE;
  }
  call->params = g_steal_pointer (&params->decoded);
  call->params_hash = params->hash;
  return TRUE;
}

static gboolean
check_allowed (const OrfCallOrigin *origin, const OrfMethod *method, GError **error)
{
  if (origin->role == ORF_ROLE_NONE) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED, "%s needs a token", method->name);
    return FALSE;
  }
  if (!orf_role_holds (origin->role, method->role)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "%s needs a role that the caller (%s) does not have", method->name, origin->actor);
    orf_router_tell_denied (origin->router, origin->actor, method);
    return FALSE;
  }
  if (method->stream && origin->open_stream == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "%s answers a stream, which needs a WebSocket or the Unix socket", method->name);
    return FALSE;
  }
  if (method->stream)
    return orf_stream_hub_check (orf_router_get_streams (origin->router), error);
  return method->role != ORF_ROLE_INGEST ||
         orf_memory_check_ingest (orf_router_get_memory (origin->router), error);
}

static char *
dup_key (const OrfCall *call, const char *key)
{
  if (key == NULL || !g_str_has_prefix (call->origin.actor, ORF_CALL_TOKEN_ACTOR_PREFIX))
    return g_strdup (key);
  return g_strconcat (call->origin.actor, " ", key, NULL);
}

static void
take_trace (OrfCall *call, const OrfCallMeta *meta)
{
  char state[ORF_TRACE_STATE_CHARS + 1];

  call->has_trace = orf_trace_context_parse (meta->traceparent, &call->trace);
  if (call->has_trace && meta->tracestate != NULL &&
      orf_trace_state_clean (meta->tracestate, state) > 0)
    call->trace_state = g_strdup (state);
}

static void
take_meta (OrfCall *call, const OrfCallMeta *meta)
{
  const OrfRpcLimits *limits = orf_router_get_limits (call->origin.router);
  gint64 patience_us = limits->default_deadline_us, came_us = 0;

  if (meta != NULL) {
    if (meta->deadline_ms > 0)
      patience_us = meta->deadline_ms * ORF_US_PER_MS;
    came_us = meta->came_us;
    call->idempotency_key = dup_key (call, meta->idempotency_key);
    take_trace (call, meta);
  }
  if (came_us == 0)
    came_us = orf_clock_monotonic_us ();
  call->deadline_us = came_us + MIN (patience_us, limits->max_deadline_us);
}

/* What a call that its handler keeps holds until it is freed. */
static void
count_memory (OrfCall *call)
{
  call->held_bytes = sizeof *call + orf_struct_measure (call->method->params, call->params);
  orf_memory_add (orf_router_get_memory (call->origin.router), ORF_MEMORY_RPC,
                  (gint64) call->held_bytes);
}

/* For a call that its handler keeps: the timer, and the reference with which the owner can stop it.
 */
static void
watch_deadline (OrfCall *call)
{
  gint64 left_us = MAX (call->deadline_us - orf_clock_monotonic_us (), 0);

  call->deadline = orf_timer_start ((guint) ((left_us + ORF_US_PER_MS - 1) / ORF_US_PER_MS),
                                    deadline_cb, call);
}

/* Without its row no state is changed; what only reads (a backup) goes on when the disk is full. */
static void
audited_cb (gpointer data, const GError *error)
{
  OrfCall *call = data;

  if (orf_call_is_ended (call)) {
    orf_call_unref (call); /* nobody waits any more: it is not begun */
  } else if (error != NULL && call->method->writes) {
    orf_call_fail (call, g_error_copy (error));
  } else {
    if (error != NULL)
      g_warning ("%s by %s is not in the audit: %s", call->method->name, call->origin.actor,
                 error->message);
    orf_router_run (call->origin.router, call, call->method, call->params);
  }
}

/* Nobody waits for what came so long ago: it may have been read behind others. */
static gboolean
check_time (const OrfCall *call, GError **error)
{
  if (orf_clock_monotonic_us () < call->deadline_us)
    return TRUE;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                       "the deadline passed before the call was begun");
  return FALSE;
}

/* What the handler starts meanwhile belongs to the call. */
static void
begin (OrfCall *call, OrfCallParams *params)
{
  g_autoptr (GError) error = NULL;
  OrfSteps *before;

  call->steps = orf_router_begin_trace (call->origin.router, call);
  before = orf_steps_enter (call->steps);
  if (!check_allowed (&call->origin, call->method, &error) || !check_time (call, &error) ||
      !take_params (call, params, &error))
    orf_call_fail (call, g_steal_pointer (&error));
  else if (orf_router_wants_audit (call->origin.router, call->method))
    orf_router_audit (call->origin.router, call->origin.actor, call->method, params->detail,
                      audited_cb, call);
  else
    orf_router_run (call->origin.router, call, call->method, call->params);
  orf_steps_enter (before);
}

OrfCall *
orf_call_start (const OrfCallOrigin *origin,
                const OrfMethod *method,
                OrfCallParams *params,
                const OrfCallMeta *meta)
{
  g_autoptr (GError) error = NULL;
  OrfCall *call;

  if (!orf_router_enter (origin->router, method, &error)) {
    origin->sink (origin->owner, NULL, 0, error);
    return NULL;
  }
  call = g_new0 (OrfCall, 1);
  call->references = 3; /* the handler's, the owner's, ours */
  call->origin = *origin;
  call->method = method;
  orf_router_ref (origin->router);
  g_ref_string_acquire ((char *) origin->actor);
  take_meta (call, meta);
  begin (call, params);
  if (orf_call_is_ended (call)) {
    orf_call_unref (call);
    return NULL;
  }
  call->waiting_us = orf_router_begin_wait (origin->router, method);
  count_memory (call);
  watch_deadline (call);
  orf_call_unref (call);
  return call;
}
