/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "orf-trace-context.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static void
test_parse (void)
{
  static const uint8_t span_id[] = { 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7 };
  static const struct {
    const char *text;
    int flags; /* -1: malformed */
  } cases[] = {
    { "00-" TRACE "-" SPAN "-01", 1 },
    { "00-" TRACE "-" SPAN "-00", 0 },
    { "00-" TRACE "-" SPAN "-03", 3 },
    { "00-" TRACE "-" SPAN "-ff", 3 },
    /* later versions: what this one has of them */
    { "01-" TRACE "-" SPAN "-03", 1 },
    { "cc-" TRACE "-" SPAN "-01-what-comes", 1 },
    { "cc-" TRACE "-" SPAN "-01-", 1 },
    { "cc-" TRACE "-" SPAN "-01.what", -1 },
    { "ff-" TRACE "-" SPAN "-01", -1 },
    { "00-" TRACE "-" SPAN "-01-what", -1 },
    { "00-" TRACE "-" SPAN "-01-", -1 },
    { "00-" TRACE "-" SPAN "-01, 00-" TRACE "-" SPAN "-01", -1 },
    { "00-" TRACE "-" SPAN "-1", -1 },
    { "00-" TRACE "-" SPAN "-0x", -1 },
    { "00-" TRACE "-" SPAN "_01", -1 },
    { "0-" TRACE "-" SPAN "-001", -1 },
    { "0A-" TRACE "-" SPAN "-01", -1 },
    { "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", -1 },
    { "00-" TRACE "-00F067AA0BA902B7-01", -1 },
    { "00-00000000000000000000000000000000-" SPAN "-01", -1 },
    { "00-" TRACE "-0000000000000000-01", -1 },
    { "00-" TRACE "-" SPAN "-0g", -1 },
    { " 00-" TRACE "-" SPAN "-01", -1 },
    { "", -1 },
    { "00", -1 },
    { NULL, -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    OrfTraceContext context = { .flags = 0x55 };

    g_assert_cmpint (orf_trace_context_parse (cases[i].text, &context), ==, cases[i].flags >= 0);
    g_assert_cmpint (context.flags, ==, cases[i].flags >= 0 ? cases[i].flags : 0x55);
    if (cases[i].flags >= 0) {
      g_assert_cmpmem (context.span_id, 8, span_id, 8);
      g_assert_cmpint (context.trace_id[0], ==, 0x4b);
      g_assert_cmpint (context.trace_id[15], ==, 0x36);
    }
  }
}

static void
test_format (void)
{
  OrfTraceContext context;
  char text[ORF_TRACE_CONTEXT_CHARS + 1];

  g_assert_true (orf_trace_context_parse ("cc-" TRACE "-" SPAN "-ff-x", &context));
  orf_trace_context_format (&context, text);
  g_assert_cmpstr (text, ==, "00-" TRACE "-" SPAN "-01");
}

static void
test_state (void)
{
  char key[258], value[258];
  g_autofree char *longest = NULL, *long_key = NULL, *long_value = NULL;

  memset (key, 'k', 257);
  memset (value, 'v', 257);
  key[256] = value[256] = '\0';
  longest = g_strdup_printf ("%.10s=%s", key, value);
  long_key = g_strdup_printf ("%sk=1", key);
  long_value = g_strdup_printf ("a=%sv", value);
  {
    const struct {
      const char *text, *clean;
    } cases[] = {
      { "congo=t61rcWkgMzE", "congo=t61rcWkgMzE" },
      { "rojo=00f067aa0ba902b7,congo=t61", "rojo=00f067aa0ba902b7,congo=t61" },
      { " a=1 ,\t b=2\t,,c=3, ", "a=1,b=2,c=3" },
      { "fw529a3039@dt=x,0a-_*/=y z", "fw529a3039@dt=x,0a-_*/=y z" },
      { "a= x", "a= x" },
      { longest, longest },
      { "", "" },
      { ",", "" },
      { NULL, "" },
      { "a", "" },
      { "a=", "" },
      { "=a", "" },
      { "A=1", "" },
      { "_a=1", "" },
      { "a=1=2", "" },
      { "a=\x7f", "" },
      { "a=b\tc", "" },
      { "a=1,a=2", "" },
      { "a b=1", "" },
      { long_key, "" },
      { long_value, "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
      char clean[ORF_TRACE_STATE_CHARS + 1];

      g_assert_cmpuint (orf_trace_state_clean (cases[i].text, clean), ==, strlen (cases[i].clean));
      g_assert_cmpstr (clean, ==, cases[i].clean);
    }
  }
}

/* n members "kNN=" and a value of so many characters. */
static void
append_members (GString *text, guint n, guint n_chars)
{
  for (guint i = 0; i < n; i++) {
    g_autofree char *value = g_strnfill (n_chars, 'v');

    g_string_append_printf (text, "%sk%02u=%s", text->len > 0 ? "," : "", i, value);
  }
}

static void
test_state_limits (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *large = g_strnfill (130, 'x');
  char clean[ORF_TRACE_STATE_CHARS + 1];

  append_members (text, 32, 1);
  g_assert_cmpuint (orf_trace_state_clean (text->str, clean), ==, text->len);
  g_string_truncate (text, 0);
  append_members (text, 33, 1);
  g_assert_cmpuint (orf_trace_state_clean (text->str, clean), ==, 0);

  /* 4 of 100 fit with a large one away, wherever it stands */
  g_string_printf (text, "large=%s", large);
  append_members (text, 4, 100);
  g_assert_cmpuint (orf_trace_state_clean (text->str, clean), ==, 4 * 104 + 3);
  g_assert_true (g_str_has_prefix (clean, "k00=v"));
  /* of those that are not large the last ones go */
  g_string_truncate (text, 0);
  append_members (text, 6, 100);
  g_assert_cmpuint (orf_trace_state_clean (text->str, clean), ==, 4 * 104 + 3);
  g_assert_true (g_str_has_prefix (clean, "k00=v"));
  g_assert_null (strstr (clean, "k04="));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trace-context/parse", test_parse);
  g_test_add_func ("/trace-context/format", test_format);
  g_test_add_func ("/trace-context/state", test_state);
  g_test_add_func ("/trace-context/state-limits", test_state_limits);
  return g_test_run ();
}
