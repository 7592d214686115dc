/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-config.h"
#include "orf-error.h"
#include "transport/orf-http-policy.h"

typedef struct {
  OrfConfig *config;
  OrfHttpPolicy policy;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->config = orf_config_new_defaults ();
  g_strfreev (f->config->listen.allowed_hosts);
  f->config->listen.allowed_hosts = g_strsplit ("gpu.example,Other.example:8080", ",", -1);
  g_strfreev (f->config->listen.allowed_origins);
  f->config->listen.allowed_origins = g_strsplit ("https://page.example", ",", -1);
  f->policy = (OrfHttpPolicy){ f->config, "10.1.2.3", 5000 };
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_config_free (f->config);
}

static void
test_host (Fixture *f, gconstpointer data)
{
  static const char *const good[] = {
    "127.0.0.1",   "127.0.0.1:5000", "127.0.0.1:1",   "localhost", "LocalHost:5000",
    "[::1]",       "[::1]:80",       "10.1.2.3:5000", "10.9.9.9",  "gpu.example:5000",
    "GPU.EXAMPLE", "other.example",
  };
  static const char *const bad[] = { "evil.example",   "localhost.evil.example",
                                     "127.0.0.1.evil", "",
                                     "xlocalhost",     "localhos",
                                     "[::2]",          "[::1",
                                     "127.0.0.2:5000", ":5000" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (orf_http_policy_allows_host (&f->policy, good[i], "10.9.9.9"));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (orf_http_policy_allows_host (&f->policy, bad[i], "10.9.9.9"));
  g_assert_false (orf_http_policy_allows_host (&f->policy, "10.9.9.9", NULL));
  g_assert_false (orf_http_policy_allows_host (&f->policy, NULL, NULL));
}

static void
test_origin (Fixture *f, gconstpointer data)
{
  static const char *const good[] = { NULL,
                                      "http://127.0.0.1:5000",
                                      "http://localhost:5000",
                                      "http://[::1]:5000",
                                      "http://gpu.example:5000",
                                      "https://page.example" };
  static const char *const bad[] = { "null",
                                     "",
                                     "http://evil.example",
                                     "http://evil.example:5000",
                                     "http://127.0.0.1",
                                     "http://127.0.0.1:5001",
                                     "http://127.0.0.1:5000/",
                                     "http://127.0.0.1:05000x",
                                     "http://127.0.0.1:\v5000",
                                     "https://127.0.0.1:5000",
                                     "https://page.example:5000",
                                     "https://page.example.evil.example",
                                     "file://" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (orf_http_policy_allows_origin (&f->policy, good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (orf_http_policy_allows_origin (&f->policy, bad[i], NULL));
  f->policy.port = 80;
  g_assert_true (orf_http_policy_allows_origin (&f->policy, "http://localhost", NULL));
}

static void
test_content_type (void)
{
  static const char *const good[] = { "application/json", "Application/JSON",
                                      "application/json; charset=utf-8",
                                      "application/json;charset=\"UTF-8\"",
                                      "application/json; odd=thing" };
  static const char *const bad[] = { NULL,
                                     "",
                                     "text/plain",
                                     "application/jsonp",
                                     "application/json2",
                                     "application/x-www-form-urlencoded",
                                     "text/json",
                                     "application/json; charset=latin1",
                                     ";application/json" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (orf_http_policy_is_json (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (orf_http_policy_is_json (bad[i]));
}

static void
test_bearer (void)
{
  g_assert_null (orf_http_policy_get_bearer (NULL));
  g_assert_cmpstr (orf_http_policy_get_bearer ("Bearer abc"), ==, "abc");
  g_assert_cmpstr (orf_http_policy_get_bearer ("bearer  abc"), ==, "abc");
  g_assert_cmpstr (orf_http_policy_get_bearer ("Basic abc"), ==, "");
  g_assert_cmpstr (orf_http_policy_get_bearer ("Bearer"), ==, "");
}

static void
test_deadline (void)
{
  static const char *const bad[] = { "",   "0",        "-1",
                                     "+1", " 1",       "1.5",
                                     "1s", "86400001", "99999999999999999999" };
  gint64 deadline_ms = 7;

  g_assert_true (orf_http_policy_parse_deadline (NULL, &deadline_ms, NULL));
  g_assert_cmpint (deadline_ms, ==, 0);
  g_assert_true (orf_http_policy_parse_deadline ("86400000", &deadline_ms, NULL));
  g_assert_cmpint (deadline_ms, ==, 86400000);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (orf_http_policy_parse_deadline (bad[i], &deadline_ms, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr (orf_error_get_field (error), ==, "X-Deadline-Ms");
  }
  g_assert_cmpint (deadline_ms, ==, 86400000);
}

static void
decodes (const char *path, const char *expected)
{
  g_autofree char *decoded = orf_http_policy_decode_path (path, strlen (path));

  g_assert_cmpstr (decoded, ==, expected);
}

static void
test_path (void)
{
  decodes ("/api/v1/gpu", "/api/v1/gpu");
  decodes ("/a%20b%2fc%c3%A9", "/a b/c\xc3\xa9");
  decodes ("/a%00b", NULL);
  decodes ("/a\xff", NULL);
  decodes ("/a%2", NULL);
  decodes ("/a%zz", NULL);
  decodes ("/a%ff", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/http-policy/host", Fixture, NULL, set_up, test_host, tear_down);
  g_test_add ("/http-policy/origin", Fixture, NULL, set_up, test_origin, tear_down);
  g_test_add_func ("/http-policy/content-type", test_content_type);
  g_test_add_func ("/http-policy/bearer", test_bearer);
  g_test_add_func ("/http-policy/deadline", test_deadline);
  g_test_add_func ("/http-policy/path", test_path);
  return g_test_run ();
}
