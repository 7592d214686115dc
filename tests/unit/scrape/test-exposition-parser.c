/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "scrape/orf-exposition-parser.h"

static char *
dup_slice (OrfExpositionSlice slice)
{
  return g_strndup (slice.start, slice.length);
}

static void
append_labels (GString *text, OrfExpositionSlice labels)
{
  OrfExpositionCursor left = { labels.start, labels.start + labels.length };
  OrfExpositionSlice name, value;

  while (orf_exposition_next_label (&left, &name, &value)) {
    g_autofree char *key = dup_slice (name), *plain = orf_exposition_unescape (value, TRUE);

    g_string_append_printf (text, "|%s=%s", key, plain);
  }
}

static void
append_sample (GString *text, const OrfExpositionParser *parser, const OrfExpositionSample *sample)
{
  static const char *const types[] = { "unknown",        "gauge",   "counter", "histogram",
                                       "gaugehistogram", "summary", "info",    "stateset" };
  OrfExpositionSlice ending = { "", 0 };
  const OrfExpositionFamily *family = orf_exposition_parser_get_family (parser, sample->name,
                                                                        &ending);
  g_autofree char *name = dup_slice (sample->name), *end = dup_slice (ending);

  g_string_append (text, name);
  append_labels (text, sample->labels);
  g_string_append_printf (text, " %.17g", sample->value);
  if (sample->has_time)
    g_string_append_printf (text, " @%" G_GINT64_FORMAT, sample->t_us);
  if (family != NULL) {
    g_autofree char *help = orf_exposition_unescape (family->help, FALSE);
    g_autofree char *unit = dup_slice (family->unit);

    g_string_append_printf (text, " %s%s%s", types[family->type], *end != '\0' ? "+" : "", end);
    if (*help != '\0')
      g_string_append_printf (text, " (%s)", help);
    if (*unit != '\0')
      g_string_append_printf (text, " [%s]", unit);
  }
  g_string_append_c (text, '\n');
}

/* A line a sample, and the error where there is one. */
static char *
read_page (const char *page, gsize length, OrfExpositionFormat format)
{
  /* so that a sanitizer sees a read beyond */
  g_autofree char *copy = g_memdup2 (page, MAX (length, 1));
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  OrfExpositionParser parser;
  OrfExpositionSample sample;
  OrfExpositionStep step;

  orf_exposition_parser_init (&parser, copy, length, format);
  while ((step = orf_exposition_parser_next (&parser, &sample, &error)) == ORF_EXPOSITION_SAMPLE)
    append_sample (text, &parser, &sample);
  g_assert_true ((step == ORF_EXPOSITION_BROKEN) == (error != NULL));
  if (error != NULL) {
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_string_append (text, error->message);
  }
  return g_string_free (text, FALSE);
}

static void
check (const char *page, OrfExpositionFormat format, const char *expected)
{
  g_autofree char *text = read_page (page, strlen (page), format);

  g_assert_cmpstr (text, ==, expected);
}

static void
check_text (const char *page, const char *expected)
{
  check (page, ORF_EXPOSITION_TEXT, expected);
}

/* OpenMetrics, with its end. */
static void
check_open (const char *page, const char *expected)
{
  g_autofree char *whole = g_strconcat (page, "# EOF\n", NULL);

  check (whole, ORF_EXPOSITION_OPENMETRICS, expected);
}

/* ---- the specifications' examples ------------------------------------------------------------ */

