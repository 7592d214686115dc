/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jaeger/orf-jaeger-json.h"

#include <string.h>

#include "core/orf-names.h"
#include "orf-encode.h"
#include "otlp/orf-otlp-tree.h"
#include "traces/orf-trace-id.h"

/* For the trees of one span: its texts were as many bytes as a request may have. */
#define MAX_TREE_BYTES (256 << 20)

#define SERVICE_NAME "service.name"

typedef struct {
  GString *json;
  OrfOtlpArena *arena;
  char *trace_id;
  GHashTable *processes; /* service and resource -> its number */
  GPtrArray *first;      /* of each process, the first OrfSpanRow */
} Writer;

char *
orf_jaeger_json_format_trace_id (const guint8 id[ORF_TRACE_ID_BYTES])
{
  static const guint8 none[ORF_TRACE_ID_BYTES / 2];

  return memcmp (id, none, sizeof none) == 0 ? orf_trace_id_format (id + sizeof none, sizeof none)
                                             : orf_trace_id_format (id, ORF_TRACE_ID_BYTES);
}

/* ---- values ---------------------------------------------------------------------------------- */

static gboolean
is (const OrfOtlpNode *node, const char *key)
{
  return node->key_length == strlen (key) && memcmp (node->key, key, node->key_length) == 0;
}

static void
add_text (GString *json, const OrfOtlpNode *text)
{
  orf_encode_string (json, text->text, (gssize) text->length);
}

/* The node as JSON.  As deep as the parser lets it be. */
static void
add_tree (GString *json, const OrfOtlpNode *node)
{
  static const char *const words[] = {
    [ORF_OTLP_NODE_NULL] = "null", [ORF_OTLP_NODE_FALSE] = "false", [ORF_OTLP_NODE_TRUE] = "true"
  };
  gboolean object = node->type == ORF_OTLP_NODE_OBJECT;

  if (node->type <= ORF_OTLP_NODE_TRUE) {
    g_string_append (json, words[node->type]);
  } else if (node->type == ORF_OTLP_NODE_STRING) {
    add_text (json, node);
  } else if (node->type != ORF_OTLP_NODE_ARRAY && !object) {
    g_string_append_len (json, node->text, (gssize) node->length);
  } else {
    g_string_append_c (json, object ? '{' : '[');
    for (const OrfOtlpNode *child = node->first; child != NULL; child = child->next) {
      orf_encode_comma (json);
      if (object) {
        orf_encode_string (json, child->key, (gssize) child->key_length);
        g_string_append_c (json, ':');
      }
      add_tree (json, child);
    }
    g_string_append_c (json, object ? '}' : ']');
  }
}

/* {"key":KEY,"type":TYPE,"value": */
static void
begin_tag (GString *json, const char *key, gssize length, const char *type)
{
  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "key");
  orf_encode_string (json, key, length);
  orf_encode_member (json, "type");
  orf_encode_string (json, type, -1);
  orf_encode_member (json, "value");
}

static void
add_text_tag (GString *json, const char *key, const char *value)
{
  if (value == NULL)
    return;
  begin_tag (json, key, -1, "string");
  orf_encode_string (json, value, -1);
  g_string_append_c (json, '}');
}

static void
add_integer_tag (GString *json, const char *key, gint64 value)
{
  begin_tag (json, key, -1, "int64");
  orf_encode_integer (json, value);
  g_string_append_c (json, '}');
}

/* Lists and maps are text there. */
static void
add_node_tag (GString *json, const OrfOtlpNode *node)
{
  static const char *const types[] = {
    [ORF_OTLP_NODE_NULL] = "string",  [ORF_OTLP_NODE_FALSE] = "bool",
    [ORF_OTLP_NODE_TRUE] = "bool",    [ORF_OTLP_NODE_INTEGER] = "int64",
    [ORF_OTLP_NODE_REAL] = "float64", [ORF_OTLP_NODE_STRING] = "string",
    [ORF_OTLP_NODE_ARRAY] = "string", [ORF_OTLP_NODE_OBJECT] = "string",
  };

  begin_tag (json, node->key, (gssize) node->key_length, types[node->type]);
  if (node->type == ORF_OTLP_NODE_ARRAY || node->type == ORF_OTLP_NODE_OBJECT) {
    g_autoptr (GString) text = g_string_new (NULL);

    add_tree (text, node);
    orf_encode_string (json, text->str, (gssize) text->len);
  } else if (node->type == ORF_OTLP_NODE_NULL) {
    g_string_append (json, "\"\"");
  } else {
    add_tree (json, node);
  }
  g_string_append_c (json, '}');
}

/* A column's tree; NULL: it has none. */
static const OrfOtlpNode *
parse (const Writer *writer, const char *text)
{
  return text != NULL ? orf_otlp_tree_parse (writer->arena, text, strlen (text), NULL) : NULL;
}

