/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-spans.h"

#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"
#include "otlp/orf-otlp-attribute.h"

#define NS_PER_US 1000

/* The same of an operation. */
#define UNKNOWN_OPERATION "unknown"

#define NOT_TEXT "an attribute is broken, nested too deep, or not UTF-8"

typedef struct {
  OrfOtlpSpans *spans;
  const OrfOtlpSpanLimits *limits;
  GString *service, *resource, *scope; /* of what is being mapped */
  const char *wrong;                   /* with resource or scope; NULL: nothing */
  guint source;
  GString *scratch;
} Mapper;

void
orf_otlp_spans_clear (OrfOtlpSpans *spans)
{
  g_clear_pointer (&spans->batch, orf_span_batch_free);
  g_clear_pointer (&spans->reason, g_free);
}

static void
reject (OrfOtlpSpans *spans, const Otlp__Span *span, const char *why)
{
  const char *name = span->name != NULL ? span->name : "";

  spans->n_rejected++;
  /* the answer is JSON or protobuf's text, which are UTF-8 */
  if (spans->reason == NULL)
    spans->reason = g_utf8_validate (name, -1, NULL)
                      ? g_strdup_printf ("span \"%.*s\": %s",
                                         (int) orf_span_batch_cut_name (name, strlen (name)), name,
                                         why)
                      : g_strdup (why);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static OrfOtlpBytes
get_bytes (const ProtobufCBinaryData *data)
{
  return (OrfOtlpBytes){ data->data, data->len };
}

/* An object of them. */
static gboolean
add_object (GString *json, const ProtobufCBinaryData *attributes, size_t n_attributes)
{
  g_string_append_c (json, '{');
  for (size_t i = 0; i < n_attributes; i++)
    if (!orf_otlp_attribute_add_json (json, get_bytes (&attributes[i])))
      return FALSE;
  g_string_append_c (json, '}');
  return TRUE;
}

/* ", "attributes":{…}", where there are any. */
static gboolean
add_attributes (GString *json,
                const ProtobufCBinaryData *attributes,
                size_t n_attributes,
                guint n_dropped)
{
  if (n_attributes > 0) {
    orf_encode_member (json, "attributes");
    if (!add_object (json, attributes, n_attributes))
      return FALSE;
  }
  if (n_dropped > 0) {
    orf_encode_member (json, "dropped_attributes");
    orf_encode_integer (json, n_dropped);
  }
  return TRUE;
}

static gboolean
is_text (const char *text)
{
  return text == NULL || g_utf8_validate (text, -1, NULL);
}

static void
add_hex (GString *json, const char *name, const ProtobufCBinaryData *id)
{
  orf_encode_member (json, name);
  g_string_append_c (json, '"');
  for (size_t i = 0; i < id->len; i++)
    g_string_append_printf (json, "%02x", id->data[i]);
  g_string_append_c (json, '"');
}

static gboolean
add_event (GString *json, const Otlp__SpanEvent *event)
{
  if (!is_text (event->name))
    return FALSE;
  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "t_us");
  orf_encode_integer (json, (gint64) (event->time_unix_nano / NS_PER_US));
  orf_encode_member (json, "name");
  orf_encode_string (json, event->name != NULL ? event->name : "", -1);
  if (!add_attributes (json, event->attributes, event->n_attributes,
                       event->dropped_attributes_count))
    return FALSE;
  g_string_append_c (json, '}');
  return TRUE;
}

static gboolean
add_link (GString *json, const Otlp__SpanLink *link)
{
  if (!is_text (link->trace_state))
    return FALSE;
  orf_encode_comma (json);
  g_string_append_c (json, '{');
  add_hex (json, "trace_id", &link->trace_id);
  add_hex (json, "span_id", &link->span_id);
  if (link->trace_state != NULL && link->trace_state[0] != '\0') {
    orf_encode_member (json, "trace_state");
    orf_encode_string (json, link->trace_state, -1);
  }
  if (link->has_flags) {
    orf_encode_member (json, "flags");
    orf_encode_integer (json, link->flags);
  }
  if (!add_attributes (json, link->attributes, link->n_attributes, link->dropped_attributes_count))
    return FALSE;
  g_string_append_c (json, '}');
  return TRUE;
}

