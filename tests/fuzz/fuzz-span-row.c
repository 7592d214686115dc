/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any lines as the JSON that the file has of a span: attributes, events, links, what was dropped,
 * resource, scope, tags that are asked for.  What is exported of it is taken by our own receiver,
 * and what Jaeger's clients are told is JSON.
 */
#include <stdint.h>
#include <string.h>

#include "jaeger/orf-jaeger-json.h"
#include "orf-json.h"
#include "otlp/orf-otlp-message.h"
#include "otlp/orf-otlp-spans.h"
#include "otlp/orf-otlp-write.h"
#include "store/orf-span-tags.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MAX_BYTES (8 << 20)
#define N_LINES   7

static void
check_exported (const GPtrArray *rows)
{
  static const OrfOtlpSpanLimits limits = {
    .oldest_us = 0, .newest_us = G_MAXINT64 / 2, .max_spans = 100, .max_bytes = MAX_BYTES
  };
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_auto (OrfOtlpSpans) spans = { .batch = orf_span_batch_new () };
  g_autoptr (GString) body = NULL;
  g_autoptr (GError) error = NULL;
  const Otlp__TracesRequest *request;

  orf_otlp_arena_reset (arena, MAX_BYTES);
  body = orf_otlp_write_spans (arena, rows);
  if (body == NULL)
    return;
  orf_otlp_arena_reset (arena, MAX_BYTES);
  request = orf_otlp_message_read_traces (arena, ORF_OTLP_PROTOBUF, body->str, body->len, &error);
  if (request == NULL || !orf_otlp_spans_map (&spans, &limits, request, &error))
    g_error ("what we export is not taken: %s", error->message);
  if (spans.batch->spans->len != rows->len)
    g_error ("%u spans became %u", rows->len, spans.batch->spans->len);
}

static void
check_told (const GPtrArray *rows)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_autoptr (GString) text = g_string_new ("[");
  g_autoptr (json_t) json = NULL;
  g_autoptr (GError) error = NULL;

  orf_otlp_arena_reset (arena, MAX_BYTES);
  orf_jaeger_json_add_trace (text, arena, rows, FALSE);
  g_string_append_c (text, ']');
  json = orf_json_parse (text->str, text->len, 200, &error);
  if (json == NULL)
    g_error ("%s: %s", error->message, text->str);
}

static void
check_tags (const OrfSpanRow *row, const char *line)
{
  g_auto (GStrv) tags = g_strsplit (line, "=", 3);

  if (g_strv_length (tags) != 2)
    return;
  if (orf_span_tags_match ((const char *const *) tags, NULL, NULL))
    g_error ("nothing has a tag");
  orf_span_tags_match ((const char *const *) tags, row->attributes, row->resource);
}

static void
fill (OrfSpanRow *row, char *const *lines, guint shift)
{
  char *texts[N_LINES];

  for (guint i = 0; i < N_LINES; i++)
    texts[i] = lines[(i + shift) % N_LINES][0] != '\0' ? lines[(i + shift) % N_LINES] : NULL;
  *row = (OrfSpanRow){ .has_parent = shift > 0,
                       .has_flags = shift > 0,
                       .service = (char *) "service",
                       .operation = (char *) "operation",
                       .kind = shift % 5,
                       .outcome = shift % 3,
                       .start_us = G_GINT64_CONSTANT (1700000000000000),
                       .duration_us = 5,
                       .flags = 1,
                       .attributes = texts[0],
                       .events = texts[1],
                       .links = texts[2],
                       .dropped = texts[3],
                       .resource = texts[4],
                       .scope = texts[5],
                       .message = texts[6],
                       .trace_state = (char *) "a=b",
                       .span_no = shift + 1,
                       .source_no = shift / 2 + 1 };
  row->trace_id[0] = row->parent_id[0] = 1;
  row->span_id[0] = (guint8) (shift + 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", N_LINES);
  char *all[N_LINES] = { (char *) "", (char *) "", (char *) "", (char *) "",
                         (char *) "", (char *) "", (char *) "" };
  OrfSpanRow rows[2];
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  if (!g_utf8_validate (text, -1, NULL)) /* the file has no other */
    return 0;
  for (guint i = 0; lines[i] != NULL; i++)
    all[i] = lines[i];
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    fill (&rows[i], all, i);
    g_ptr_array_add (list, &rows[i]);
  }
  check_exported (list);
  check_told (list);
  check_tags (&rows[0], all[N_LINES - 1]);
  return 0;
}
