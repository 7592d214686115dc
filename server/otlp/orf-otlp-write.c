/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-write.h"

#include <string.h>

#include "core/orf-names.h"
#include "otlp/orf-otlp-attribute.h"
#include "otlp/orf-otlp-json.h"
#include "otlp/orf-otlp-spans.h"
#include "otlp/traces.pb-c.h"
#include "traces/orf-trace-id.h"

#define NS_PER_US 1000

#define SERVICE_NAME "service.name"

/* They go out as they are. */
G_STATIC_ASSERT (ORF_SPAN_KIND_INTERNAL == 1 && ORF_SPAN_KIND_SERVER == 2 &&
                 ORF_SPAN_KIND_CLIENT == 3 && ORF_SPAN_KIND_PRODUCER == 4 &&
                 ORF_SPAN_KIND_CONSUMER == 5);
G_STATIC_ASSERT (ORF_SPAN_OUTCOME_UNSET == 0 && ORF_SPAN_OUTCOME_OK == 1 &&
                 ORF_SPAN_OUTCOME_ERROR == 2);

typedef struct {
  OrfOtlpArena *arena;
  GString *scratch;
  gboolean full;
} Writer;

/* ---- memory ---------------------------------------------------------------------------------- */

/* Cleared; what stands in its place when there is no room is thrown away with all the rest. */
static gpointer
alloc (Writer *writer, gsize size)
{
  gpointer memory = orf_otlp_arena_alloc0 (writer->arena, size);

  writer->full |= memory == NULL;
  return memory;
}

static ProtobufCBinaryData
copy (Writer *writer, const void *data, gsize length)
{
  guint8 *memory = alloc (writer, length + 1);

  if (memory == NULL)
    return (ProtobufCBinaryData){ 0, NULL };
  memcpy (memory, data, length);
  return (ProtobufCBinaryData){ length, memory };
}

static ProtobufCBinaryData
copy_scratch (Writer *writer)
{
  return copy (writer, writer->scratch->str, writer->scratch->len);
}

/* The text of a string; NULL: it is none, or empty. */
static char *
dup_text (Writer *writer, const OrfOtlpNode *node)
{
  if (!orf_otlp_node_is (node, ORF_OTLP_NODE_STRING) || node->length == 0)
    return NULL;
  return (char *) copy (writer, node->text, node->length).data;
}

static const OrfOtlpNode *
parse (const Writer *writer, const char *json)
{
  return json != NULL ? orf_otlp_tree_parse (writer->arena, json, strlen (json), NULL) : NULL;
}

static guint32
get_count (const OrfOtlpNode *object, const char *key)
{
  const OrfOtlpNode *node = orf_otlp_node_get (object, key);
  gint64 count;

  return node != NULL && orf_otlp_json_get_int64 (node, &count)
           ? (guint32) CLAMP (count, 0, G_MAXUINT32)
           : 0;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static void write_value (GString *to, const OrfOtlpNode *node);

static void
write_pair (GString *to, const OrfOtlpNode *member)
{
  g_autoptr (GString) value = g_string_new (NULL);

  orf_otlp_wire_add_bytes (to, 1, member->key, member->key_length);
  write_value (value, member);
  orf_otlp_wire_add_bytes (to, 2, value->str, value->len);
}

/* The children, each as field 1 of a message that is field `number`. */
static void
write_children (GString *to,
                guint number,
                const OrfOtlpNode *node,
                void (*write) (GString *to, const OrfOtlpNode *child))
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (const OrfOtlpNode *child = node->first; child != NULL; child = child->next) {
    g_autoptr (GString) one = g_string_new (NULL);

    write (one, child);
    orf_otlp_wire_add_bytes (all, 1, one->str, one->len);
  }
  orf_otlp_wire_add_bytes (to, number, all->str, all->len);
}

static void
write_number (GString *to, const OrfOtlpNode *node)
{
  gint64 integer;
  guint64 bits;
  double number;

  if (node->type == ORF_OTLP_NODE_INTEGER && orf_otlp_json_get_int64 (node, &integer)) {
    orf_otlp_wire_add_varint (to, 3, (guint64) integer);
  } else if (orf_otlp_json_get_double (node, &number)) {
    memcpy (&bits, &number, sizeof bits);
    orf_otlp_wire_add_fixed64 (to, 4, bits);
  }
}