/* What is in scratch. */
static guint32
keep (Mapper *mapper)
{
  return orf_span_batch_add_text (mapper->spans->batch, mapper->scratch->str,
                                  (gssize) mapper->scratch->len);
}

static gboolean
map_attributes (Mapper *mapper, const Otlp__Span *sent, OrfSpan *span)
{
  if (sent->n_attributes == 0)
    return TRUE;
  g_string_truncate (mapper->scratch, 0);
  if (!add_object (mapper->scratch, sent->attributes, sent->n_attributes))
    return FALSE;
  span->attributes = keep (mapper);
  return TRUE;
}

static gboolean
map_events (Mapper *mapper, const Otlp__Span *sent, OrfSpan *span)
{
  if (sent->n_events == 0)
    return TRUE;
  g_string_assign (mapper->scratch, "[");
  for (size_t i = 0; i < sent->n_events; i++)
    if (!add_event (mapper->scratch, sent->events[i]))
      return FALSE;
  g_string_append_c (mapper->scratch, ']');
  span->events = keep (mapper);
  return TRUE;
}

static gboolean
map_links (Mapper *mapper, const Otlp__Span *sent, OrfSpan *span)
{
  if (sent->n_links == 0)
    return TRUE;
  g_string_assign (mapper->scratch, "[");
  for (size_t i = 0; i < sent->n_links; i++)
    if (!add_link (mapper->scratch, sent->links[i]))
      return FALSE;
  g_string_append_c (mapper->scratch, ']');
  span->links = keep (mapper);
  return TRUE;
}

static void
map_dropped (Mapper *mapper, const Otlp__Span *sent, OrfSpan *span)
{
  const struct {
    const char *name;
    guint n;
  } all[] = {
    { "attributes", sent->dropped_attributes_count },
    { "events", sent->dropped_events_count },
    { "links", sent->dropped_links_count },
  };

  if (all[0].n == 0 && all[1].n == 0 && all[2].n == 0)
    return;
  g_string_assign (mapper->scratch, "{");
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i].n > 0) {
      orf_encode_member (mapper->scratch, all[i].name);
      orf_encode_integer (mapper->scratch, all[i].n);
    }
  g_string_append_c (mapper->scratch, '}');
  span->dropped = keep (mapper);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static gboolean
map_id (const ProtobufCBinaryData *sent, guint8 *id, size_t length)
{
  static const guint8 none[ORF_TRACE_ID_BYTES];

  if (sent->len != length || memcmp (sent->data, none, length) == 0)
    return FALSE;
  memcpy (id, sent->data, length);
  return TRUE;
}

/* Why it cannot be taken; NULL: it can. */
static const char *
map_ids (const Otlp__Span *sent, OrfSpan *span)
{
  if (!map_id (&sent->trace_id, span->trace_id, ORF_TRACE_ID_BYTES))
    return "its trace id is not one of 16 bytes";
  if (!map_id (&sent->span_id, span->span_id, ORF_SPAN_ID_BYTES))
    return "its span id is not one of 8 bytes";
  span->has_parent = map_id (&sent->parent_span_id, span->parent_id, ORF_SPAN_ID_BYTES);
  /* all zeros is how some say that there is none */
  if (!span->has_parent && sent->parent_span_id.len != 0 &&
      sent->parent_span_id.len != ORF_SPAN_ID_BYTES)
    return "its parent's id is not one of 8 bytes";
  return NULL;
}

/* One that ends before it begins has no length: clocks are set while spans are open. */
static const char *
map_times (const Mapper *mapper, const Otlp__Span *sent, OrfSpan *span)
{
  gint64 end_us = (gint64) (sent->end_time_unix_nano / NS_PER_US);

  span->start_us = (gint64) (sent->start_time_unix_nano / NS_PER_US);
  span->duration_us = MAX (end_us - span->start_us, 0);
  end_us = span->start_us + span->duration_us;
  if (span->start_us == 0)
    return "it has no start time";
  if (end_us < mapper->limits->oldest_us)
    return "it is older than [trace] retention_us";
  if (end_us > mapper->limits->newest_us)
    return "it is further ahead of the clock than [metrics] future_us";
  return NULL;
}

