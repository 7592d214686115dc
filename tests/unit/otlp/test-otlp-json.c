/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-json.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "otlp/orf-otlp-message.h"

static Otlp__MetricsRequest *
read_json (OrfOtlpArena *arena, const char *text, GError **error)
{
  orf_otlp_arena_reset (arena, 1 << 20);
  return orf_otlp_message_read_metrics (arena, ORF_OTLP_JSON, text, strlen (text), error);
}

/* One point of a gauge, from the members of one. */
static const Otlp__NumberPoint *
read_point (OrfOtlpArena *arena, const char *members)
{
  g_autofree char *text = g_strdup_printf (
    "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"n\",\"gauge\":"
    "{\"dataPoints\":[{%s}]}}]}]}]}",
    members);
  Otlp__MetricsRequest *request = read_json (arena, text, NULL);

  return request != NULL
           ? request->resource_metrics[0]->scope_metrics[0]->metrics[0]->gauge->data_points[0]
           : NULL;
}

static void
test_numbers (void)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  const Otlp__NumberPoint *point;

  point = read_point (arena, "\"timeUnixNano\":\"18446744073709551615\",\"asInt\":\"-9\"");
  g_assert_cmpuint (point->time_unix_nano, ==, G_MAXUINT64);
  g_assert_true (point->has_as_int && !point->has_as_double);
  g_assert_cmpint (point->as_int, ==, -9);
  point = read_point (arena, "\"startTimeUnixNano\":5,\"asInt\":7e2,\"flags\":1,\"more\":[{}]");
  g_assert_cmpuint (point->start_time_unix_nano, ==, 5);
  g_assert_cmpint (point->as_int, ==, 700);
  g_assert_cmpuint (point->flags, ==, 1);
  point = read_point (arena, "\"asDouble\":\"-Infinity\",\"asInt\":null");
  g_assert_true (isinf (point->as_double) && !point->has_as_int);
  g_assert_true (isnan (read_point (arena, "\"asDouble\":\"NaN\"")->as_double));
  g_assert_cmpfloat (read_point (arena, "\"asDouble\":3")->as_double, ==, 3);
  g_assert_null (read_point (arena, "\"asDouble\":\"3x\""));
  g_assert_null (read_point (arena, "\"asDouble\":true"));
  g_assert_null (read_point (arena, "\"asInt\":1.5"));
  g_assert_null (read_point (arena, "\"asInt\":\"9223372036854775808\""));
  g_assert_null (read_point (arena, "\"timeUnixNano\":-1"));
  g_assert_null (read_point (arena, "\"flags\":4294967296"));
  g_assert_null (read_point (arena, "\"attributes\":[{\"key\":1}]"));
  g_assert_null (read_point (arena, "\"attributes\":{}"));
}

static void
test_attributes (void)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  const Otlp__NumberPoint *point =
    read_point (arena, "\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}},"
                       "{\"key\":\"e\"},{\"key\":\"i\",\"value\":{\"intValue\":\"-1\"}}]");

  g_assert_cmpuint (point->n_attributes, ==, 3);
  g_assert_cmpmem (point->attributes[0].data, point->attributes[0].len, "\n\1k\x12\3\n\1v", 8);
  g_assert_cmpmem (point->attributes[1].data, point->attributes[1].len, "\n\1e", 3);
  g_assert_cmpmem (point->attributes[2].data, point->attributes[2].len,
                   "\n\1i\x12\x0b\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 16);
}

static void
test_refused (void)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_autoptr (GString) deep = g_string_new ("");
  g_autoptr (GString) many = g_string_new ("[");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 30; i++)
    g_string_prepend (deep, "{\"arrayValue\":{\"values\":[");
  for (guint i = 0; i < 30; i++)
    g_string_append (deep, "]}}");
  g_string_prepend (deep, "\"attributes\":[{\"key\":\"k\",\"value\":");
  g_string_append (deep, "}]");
  g_assert_null (read_point (arena, deep->str));
  g_assert_null (read_json (arena, "{\"resourceMetrics\":[{\"scopeMetrics\":7}]}", &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR);
  g_assert_nonnull (strstr (error->message, "scope_metrics"));
  g_clear_error (&error);
  for (guint i = 0; i < 50000; i++)
    g_string_append (many, "{},");
  g_string_append (many, "1]");
  g_assert_null (read_json (arena, many->str, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/json/numbers", test_numbers);
  g_test_add_func ("/otlp/json/attributes", test_attributes);
  g_test_add_func ("/otlp/json/refused", test_refused);
  return g_test_run ();
}
