/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-own-tracer.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "core/orf-clock.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "store/orf-store-spans.h"

/* How long a span waits for others to be written with it. */
#define WRITE_MS 1000
/* Spans written at once. */
#define BATCH_SPANS 256
/* Spans on their way to the file, beyond which further ones are dropped. */
#define MAX_WRITING 2048
/* OTLP's flags beside those of W3C: whether the parent is in another process is known, and is so.
 */
#define FLAG_HAS_IS_REMOTE 0x100
#define FLAG_IS_REMOTE     0x200
/* Calls until one is sampled, at most: of a percentage next to nothing the draw is no integer. */
#define MAX_UNTIL_SAMPLED 1e15

struct _OrfOwnTracer {
  OrfOwnTracerParts parts;
  gboolean skipped[ORF_N_METHODS];
  char *resource, *scope; /* JSON */

  double percent; /* that until_sampled was drawn of */
  gint64 until_sampled;
  double tokens; /* spans that may be made now */
  gint64 tokens_at_us;

  OrfSpanBatch *batch; /* not written yet; NULL: none */
  guint timer;
  guint writing;
  guint64 n_written, n_dropped;
};

typedef struct {
  OrfOwnTracer *tracer;
  guint n_spans;
} Write;

/* ---- which calls ----------------------------------------------------------------------------- */

static gboolean
is_skipped (const OrfMethod *method)
{
  return method->stream || g_str_has_prefix (method->name, "traces.") ||
         g_str_has_prefix (method->name, "stream.") || strcmp (method->name, "rpc.cancel") == 0;
}

/* How many calls from now on the next one is sampled: a draw each time one was costs less than a
 * draw a call, and is as random. */
static gint64
draw (double percent)
{
  double u = (randombytes_random () + 1.0) / 4294967296.0;

  if (percent <= 0)
    return G_MAXINT64;
  if (percent >= 100)
    return 1;
  return 1 + (gint64) MIN (log (u) / log1p (-percent / 100), MAX_UNTIL_SAMPLED);
}

static gboolean
is_sampled (OrfOwnTracer *tracer)
{
  double percent = tracer->parts.config->trace.sample_percent;

  if (percent != tracer->percent) { /* the config was read again */
    tracer->percent = percent;
    tracer->until_sampled = draw (percent);
  }
  if (--tracer->until_sampled > 0)
    return FALSE;
  tracer->until_sampled = draw (percent);
  return TRUE;
}

/* A second's worth may come at once. */
static gboolean
is_within_rate (OrfOwnTracer *tracer, gint64 now_us)
{
  double rate = (double) tracer->parts.config->trace.max_spans_per_s;
  double gained = (double) (now_us - tracer->tokens_at_us) / ORF_US_PER_S * rate;

  tracer->tokens = MIN (tracer->tokens + gained, rate);
  tracer->tokens_at_us = now_us;
  return tracer->tokens >= 1;
}

