/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "export/orf-export-settings.h"

#include <string.h>

#include "core/orf-config.h"
#include "orf-error.h"
#include "outbox/orf-outbox-run.h"

static void
test_own (void)
{
  static const struct {
    const char *http, *otlp, *url;
    gboolean own;
  } cases[] = {
    { "127.0.0.1:5000", "", "http://127.0.0.1:5000/v1/traces", TRUE },
    { "127.0.0.1:5000", "", "http://LocalHost:5000/", TRUE },
    { "127.0.0.1:5000", "", "https://[::1]:5000/x", TRUE },
    { "127.0.0.1:5000", "", "http://0.0.0.0:5000/", TRUE },
    { "127.0.0.1:5000", "", "http://127.0.0.1:5001/", FALSE },
    { "127.0.0.1:5000", "", "http://10.0.0.1:5000/", FALSE },
    { "127.0.0.1:5000", "127.0.0.1:4318", "http://127.0.0.1:4318/", TRUE },
    { "0.0.0.0:80", "", "http://localhost/v1/traces", TRUE },
    { "[::]:443", "", "https://127.0.0.1/", TRUE },
    { "[::1]:5000", "", "http://[::1]:5000/", TRUE },
    { "10.0.0.1:5000", "", "http://10.0.0.1:5000/", TRUE },
    { "10.0.0.1:5000", "", "http://127.0.0.1:5000/", FALSE },
    { "127.0.0.1:0", "", "http://127.0.0.1:80/", FALSE },
    { "", "", "http://127.0.0.1:5000/", FALSE },
    { "127.0.0.1:5000", "", "no url", FALSE },
    { "[:5000", "", "http://[::1]:5000/", FALSE }, /* which is refused later */
    { "[]:5000", "", "http://[::1]:5000/", FALSE },
    { ":5000", "[:5000", "http://127.0.0.1:5000/", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OrfConfig) config = orf_config_new_defaults ();

    g_test_message ("%s %s", cases[i].http, cases[i].url);
    g_free (config->listen.http);
    config->listen.http = g_strdup (cases[i].http);
    g_free (config->otlp.listen);
    config->otlp.listen = g_strdup (cases[i].otlp);
    g_assert_cmpint (orf_export_is_own (config, cases[i].url), ==, cases[i].own);
  }
}

static OrfHttpSender *
make (const char *header, char ***headers, GError **error)
{
  g_autoptr (OrfConfig) config = orf_config_new_defaults ();
  char *list[] = { (char *) header, NULL };
  const OrfConfigTraceReceiver settings = {
    .name = (char *) "there",
    .url = (char *) "http://127.0.0.1:1/",
    .token_file = (char *) "",
    .basic_user = (char *) "",
    .password_file = (char *) "",
    .tls_ca_file = (char *) "",
    .headers = list,
    .timeout_us = 1000000,
  };

  return orf_export_settings_make_sender (config, &settings, headers, error);
}

static void
test_headers (void)
{
  static const char *const wrong[] = { "",
                                       "a",
                                       "=b",
                                       "a b=c",
                                       "host=x",
                                       "HOST=x",
                                       "Content-Length=1",
                                       "a=b\r\nc: d",
                                       "authorization=x",
                                       "é=x" };
  g_auto (GStrv) headers = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfHttpSender) sender = make ("X-Scope-OrgID=a=b c", &headers, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (headers), ==, 4);
  g_assert_cmpstr (headers[2], ==, "X-Scope-OrgID");
  g_assert_cmpstr (headers[3], ==, "a=b c");
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) failure = NULL;
    char **none = NULL;

    g_test_message ("%s", wrong[i]);
    g_assert_null (make (wrong[i], &none, &failure));
    g_assert_null (none);
    g_assert_error (failure, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr (orf_error_get_field (failure), ==, "trace_export.there.headers");
  }
}

static void
test_entry (void)
{
  static const char *const wrong[] = { "", "1", "1-", "-1", "0-1", "2-1", "1-2-3", "1-x", " 1-2" };
  g_autoptr (GBytes) entry = orf_outbox_run_format (7, 41);
  gint64 from_no, to_no;

  g_assert_false (orf_outbox_run_parse (entry, 34, &from_no, &to_no));
  g_assert_true (orf_outbox_run_parse (entry, 35, &from_no, &to_no));
  g_assert_cmpint (from_no, ==, 7);
  g_assert_cmpint (to_no, ==, 41);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (wrong[i], strlen (wrong[i]));

    g_assert_false (orf_outbox_run_parse (bytes, G_MAXINT64, &from_no, &to_no));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/export-settings/own", test_own);
  g_test_add_func ("/export-settings/headers", test_headers);
  g_test_add_func ("/export-settings/entry", test_entry);
  return g_test_run ();
}