static void
add_members (GString *json, const OrfOtlpNode *object, const char *except)
{
  if (object == NULL || object->type != ORF_OTLP_NODE_OBJECT)
    return;
  for (const OrfOtlpNode *member = object->first; member != NULL; member = member->next)
    if (except == NULL || !is (member, except))
      add_node_tag (json, member);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static void
add_reference (GString *json, const char *type, const char *trace_id, const char *span_id)
{
  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "refType");
  orf_encode_string (json, type, -1);
  orf_encode_member (json, "traceID");
  orf_encode_string (json, trace_id, -1);
  orf_encode_member (json, "spanID");
  orf_encode_string (json, span_id, -1);
  g_string_append_c (json, '}');
}

/* A link's ids are as long as its sender made them. */
static void
add_link (GString *json, const OrfOtlpNode *link)
{
  const OrfOtlpNode *trace_id = orf_otlp_node_get (link, "trace_id");
  const OrfOtlpNode *span_id = orf_otlp_node_get (link, "span_id");
  g_autofree char *trace = NULL, *span = NULL;
  guint8 id[ORF_TRACE_ID_BYTES];

  if (!orf_otlp_node_is (trace_id, ORF_OTLP_NODE_STRING) ||
      !orf_otlp_node_is (span_id, ORF_OTLP_NODE_STRING))
    return;
  trace = g_strndup (trace_id->text, trace_id->length);
  span = g_strndup (span_id->text, span_id->length);
  if (orf_trace_id_parse (trace, id, sizeof id)) {
    g_free (trace);
    trace = orf_jaeger_json_format_trace_id (id);
  }
  add_reference (json, "FOLLOWS_FROM", trace, span);
}

static void
add_references (const Writer *writer, const OrfSpanRow *row)
{
  const OrfOtlpNode *links = parse (writer, row->links);

  orf_encode_member (writer->json, "references");
  g_string_append_c (writer->json, '[');
  if (row->has_parent) {
    g_autofree char *parent = orf_trace_id_format (row->parent_id, ORF_SPAN_ID_BYTES);

    add_reference (writer->json, "CHILD_OF", writer->trace_id, parent);
  }
  for (const OrfOtlpNode *link = links != NULL ? links->first : NULL; link != NULL;
       link = link->next)
    add_link (writer->json, link);
  g_string_append_c (writer->json, ']');
}

static void
add_scope_tags (const Writer *writer, const OrfSpanRow *row)
{
  static const struct {
    const char *key, *tag;
  } all[] = { { "name", "otel.scope.name" }, { "version", "otel.scope.version" } };
  const OrfOtlpNode *scope = parse (writer, row->scope);

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    const OrfOtlpNode *text = orf_otlp_node_get (scope, all[i].key);

    if (!orf_otlp_node_is (text, ORF_OTLP_NODE_STRING))
      continue;
    begin_tag (writer->json, all[i].tag, -1, "string");
    add_text (writer->json, text);
    g_string_append_c (writer->json, '}');
  }
}

static void
add_status_tags (GString *json, const OrfSpanRow *row)
{
  gboolean failed = row->outcome == ORF_SPAN_OUTCOME_ERROR;

  if (row->outcome != ORF_SPAN_OUTCOME_UNSET)
    add_text_tag (json, "otel.status_code", failed ? "ERROR" : "OK");
  if (failed) {
    begin_tag (json, "error", -1, "bool");
    g_string_append (json, "true}");
  }
  add_text_tag (json, "otel.status_description", row->message);
}

/* What the sender left out. */
static void
add_dropped_tags (const Writer *writer, const OrfSpanRow *row)
{
  const OrfOtlpNode *dropped = parse (writer, row->dropped);

  for (const OrfOtlpNode *one = dropped != NULL ? dropped->first : NULL; one != NULL;
       one = one->next) {
    g_autofree char *key = g_strdup_printf ("otel.dropped_%.*s_count", (int) one->key_length,
                                            one->key);

    begin_tag (writer->json, key, -1, "int64");
    add_tree (writer->json, one);
    g_string_append_c (writer->json, '}');
  }
}

static void
add_tags (const Writer *writer, const OrfSpanRow *row)
{
  GString *json = writer->json;

  orf_encode_member (json, "tags");
  g_string_append_c (json, '[');
  add_scope_tags (writer, row);
  add_members (json, parse (writer, row->attributes), NULL);
  add_text_tag (json, "span.kind", orf_span_kind_to_string (row->kind));
  add_status_tags (json, row);
  add_text_tag (json, "w3c.tracestate", row->trace_state);
  add_dropped_tags (writer, row);
  add_text_tag (json, "orfeas.gpu", row->gpu);
  if (row->usual_us > 0)
    add_integer_tag (json, "orfeas.usual_us", row->usual_us);
  g_string_append_c (json, ']');
}