static void
test_text_example (void)
{
  check_text (
    "# HELP http_requests_total The total number of HTTP requests.\n"
    "# TYPE http_requests_total counter\n"
    "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
    "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n"
    "\n"
    "# Escaping in label values:\n"
    "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find "
    "file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n"
    "\n"
    "# Minimalistic line:\n"
    "metric_without_timestamp_and_labels 12.47\n"
    "\n"
    "# A weird metric from before the epoch:\n"
    "something_weird{problem=\"division by zero\"} +Inf -3982045\n"
    "\n"
    "# A histogram, which has a pretty complex representation in the text format:\n"
    "# HELP http_request_duration_seconds A histogram of the request duration.\n"
    "# TYPE http_request_duration_seconds histogram\n"
    "http_request_duration_seconds_bucket{le=\"0.05\"} 24054\n"
    "http_request_duration_seconds_bucket{le=\"+Inf\"} 144320\n"
    "http_request_duration_seconds_sum 53423\n"
    "http_request_duration_seconds_count 144320\n"
    "\n"
    "# TYPE rpc_us summary\n"
    "rpc_us{quantile=\"0.01\"} 3102\n"
    "rpc_us_sum 1.7560473e+07\n"
    "rpc_us_count 2693\n",
    "http_requests_total|method=post|code=200 1027 @1395066363000000 counter (The total number of "
    "HTTP requests.)\n"
    "http_requests_total|method=post|code=400 3 @1395066363000000 counter (The total number of "
    "HTTP requests.)\n"
    "msdos_file_access_time_seconds|path=C:\\DIR\\FILE.TXT|error=Cannot find file:\n"
    "\"FILE.TXT\" 1458255915\n"
    "metric_without_timestamp_and_labels 12.470000000000001\n"
    "something_weird|problem=division by zero inf @-3982045000\n"
    "http_request_duration_seconds_bucket|le=0.05 24054 histogram+_bucket (A histogram of the "
    "request duration.)\n"
    "http_request_duration_seconds_bucket|le=+Inf 144320 histogram+_bucket (A histogram of the "
    "request duration.)\n"
    "http_request_duration_seconds_sum 53423 histogram+_sum (A histogram of the request "
    "duration.)\n"
    "http_request_duration_seconds_count 144320 histogram+_count (A histogram of the request "
    "duration.)\n"
    "rpc_us|quantile=0.01 3102 summary\n"
    "rpc_us_sum 17560473 summary+_sum\n"
    "rpc_us_count 2693 summary+_count\n");
}

static void
test_openmetrics_examples (void)
{
  check_open ("# TYPE foo_seconds counter\n"
              "# UNIT foo_seconds seconds\n"
              "# HELP foo_seconds Some text and \\n some \\\" escaping\n"
              "foo_seconds_total 17.0 1520879607.789\n"
              "foo_seconds_created 1520430000.123 1520879607.789\n",
              "foo_seconds_total 17 @1520879607789000 counter+_total (Some text and \n some \\\" "
              "escaping) [seconds]\n"
              "foo_seconds_created 1520430000.1229999 @1520879607789000 counter+_created (Some "
              "text and \n some \\\" escaping) [seconds]\n");
  check_open ("# TYPE foo stateset\n"
              "foo{entity=\"controller\",foo=\"a\"} 1.0\n"
              "# TYPE bar info\n"
              "bar_info{name=\"pretty name\",version=\"8.2.7\"} 1\n"
              "# TYPE baz unknown\n"
              "baz 42.23\n"
              "# TYPE nothing gauge\n",
              "foo|entity=controller|foo=a 1 stateset\n"
              "bar_info|name=pretty name|version=8.2.7 1 info+_info\n"
              "baz 42.229999999999997 unknown\n");
  check_open ("# TYPE foo histogram\n"
              "foo_bucket{le=\"0.01\"} 0\n"
              "foo_bucket{le=\"0.1\"} 8 # {} 0.054\n"
              "foo_bucket{le=\"1\"} 11 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n"
              "foo_bucket{le=\"10\"} 17 # {trace_id=\"oHg5SJYRHA0\"} 9.8 1520879607.789\n"
              "foo_bucket{le=\"+Inf\"} 17\n"
              "foo_count 17\n"
              "foo_sum 324789.3\n"
              "foo_created  1520430000.123\n",
              "foo_bucket|le=0.01 0 histogram+_bucket\n"
              "foo_bucket|le=0.1 8 histogram+_bucket\n"
              "foo_bucket|le=1 11 histogram+_bucket\n"
              "foo_bucket|le=10 17 histogram+_bucket\n"
              "foo_bucket|le=+Inf 17 histogram+_bucket\n"
              "foo_count 17 histogram+_count\n"
              "foo_sum 324789.29999999999 histogram+_sum\n"
              "foo_created 1520430000.1229999 histogram+_created\n");
  check_open ("# TYPE foo gaugehistogram\n"
              "foo_bucket{le=\"+Inf\"} 42.0\n"
              "foo_gcount 42.0\n"
              "foo_gsum 3289.3\n"
              "# TYPE foo_seconds summary\n"
              "foo_seconds_count{a=\"bb\"} 0 123\n"
              "foo_seconds_count{} 0\n",
              "foo_bucket|le=+Inf 42 gaugehistogram+_bucket\n"
              "foo_gcount 42 gaugehistogram+_gcount\n"
              "foo_gsum 3289.3000000000002 gaugehistogram+_gsum\n"
              "foo_seconds_count|a=bb 0 @123000000 summary+_count\n"
              "foo_seconds_count 0 summary+_count\n");
  check ("# EOF", ORF_EXPOSITION_OPENMETRICS, "");
}

/* ---- what is lenient ------------------------------------------------------------------------- */