static OrfSpanKind
get_kind (int kind)
{
  static const OrfSpanKind kinds[] = { ORF_SPAN_KIND_INTERNAL, ORF_SPAN_KIND_INTERNAL,
                                       ORF_SPAN_KIND_SERVER,   ORF_SPAN_KIND_CLIENT,
                                       ORF_SPAN_KIND_PRODUCER, ORF_SPAN_KIND_CONSUMER };

  return kind >= 0 && kind < (int) G_N_ELEMENTS (kinds) ? kinds[kind] : ORF_SPAN_KIND_INTERNAL;
}

static OrfSpanOutcome
get_outcome (const Otlp__SpanStatus *status)
{
  static const OrfSpanOutcome outcomes[] = { ORF_SPAN_OUTCOME_UNSET, ORF_SPAN_OUTCOME_OK,
                                             ORF_SPAN_OUTCOME_ERROR };

  return status != NULL && status->code >= 0 && status->code < (int) G_N_ELEMENTS (outcomes)
           ? outcomes[status->code]
           : ORF_SPAN_OUTCOME_UNSET;
}

static guint32
map_text (Mapper *mapper, const char *text)
{
  return text != NULL && text[0] != '\0' ? orf_span_batch_add_text (mapper->spans->batch, text, -1)
                                         : 0;
}

static const char *
map_texts (Mapper *mapper, const Otlp__Span *sent, OrfSpan *span)
{
  const char *name = sent->name != NULL && sent->name[0] != '\0' ? sent->name : UNKNOWN_OPERATION;
  const char *message = sent->status != NULL ? sent->status->message : NULL;

  if (!is_text (name) || !is_text (message) || !is_text (sent->trace_state))
    return "its name, message or trace state is not UTF-8";
  if (!map_attributes (mapper, sent, span) || !map_events (mapper, sent, span) ||
      !map_links (mapper, sent, span))
    return NOT_TEXT;
  map_dropped (mapper, sent, span);
  span->message = map_text (mapper, message);
  span->trace_state = map_text (mapper, sent->trace_state);
  span->operation = orf_span_batch_add_operation (mapper->spans->batch, mapper->service->str, name);
  return NULL;
}

static void
map_span (Mapper *mapper, const Otlp__Span *sent)
{
  OrfSpan span = {
    .kind = get_kind (sent->kind),
    .outcome = get_outcome (sent->status),
    .has_flags = sent->has_flags,
    .flags = sent->flags,
    .source = mapper->source,
  };
  const char *wrong = mapper->wrong;

  if (wrong == NULL)
    wrong = map_ids (sent, &span);
  if (wrong == NULL)
    wrong = map_times (mapper, sent, &span);
  if (wrong == NULL)
    wrong = map_texts (mapper, sent, &span);
  if (wrong == NULL)
    g_array_append_val (mapper->spans->batch->spans, span);
  else
    reject (mapper->spans, sent, wrong);
}

/* ---- resource and scope ---------------------------------------------------------------------- */

/* An attribute of the resource: one of them names the service. */
static gboolean
add_resource_attribute (Mapper *mapper, OrfOtlpBytes attribute)
{
  static const char name[] = "service.name";
  OrfOtlpBytes key;

  if (!orf_otlp_attribute_add_json (mapper->resource, attribute) ||
      !orf_otlp_attribute_read (attribute, &key, mapper->scratch))
    return FALSE;
  if (key.length == strlen (name) && memcmp (key.data, name, key.length) == 0 &&
      mapper->scratch->len > 0)
    g_string_assign (mapper->service, mapper->scratch->str);
  return TRUE;
}

static gboolean
map_resource (Mapper *mapper, OrfOtlpBytes resource)
{
  OrfOtlpField field;
  gboolean broken = FALSE;

  g_string_assign (mapper->service, ORF_OTLP_UNKNOWN_SERVICE);
  g_string_assign (mapper->resource, "{");
  while (orf_otlp_wire_next (&resource, &field, &broken))
    if (field.number == 1 && field.type == ORF_OTLP_WIRE_BYTES &&
        !add_resource_attribute (mapper, field.bytes))
      return FALSE;
  g_string_append_c (mapper->resource, '}');
  return !broken;
}