/* AnyValue.  As deep as the parser lets it be. */
static void
write_value (GString *to, const OrfOtlpNode *node)
{
  switch (node->type) {
  case ORF_OTLP_NODE_NULL:
    break; /* one that is nothing */
  case ORF_OTLP_NODE_FALSE:
  case ORF_OTLP_NODE_TRUE:
    orf_otlp_wire_add_varint (to, 2, node->type == ORF_OTLP_NODE_TRUE);
    break;
  case ORF_OTLP_NODE_STRING:
    orf_otlp_wire_add_bytes (to, 1, node->text, node->length);
    break;
  case ORF_OTLP_NODE_ARRAY:
    write_children (to, 5, node, write_value);
    break;
  case ORF_OTLP_NODE_OBJECT:
    write_children (to, 6, node, write_pair);
    break;
  case ORF_OTLP_NODE_INTEGER:
  case ORF_OTLP_NODE_REAL:
  default:
    write_number (to, node);
    break;
  }
}

/* *n members of an object, each as a KeyValue. */
static ProtobufCBinaryData *
make_attributes (Writer *writer, const OrfOtlpNode *object, size_t *n)
{
  ProtobufCBinaryData *attributes;

  if (!orf_otlp_node_is (object, ORF_OTLP_NODE_OBJECT) || object->n_children == 0)
    return NULL;
  attributes = alloc (writer, object->n_children * sizeof *attributes);
  if (attributes == NULL)
    return NULL;
  for (const OrfOtlpNode *member = object->first; member != NULL; member = member->next) {
    g_string_truncate (writer->scratch, 0);
    write_pair (writer->scratch, member);
    attributes[(*n)++] = copy_scratch (writer);
  }
  return attributes;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static ProtobufCBinaryData
make_id (Writer *writer, const OrfOtlpNode *object, const char *key)
{
  const OrfOtlpNode *hex = orf_otlp_node_get (object, key);
  guint8 id[ORF_TRACE_ID_BYTES];
  g_autofree char *text = NULL;

  if (!orf_otlp_node_is (hex, ORF_OTLP_NODE_STRING) || hex->length > 2 * sizeof id)
    return (ProtobufCBinaryData){ 0, NULL };
  text = g_strndup (hex->text, hex->length);
  return orf_trace_id_parse (text, id, hex->length / 2) ? copy (writer, id, hex->length / 2)
                                                        : (ProtobufCBinaryData){ 0, NULL };
}

static Otlp__SpanEvent *
make_event (Writer *writer, const OrfOtlpNode *node)
{
  Otlp__SpanEvent *event = alloc (writer, sizeof *event);
  const OrfOtlpNode *time = orf_otlp_node_get (node, "t_us");
  gint64 t_us = 0;

  if (event == NULL)
    return NULL;
  otlp__span_event__init (event);
  if (time != NULL)
    orf_otlp_json_get_int64 (time, &t_us);
  event->has_time_unix_nano = TRUE;
  event->time_unix_nano = (guint64) t_us * NS_PER_US;
  event->name = dup_text (writer, orf_otlp_node_get (node, "name"));
  event->attributes = make_attributes (writer, orf_otlp_node_get (node, "attributes"),
                                       &event->n_attributes);
  event->dropped_attributes_count = get_count (node, "dropped_attributes");
  event->has_dropped_attributes_count = event->dropped_attributes_count > 0;
  return event;
}

static Otlp__SpanLink *
make_link (Writer *writer, const OrfOtlpNode *node)
{
  Otlp__SpanLink *link = alloc (writer, sizeof *link);

  if (link == NULL)
    return NULL;
  otlp__span_link__init (link);
  link->has_trace_id = link->has_span_id = TRUE;
  link->trace_id = make_id (writer, node, "trace_id");
  link->span_id = make_id (writer, node, "span_id");
  link->trace_state = dup_text (writer, orf_otlp_node_get (node, "trace_state"));
  link->attributes = make_attributes (writer, orf_otlp_node_get (node, "attributes"),
                                      &link->n_attributes);
  link->dropped_attributes_count = get_count (node, "dropped_attributes");
  link->has_dropped_attributes_count = link->dropped_attributes_count > 0;
  link->has_flags = orf_otlp_node_get (node, "flags") != NULL;
  link->flags = get_count (node, "flags");
  return link;
}

/* What one column of a span is a list of. */
typedef ProtobufCMessage *(*MakeItem) (Writer *writer, const OrfOtlpNode *node);

static gpointer
make_items (Writer *writer, const char *json, MakeItem make, size_t *n)
{
  const OrfOtlpNode *list = parse (writer, json);
  ProtobufCMessage **items;

  if (!orf_otlp_node_is (list, ORF_OTLP_NODE_ARRAY) || list->n_children == 0)
    return NULL;
  items = alloc (writer, list->n_children * sizeof *items);
  if (items == NULL)
    return NULL;
  for (const OrfOtlpNode *node = list->first; node != NULL; node = node->next) {
    items[*n] = make (writer, node);
    *n += items[*n] != NULL;
  }
  return items;
}

static ProtobufCMessage *
make_event_cb (Writer *writer, const OrfOtlpNode *node)
{
  return (ProtobufCMessage *) make_event (writer, node);
}

static ProtobufCMessage *
make_link_cb (Writer *writer, const OrfOtlpNode *node)
{
  return (ProtobufCMessage *) make_link (writer, node);
}

/* Ids and texts are the row's, which outlives the message. */
static ProtobufCBinaryData
borrow (const guint8 *id, gsize length)
{
  return (ProtobufCBinaryData){ length, (guint8 *) id };
}

static void
set_status (Writer *writer, Otlp__Span *span, const OrfSpanRow *row)
{
  if (row->outcome == ORF_SPAN_OUTCOME_UNSET && row->message == NULL)
    return;
  span->status = alloc (writer, sizeof *span->status);
  if (span->status == NULL)
    return;
  otlp__span_status__init (span->status);
  span->status->has_code = TRUE;
  span->status->code = (int) row->outcome;
  span->status->message = row->message;
}

static void
set_lists (Writer *writer, Otlp__Span *span, const OrfSpanRow *row)
{
  const OrfOtlpNode *dropped = parse (writer, row->dropped);

  span->attributes = make_attributes (writer, parse (writer, row->attributes), &span->n_attributes);
  span->events = make_items (writer, row->events, make_event_cb, &span->n_events);
  span->links = make_items (writer, row->links, make_link_cb, &span->n_links);
  span->dropped_attributes_count = get_count (dropped, "attributes");
  span->has_dropped_attributes_count = span->dropped_attributes_count > 0;
  span->dropped_events_count = get_count (dropped, "events");
  span->has_dropped_events_count = span->dropped_events_count > 0;
  span->dropped_links_count = get_count (dropped, "links");
  span->has_dropped_links_count = span->dropped_links_count > 0;
}

static Otlp__Span *
make_span (Writer *writer, const OrfSpanRow *row)
{
  Otlp__Span *span = alloc (writer, sizeof *span);

  if (span == NULL)
    return NULL;
  otlp__span__init (span);
  span->has_trace_id = span->has_span_id = TRUE;
  span->trace_id = borrow (row->trace_id, ORF_TRACE_ID_BYTES);
  span->span_id = borrow (row->span_id, ORF_SPAN_ID_BYTES);
  span->has_parent_span_id = row->has_parent;
  span->parent_span_id = borrow (row->parent_id, ORF_SPAN_ID_BYTES);
  span->trace_state = row->trace_state;
  span->name = row->operation;
  span->has_kind = TRUE;
  span->kind = (int) row->kind;
  span->has_start_time_unix_nano = span->has_end_time_unix_nano = TRUE;
  span->start_time_unix_nano = (guint64) row->start_us * NS_PER_US;
  span->end_time_unix_nano = (guint64) (row->start_us + row->duration_us) * NS_PER_US;
  span->has_flags = row->has_flags;
  span->flags = (guint32) row->flags;
  set_lists (writer, span, row);
  set_status (writer, span, row);
  return span;
}

/* ---- sources --------------------------------------------------------------------------------- */

static void
write_members (GString *to, guint number, const OrfOtlpNode *object)
{
  if (object == NULL || object->type != ORF_OTLP_NODE_OBJECT)
    return;
  for (const OrfOtlpNode *member = object->first; member != NULL; member = member->next) {
    g_autoptr (GString) pair = g_string_new (NULL);

    write_pair (pair, member);
    orf_otlp_wire_add_bytes (to, number, pair->str, pair->len);
  }
}

/* Who has no resource with its name is told by the service. */
static ProtobufCBinaryData
make_resource (Writer *writer, const OrfSpanRow *row)
{
  const OrfOtlpNode *resource = parse (writer, row->resource);
  const OrfOtlpNode service = {
    .type = ORF_OTLP_NODE_STRING,
    .key = SERVICE_NAME,
    .key_length = strlen (SERVICE_NAME),
    .text = row->service,
    .length = strlen (row->service),
  };

  g_string_truncate (writer->scratch, 0);
  write_members (writer->scratch, 1, resource);
  if (orf_otlp_node_get (resource, SERVICE_NAME) == NULL &&
      strcmp (row->service, ORF_OTLP_UNKNOWN_SERVICE) != 0) {
    g_autoptr (GString) pair = g_string_new (NULL);

    write_pair (pair, &service);
    orf_otlp_wire_add_bytes (writer->scratch, 1, pair->str, pair->len);
  }
  return copy_scratch (writer);
}

static ProtobufCBinaryData
make_scope (Writer *writer, const OrfSpanRow *row)
{
  static const char *const texts[] = { "name", "version" };
  const OrfOtlpNode *scope = parse (writer, row->scope);

  g_string_truncate (writer->scratch, 0);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const OrfOtlpNode *text = orf_otlp_node_get (scope, texts[i]);

    if (orf_otlp_node_is (text, ORF_OTLP_NODE_STRING))
      orf_otlp_wire_add_bytes (writer->scratch, i + 1, text->text, text->length);
  }
  write_members (writer->scratch, 3, orf_otlp_node_get (scope, "attributes"));
  return copy_scratch (writer);
}

