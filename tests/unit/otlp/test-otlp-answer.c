/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-answer.h"

#include <string.h>

#include "orf-error.h"
#include "otlp/orf-otlp-wire.h"

static void
test_forms (void)
{
  OrfOtlpEncoding encoding;
  gboolean gzip;

  g_assert_true (orf_otlp_encoding_parse ("application/x-protobuf", &encoding));
  g_assert_cmpint (encoding, ==, ORF_OTLP_PROTOBUF);
  g_assert_true (orf_otlp_encoding_parse ("Application/JSON; charset=utf-8", &encoding));
  g_assert_cmpint (encoding, ==, ORF_OTLP_JSON);
  g_assert_false (orf_otlp_encoding_parse ("application/x-protobuffer", &encoding));
  g_assert_false (orf_otlp_encoding_parse ("application/grpc", &encoding));
  g_assert_false (orf_otlp_encoding_parse (NULL, &encoding));
  g_assert_true (orf_otlp_packing_parse (NULL, &gzip) && !gzip);
  g_assert_true (orf_otlp_packing_parse ("identity", &gzip) && !gzip);
  g_assert_true (orf_otlp_packing_parse ("GZIP", &gzip) && gzip);
  g_assert_false (orf_otlp_packing_parse ("deflate", &gzip));
}

static void
test_success (void)
{
  g_autoptr (GString) full = orf_otlp_answer_success (ORF_OTLP_PROTOBUF, "x", 0, NULL);
  g_autoptr (GString) json = orf_otlp_answer_success (ORF_OTLP_JSON, "x", 0, NULL);
  g_autoptr (GString) part = orf_otlp_answer_success (ORF_OTLP_PROTOBUF, "x", 300, "why");
  g_autoptr (GString) part_json = orf_otlp_answer_success (ORF_OTLP_JSON, "rejectedX", 300, "w\"");

  g_assert_cmpuint (full->len, ==, 0);
  g_assert_cmpstr (json->str, ==, "{}");
  g_assert_cmpmem (part->str, part->len, "\x0a\x08\x08\xac\x02\x12\x03why", 10);
  g_assert_cmpstr (part_json->str, ==,
                   "{\"partialSuccess\":{\"rejectedX\":\"300\",\"errorMessage\":\"w\\\"\"}}");
}

/* A name that was sent, and cut in the middle of a character. */
static void
test_no_text (void)
{
  g_autoptr (GString) json = orf_otlp_answer_success (ORF_OTLP_JSON, "x", 1, "\xc3");
  g_autoptr (GString) part = orf_otlp_answer_success (ORF_OTLP_PROTOBUF, "x", 1, "\xc3");
  g_autoptr (GError) error = g_error_new (ORF_ERROR, ORF_ERROR_PARSE_ERROR, "%s", "\xc3");
  g_autoptr (GString) failure = orf_otlp_answer_error (ORF_OTLP_JSON, error);

  g_assert_true (g_utf8_validate (json->str, -1, NULL));
  g_assert_null (strchr (part->str, '\xc3'));
  g_assert_true (g_utf8_validate (failure->str, -1, NULL));
}

static void
test_errors (void)
{
  static const struct {
    OrfErrorCode code;
    gint64 retry_ms; /* -1: none */
    int status;
  } rows[] = {
    { ORF_ERROR_PARSE_ERROR, -1, 400 },
    { ORF_ERROR_INVALID_ARGUMENT, -1, 400 },
    { ORF_ERROR_RESOURCE_EXHAUSTED, 1000, 429 },
    { ORF_ERROR_RESOURCE_EXHAUSTED, -1, 413 },
    { ORF_ERROR_UNAVAILABLE, 1000, 503 },
    { ORF_ERROR_UNAVAILABLE, -1, 503 },
    { ORF_ERROR_DATA_LOSS, -1, 503 },
    { ORF_ERROR_CANCELLED, -1, 503 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = rows[i].retry_ms >= 0
                                 ? orf_error_new_retry (rows[i].code, rows[i].retry_ms, "no")
                                 : g_error_new (ORF_ERROR, (int) rows[i].code, "no");
    g_autoptr (GString) body = orf_otlp_answer_error (ORF_OTLP_JSON, error);

    g_assert_cmpint (orf_otlp_answer_status (error), ==, rows[i].status);
    g_assert_nonnull (strstr (body->str, "\"message\":\"no\""));
  }
}

static void
test_wire (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  OrfOtlpBytes rest;
  OrfOtlpField field;
  gboolean broken = FALSE;

  orf_otlp_wire_add_varint (text, 1, G_MAXUINT64);
  orf_otlp_wire_add_fixed64 (text, 200, 0x0102030405060708);
  orf_otlp_wire_add_bytes (text, 3, "abc", 3);
  rest = (OrfOtlpBytes){ (const guint8 *) text->str, text->len };
  g_assert_true (orf_otlp_wire_next (&rest, &field, &broken));
  g_assert_cmpuint (field.value, ==, G_MAXUINT64);
  g_assert_true (orf_otlp_wire_next (&rest, &field, &broken));
  g_assert_cmpuint (field.number, ==, 200);
  g_assert_cmpuint (field.value, ==, 0x0102030405060708);
  g_assert_true (orf_otlp_wire_next (&rest, &field, &broken));
  g_assert_cmpmem (field.bytes.data, field.bytes.length, "abc", 3);
  g_assert_false (orf_otlp_wire_next (&rest, &field, &broken));
  g_assert_false (broken);
  for (gsize cut = 1; cut < text->len; cut++) {
    guint n = 0;

    rest = (OrfOtlpBytes){ (const guint8 *) text->str, cut };
    broken = FALSE;
    while (orf_otlp_wire_next (&rest, &field, &broken))
      n++;
    g_assert_cmpuint (n, <, 3);
    g_assert_true (broken || cut == 11 || cut == 21);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/answer/forms", test_forms);
  g_test_add_func ("/otlp/answer/success", test_success);
  g_test_add_func ("/otlp/answer/no-text", test_no_text);
  g_test_add_func ("/otlp/answer/errors", test_errors);
  g_test_add_func ("/otlp/wire", test_wire);
  return g_test_run ();
}