static gboolean
add_scope_text (Mapper *mapper, const char *name, OrfOtlpBytes text)
{
  if (text.length == 0)
    return TRUE;
  if (!g_utf8_validate_len ((const char *) text.data, text.length, NULL))
    return FALSE;
  orf_encode_member (mapper->scope, name);
  orf_encode_string (mapper->scope, (const char *) text.data, (gssize) text.length);
  return TRUE;
}

/* Attributes come last: then the object of them need not be begun anew. */
static gboolean
map_scope (Mapper *mapper, OrfOtlpBytes scope)
{
  gboolean broken = FALSE, has_attributes = FALSE;
  OrfOtlpField field;

  g_string_assign (mapper->scope, "{");
  g_string_assign (mapper->scratch, "{");
  while (orf_otlp_wire_next (&scope, &field, &broken)) {
    if (field.type != ORF_OTLP_WIRE_BYTES)
      continue;
    if ((field.number == 1 && !add_scope_text (mapper, "name", field.bytes)) ||
        (field.number == 2 && !add_scope_text (mapper, "version", field.bytes)) ||
        (field.number == 3 && !orf_otlp_attribute_add_json (mapper->scratch, field.bytes)))
      return FALSE;
    has_attributes |= field.number == 3;
  }
  if (has_attributes) {
    orf_encode_member (mapper->scope, "attributes");
    g_string_append_printf (mapper->scope, "%s}", mapper->scratch->str);
  }
  g_string_append_c (mapper->scope, '}');
  return !broken;
}

static gboolean
is_within (const Mapper *mapper, GError **error)
{
  if (mapper->spans->batch->spans->len > mapper->limits->max_spans) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "the request has more than %u spans ([otlp] max_rows): send fewer at a time",
                 mapper->limits->max_spans);
    return FALSE;
  }
  if (orf_span_batch_measure (mapper->spans->batch) <= mapper->limits->max_bytes)
    return TRUE;
  orf_otlp_message_set_too_large (error);
  return FALSE;
}

static gboolean
map_scope_spans (Mapper *mapper, const Otlp__ScopeSpans *sent, GError **error)
{
  const char *outer = mapper->wrong;
  gboolean within = TRUE;

  if (outer == NULL && !map_scope (mapper, get_bytes (&sent->scope)))
    mapper->wrong = "its scope is broken";
  if (mapper->wrong == NULL)
    mapper->source = orf_span_batch_add_source (mapper->spans->batch, mapper->resource->str,
                                                mapper->scope->len > 2 ? mapper->scope->str : NULL);
  for (size_t i = 0; within && i < sent->n_spans; i++) {
    map_span (mapper, sent->spans[i]);
    within = is_within (mapper, error);
  }
  mapper->wrong = outer;
  return within;
}

static gboolean
map_resource_spans (Mapper *mapper, const Otlp__ResourceSpans *sent, GError **error)
{
  mapper->wrong = map_resource (mapper, get_bytes (&sent->resource)) ? NULL
                                                                     : "its resource is broken";
  for (size_t i = 0; i < sent->n_scope_spans; i++)
    if (!map_scope_spans (mapper, sent->scope_spans[i], error))
      return FALSE;
  return TRUE;
}

gboolean
orf_otlp_spans_map (OrfOtlpSpans *spans,
                    const OrfOtlpSpanLimits *limits,
                    const Otlp__TracesRequest *request,
                    GError **error)
{
  g_autoptr (GString) service = g_string_new (NULL);
  g_autoptr (GString) resource = g_string_new (NULL);
  g_autoptr (GString) scope = g_string_new (NULL);
  g_autoptr (GString) scratch = g_string_new (NULL);
  Mapper mapper = { spans, limits, service, resource, scope, NULL, 0, scratch };

  for (size_t i = 0; i < request->n_resource_spans; i++)
    if (!map_resource_spans (&mapper, request->resource_spans[i], error))
      return FALSE;
  return TRUE;
}