static void
test_blanks (void)
{
  check_text (
    " \t# TYPE  a\tgauge  \n\ta { b = \"c\" , d=\"\\a\\\\\" , } 1\t 2 \n  \n#\n#nothing\na{} 3\n",
    "a|b=c|d=\\a\\ 1 @2000 gauge\na 3 gauge\n");
  check_text ("", "");
  check_text ("# HELP a\na 1\n", "a 1 unknown\n");
  check_text (":a:b 1\n_ 2\n", ":a:b 1\n_ 2\n");
  /* what is told again goes on */
  check_text ("# TYPE a gauge\n# HELP a one\na 1\n# HELP a two\na 2\n",
              "a 1 gauge (one)\na 2 gauge (two)\n");
}

static void
test_who_belongs (void)
{
  /* a name that only begins like the family's is another's */
  check_text ("# TYPE a histogram\nab 1\na_bucket_x 1\na 1\na_sum 1\n",
              "ab 1\na_bucket_x 1\na 1\na_sum 1 histogram+_sum\n");
  check_text ("# TYPE a_total counter\na_total 1\n# TYPE b counter\nb_total 2\n",
              "a_total 1 counter\nb_total 2 counter+_total\n");
}

/* ---- numbers --------------------------------------------------------------------------------- */

static double
read_number (const char *text)
{
  g_autofree char *page = g_strdup_printf ("a %s\n", text);
  g_autoptr (GError) error = NULL;
  OrfExpositionParser parser;
  OrfExpositionSample sample;

  orf_exposition_parser_init (&parser, page, strlen (page), ORF_EXPOSITION_TEXT);
  g_assert_cmpint (orf_exposition_parser_next (&parser, &sample, &error), ==,
                   ORF_EXPOSITION_SAMPLE);
  g_assert_no_error (error);
  return sample.value;
}

