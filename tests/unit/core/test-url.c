/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-url.h"

static void
test_parsed (void)
{
  static const struct {
    const char *text, *socket_path, *request, *credentials, *shown;
    gboolean is_loopback;
  } cases[] = {
    { "http://127.0.0.1:8000", NULL, "http://127.0.0.1:8000/metrics", NULL,
      "http://127.0.0.1:8000/metrics", TRUE },
    { "https://u%3As:p%20w@gpu7.example/x%2Fy?token=1&a=%20b", NULL,
      "https://gpu7.example/x%2Fy?token=1&a=%20b", "u:s:p w", "https://gpu7.example/x%2Fy", FALSE },
    { "http://user@LocalHost/", NULL, "http://LocalHost/", "user:", "http://LocalHost/", TRUE },
    { "http://[::1]:9/m", NULL, "http://[::1]:9/m", NULL, "http://[::1]:9/m", TRUE },
    { "http://localhost.example.com/m", NULL, "http://localhost.example.com/m", NULL,
      "http://localhost.example.com/m", FALSE },
    { "http://unix:/run/dcgm.sock", "/run/dcgm.sock", "http://localhost/metrics", NULL,
      "http://unix:/run/dcgm.sock", TRUE },
    { "http://unix:/run/a.sock:/x?y=1", "/run/a.sock", "http://localhost/x?y=1", NULL,
      "http://unix:/run/a.sock:/x", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OrfUrl) url = orf_url_parse (cases[i].text, "/metrics");

    g_assert_nonnull (url);
    g_assert_cmpstr (url->socket_path, ==, cases[i].socket_path);
    g_assert_cmpstr (url->request, ==, cases[i].request);
    g_assert_cmpstr (url->credentials, ==, cases[i].credentials);
    g_assert_cmpstr (url->shown, ==, cases[i].shown);
    g_assert_cmpint (url->is_loopback, ==, cases[i].is_loopback);
  }
}

static void
test_refused (void)
{
  static const char *const cases[] = {
    "",
    "metrics",
    "127.0.0.1:8000/metrics",
    "ftp://host/",
    "file:///etc/passwd",
    "http://",
    "http:///metrics",
    "http://user:p@ss@host/", /* as %40 it is part of the password */
    "http://host:99999/",
    "http://host/a b",
    "http://host/\r\nX: y",
    "http://unix:/",
    "http://unix:/a:b",
    "http://unix:run/a.sock:/m",
    "http://unix:/"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
    "2345678901234567890123456789:/m",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i]);
    g_assert_false (orf_url_is_valid (cases[i]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/url/parsed", test_parsed);
  g_test_add_func ("/url/refused", test_refused);
  return g_test_run ();
}