/* An event's name is its field `event`. */
static void
add_log (GString *json, const OrfOtlpNode *event)
{
  const OrfOtlpNode *time = orf_otlp_node_get (event, "t_us");
  const OrfOtlpNode *name = orf_otlp_node_get (event, "name");

  if (!orf_otlp_node_is (time, ORF_OTLP_NODE_INTEGER))
    return;
  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "timestamp");
  add_tree (json, time);
  orf_encode_member (json, "fields");
  g_string_append_c (json, '[');
  if (orf_otlp_node_is (name, ORF_OTLP_NODE_STRING) && name->length > 0) {
    begin_tag (json, "event", -1, "string");
    add_text (json, name);
    g_string_append_c (json, '}');
  }
  add_members (json, orf_otlp_node_get (event, "attributes"), NULL);
  g_string_append (json, "]}");
}

static void
add_logs (const Writer *writer, const OrfSpanRow *row)
{
  const OrfOtlpNode *events = parse (writer, row->events);

  orf_encode_member (writer->json, "logs");
  g_string_append_c (writer->json, '[');
  for (const OrfOtlpNode *event = events != NULL ? events->first : NULL; event != NULL;
       event = event->next)
    add_log (writer->json, event);
  g_string_append_c (writer->json, ']');
}

/* p1, p2, … */
static guint
find_process (Writer *writer, const OrfSpanRow *row)
{
  /* no name has a control character that it could be mistaken by: JSON begins with a brace */
  g_autofree char *key = g_strconcat (row->service, "\n", row->resource, NULL);
  gpointer number = g_hash_table_lookup (writer->processes, key);

  if (number == NULL) {
    g_ptr_array_add (writer->first, (gpointer) row);
    number = GUINT_TO_POINTER (writer->first->len);
    g_hash_table_insert (writer->processes, g_steal_pointer (&key), number);
  }
  return GPOINTER_TO_UINT (number);
}

static void
add_span (Writer *writer, const OrfSpanRow *row)
{
  g_autofree char *span_id = orf_trace_id_format (row->span_id, ORF_SPAN_ID_BYTES);
  GString *json = writer->json;

  orf_otlp_arena_reset (writer->arena, MAX_TREE_BYTES);
  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "traceID");
  orf_encode_string (json, writer->trace_id, -1);
  orf_encode_member (json, "spanID");
  orf_encode_string (json, span_id, -1);
  if (row->has_flags) {
    orf_encode_member (json, "flags");
    orf_encode_integer (json, row->flags & 0xff); /* W3C's; the rest is OTLP's own */
  }
  orf_encode_member (json, "operationName");
  orf_encode_string (json, row->operation, -1);
  add_references (writer, row);
  orf_encode_member (json, "startTime");
  orf_encode_integer (json, row->start_us);
  orf_encode_member (json, "duration");
  orf_encode_integer (json, row->duration_us);
  add_tags (writer, row);
  add_logs (writer, row);
  g_string_append_printf (json, ",\"processID\":\"p%u\",\"warnings\":null}",
                          find_process (writer, row));
}

/* ---- traces ---------------------------------------------------------------------------------- */

static void
add_processes (const Writer *writer)
{
  GString *json = writer->json;

  orf_encode_member (json, "processes");
  g_string_append_c (json, '{');
  for (guint i = 0; i < writer->first->len; i++) {
    const OrfSpanRow *row = writer->first->pdata[i];

    orf_otlp_arena_reset (writer->arena, MAX_TREE_BYTES);
    orf_encode_comma (json);
    g_string_append_printf (json, "\"p%u\":{", i + 1);
    orf_encode_member (json, "serviceName");
    orf_encode_string (json, row->service, -1);
    orf_encode_member (json, "tags");
    g_string_append_c (json, '[');
    add_members (json, parse (writer, row->resource), SERVICE_NAME);
    g_string_append (json, "]}");
  }
  g_string_append_c (json, '}');
}

void
orf_jaeger_json_add_trace (GString *json, OrfOtlpArena *arena, const GPtrArray *spans, gboolean cut)
{
  g_autoptr (GHashTable) processes = orf_names_table_new (g_free, NULL);
  g_autoptr (GPtrArray) first = g_ptr_array_new ();
  const OrfSpanRow *row = spans->pdata[0];
  g_autofree char *trace_id = orf_jaeger_json_format_trace_id (row->trace_id);
  Writer writer = { json, arena, trace_id, processes, first };

  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "traceID");
  orf_encode_string (json, trace_id, -1);
  orf_encode_member (json, "spans");
  g_string_append_c (json, '[');
  for (guint i = 0; i < spans->len; i++)
    add_span (&writer, spans->pdata[i]);
  g_string_append_c (json, ']');
  add_processes (&writer);
  orf_encode_member (json, "warnings");
  if (cut)
    g_string_append_printf (json,
                            "[\"the trace has more than these %u spans: those that began first\"]",
                            spans->len);
  else
    g_string_append (json, "null");
  g_string_append_c (json, '}');
}
