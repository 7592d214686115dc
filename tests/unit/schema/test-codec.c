/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-number.h"
#include "orf-schema-types.h"

/* Each string and array is counted once, with what malloc rounds up. */
static void
test_measure (void)
{
  static const char one[] = "{\"samples\":[{\"name\":\"a\",\"value\":1}]}";
  static const char two[] = "{\"samples\":[{\"name\":\"a\",\"value\":1},"
                            "{\"name\":\"b\",\"value\":1,\"labels\":{\"k\":\"v\"}}]}";
  const OrfDesc *desc = &orf_metrics_record_params_desc;
  g_autoptr (OrfMetricsRecordParams)
    small = orf_decode_text (desc, one, strlen (one), ORF_DECODE_STRICT, NULL);
  g_autoptr (OrfMetricsRecordParams)
    larger = orf_decode_text (desc, two, strlen (two), ORF_DECODE_STRICT, NULL);
  OrfMetricsSample *sample = small->samples->pdata[0];
  gsize before = orf_struct_measure (desc, small);

  g_assert_cmpuint (orf_struct_measure (desc, NULL), ==, 0);
  g_assert_cmpuint (before, >=, desc->size + sizeof (OrfMetricsSample) + 2);
  g_assert_cmpuint (orf_struct_measure (desc, larger), >=, before + sizeof (OrfMetricsSample) + 6);
  g_free (sample->name);
  sample->name = g_strnfill (100000, 'x');
  g_assert_cmpuint (orf_struct_measure (desc, small), >=, before + 99900);
  g_assert_cmpuint (orf_struct_measure (desc, small), <, before + 110000);
}

static void
expect_error (const OrfDesc *desc, const char *text, const char *field)
{
  g_autoptr (GError) error = NULL;
  gpointer data = orf_decode_text (desc, text, strlen (text), ORF_DECODE_STRICT, &error);

  g_assert_null (data);
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (orf_error_get_field (error), ==, field);
  g_assert_nonnull (orf_error_get_allowed (error));
}

static void
test_fields (void)
{
  const OrfDesc *record = &orf_metrics_record_params_desc;
  const OrfDesc *list = &orf_metrics_list_params_desc;

  expect_error (record, "{}", "samples");
  expect_error (record, "{\"samples\":{}}", "samples");
  expect_error (record, "{\"samples\":[1]}", "samples[0]");
  expect_error (record, "{\"samples\":[{\"name\":\"a\",\"value\":1},{\"name\":\"a\"}]}",
                "samples[1].value");
  expect_error (record, "{\"samples\":[{\"name\":\"a\",\"value\":null}]}", "samples[0].value");
  expect_error (record, "{\"samples\":[{\"name\":\"a\",\"value\":1,\"labels\":{\"k\":2}}]}",
                "samples[0].labels.k");
  expect_error (record, "{\"samples\":[{\"name\":\"a\",\"value\":1,\"t_us\":9007199254740993000}]}",
                "samples[0].t_us");
  expect_error (record, "{\"samples\":[{\"name\":\"a\\u0000b\",\"value\":1}]}", "samples[0].name");
  expect_error (list, "{\"limit\":1.5}", "limit");
  expect_error (list, "{\"limit\":true}", "limit");
  expect_error (list, "{\"no\":1}", "no");
}

/* What is kept as text is of the types that the schema says, and a list's texts as long. */
static void
test_kept_as_text (void)
{
  const OrfDesc *cancel = &orf_rpc_cancel_params_desc;
  const OrfDesc *query = &orf_sql_query_params_desc;
  static const char null[] = "{\"sql\":\"a\",\"params\":null}";
  g_autoptr (OrfSqlQueryParams)
    given = orf_decode_text (query, null, sizeof null - 1, ORF_DECODE_STRICT, NULL);

  expect_error (cancel, "{\"id\":true}", "id");
  expect_error (cancel, "{\"id\":[1]}", "id");
  expect_error (cancel, "{\"id\":null}", "id");
  expect_error (query, "{\"sql\":\"a\",\"params\":\"b\"}", "params");
  expect_error (&orf_cache_mget_params_desc, "{\"keys\":[\"a\",\"\"]}", "keys[1]");
  g_assert_nonnull (given);
  g_assert_null (given->params);
}

static void
test_defaults (void)
{
  g_autoptr (OrfMetricsListParams)
    list = orf_decode_text (&orf_metrics_list_params_desc, "{}", 2, ORF_DECODE_STRICT, NULL);
  g_autoptr (OrfMetricsListParams)
    given = orf_decode_text (&orf_metrics_list_params_desc, "{\"limit\":5e0}", 13,
                             ORF_DECODE_STRICT, NULL);

  g_assert_cmpint (list->limit, ==, 100);
  g_assert_cmpstr (list->match, ==, "");
  g_assert_null (list->select);
  g_assert_cmpint (given->limit, ==, 5);
}