static OrfSteps *
begin_cb (gpointer user_data, OrfCall *call)
{
  OrfOwnTracer *tracer = user_data;
  const OrfTraceContext *caller = orf_call_get_trace (call);

  if (tracer->skipped[orf_method_get_id (orf_call_get_method (call))])
    return NULL;
  if (caller != NULL ? (caller->flags & ORF_TRACE_FLAG_SAMPLED) == 0 : !is_sampled (tracer))
    return NULL;
  if (!is_within_rate (tracer, orf_clock_monotonic_us ()) || tracer->writing > MAX_WRITING) {
    tracer->n_dropped++;
    return NULL;
  }
  return orf_steps_new (tracer->parts.config->trace.slow_us);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static void
add_text (GString *json, const char *name, const char *value)
{
  orf_encode_member (json, name);
  orf_encode_string (json, value, -1);
}

/* OpenTelemetry's semantic conventions of JSON-RPC. */
static guint32
add_call_attributes (OrfSpanBatch *batch, OrfCall *call, guint n_dropped, const GError *error)
{
  g_autoptr (GString) json = g_string_new ("{");

  add_text (json, "rpc.system", orf_call_is_rest (call) ? "rest" : "jsonrpc");
  add_text (json, "rpc.method", orf_call_get_method (call)->name);
  if (!orf_call_is_rest (call))
    add_text (json, "rpc.jsonrpc.version", "2.0");
  if (error != NULL) {
    OrfErrorCode code = orf_error_get_code (error);

    add_text (json, "error.type", orf_error_code_to_name (code));
    if (!orf_call_is_rest (call)) {
      orf_encode_member (json, "rpc.jsonrpc.error_code");
      orf_encode_integer (json, orf_error_code_to_jsonrpc (code));
    }
  }
  if (n_dropped > 0) {
    orf_encode_member (json, "orfeas.dropped_steps");
    orf_encode_integer (json, n_dropped);
  }
  g_string_append_c (json, '}');
  return orf_span_batch_add_text (batch, json->str, (gssize) json->len);
}

/* What all spans of a call have alike. */
static OrfSpan
make_span (OrfOwnTracer *tracer, const char *name)
{
  OrfSpan span = { .has_flags = TRUE };

  randombytes_buf (span.span_id, sizeof span.span_id);
  span.operation = orf_span_batch_add_operation (tracer->batch,
                                                 tracer->parts.config->trace.service_name, name);
  span.source = orf_span_batch_add_source (tracer->batch, tracer->resource, tracer->scope);
  return span;
}

/* Its times are set later. */
static OrfSpan
make_call_span (OrfOwnTracer *tracer, OrfCall *call, guint n_dropped, const GError *error)
{
  const OrfTraceContext *caller = orf_call_get_trace (call);
  OrfSpan span = make_span (tracer, orf_call_get_method (call)->name);

  span.kind = ORF_SPAN_KIND_SERVER;
  span.flags = ORF_TRACE_FLAG_SAMPLED | FLAG_HAS_IS_REMOTE;
  span.has_parent = caller != NULL;
  if (caller != NULL) {
    const char *state = orf_call_get_trace_state (call);

    memcpy (span.trace_id, caller->trace_id, sizeof span.trace_id);
    memcpy (span.parent_id, caller->span_id, sizeof span.parent_id);
    span.flags = caller->flags | FLAG_HAS_IS_REMOTE | FLAG_IS_REMOTE;
    if (state != NULL)
      span.trace_state = orf_span_batch_add_text (tracer->batch, state, -1);
  } else {
    randombytes_buf (span.trace_id, sizeof span.trace_id);
    span.flags |= ORF_TRACE_FLAG_RANDOM;
  }
  if (error != NULL) {
    span.outcome = ORF_SPAN_OUTCOME_ERROR;
    span.message = orf_span_batch_add_text (tracer->batch, error->message, -1);
  }
  span.attributes = add_call_attributes (tracer->batch, call, n_dropped, error);
  return span;
}

/* offset_us: what makes wall time of monotonic time. */
static void
add_step (OrfOwnTracer *tracer, const OrfSpan *parent, const OrfStep *step, gint64 offset_us)
{
  static const char of_sqlite[] = "{\"db.system.name\":\"sqlite\"}";
  OrfSpan span = make_span (tracer, step->name);

  memcpy (span.trace_id, parent->trace_id, sizeof span.trace_id);
  memcpy (span.parent_id, parent->span_id, sizeof span.parent_id);
  span.has_parent = TRUE;
  span.kind = ORF_SPAN_KIND_INTERNAL;
  span.flags = (parent->flags & (ORF_TRACE_FLAG_SAMPLED | ORF_TRACE_FLAG_RANDOM)) |
               FLAG_HAS_IS_REMOTE;
  span.start_us = step->start_us + offset_us;
  span.duration_us = step->end_us - step->start_us;
  if (g_str_has_prefix (step->name, "store.") || g_str_has_prefix (step->name, "sql."))
    span.attributes = orf_span_batch_add_text (tracer->batch, of_sqlite, -1);
  g_array_append_val (tracer->batch->spans, span);
}

/* ---- to the file ----------------------------------------------------------------------------- */

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Write *write = user_data;
  OrfOwnTracer *tracer = write->tracer;

  tracer->writing -= write->n_spans;
  if (error != NULL)
    tracer->n_dropped += write->n_spans;
  else
    tracer->n_written += write->n_spans;
  g_free (write);
}

static void
write_batch (OrfOwnTracer *tracer)
{
  OrfSteps *before = orf_steps_enter (NULL); /* it is no step of whichever call filled the batch */
  Write *write = g_new (Write, 1);

  g_clear_handle_id (&tracer->timer, g_source_remove);
  *write = (Write){ tracer, tracer->batch->spans->len };
  tracer->writing += write->n_spans;
  orf_store_write_spans (tracer->parts.store, g_steal_pointer (&tracer->batch),
                         (guint) tracer->parts.config->trace.max_operations, NULL, written_cb,
                         write);
  orf_steps_enter (before);
}