/* rows: those of one source. */
static Otlp__ResourceSpans *
make_resource_spans (Writer *writer, const GPtrArray *rows)
{
  Otlp__ResourceSpans *resource = alloc (writer, sizeof *resource);
  Otlp__ScopeSpans *scope = alloc (writer, sizeof *scope);
  Otlp__ScopeSpans **scopes = alloc (writer, sizeof *scopes);

  if (writer->full)
    return NULL;
  otlp__resource_spans__init (resource);
  otlp__scope_spans__init (scope);
  scopes[0] = scope;
  resource->n_scope_spans = 1;
  resource->scope_spans = scopes;
  resource->has_resource = scope->has_scope = TRUE;
  resource->resource = make_resource (writer, rows->pdata[0]);
  scope->scope = make_scope (writer, rows->pdata[0]);
  scope->spans = alloc (writer, rows->len * sizeof *scope->spans);
  for (guint i = 0; !writer->full && i < rows->len; i++)
    scope->spans[scope->n_spans++] = make_span (writer, rows->pdata[i]);
  return resource;
}

/* Arrays of OrfSpanRow, by source and service, in the order in which they were met. */
static GPtrArray *
group (const GPtrArray *rows)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GHashTable) known = orf_names_table_new (g_free, NULL);

  for (guint i = 0; i < rows->len; i++) {
    OrfSpanRow *row = rows->pdata[i];
    char *key = g_strdup_printf ("%" G_GINT64_FORMAT " %s", row->source_no, row->service);
    GPtrArray *members = g_hash_table_lookup (known, key);

    if (members == NULL) {
      members = g_ptr_array_new ();
      g_ptr_array_add (groups, members);
      g_hash_table_insert (known, key, members);
    } else {
      g_free (key);
    }
    g_ptr_array_add (members, row);
  }
  return groups;
}

GString *
orf_otlp_write_spans (OrfOtlpArena *arena, const GPtrArray *rows)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  g_autoptr (GPtrArray) groups = group (rows);
  Otlp__TracesRequest request = OTLP__TRACES_REQUEST__INIT;
  Writer writer = { arena, scratch, FALSE };
  GString *body;

  request.resource_spans = alloc (&writer, groups->len * sizeof *request.resource_spans);
  for (guint i = 0; !writer.full && i < groups->len; i++)
    request.resource_spans[request.n_resource_spans++] = make_resource_spans (&writer,
                                                                              groups->pdata[i]);
  if (writer.full || orf_otlp_arena_is_exhausted (arena))
    return NULL;
  body = g_string_sized_new (protobuf_c_message_get_packed_size (&request.base) + 1);
  g_string_set_size (body, protobuf_c_message_pack (&request.base, (guint8 *) body->str));
  return body;
}