static void
test_numbers (void)
{
  static const char *const exact[] = { "0",
                                       "-0.0",
                                       "0042",
                                       "1.",
                                       ".5",
                                       "+1e3",
                                       "9007199254740993",
                                       "0.1",
                                       "0.30000000000000004",
                                       "1.7976931348623157e308",
                                       "4.9e-324",
                                       "123456789012345678901234567890",
                                       "0.000000000000000000000000000001",
                                       "1e22",
                                       "1e23",
                                       "1E-22",
                                       "8.5e-23",
                                       "1.00000000000000000000000000000000001",
                                       "00000000000000000000000000000000000007" };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (guint i = 0; i < G_N_ELEMENTS (exact); i++) {
    double value = read_number (exact[i]), right = g_ascii_strtod (exact[i], NULL);

    g_assert_cmpmem (&value, sizeof value, &right, sizeof right);
  }
  for (guint i = 0; i < 20000; i++) {
    static const char *const formats[] = { "%.17g", "%.6f", "%.3e", "%.15g" };
    guint64 bits = (guint64) g_rand_int (random) << 32 | g_rand_int (random);
    char text[400];
    double value, right;

    memcpy (&value, &bits, sizeof value);
    if (!isfinite (value) || i % 2 == 0)
      value = g_rand_double_range (random, -1e9, 1e9);
    g_ascii_formatd (text, sizeof text, formats[i % 4], value);
    right = g_ascii_strtod (text, NULL);
    value = read_number (text);
    g_assert_cmpmem (&value, sizeof value, &right, sizeof right);
  }
  g_assert_cmpfloat (read_number ("-iNf"), ==, -INFINITY);
  g_assert_cmpfloat (read_number ("+Infinity"), ==, INFINITY);
  g_assert_true (isnan (read_number ("NaN")) && isnan (read_number ("-nan")));
  g_assert_cmpfloat (read_number ("1e999999999999"), ==, INFINITY);
  g_assert_cmpfloat (read_number ("1e-999999999999"), ==, 0);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void
test_refused_text (void)
{
  static const struct {
    const char *page, *message;
  } cases[] = {
    { "a 1", "line 1, column 4: the page was cut: its last line has no end" },
    { "a 1\nb 12", "a 1\nline 2, column 5: the page was cut: its last line has no end" },
    { "1a 1\n", "line 1, column 1: a metric's name is wanted" },
    { "a\n", "line 1, column 2: a blank is wanted" },
    { "a{} \n", "line 1, column 5: a number is wanted" },
    { "a x\n", "line 1, column 3: a number is wanted" },
    { "a 0x10\n", "line 1, column 3: a number is wanted" },
    { "a 1_000\n", "line 1, column 3: a number is wanted" },
    { "a 1e\n", "line 1, column 3: a number is wanted" },
    { "a .\n", "line 1, column 3: a number is wanted" },
    { "a infin\n", "line 1, column 3: a number is wanted" },
    { "a --1\n", "line 1, column 3: a number is wanted" },
    { "a 1 1.5\n", "line 1, column 5: a time in milliseconds is wanted" },
    { "a 1 9223372036854775807\n", "line 1, column 5: a time in milliseconds is wanted" },
    { "a 1 99999999999999999999\n", "line 1, column 5: a time in milliseconds is wanted" },
    { "a 1 2 3\n", "line 1, column 7: the line should end here" },
    { "a 1 # {} 1\n", "line 1, column 5: a time in milliseconds is wanted" },
    { "a{b=\"c\" 1\n", "line 1, column 9: \",\" or \"}\" is wanted" },
    { "a{b=\"c\"d=\"e\"} 1\n", "line 1, column 8: \",\" or \"}\" is wanted" },
    { "a{,} 1\n", "line 1, column 3: a label's name is wanted" },
    { "a{b:c=\"d\"} 1\n", "line 1, column 4: \"=\" is wanted" },
    { "a{b=c} 1\n", "line 1, column 5: a label's value in quotes is wanted" },
    { "a{b=\"c} 1\n", "line 1, column 10: a label's value in quotes is wanted" },
    { "a{b=\"\\", "line 1, column 7: the page was cut: its last line has no end" },
    { "a{b=\"\\\"\n", "line 1, column 8: a label's value in quotes is wanted" },
    { "{\"a\"} 1\n", "line 1, column 1: a metric's name is wanted" },
    { "# TYPE a gauge x\n", "line 1, column 16: the line should end here" },
    { "# TYPE a counters\n", "line 1, column 10: there is no such type" },
    { "# TYPE a info\n", "line 1, column 10: there is no such type" },
    { "# TYPE a\n", "line 1, column 9: a type is wanted" },
    { "# HELP\n", "line 1, column 7: a metric's name is wanted" },
    { "# HELP a-b c\n", "line 1, column 9: a blank is wanted" },
    { "ok 1\n\n a{x=\"\xff\"} 1\n", "line 3, column 7: this is no UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check_text (cases[i].page, cases[i].message);
}

static void
test_refused_openmetrics (void)
{
  static const struct {
    const char *page, *message;
  } cases[] = {
    { "a 1\n", "a 1\nline 2, column 1: the page was cut: it has no # EOF" },
    { "", "line 1, column 1: the page was cut: it has no # EOF" },
    { "# EOF\n\n", "line 2, column 1: there is more after # EOF" },
    { "# EOF x\n", "line 1, column 7: the line should end here" },
    { "\n# EOF\n", "line 1, column 1: a line is empty" },
    { "# a comment\n# EOF\n", "line 1, column 3: HELP, TYPE, UNIT or EOF is wanted" },
    { " a 1\n# EOF\n", "line 1, column 1: a metric's name is wanted" },
    { "a 1 x\n# EOF\n", "line 1, column 5: a time in seconds is wanted" },
    { "a 1 NaN\n# EOF\n", "line 1, column 5: a time in seconds is wanted" },
    { "a 1 1e300\n# EOF\n", "line 1, column 5: a time in seconds is wanted" },
    { "a 1 # {b=\"c\"}\n# EOF\n", "line 1, column 14: an exemplar's value is wanted" },
    { "a 1 # 2\n# EOF\n", "line 1, column 7: \"{\" is wanted" },
    { "a 1 # {} 2 3 4\n# EOF\n", "line 1, column 14: the line should end here" },
    { "# TYPE a untyped\n# EOF\n", "line 1, column 10: there is no such type" },
    { "# UNIT a b c\n# EOF\n", "line 1, column 12: the line should end here" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check (cases[i].page, ORF_EXPOSITION_OPENMETRICS, cases[i].message);
}

static void
test_nul (void)
{
  static const char page[] = "a{b=\"\0\"} 1\n";
  g_autofree char *text = read_page (page, sizeof page - 1, ORF_EXPOSITION_TEXT);

  g_assert_cmpstr (text, ==, "line 1, column 6: this is no UTF-8");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exposition-parser/text-example", test_text_example);
  g_test_add_func ("/exposition-parser/openmetrics-examples", test_openmetrics_examples);
  g_test_add_func ("/exposition-parser/blanks", test_blanks);
  g_test_add_func ("/exposition-parser/who-belongs", test_who_belongs);
  g_test_add_func ("/exposition-parser/numbers", test_numbers);
  g_test_add_func ("/exposition-parser/refused-text", test_refused_text);
  g_test_add_func ("/exposition-parser/refused-openmetrics", test_refused_openmetrics);
  g_test_add_func ("/exposition-parser/nul", test_nul);
  return g_test_run ();
}