static gboolean
write_cb (gpointer user_data)
{
  OrfOwnTracer *tracer = user_data;

  tracer->timer = 0;
  write_batch (tracer);
  return G_SOURCE_REMOVE;
}

static void
end_cb (gpointer user_data, OrfCall *call, const OrfSteps *steps, const GError *error)
{
  OrfOwnTracer *tracer = user_data;
  gint64 now_us = orf_clock_monotonic_us (), offset_us = orf_clock_now_us () - now_us;
  guint n_steps;
  const OrfStep *all = orf_steps_get (steps, &n_steps);
  OrfSpan span;

  if (tracer->batch == NULL)
    tracer->batch = orf_span_batch_new ();
  span = make_call_span (tracer, call, orf_steps_get_n_dropped (steps), error);
  span.start_us = orf_steps_get_began_us (steps) + offset_us;
  span.duration_us = now_us - orf_steps_get_began_us (steps);
  g_array_append_val (tracer->batch->spans, span);
  for (guint i = 0; i < n_steps; i++)
    add_step (tracer, &span, &all[i], offset_us);
  tracer->tokens -= 1 + n_steps;
  if (tracer->batch->spans->len >= BATCH_SPANS)
    write_batch (tracer);
  else if (tracer->timer == 0)
    tracer->timer = g_timeout_add (WRITE_MS, write_cb, tracer);
}

/* ---- figures --------------------------------------------------------------------------------- */

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  const OrfOwnTracer *tracer = self;

  orf_frame_add (frame, ORF_METRIC_ORFEAS_TRACE_SPANS, NULL, (double) tracer->n_written);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_TRACE_DROPPED, NULL, (double) tracer->n_dropped);
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfOwnTracer *) self)->parts.config->host.sample_us;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
describe (OrfOwnTracer *tracer)
{
  g_autoptr (GString) resource = g_string_new ("{");
  g_autoptr (GString) scope = g_string_new ("{");

  add_text (resource, "service.name", tracer->parts.config->trace.service_name);
  add_text (resource, "service.version", ORF_VERSION);
  add_text (resource, "host.name", g_get_host_name ());
  orf_encode_member (resource, "process.pid");
  orf_encode_integer (resource, getpid ());
  g_string_append_c (resource, '}');
  add_text (scope, "name", "orfeasd");
  add_text (scope, "version", ORF_VERSION);
  g_string_append_c (scope, '}');
  tracer->resource = g_string_free (g_steal_pointer (&resource), FALSE);
  tracer->scope = g_string_free (g_steal_pointer (&scope), FALSE);
}

OrfOwnTracer *
orf_own_tracer_new (const OrfOwnTracerParts *parts)
{
  static const OrfCallTracing tracing = { begin_cb, end_cb };
  static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };
  OrfOwnTracer *tracer;

  if (parts->config->trace.service_name[0] == '\0')
    return NULL;
  tracer = g_new0 (OrfOwnTracer, 1);
  tracer->parts = *parts;
  for (guint i = 0; i < ORF_N_METHODS; i++)
    tracer->skipped[i] = is_skipped (&orf_methods[i]);
  tracer->percent = parts->config->trace.sample_percent;
  tracer->until_sampled = draw (tracer->percent);
  tracer->tokens = (double) parts->config->trace.max_spans_per_s;
  tracer->tokens_at_us = orf_clock_monotonic_us ();
  describe (tracer);
  orf_router_set_tracing (parts->router, &tracing, tracer);
  if (parts->sampler != NULL)
    orf_sampler_add_source (parts->sampler, &source, tracer);
  return tracer;
}

void
orf_own_tracer_stop (OrfOwnTracer *tracer)
{
  orf_router_set_tracing (tracer->parts.router, NULL, NULL);
  if (tracer->batch != NULL)
    write_batch (tracer);
}

void
orf_own_tracer_free (OrfOwnTracer *tracer)
{
  if (tracer == NULL)
    return;
  g_assert (tracer->timer == 0 && tracer->writing == 0); /* stopped, and the store is closed */
  g_free (tracer->resource);
  g_free (tracer->scope);
  g_free (tracer);
}
