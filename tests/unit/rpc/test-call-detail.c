/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "rpc/orf-call-detail.h"

static char *
detail_of (const char *text)
{
  g_autoptr (json_t) params = orf_json_parse (text, strlen (text), 64, NULL);

  g_assert_nonnull (params);
  return orf_call_detail_new (params);
}

static void
test_as_it_is (void)
{
  g_autofree char *none = orf_call_detail_new (NULL);
  g_autofree char *text = detail_of ("{\"a\":1,\"b\":[true,null,\"x\",{\"c\":1.5}]}");

  g_assert_cmpstr (none, ==, "{}");
  g_assert_cmpstr (text, ==, "{\"a\":1,\"b\":[true,null,\"x\",{\"c\":1.5}]}");
}

static void
test_secrets (void)
{
  g_autofree char *text = detail_of (
    "{\"token\":\"s3cret\",\"a\":{\"db_Password\":\"s3cret\",\"x\":[{\"API_KEY\":7}]}}");

  g_assert_null (strstr (text, "s3cret"));
  g_assert_null (strchr (text, '7'));
  g_assert_nonnull (strstr (text, "\"token\":\"***\""));
}

static void
test_cut (void)
{
  g_autofree char *umlauts = g_strnfill (510, ' ');
  g_autofree char *params = NULL;
  g_autofree char *text = NULL;
  g_autoptr (json_t) cut = NULL;
  const char *kept;

  for (guint i = 0; i < 255; i++)
    memcpy (umlauts + 2 * i, "\303\274", 2); /* ü, so that 256 would not be between two */
  params = g_strdup_printf ("{\"text\":\"x%s\"}", umlauts);
  text = detail_of (params);
  cut = orf_json_parse (text, strlen (text), 8, NULL);
  kept = json_string_value (json_object_get (cut, "text"));
  g_assert_nonnull (kept);
  g_assert_cmpuint (strlen (kept), ==, 255 + 3);
  g_assert_true (g_str_has_suffix (kept, "\303\274\342\200\246"));
}

static void
test_bounds (void)
{
  g_autoptr (GString) params = g_string_new ("{\"deep\":[[[[[[[[[[1]]]]]]]]]],\"list\":[0");
  g_autoptr (GString) large = g_string_new ("{\"list\":[0");
  g_autofree char *filler = g_strnfill (250, 'x');
  g_autofree char *text = NULL;
  g_autofree char *bounded = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (params, ",%u", i);
  g_string_append (params, "]}");
  text = detail_of (params->str);
  g_assert_cmpuint (strlen (text), <, 300);
  g_assert_nonnull (strstr (text, "981 more"));
  for (guint i = 0; i < 20; i++)
    g_string_append_printf (large, ",\"%s\"", filler);
  g_string_append (large, "]}");
  bounded = detail_of (large->str);
  g_assert_cmpuint (strlen (bounded), <, 2000);
  g_assert_nonnull (strstr (bounded, "{\"list\":[0,\"xxxx"));
}

/* Whatever else is in it, what it was done to stays. */
static void
test_much (void)
{
  g_autofree char *many = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GString) labels = g_string_new (NULL);
  g_autoptr (GString) escaped = g_string_new (NULL);
  g_autofree char *long_name = g_strnfill (250, 'n');

  for (guint i = 0; i < 3000; i++)
    g_string_append (escaped, "\\u0001");
  for (guint i = 0; i < 16; i++)
    g_string_append_printf (labels, "%s\"%s%u\":\"%s\"", i > 0 ? "," : "", long_name, i,
                            escaped->str);
  many =
    g_strdup_printf ("{\"rule\":\"hot\",\"enabled\":false,\"until_us\":12345678,\"summary\":\"%s\","
                     "\"help\":\"%s\",\"labels\":{%s}}",
                     escaped->str, escaped->str, labels->str);
  text = detail_of (many);
  g_assert_cmpuint (strlen (text), <=, 4096);
  g_assert_nonnull (strstr (text, "\"rule\":\"hot\",\"enabled\":false,\"until_us\":12345678,"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rpc/call-detail/as-it-is", test_as_it_is);
  g_test_add_func ("/rpc/call-detail/secrets", test_secrets);
  g_test_add_func ("/rpc/call-detail/cut", test_cut);
  g_test_add_func ("/rpc/call-detail/bounds", test_bounds);
  g_test_add_func ("/rpc/call-detail/much", test_much);
  return g_test_run ();
}