/* What a struct encodes to decodes to the same text again. */
static void
test_round_trip (void)
{
  static const char text[] =
    "{\"samples\":[{\"name\":\"a\",\"labels\":{\"b\":\"\\\"\\n\\u0001\xc3\xa9\",\"c\":\"\"},"
    "\"value\":-0.1,\"t_us\":1700000000000001},{\"name\":\"z\",\"value\":1e+300}]}";
  g_autoptr (GString) out = g_string_new ("x");
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfMetricsRecordParams)
    record = orf_decode_text (&orf_metrics_record_params_desc, text, sizeof text - 1,
                              ORF_DECODE_STRICT, &error);

  g_assert_no_error (error);
  g_assert_true (orf_encode (&orf_metrics_record_params_desc, record, out, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (out->str + 1, ==, text);
}

/* One object of a list that breaks its schema: nothing is told, or all but it. */
static void
test_sound (void)
{
  static const char text[] = "{\"samples\":[{\"name\":\"a\",\"value\":1},"
                             "{\"name\":\"b\",\"value\":2},{\"name\":\"c\",\"value\":3}]}";
  const OrfDesc *desc = &orf_metrics_record_params_desc;
  g_autoptr (OrfMetricsRecordParams)
    record = orf_decode_text (desc, text, sizeof text - 1, ORF_DECODE_STRICT, NULL);

  for (guint i = 0; i < 3; i++) {
    OrfMetricsSample *sample = record->samples->pdata[i];
    double value = sample->value;
    g_autoptr (GString) out = g_string_new (NULL);
    g_autoptr (GError) left_out = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (OrfMetricsRecordParams) told = NULL;

    sample->value = NAN;
    g_assert_false (orf_encode (desc, record, out, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INTERNAL);
    g_assert_cmpuint (out->len, ==, 0);
    g_clear_error (&error);
    g_assert_true (orf_encode_sound (desc, record, out, &left_out, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (orf_error_get_field (left_out), ==, "value");
    told = orf_decode_text (desc, out->str, out->len, ORF_DECODE_STRICT, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (told->samples->len, ==, 2);
    g_assert_cmpstr (((OrfMetricsSample *) told->samples->pdata[0])->name, ==, i == 0 ? "b" : "a");
    sample->value = value;
  }
}

/* An empty struct of every schema either encodes or says which member is missing; nothing is left.
 */
static void
test_all_schemas (void)
{
  for (guint i = 0; orf_all_descs[i] != NULL; i++) {
    g_autoptr (GString) out = g_string_new (NULL);
    g_autoptr (GError) error = NULL;
    gpointer data = orf_struct_new (orf_all_descs[i]);

    if (!orf_encode (orf_all_descs[i], data, out, &error)) {
      g_assert_error (error, ORF_ERROR, ORF_ERROR_INTERNAL);
      g_assert_nonnull (orf_error_get_field (error));
      g_assert_cmpuint (out->len, ==, 0);
    }
    orf_struct_free (orf_all_descs[i], data);
  }
}

static void
test_lenient (void)
{
  static const char text[] =
    "{\"component\":\"a\",\"state\":\"brand-new\",\"reason\":\"r\",\"more\":1}";
  g_autoptr (OrfStatusReason) reason = orf_decode_text (&orf_status_reason_desc, text,
                                                        sizeof text - 1, ORF_DECODE_LENIENT, NULL);

  g_assert_nonnull (reason);
  g_assert_cmpint (reason->state, ==, ORF_COMPONENT_STATE_UNSET);
  expect_error (&orf_status_reason_desc, text, "state");
}

static void
test_numbers (void)
{
  static const struct {
    double value;
    const char *text;
  } cases[] = {
    { 0, "0" },         { -0.0, "0" },
    { 1, "1" },         { -1.5, "-1.5" },
    { 0.1, "0.1" },     { 1e-9, "0.000000001" },
    { 37.25, "37.25" }, { 9007199254740991, "9007199254740991" },
    { NAN, "null" },    { INFINITY, "null" },
  };
  char text[ORF_NUMBER_MAX];

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint length = orf_number_format_double (text, cases[i].value);

    g_assert_cmpstr (text, ==, cases[i].text);
    g_assert_cmpuint (length, ==, strlen (cases[i].text));
  }
  orf_number_format_integer (text, G_MININT64);
  g_assert_cmpstr (text, ==, "-9223372036854775808");
  for (guint i = 0; i < 100000; i++) {
    double value = ldexp (g_test_rand_double_range (-1, 1), g_test_rand_int_range (-300, 300));

    orf_number_format_double (text, value);
    g_assert_cmpfloat (g_ascii_strtod (text, NULL), ==, value);
    value = g_test_rand_int_range (-1000000, 1000000) / 1000.0;
    orf_number_format_double (text, value);
    g_assert_cmpfloat (g_ascii_strtod (text, NULL), ==, value);
    g_assert_cmpuint (strlen (text), <=, 8);
  }
}

static guint
count_digits (const char *text)
{
  guint n = 0;

  for (; *text != '\0' && *text != 'e'; text++)
    if (g_ascii_isdigit (*text) && (n > 0 || *text != '0'))
      n++;
  return n;
}

/* Of as few digits as printf() needs. */
static void
check_shortest (double value)
{
  char text[ORF_NUMBER_MAX], other[ORF_NUMBER_MAX];
  guint digits;

  g_assert_cmpuint (orf_number_format_double (text, value), ==, strlen (text));
  g_assert_cmpfloat (g_ascii_strtod (text, NULL), ==, value);
  for (digits = 1; digits <= 17; digits++) {
    char format[8];

    g_snprintf (format, sizeof format, "%%.%ug", digits);
    g_ascii_formatd (other, sizeof other, format, value);
    if (g_ascii_strtod (other, NULL) == value)
      break;
  }
  /* integers are told without an exponent */
  if (value != rint (value))
    g_assert_cmpuint (count_digits (text), <=, digits);
}

/* Byte by byte, as the grammar says it. */
static void
append_plainly (GString *out, const guchar *bytes, gsize length)
{
  g_string_append_c (out, '"');
  for (gsize i = 0; i < length; i++) {
    const char *letter = bytes[i] != 0 ? strchr ("\"\"\\\\\bb\ff\nn\rr\tt", bytes[i]) : NULL;

    if (bytes[i] >= 0x20 && bytes[i] != '"' && bytes[i] != '\\')
      g_string_append_c (out, (char) bytes[i]);
    else if (letter != NULL)
      g_string_append_printf (out, "\\%c", letter[1]);
    else
      g_string_append_printf (out, "\\u%04x", bytes[i]);
  }
  g_string_append_c (out, '"');
}

/* Words at a time or bytes: each byte at each place of a text, between any others. */
static void
test_strings (void)
{
  g_autoptr (GString) out = g_string_new (NULL), plain = g_string_new (NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guchar bytes[40];

  for (guint c = 0; c < 256; c++)
    for (gsize length = 1; length < sizeof bytes; length++) {
      for (gsize i = 0; i < length; i++)
        bytes[i] = (guchar) g_rand_int_range (rand, g_rand_boolean (rand) ? 0 : 0x20, 256);
      bytes[(gsize) g_rand_int_range (rand, 0, (gint32) length)] = (guchar) c;
      g_string_truncate (out, 0);
      g_string_truncate (plain, 0);
      orf_encode_string (out, (const char *) bytes, (gssize) length);
      append_plainly (plain, bytes, length);
      g_assert_cmpmem (out->str, out->len, plain->str, plain->len);
    }
}

static void
test_shortest (void)
{
  static const double near[] = { 1e-4, 1e-3, 0.01, 0.1, 1, 10, 1e5, 1e10, 1e15 };

  for (int power = -13; power <= 53; power++) {
    check_shortest (ldexp (1, power));
    check_shortest (nextafter (ldexp (1, power), 0));
    check_shortest (nextafter (ldexp (1, power), INFINITY));
  }
  for (guint i = 0; i < G_N_ELEMENTS (near); i++) {
    double below = near[i], above = near[i];

    for (guint step = 0; step < 100; step++) {
      check_shortest (below = nextafter (below, 0));
      check_shortest (above = nextafter (above, INFINITY));
    }
  }
  for (guint i = 0; i < 20000; i++) {
    check_shortest (ldexp (g_test_rand_double_range (-1, 1), g_test_rand_int_range (-14, 54)));
    check_shortest (g_test_rand_int_range (1, 1000000) / (double) g_test_rand_int_range (1, 3600));
  }
}

static void
test_members (void)
{
  g_autoptr (GString) out = g_string_new ("{");

  orf_encode_member (out, "brace{");
  orf_encode_integer (out, 1);
  orf_encode_member (out, "say \"x\"");
  g_string_append_c (out, '[');
  orf_encode_comma (out);
  orf_encode_integer (out, 2);
  orf_encode_comma (out);
  orf_encode_string (out, "[", -1);
  orf_encode_comma (out);
  g_string_append (out, "null]}");
  g_assert_cmpstr (out->str, ==, "{\"brace{\":1,\"say \\\"x\\\"\":[2,\"[\",null]}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schema/codec/measure", test_measure);
  g_test_add_func ("/schema/codec/fields", test_fields);
  g_test_add_func ("/schema/codec/kept-as-text", test_kept_as_text);
  g_test_add_func ("/schema/codec/strings", test_strings);
  g_test_add_func ("/schema/codec/defaults", test_defaults);
  g_test_add_func ("/schema/codec/round-trip", test_round_trip);
  g_test_add_func ("/schema/codec/sound", test_sound);
  g_test_add_func ("/schema/codec/all-schemas", test_all_schemas);
  g_test_add_func ("/schema/codec/lenient", test_lenient);
  g_test_add_func ("/schema/codec/numbers", test_numbers);
  g_test_add_func ("/schema/codec/members", test_members);
  g_test_add_func ("/schema/codec/shortest-numbers", test_shortest);
  return g_test_run ();
}
